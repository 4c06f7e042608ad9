"""Checks that need the operating system itself: plain sockets as peers, descriptors, readiness that was none."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import platform
import socket
import struct
import sys
import threading
import unittest
from collections.abc import Iterator
from typing import Any, Final

from ..state.endpoints import Endpoint
from .conformance_bench import LOOPBACK, MEGABYTE, Bench, Check, End, check, expect, same

__all__ = ["CHECKS", "duplicate", "is_open", "plain_pair", "stream_pair", "v4"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS, needs="system")


def plain_pair(bench: Bench) -> tuple[End, socket.socket]:
    """An end that is connected to a plain socket, which blocks."""
    with socket.create_server((LOOPBACK, 0)) as server:
        plain = bench.stack.enter_context(socket.create_connection(server.getsockname(), timeout=bench.patience))
        ours, _ = server.accept()
    return bench.end(bench.driver.adopt(ours)), plain


def v4(name: tuple[str, int]) -> Endpoint:
    """What `getsockname()` says of an IPv4 socket."""
    return Endpoint(*name, 4)


def is_open(number: int) -> bool:
    """Is this a descriptor of ours? (A socket's number is none to Windows' files.)"""
    try:
        os.fstat(number)
    except OSError:
        return sys.platform == "win32" and number >= 0 and _is_socket(number)
    return True


def _is_socket(number: int) -> bool:
    try:
        socket.socket(socket.AF_INET, fileno=number).detach()
    except OSError:
        return False
    return True


def duplicate(number: int) -> int:
    """Another number for the same socket."""
    borrowed = socket.socket(fileno=number)
    try:
        return borrowed.dup().detach()
    finally:
        borrowed.detach()


def _descriptors() -> set[int]:
    """Those of this process that are open."""
    try:
        return {int(name) for name in os.listdir("/proc/self/fd") if is_open(int(name))}
    except OSError:
        raise unittest.SkipTest("this system doesn't list descriptors in /proc") from None


# --------------------------------------------------------------------------------------------------------- plain peers


@_check()
def a_plain_client_is_served(bench: Bench) -> None:
    door = bench.listen()
    with socket.create_connection((LOOPBACK, door.endpoint.port), timeout=bench.patience) as plain:
        bench.until(door.has("accepted"), "accepted")
        server = bench.end(door.connections[0])
        same(server.handle.remote_name(), v4(plain.getsockname()), "the peer's name")
        server.handle.start_read()
        plain.sendall(b"ping")
        bench.until(server.has("received"), "received")
        same(server.handle.send((b"po", b"ng")), None, "the answer to a small send")
        same(plain.recv(100), b"pong", "what the client receives")
        plain.shutdown(socket.SHUT_WR)
        bench.until(server.has("eof"), "eof")
        same(server.handle.send((b"bye",)), None, "the answer to a send after the peer's end")
        server.handle.shutdown()
        same((plain.recv(100), plain.recv(100)), (b"bye", b""), "what the client receives")
    same(bytes(server.data), b"ping", "what was received")


@_check()
def a_plain_server_is_talked_to(bench: Bench) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        client = bench.end()
        client.handle.connect(1, v4(server.getsockname()))
        bench.until(client.has("connected"), "connected")
        plain, _ = server.accept()
    with plain:
        plain.settimeout(bench.patience)
        client.handle.send((b"ping",))
        same(plain.recv(100), b"ping", "what the server receives")
        client.handle.close()
        same(plain.recv(100), b"", "what it receives at the end")


@_check(1, 5)
def a_plain_peer_that_reads_slowly_gets_everything(bench: Bench) -> None:
    near, plain = plain_pair(bench)
    count = bench.fill(near)
    near.then["sent"] = near.handle.shutdown
    data = bytearray()

    def read() -> None:
        while chunk := plain.recv(65536):
            data.extend(chunk)

    thread = threading.Thread(target=read)
    thread.start()
    bench.until(near.has("shut_down"), "shut_down")
    thread.join()
    same(bytes(data) == MEGABYTE * (count // len(MEGABYTE)), True, "is what arrived what was sent?")


@_check(7)
def a_plain_peer_that_cuts_the_connection_is_a_fault(bench: Bench) -> None:
    near, plain = plain_pair(bench)
    near.handle.start_read()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()
    bench.until(near.has("read_failed"), "read_failed")
    near.failed("read_failed", "ECONNRESET", "read")
    expect(near.fault("read_failed").errno > 0, "the system's number")


@_check()
def a_reset_reaches_a_plain_peer(bench: Bench) -> None:
    near, plain = plain_pair(bench)
    near.handle.reset()
    try:
        plain.recv(1)
    except ConnectionResetError:
        return
    expect(False, "the peer's recv fails with ECONNRESET")


# ---------------------------------------------------------------------------------------------------------- descriptors


@_check(3, each=("close", "reset"))
def a_descriptor_is_given_back_at_once(bench: Bench, how: str) -> None:
    near, _ = plain_pair(bench)
    near.handle.start_read()
    number = near.handle.fileno()
    expect(number >= 0, "a connected handle has a descriptor")
    getattr(near.handle, how)()
    expect(not is_open(number), "its descriptor is closed")
    same(near.handle.fileno(), -1, "fileno()")


@_check(3)
def a_listener_s_descriptor_is_given_back_at_once(bench: Bench) -> None:
    door = bench.listen()
    number = door.handle.fileno()
    expect(number >= 0, "a listener has a descriptor")
    door.handle.close()
    expect(not is_open(number), "its descriptor is closed")


@_check(1)
def an_attempt_that_is_given_up_is_closed_at_once(bench: Bench) -> None:
    door, client = bench.listen(accept=False), bench.end()
    before = _descriptors()
    client.handle.connect(1, door.endpoint)
    client.handle.cancel_connect(1)
    same(_descriptors(), before, "the open descriptors")


@_check(3, each=("close", "reset"))
def nothing_leaks(bench: Bench, how: str) -> None:
    bench.pair()
    bench.settle()
    before = _descriptors()
    for _ in range(3):
        near, far = bench.pair()
        bench.fill(near)
        far.handle.start_read()
        client, nowhere = bench.end(), bench.free()
        client.handle.connect(1, nowhere)
        for end in (near, far, client):
            getattr(end.handle, how)()
            bench.until(end.has("closed"), "closed")
    same(_descriptors(), before, "the open descriptors")


@_check()
def descriptors_are_not_inherited_and_do_not_block(bench: Bench) -> None:
    door = bench.listen()
    near, _ = plain_pair(bench)
    for handle in (door.handle, near.handle):
        if sys.platform == "win32":
            expect(not os.get_handle_inheritable(handle.fileno()), "a handle isn't inheritable")
        else:
            expect(not os.get_inheritable(handle.fileno()), "a descriptor isn't inheritable")
            expect(not os.get_blocking(handle.fileno()), "a descriptor doesn't block")


@contextlib.contextmanager
def _no_descriptors_left() -> Iterator[None]:
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:
        raise unittest.SkipTest("this system has no limit of descriptors") from None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@_check(7)
def without_descriptors_accepting_fails_and_goes_on_later(bench: Bench) -> None:
    door = bench.listen(accept=False)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection((LOOPBACK, door.endpoint.port)))
        bench.settle()
        door.then["accept_failed"] = lambda _: door.handle.stop_accept()
        with _no_descriptors_left():
            door.handle.start_accept()
            bench.until(door.has("accept_failed"), "accept_failed")
            bench.settle()
            door.failed("accept_failed", "EMFILE", "accept")
            bench.rests()
        door.handle.start_accept()
        bench.until(lambda: len(door.connections) == 3, "three connections")


@_check(7)
def without_descriptors_an_attempt_fails(bench: Bench) -> None:
    client, nowhere = bench.end(), bench.free()
    bench.settle()
    with _no_descriptors_left():
        client.handle.connect(1, nowhere)
        same(client.log, [], "what was reported inside connect")
        fault = client.handle.bind_local(2, 4, LOOPBACK, None)
        refused = bench.refusal(nowhere)
    expect(fault is not None and (fault.code, fault.syscall) == ("EMFILE", "bind"), "bind_local fails with EMFILE")
    same(refused.code, "EMFILE", "the code of listen")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "EMFILE", "connect")


# --------------------------------------------------------------------------------------------------- spurious readiness


@_check(7)
def a_connection_that_somebody_else_accepts_is_no_failure(bench: Bench) -> None:
    """Two listeners of one queue are told of each connection; one of them comes too late."""
    with socket.create_server((LOOPBACK, 0)) as plain:
        name = plain.getsockname()
        doors = [bench.listen(handle=duplicate(plain.fileno())) for _ in range(2)]
    for count in (1, 2, 3):
        bench.stack.enter_context(socket.create_connection(name))
        bench.until(lambda count=count: sum(len(door.connections) for door in doors) == count, "a connection")  # type: ignore[misc]
        bench.settle()
    same({name for door in doors for name in door.names}, {"accepted"}, "the reports")


@_check(7)
def bytes_that_somebody_else_reads_are_no_failure(bench: Bench) -> None:
    """Two handles of one connection are told of each byte; one of them comes too late."""
    mine, theirs = stream_pair(bench)
    ends = [bench.end(bench.driver.adopt(duplicate(mine.fileno()))) for _ in range(2)]
    for end in ends:
        end.handle.start_read()
    for count in (1, 2, 3):
        theirs.sendall(b"x")
        bench.until(lambda count=count: sum(len(end.data) for end in ends) == count, "a byte")  # type: ignore[misc]
        bench.settle()
    same({name for end in ends for name in end.names}, {"received"}, "the reports")


def stream_pair(bench: Bench) -> tuple[socket.socket, socket.socket]:
    """Two plain sockets that are connected, without a network."""
    mine, theirs = socket.socketpair()
    bench.stack.enter_context(mine)
    bench.stack.enter_context(theirs)
    return mine, theirs


@contextlib.contextmanager
def _black_hole() -> Iterator[Endpoint]:
    """An address where nobody answers: a listener whose backlog is full, so that the system drops what else comes."""
    if platform.system() != "Linux":
        raise unittest.SkipTest("elsewhere a full backlog answers")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((LOOPBACK, 0))
        server.listen(0)
        while True:
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0.05)
            try:
                caller.connect(server.getsockname())
            except TimeoutError:
                break
        yield v4(server.getsockname())


@_check(1, 8)
def an_attempt_that_nobody_answers_waits_until_it_is_given_up(bench: Bench) -> None:
    nowhere = bench.stack.enter_context(_black_hole())
    client = bench.end()
    client.handle.connect(1, nowhere)
    bench.settle()
    bench.rests()
    same(client.log, [], "the reports")
    expect(bench.alive, "an attempt in flight counts")
    client.handle.unref()
    expect(not bench.alive, "unless it is unref'd")
    client.handle.ref()
    client.handle.cancel_connect(1)
    bench.idle()
    client.failed("attempt_failed", "ECANCELED", "connect")
