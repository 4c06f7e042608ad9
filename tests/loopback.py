"""Sockets on the loopback interface, a driver for each test, and waits that have an end.

with loopback() as net:
    client, peer = net.pair()
    client.end("hello")
    net.run_until(lambda: peer.readable_ended)
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import socket as system
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

import sansnet
from sansnet import AddressInfo, Server, Socket
from sansnet.default import own_driver
from sansnet.drivers.completion import CompletionDriver
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing.conformance_system import duplicate
from sansnet.testing.faults import Faults
from sansnet.testing.simulation import Simulation

__all__ = [
    "HAS_PATHS",
    "PATIENCE",
    "UNDER_WINE",
    "Loopback",
    "SimulatedLoopback",
    "child_environment",
    "complaints",
    "each_network",
    "held_port",
    "log_of",
    "loopback",
    "not_under_wine",
    "option_of",
    "port_of",
    "simulated_loopback",
    "system_only",
]

T = TypeVar("T")

HAS_PATHS: Final = sys.platform != "win32"
_ctypes: Any = ctypes  # to type checkers elsewhere it has no such things
UNDER_WINE: Final = sys.platform == "win32" and hasattr(_ctypes.WinDLL("ntdll"), "wine_get_version")
PATIENCE: Final = 30.0
"""Seconds until a wait has failed. Nothing waits that long to pass."""

_ROOT: Final = Path(__file__).resolve().parent.parent

# What each event of a socket is logged as, where that isn't its name alone.
_ARGUMENTS: Final[dict[str, Callable[..., str]]] = {
    "data": lambda chunk: f"({chunk!r})",
    "error": lambda error: f"({getattr(error, 'code', type(error).__name__)})",
    "close": lambda had_error=None: f"({had_error})",
}
_EVENTS: Final = ("connect", "ready", "data", "end", "prefinish", "finish", "drain", "timeout", "error", "close")


class Loopback:
    """A driver, and what tests do with it."""

    driver: Any

    def __init__(self, driver: SelectorDriver | CompletionDriver) -> None:
        self.driver = driver
        self.held = contextlib.ExitStack()
        """What is held as long as the network is there."""

    def run_until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Turn the loop until `condition()` holds; fail when it takes too long."""
        limit = time.monotonic() + seconds
        while not condition():
            left = limit - time.monotonic()
            assert left > 0, f"waited {seconds:g} s in vain"
            self.driver.step(left)

    def run(self, seconds: float = PATIENCE) -> None:
        """Turn the loop until nothing is left, as `sansnet.run()` does; fail when it takes too long."""
        limit = time.monotonic() + seconds
        while self.driver.step(max(0.0, limit - time.monotonic()) if self.driver.alive else 0.0):
            assert time.monotonic() < limit, f"still alive after {seconds:g} s"

    def alongside(self, work: Callable[[], T]) -> T:
        """Do `work`, which blocks, on a thread of its own while the loop turns. What it returns, or raises."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            future.add_done_callback(lambda _: self.driver.call_soon_threadsafe(lambda: None))
            self.run_until(future.done)
            return future.result()

    def arrives(self, socket: Socket) -> None:
        """Wait until the system has something for `socket` that it didn't read yet. The loop doesn't turn meanwhile."""
        select.select([socket.fileno()], [], [])

    def turn(self, times: int = 1) -> None:
        """So many turns, none of which waits."""
        for _ in range(times):
            self.step()

    def step(self) -> bool:
        """A turn that doesn't wait. Is anything left?"""
        left: bool = self.driver.step(0)
        return left

    def serve(self, listener: Callable[..., object] | None = None, **options: Any) -> Server:
        """A server that listens on a port of the kernel's choice."""
        server = sansnet.create_server(listener, **options).listen(0, "127.0.0.1")
        self.run_until(lambda: server.listening)
        return server

    def pair(self, server_options: dict[str, Any] | None = None, **options: Any) -> tuple[Socket, Socket]:
        """A client and its peer, both connected; the server is closed."""
        accepted: list[Socket] = []
        server = self.serve(accepted.append, **(server_options or {}))
        client = sansnet.connect(port_of(server), "127.0.0.1", **options)
        self.run_until(lambda: accepted and client.ready_state != "opening")
        server.close()
        return client, accepted[0]

    def free_port(self) -> int:
        """A port where nobody listens, nor will: tests beside this one are given others."""
        return self.held.enter_context(held_port())

    def close(self, *sockets: Socket) -> None:
        """Destroy the sockets, and see that nothing is left to do."""
        for socket in sockets:
            socket.destroy()
        self.run()


@contextlib.contextmanager
def loopback() -> Iterator[Loopback]:
    """A driver of its own for this block; it is closed with all its sockets."""
    with own_driver() as driver, sansnet.using(driver):
        net = Loopback(driver)
        with net.held:
            yield net


class SimulatedLoopback(Loopback):
    """The same on a simulated host, without any delay: what the model and the system have to agree about."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        super().__init__(sim.host("here", "127.0.0.2").driver)

    def run_until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        self.sim.run(seconds, until=condition)
        assert condition(), f"waited {seconds:g} s in vain"

    def run(self, seconds: float = PATIENCE) -> None:
        limit = self.sim.now + seconds
        self.sim.run()
        assert self.sim.now < limit, f"still alive after {seconds:g} s"

    def arrives(self, socket: Socket) -> None:
        self.turn(20)

    def free_port(self) -> int:
        server = self.serve()
        port = port_of(server)
        server.close()
        return port

    def alongside(self, work: Callable[[], T]) -> T:
        raise NotImplementedError("a simulation has one thread: this test is for the system only")

    def step(self) -> bool:
        self.sim.run(0)
        return bool(self.driver.alive)


@contextlib.contextmanager
def simulated_loopback() -> Iterator[Loopback]:
    """A simulated host of its own for this block."""
    with Simulation(faults=Faults(latency=(0, 0))) as sim, sim.host("here", "127.0.0.2"):
        yield SimulatedLoopback(sim)


each_network: Final = pytest.fixture(params=[loopback, simulated_loopback], ids=["system", "simulated"], name="net")
"""Decorates a fixture `net`: the test is run on the system's loopback interface, and on a simulated one."""

system_only: Final = pytest.mark.parametrize("net", [loopback], ids=["system"], indirect=True)
"""Marks a test that needs the system itself: files, descriptors, threads, plain sockets."""


def not_under_wine(reason: str) -> pytest.MarkDecorator:
    """Marks a test that needs another system than Wine; the reason says what Wine does otherwise."""
    return pytest.mark.skipif(UNDER_WINE, reason=f"Wine differs from Windows: {reason}")


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port where nobody listens, at any address of this machine, and which the system gives to nobody meanwhile.

    Who names it can bind it, with SO_REUSEADDR. (A port of a socket that is closed is anybody's, and many tests run.)
    """
    is_dual = system.has_dualstack_ipv6()
    with system.socket(system.AF_INET6 if is_dual else system.AF_INET) as holder:
        if is_dual:
            holder.setsockopt(system.IPPROTO_IPV6, system.IPV6_V6ONLY, 0)
        holder.setsockopt(system.SOL_SOCKET, system.SO_REUSEADDR, 1)
        holder.bind(("", 0))
        yield holder.getsockname()[1]


def option_of(socket: Socket, level: int, name: int) -> int:
    """What the system says of a connection."""
    with system.socket(fileno=duplicate(socket.fileno())) as borrowed:
        return borrowed.getsockopt(level, name)


def port_of(server: Server) -> int:
    """The port of a TCP server that listens."""
    address = server.address()
    assert isinstance(address, AddressInfo)
    return address.port


def log_of(socket: Socket, name: str = "", into: list[str] | None = None) -> list[str]:
    """Logs the events of a socket, as `data(b'x')` or with a name `client.data(b'x')`. Its data flows from now on."""
    log: list[str] = [] if into is None else into
    prefix = f"{name}." if name else ""

    def listener(event: str) -> Callable[..., None]:
        described = _ARGUMENTS.get(event, lambda: "")
        return lambda *args: log.append(f"{prefix}{event}{described(*args)}")

    for event in _EVENTS:
        socket.on(event, listener(event))
    return log


def child_environment(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which a child process finds this package, whatever its working folder."""
    return {**environment, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def complaints(stderr: str) -> list[str]:
    """The lines that a program wrote there, but for asyncio's debug mode saying how slow the machine was."""
    return [line for line in stderr.splitlines() if not line.startswith("Executing <")]
