"""A simulated host: an address, a name, ports, and the driver that unmodified programs run on."""

from __future__ import annotations

import contextvars
import errno
import functools
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, final

from ..default import using
from ..drivers.completion import CompletionDriver
from ..pump import pump_of
from ..state.endpoints import Endpoint, Found, ListenPlan
from ..state.faults import Fault
from .simulated_connect import Dial
from .simulated_listen import Bound, SimulatedDoor
from .tasks import Task, check_coroutine, check_task

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .simulated_network import Network
    from .simulated_stream import End
    from .timeline import Timer
    from .trace_recorder import Recording

__all__ = ["LOOPBACK", "Host", "HostDriver"]

T = TypeVar("T")

_PORTS: Final = range(49152, 65536)
_LONGEST_PATH: Final = 108  # bytes of sun_path, on Linux
LOOPBACK: Final = {4: "127.0.0.1", 6: "::1"}
_ANY: Final = {4: "0.0.0.0", 6: "::"}


class HostDriver(CompletionDriver):
    """The driver of a host, until that crashes. What listeners raise is raised from the simulation's `run()`."""

    def __init__(self, host: Host, errors: list[BaseException]) -> None:
        super().__init__(host)
        self._host: Final = host
        self._crashes: Final = host.crashes
        self._errors = errors
        self._network: Final = host._network

    def check_task(self) -> None:
        """Raise RuntimeError unless a task of this simulation runs: nobody else is woken by it (`parking.new_spot`)."""
        check_task(self._network, "what is on a simulated host")

    def report(self, error: BaseException, source: object = None) -> None:
        self._errors.append(error)

    def complaint(self) -> RuntimeError:
        host = self._host
        if not host.up:
            return RuntimeError(f"host {host.name!r} is down: it has crashed")
        if host.crashes > self._crashes:
            return RuntimeError(f"host {host.name!r} has crashed since this was made, and has forgotten it")
        return super().complaint()


@final
class _OnHost:
    """Lets a recording know on which host a machine is: `pump.Recorder`."""

    def __init__(self, recording: Recording, host: str) -> None:
        self.recording: Final = recording
        self._host: Final = host

    def watch(self, machine: T, handle: object) -> T:
        return self.recording.watch(machine, handle, self._host)


@final
class Host:
    """A machine of the network: `drivers.proactor.Proactor`. `with host:` what is made is made there."""

    __slots__ = (
        "_blocks",
        "_context",
        "_doors",
        "_ends",
        "_errors",
        "_network",
        "_next",
        "_paths",
        "_ports",
        "_tasks",
        "addresses",
        "crashes",
        "driver",
        "name",
        "ports",
        "up",
    )

    def __init__(self, network: Network, name: str, addresses: tuple[str, ...], errors: list[BaseException]) -> None:
        self.name: Final = name
        self.addresses: Final = addresses
        self.up = True
        self._network: Final = network
        self._errors: Final = errors
        self._doors: dict[tuple[str, int], SimulatedDoor] = {}
        self._paths: dict[str, SimulatedDoor | Bound | None] = {}  # None: whoever made it has died
        self._ports: dict[int, int] = {}  # how often each is in use
        self._ends: dict[End, None] = {}
        self.ports = _PORTS
        """From which the system chooses, for those who don't care."""
        self._next = 0
        self._blocks: list[AbstractContextManager[object]] = []
        self._tasks: list[Task[Any]] = []
        self.crashes = 0
        """How often it has died; what it had before the last time is no more."""
        self._boot()

    def _boot(self) -> None:
        self.driver = HostDriver(self, self._errors)
        with using(self.driver):
            self._context = contextvars.copy_context()
        for recording in self._network.recordings:
            self.begin_recording(recording)

    def begin_recording(self, recording: Recording) -> None:
        """Let it have what is made here from now on."""
        pump_of(self.driver).recorders += (_OnHost(recording, self.name),)

    def stop_recording(self, recording: Recording) -> None:
        """And no more."""
        pump = pump_of(self.driver)
        pump.recorders = tuple([one for one in pump.recorders if getattr(one, "recording", None) is not recording])

    # -- running code here

    def __enter__(self) -> Self:
        """Until the end of the block sockets and servers are made on this host."""
        block = using(self.driver)
        block.__enter__()
        self._blocks.append(block)
        return self

    def __exit__(self, *exception: Any) -> None:
        """Leave it."""
        self._blocks.pop().__exit__(*exception)

    def run(self, callback: Callable[..., object], *args: object) -> None:
        """Call it on this host, at once."""
        if self.up:
            self._context.run(callback, *args)

    def in_context(self, callback: Callable[..., object], *args: object) -> Callable[[], None]:
        """The same as a function, for later."""
        return functools.partial(self.run, callback, *args)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Task[T]:
        """Run a coroutine on this host, from the simulation's loop. It can wait for sansnet, `sleep()` and tasks.

        Raises TypeError for what is no coroutine, such as the function that would make one, and RuntimeError when the
        host is down.
        """
        check_coroutine(coroutine)
        if not self.up:
            coroutine.close()
            self.driver.check()
        task = Task(self, coroutine)
        self._tasks.append(task)
        return task

    def stop(self) -> None:
        """The simulation is over."""
        for task in self._tasks:
            task.close()
        self.driver.close()

    def crash(self) -> None:
        """Lose everything, and say nothing: no FIN, no RST. Peers learn of it when they send.

        What was made here and is still held by somebody is closed: nothing listens, is open or connects any more, no
        listener of it is called, not even of 'close', and whatever is asked of it raises RuntimeError.
        """
        if self.up:
            self.up = False
            self.crashes += 1
            self._network.note(self.name, "crash")
            for end in self._ends:
                end.vanish()
            self._ends.clear()
            left = dict.fromkeys(self._paths)
            for door in (*self._doors.values(), *self._paths.values()):
                if isinstance(door, SimulatedDoor):
                    door.vanish()
            self.driver.close()
            self._doors.clear()
            self._paths.update(left)
            self._ports.clear()
            self._network.timeline.forget(self.name)
            self._network.gone(self)

    def restart(self) -> None:
        """Come up again, with nothing on it; what arrives for connections of before is answered with RST."""
        if not self.up:
            self.up = True
            self._network.note(self.name, "restart")
            self._boot()
            self._network.reconnect()

    def ends_with(self, peer: Host) -> list[End]:
        """Of its connections those with that host."""
        return [end for end in self._ends if end.peer.host is peer]

    def leftovers(self, timers: int) -> list[str]:
        """What is open or bound here, a line each; `timers` are armed."""
        left = [f"connection {end.name}" for end in self._ends]
        left += [f"listener {address} {port}" for address, port in self._doors]
        left += [f"port {port}" for port in self._ports]
        left += [f"path {path}" for path, there in self._paths.items() if there is not None]
        left += ["something that is waited for"] if self.driver.alive else []
        left += [f"{timers} timers"] if timers else []
        return [f"{self.name}: {line}" for line in left]

    # -- the loop

    def now(self) -> float:
        return self._network.timeline.now

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._network.timeline.soon(self.in_context(callback))

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        raise RuntimeError("a simulation has one thread: another one would make it another story each time")

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._network.timeline.timer(seconds, self.in_context(callback), self.name)

    # -- names

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Timer:
        network = self._network
        faults = network.faults_between(self, network.hosts.get(host, self))
        wait = network.within(faults.lookup_time)
        if faults.slow_lookups and network.happens("slow_lookups", faults.slow_lookups):
            wait += 5.0
        answer = self._look_up(host, family)
        if faults.lookup_failures and network.happens("lookup_failures", faults.lookup_failures):
            answer = Fault("EAI_AGAIN", syscall="getaddrinfo", hostname=host)
        network.note(self.name, "lookup", host)
        return self.call_later(wait, functools.partial(done, answer))

    def _look_up(self, name: str, family: int) -> tuple[Found, ...] | Fault:
        if name == "localhost":
            addresses: tuple[str, ...] = ("127.0.0.1", "::1")
        else:
            known = self._network.hosts.get(name)
            addresses = known.addresses if known is not None else ()
        found = tuple([Found(address, _family(address)) for address in addresses if family in (0, _family(address))])
        return found or Fault("ENOTFOUND", syscall="getaddrinfo", hostname=name)

    # -- addresses and ports

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> Bound | Fault:
        if endpoint.port is None:
            return self._bind_path(endpoint)
        fault = functools.partial(Fault, syscall="bind", address=endpoint.address, port=endpoint.port or None)
        if not self._has(endpoint):
            return fault("EADDRNOTAVAIL")
        port = endpoint.port or self._free_port()
        if not port or (port in self._ports and not reuse_port):
            return fault("EADDRINUSE")
        self._ports[port] = self._ports.get(port, 0) + 1
        return Bound(
            self, Endpoint(endpoint.address, port, endpoint.family), both=endpoint.family == 6 and not ipv6_only
        )

    def _bind_path(self, endpoint: Endpoint) -> Bound | Fault:
        if len(os.fsencode(endpoint.address)) > _LONGEST_PATH:
            return Fault("EINVAL", syscall="bind")
        if endpoint.address in self._paths:
            return Fault("EADDRINUSE", syscall="bind")
        bound = self._paths[endpoint.address] = Bound(self, endpoint, both=False)
        return bound

    def _has(self, endpoint: Endpoint) -> bool:
        return endpoint.address in (_ANY[endpoint.family], LOOPBACK[endpoint.family], *self.addresses)

    def _free_port(self) -> int:
        """The next one, so that a port isn't used again soon; 0 when there is none."""
        for _ in self.ports:
            port = self.ports[self._next % len(self.ports)]
            self._next += 1
            if port not in self._ports:
                return port
        return 0

    def release(self, endpoint: Endpoint) -> None:
        """Whoever had this address has it no more."""
        if endpoint.port is None:
            self._paths.pop(endpoint.address, None)
        elif self._ports.get(endpoint.port, 0) > 1:
            self._ports[endpoint.port] -= 1
        else:
            self._ports.pop(endpoint.port, None)

    def forget(self, end: End) -> None:
        """An end was closed."""
        self._ends.pop(end, None)
        if end.own_port is not None:
            self.release(end.own_port)
            end.own_port = None

    # -- listening

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan) -> SimulatedDoor | Fault:
        if endpoint is None:
            if not isinstance(plan.handle, Bound) or not plan.handle.is_held_by(self):
                return Fault("EINVAL", errno=22, syscall="listen")
            bound: Bound | Fault = plan.handle
        else:
            bound = self.bind(endpoint, plan.ipv6_only, plan.reuse_port)
        if isinstance(bound, Fault):
            return Fault(bound.code, syscall="listen", address=bound.address, port=bound.port)
        door = SimulatedDoor(self._network, self, bound, plan.backlog)
        if bound.endpoint.port is None:
            self._paths[bound.endpoint.address] = door
        else:
            self._doors[bound.endpoint.address, bound.endpoint.port] = door
        self._network.note(self.name, "listen", bound.endpoint.address, bound.endpoint.port)
        return door

    def close_door(self, door: SimulatedDoor) -> None:
        """It listens no more."""
        endpoint = door.bound.endpoint
        if endpoint.port is not None and self._doors.get((endpoint.address, endpoint.port)) is door:
            del self._doors[endpoint.address, endpoint.port]
        self.release(endpoint)

    def door_at(self, endpoint: Endpoint) -> SimulatedDoor | None:
        """Who listens at that address of ours?"""
        port = endpoint.port
        assert port is not None, "paths are elsewhere"
        exact = self._doors.get((endpoint.address, port)) or self._doors.get((_ANY[endpoint.family], port))
        if exact is None and endpoint.family == 4:
            dual = self._doors.get(("::", port))
            return dual if dual is not None and dual.bound.both else None
        return exact

    def at_path(self, path: str) -> SimulatedDoor | str:
        """Who listens at that path of ours; or the code that says why nobody does."""
        if len(os.fsencode(path)) > _LONGEST_PATH:
            return "EINVAL"
        if path not in self._paths:
            return "ENOENT"
        door = self._paths[path]
        return door if isinstance(door, SimulatedDoor) else "ECONNREFUSED"

    def unlink(self, path: str) -> None:
        """Remove a path, such as one that a crash has left. Raises FileNotFoundError if it isn't there."""
        if path not in self._paths:
            raise FileNotFoundError(errno.ENOENT, f"host {self.name!r} has no such path", path)
        del self._paths[path]

    # -- connecting

    def adopt(self, source: object) -> tuple[None, Bound]:
        if isinstance(source, Bound) and source.is_held_by(self):
            return None, source
        raise OSError(errno.EINVAL, "UNKNOWN")  # a simulated host has no descriptors

    def connect(self, endpoint: Endpoint, local: Any, done: Callable[[Any], None]) -> Dial:
        dial = Dial(self._network, self, endpoint, done)
        dial.begin(local)
        return dial

    def own_end(self, to: Endpoint, local: Bound | None) -> Endpoint | Fault:
        """Where a connection to that address comes from; the port is taken."""
        if local is not None and local.endpoint.address not in _ANY.values():
            return local.endpoint
        address = to.address if to.address == LOOPBACK[to.family] or to.address in self.addresses else None
        if address is None:
            address = next((one for one in self.addresses if _family(one) == to.family), None)
        if address is None:
            return Fault("ENETUNREACH", errno=101, syscall="connect", address=to.address, port=to.port)
        if local is not None:
            return Endpoint(address, local.endpoint.port, to.family)
        faults = self._network.faults_between(self, self._network.addresses.get(to.address, self))
        port = self._free_port()
        if faults.port_exhaustion and self._network.happens("port_exhaustion", faults.port_exhaustion):
            port = 0
        if not port:
            return Fault("EADDRNOTAVAIL", errno=99, syscall="connect", address=to.address, port=to.port)
        self._ports[port] = self._ports.get(port, 0) + 1
        return Endpoint(address, port, to.family)

    def keep(self, end: End) -> None:
        """There is an end of a connection here, until `forget()`."""
        self._ends[end] = None


def _family(address: str) -> int:
    return 6 if ":" in address else 4
