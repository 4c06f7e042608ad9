"""What the tests of the readiness drivers share: a sink that writes down what it is told, and peers made by hand."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from unittest import mock

from sansnet.drivers import selector_reactor
from sansnet.drivers.contract import Driver, ListenerHandle, SocketHandle
from sansnet.drivers.polling import SelectorsPoller
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint, ListenPlan
from sansnet.state.faults import Fault
from tests.backlog import full_listener

LOOPBACK = "127.0.0.1"
MEGABYTE = bytes(range(256)) * 4096
POLLERS = ("own", "default", "select")
"""The driver's own choice, that of the `selectors` module, and what there is everywhere."""
LOOPS = ("asyncio", "asyncio debug", "uvloop")
DRIVERS = ("own", "select", *LOOPS, "trio")
"""Over what the readiness family is tested: two of POLLERS, and the loops of others."""
COUNTING = tuple(name for name in DRIVERS if name != "uvloop")
"""Those of DRIVERS of which turns can be counted: uvloop does one more after it was told to stop."""

Trio = tuple[SocketHandle, "Recorder", socket.socket]
"""A handle, its recorder, and its peer, a plain socket."""


@contextlib.contextmanager
def driver_over(poller: str) -> Iterator[SelectorDriver]:
    """A driver over one of POLLERS or of DRIVERS. Not all are a SelectorDriver, but they do for one in these tests."""
    with contextlib.ExitStack() as stack:
        if poller in LOOPS:
            from tests.drivers.stepped import stepped_asyncio

            yield cast(SelectorDriver, stack.enter_context(stepped_asyncio(poller)))
            return
        if poller == "trio":
            from tests.drivers.stepped_trio import stepped_trio

            yield cast(SelectorDriver, stack.enter_context(stepped_trio()))
            return
        if poller != "own":
            made = selectors.DefaultSelector() if poller == "default" else selectors.SelectSelector()
            stack.enter_context(mock.patch.object(selector_reactor, "new_poller", return_value=SelectorsPoller(made)))
        yield stack.enter_context(SelectorDriver())


class Recorder:
    """A sink for sockets and for listeners. `log` has the completions in order, `data` what was received.

    A function in `then` is called, with the completion's arguments, after the completion of that name was noted.
    """

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.data = bytearray()
        self.connections: list[SocketHandle] = []
        self.then: dict[str, Callable[..., object]] = {}

    def _note(self, name: str, *args: object) -> None:
        self.log.append((name, *args))
        if name in self.then:
            self.then[name](*args)

    @property
    def names(self) -> list[str]:
        """What happened, without the details."""
        return [entry[0] for entry in self.log]

    def fault(self, name: str) -> Fault:
        """The fault that came with the one completion of that name."""
        [fault] = [entry[-1] for entry in self.log if entry[0] == name]
        assert isinstance(fault, Fault)
        return fault

    def has(self, name: str) -> Callable[[], bool]:
        return lambda: name in self.names

    def connected(self, attempt: int) -> None:
        self._note("connected", attempt)

    def attempt_failed(self, attempt: int, fault: Fault) -> None:
        self._note("attempt_failed", attempt, fault)

    def received(self, payload: Any) -> None:
        self.data += payload
        self._note("received", len(payload))

    def eof(self) -> None:
        self._note("eof")

    def read_failed(self, fault: Fault) -> None:
        self._note("read_failed", fault)

    def progressed(self, count: int) -> None:
        self._note("progressed", count)

    def sent(self) -> None:
        self._note("sent")

    def send_failed(self, fault: Fault) -> None:
        self._note("send_failed", fault)

    def shut_down(self) -> None:
        self._note("shut_down")

    def shutdown_failed(self, fault: Fault) -> None:
        self._note("shutdown_failed", fault)

    def closed(self) -> None:
        self._note("closed")

    def accepted(self, connection: SocketHandle) -> None:
        self.connections.append(connection)
        self._note("accepted", connection)

    def accept_failed(self, fault: Fault) -> None:
        self._note("accept_failed", fault)

    def listener_closed(self) -> None:
        self._note("listener_closed")


# ------------------------------------------------------------------------------------------------------------- turns


def until(driver: SelectorDriver, condition: Callable[[], object], turns: int = 2000) -> None:
    """Turn until the condition holds. A turn waits for the system, so that this is no race against a clock."""
    for _ in range(turns):
        if condition():
            return
        driver.step(10)
    raise AssertionError(f"it did not come to that in {turns} turns")


def settle(driver: SelectorDriver, turns: int = 5) -> None:
    """A few turns that don't wait: whatever was going to happen by itself has happened after them."""
    for _ in range(turns):
        driver.step(0)


def is_alive(driver: Driver) -> bool:
    """`driver.alive`, of which a type checker doesn't believe that it changes."""
    return driver.alive


def waits(driver: SelectorDriver) -> bool:
    """Would a loop that waits really wait, or does something keep it spinning?"""
    if driver.next_timeout() is not None:
        return False
    fired: list[None] = []
    driver.call_later(0.02, lambda: fired.append(None))
    for _ in range(5):  # one that spins turns more often than that until the timer is due
        if not fired:
            driver.step(10)  # comes back for what is ready, or has just come, else for the timer
    driver.step(0)
    return bool(fired) and not is_ready(driver)


def is_ready(driver: SelectorDriver) -> bool:
    """What a foreign loop would see. False where select() is all there is, and nothing to be seen."""
    try:
        return bool(select.select([driver.fileno()], [], [], 0)[0])
    except OSError:
        return False


def open_descriptors() -> set[str]:
    """The numbers of this process's descriptors, without the one that reads the list."""
    return {number for number in os.listdir("/proc/self/fd") if Path("/proc/self/fd", number).exists()}


# ------------------------------------------------------------------------------------------------------------- peers


def attached(handle: SocketHandle) -> Recorder:
    """A recorder for a handle."""
    recorder = Recorder()
    handle.attach(recorder)
    return recorder


def adopted_pair(driver: SelectorDriver) -> Trio:
    """A handle that is connected over TCP, its recorder, and the peer, which blocks."""
    with socket.create_server((LOOPBACK, 0)) as server:
        peer = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    handle = driver.adopt(ours)
    return handle, attached(handle), peer


def listener(
    driver: SelectorDriver, endpoint: Endpoint | None = None, recorder: Recorder | None = None, **plan: Any
) -> tuple[ListenerHandle, Recorder]:
    """A listener, at a port of the kernel's choice unless told otherwise, that accepts."""
    recorder = recorder or Recorder()
    if endpoint is None and "handle" not in plan:
        endpoint = Endpoint(LOOPBACK, 0, 4)
    handle = driver.listen(endpoint, ListenPlan(**plan), recorder)
    assert not isinstance(handle, Fault), handle
    handle.start_accept()
    return handle, recorder


def port_of(handle: ListenerHandle) -> int:
    name = handle.local_name()
    assert name is not None
    assert name.port is not None
    return name.port


def v4(name: tuple[str, int]) -> Endpoint:
    """What `getsockname()` says of an IPv4 socket."""
    return Endpoint(*name, 4)


def arrives(handle: SocketHandle, count: int = 1) -> None:
    """Wait until the system has so many bytes for a handle (or, of one byte, its end). The loop doesn't turn meanwhile.

    What is sent over loopback is mostly there when `send()` returns, and on a busy machine sometimes a moment later.
    """
    select.select([handle.fileno()], [], [])
    if count > 1:
        with socket.socket(fileno=os.dup(handle.fileno())) as view:
            while len(view.recv(count, socket.MSG_PEEK)) < count:
                os.sched_yield()


def cut(peer: socket.socket) -> None:
    """Close with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def receive_all(peer: socket.socket) -> bytes:
    """What a blocking peer gets until the end."""
    data = bytearray()
    while chunk := peer.recv(65536):
        data += chunk
    return bytes(data)


def option(handle: SocketHandle | ListenerHandle, level: int, name: int) -> int:
    """What the system says of a handle's socket."""
    with socket.socket(fileno=os.dup(handle.fileno())) as view:
        return view.getsockopt(level, name)


def slow(handle: SocketHandle, peer: socket.socket) -> None:
    """Make the buffers in between small, so that a megabyte can't be sent at once.

    Not too small: loopback's packets have 64 KiB, and less than that waits for an acknowledgement each time.
    """
    handle.set_no_delay(True)
    with socket.socket(fileno=os.dup(handle.fileno())) as view:
        view.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)


def reader(peer: socket.socket) -> tuple[threading.Thread, bytearray]:
    """A thread that reads to the end."""
    data = bytearray()
    thread = threading.Thread(target=lambda: data.extend(receive_all(peer)))
    thread.start()
    return thread, data


def descriptor_is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def endpoint_of(server: socket.socket) -> Endpoint:
    """Where a plain TCP socket is."""
    host, port = server.getsockname()[:2]
    return Endpoint(host, port, 6 if ":" in host else 4)


@contextlib.contextmanager
def black_hole() -> Iterator[Endpoint]:
    """An address where nobody answers: a listener whose backlog is full, so that the system drops what else comes."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(full_listener())
        while sys.platform != "linux":  # there is more room
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0.05)
            try:
                caller.connect(server.getsockname())
            except TimeoutError:
                break
        yield endpoint_of(server)


def call(port: int, count: int = 1, host: str = LOOPBACK) -> contextlib.ExitStack:
    """So many connections, closed together."""
    stack = contextlib.ExitStack()
    for _ in range(count):
        stack.enter_context(socket.create_connection((host, port)))
    return stack


def talk(driver: SelectorDriver, handle: SocketHandle, recorder: Recorder, server: socket.socket) -> None:
    """Let the handle and the server that it is connected to say something to one another."""
    peer, _ = server.accept()
    with peer:
        assert handle.send((b"ping",)) is None
        assert peer.recv(100) == b"ping"
        handle.start_read()
        peer.sendall(b"pong")
        until(driver, recorder.has("received"))
        assert recorder.data == b"pong"


def refusal(driver: SelectorDriver, endpoint: Endpoint | None, **plan: Any) -> Fault:
    """Why there is no listening there. Nothing must be left of the attempt."""
    before = open_descriptors()
    answer = driver.listen(endpoint, ListenPlan(**plan), Recorder())
    assert isinstance(answer, Fault)
    assert open_descriptors() == before
    assert answer.syscall == "listen"
    assert not driver.alive
    return answer
