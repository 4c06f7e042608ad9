"""A simulated network with virtual time, on which programs run unchanged.

    with Simulation(seed=7, faults=Faults(latency=(0.001, 0.05), loss=0.01)) as sim:
        with sim.host("server"):
            sansnet.create_server(lambda socket: socket.pipe(socket)).listen(8124)
        with sim.host("client"):
            client = sansnet.connect(8124, "server")
            client.on("data", print)
            client.end("hello")
        sim.run()

A host is a driver like any other (`drivers.completion`, over `simulated_host`): what is made within `with sim.host(…):`
is made there, and so is what its listeners make. Nothing waits: time jumps to the next thing that is due.

All chance comes from the seed, so the same seed tells the same story, on every machine and in every version of Python:
`sim.digest` says in one number which. What went wrong when is in `sim.story()`; an exception that leaves the block
takes the seed and the end of the story with it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, final

from ..address import is_ip
from ..drivers.chosen import chosen
from ..parking import new_spot
from .endless import LIMIT
from .faults import COUNTED, NAMES, Faults
from .simulated_host import Host
from .simulated_network import Change, Network
from .tasks import check_coroutine, check_task

if TYPE_CHECKING:
    from .trace_recorder import Recording, Target

__all__ = ["Simulation", "Unfired"]

T = TypeVar("T")

CALM: Final = Faults()
_LAST: Final = 20
"""So many entries of the story go with an exception."""


class Unfired(AssertionError):
    """A fault that was asked for never came to anything, so that nothing was shown about it."""


@final
class Simulation:
    """Hosts, the network between them, and one thread of virtual time. Use it as a context manager."""

    def __init__(
        self,
        seed: int = 0,
        *,
        faults: Faults | Literal["drawn"] | None = None,
        recording: bool = True,
        limit: int = LIMIT,
    ) -> None:
        """A network without hosts.

        seed: of all that is left to chance. faults: the weather, default none but a latency of 0.5 ms; "drawn": from
        the seed. recording: keep the story, and be able to give its digest. limit: how much may happen in one `run()`
        before it counts as endless; a segment that arrives and a callback that is called are one thing each.

        Raises TypeError for a seed that is no int, for faults that are none, and ValueError for a limit that is none.
        """
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(f"seed is an int, not {seed!r}")
        if faults is not None and faults != "drawn" and not isinstance(faults, Faults):
            raise TypeError(f"faults is a Faults, 'drawn' or None, not {faults!r}")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:  # type: ignore[redundant-expr]
            raise ValueError(f"limit is a number of things that may happen, from 1 up, not {limit!r}")
        self.seed: Final = seed
        self.random: Final = Random(f"sansnet user {seed}")
        """For the program's own choices; the network has another, so that neither disturbs the other."""
        if faults == "drawn":
            faults = Faults.drawn(Random(f"sansnet weather {seed}"))  # so the same plan, given, tells the same story
        self._network: Final = Network(seed, faults or CALM, recording, limit)
        self.has_run = False
        """Was it ever asked to let things happen?"""
        self._errors: Final[list[BaseException]] = []
        self._stack: Final = contextlib.ExitStack()

    # -- hosts

    def host(self, name: str, *addresses: str) -> Host:
        """The host of that name; a new one if there is none, with these addresses, or the next one of 10.0.0.0/8.

        Raises ValueError for an address that is none, or that another host has, or for addresses of a host that is
        there already.
        """
        network = self._network
        if name in network.hosts:
            if addresses and addresses != network.hosts[name].addresses:
                raise ValueError(f"host {name!r} has the addresses {network.hosts[name].addresses}")
            return network.hosts[name]
        number = len(network.hosts) + 1
        addresses = addresses or (f"10.0.{number >> 8}.{number & 255}",)
        for address in addresses:
            if not is_ip(address):
                raise ValueError(f"{address!r} is no IP address")
        taken = [address for address in addresses if address in network.addresses]
        if taken:
            raise ValueError(f"{taken[0]} is the address of {network.addresses[taken[0]].name!r}, not of {name!r}")
        made = network.hosts[name] = Host(network, name, addresses, self._errors)
        network.addresses.update(dict.fromkeys(addresses, made))
        return made

    @property
    def hosts(self) -> dict[str, Host]:
        """The hosts, by name."""
        return dict(self._network.hosts)

    # -- time

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._network.timeline.now

    def run(self, seconds: float | None = None, *, until: Callable[[], object] | None = None) -> None:
        """Let things happen until nothing is left that anybody waits for, as `sansnet.run()` does.

        seconds: but no longer than that, and exactly so long if timers alone are left. until: stop when this is true,
        which is asked after everything that happened.

        What a listener raises, and an 'error' that nobody listens to, is raised from here. Raises Endless (a
        RuntimeError) when there seems to be no end to it: a timer that is armed anew each time it fires, two peers who
        always answer, callbacks that put themselves off so that time stands still. It says which.
        """
        self.has_run = True
        network, timeline = self._network, self._network.timeline
        end = float("inf") if seconds is None else timeline.now + seconds
        errors = self._errors

        def waits() -> bool:
            return seconds is not None or any(host.driver.alive for host in network.hosts.values())

        timeline.run(end, errors, until, waits)
        if errors:
            self._raise()
        if seconds is not None and not (until is not None and until()):
            timeline.now = end

    def run_async(self, coroutine: Coroutine[Any, Any, T], *, seconds: float | None = None) -> T:
        """Run a coroutine to its end, on the host whose block this is in, or on the first. What it returns.

        It can wait for all of sansnet that is awaitable, `sleep()`, and what `Host.start()` gives. seconds: no longer
        than that.

        Raises what it raises; RuntimeError when there is no host, or when nothing is left that could wake it; Endless
        as `run()` does; TimeoutError when it takes longer; and TypeError for what is no coroutine.
        """
        check_coroutine(coroutine)
        timeline = self._network.timeline
        if not self._network.hosts:
            coroutine.close()
            raise RuntimeError("there is no host to run it on")
        self.has_run = True
        task = self._here().start(coroutine)
        task.is_awaited = True
        end = float("inf") if seconds is None else timeline.now + seconds
        timeline.run(end, self._errors, lambda: task.done, lambda: True)
        if self._errors:
            self._raise()
        if not task.done and seconds is not None:
            timeline.now = end
            raise TimeoutError(f"the task isn't done after {seconds:g} s")
        if not task.done:
            raise RuntimeError("the task waits for what will never come: nothing is left to happen")
        return task.result

    async def sleep(self, seconds: float) -> None:
        """Wait so long, in virtual time. Raises RuntimeError outside of a task of this simulation."""
        check_task(self._network, "sim.sleep()")
        spot = new_spot()
        timer = self._network.timeline.timer(seconds, spot.wake)
        try:
            await spot.park()
        finally:
            timer.cancel()

    def _here(self) -> Host:
        return self._of_block() or next(iter(self._network.hosts.values()))

    def _of_block(self) -> Host | None:
        """The host whose block this is in, if it is in one."""
        driver = chosen.get()
        return next((host for host in self._network.hosts.values() if host.driver is driver), None)

    def at(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call `callback` in so many seconds, on no host in particular. Raises ValueError for a time that is past."""
        if not seconds >= 0:
            raise ValueError(f"seconds from now, not {seconds!r}")
        self._network.timeline.timer(seconds, callback)

    def _raise(self) -> None:
        errors = self._errors[:]
        self._errors.clear()
        if len(errors) == 1:
            raise errors[0]
        raise BaseExceptionGroup("listeners raised", errors)

    def during(self, begin: float, end: float, block: AbstractContextManager[object]) -> None:
        """Enter such a block in `begin` seconds, and leave it in `end`: `sim.during(1, 3, sim.partition("a", "b"))`.

        What it raises when it is left is raised from `run()`. Raises ValueError for times in the wrong order.
        """
        if not 0 <= begin <= end:
            raise ValueError(f"first it begins, then it ends: 0 <= begin <= end, not {begin!r} and {end!r}")

        def leave() -> None:
            try:
                block.__exit__(None, None, None)
            except Exception as error:
                self._errors.append(error)

        self.at(begin, block.__enter__)
        self.at(end, leave)

    # -- faults

    @property
    def fired(self) -> Counter[str]:
        """How often each fault came to something."""
        network = self._network
        if network.jittered:
            network.fired["jitter"] = network.jittered
        return network.fired

    @property
    def came_true(self) -> dict[str, tuple[int, ...]]:
        """Of each fault that is a matter of chance, the numbers of the chances that came true, 1 the first.

        `Faults(**sim.came_true)` has just these again.
        """
        return {name: tuple(numbers) for name, numbers in self._network.came_true.items()}

    @property
    def faults(self) -> Faults:
        """The weather now."""
        return self._network.faults

    def weather(
        self, faults: Faults | None = None, *, between: tuple[str, str] | None = None, **changes: Any
    ) -> AbstractContextManager[None]:
        """Within the block the weather is `faults`, or what it was with these changes: `sim.weather(loss=0.5)`.

        Blocks may overlap, in whatever order they are left: the weather is what it was to begin with, and every block
        that lasts changes it, one after the other as they were entered.

        between: between these two hosts alone: on the way, where the one accepts the other, and when it looks for the
        other's name. What is asked for has to come to something: otherwise Unfired is raised at the end of the block.

        Raises LookupError for a host that there isn't, and TypeError or ValueError for faults that make no sense;
        `no_half_close` between two hosts makes none, since paths don't lead from one to another.
        """
        pair = None if between is None else self._pair(*between)
        unknown = [name for name in changes if name not in NAMES]
        if unknown:
            raise TypeError(f"there is no fault {unknown[0]!r}; there are: {', '.join(NAMES)}")
        if replace(faults or Faults(), **changes).no_half_close and pair is not None:
            raise ValueError(
                "no_half_close is about paths, and those stay on their host: it can't be between two hosts"
            )
        return self._weather(Change(pair, faults, changes))

    @contextlib.contextmanager
    def _weather(self, change: Change) -> Iterator[None]:
        network = self._network
        now = network.begin(change)
        wanted = [name for name in now.requested if change.faults is not None or name in change.fields]
        fired = {name: self.fired[name] for name in wanted}
        try:
            yield
        finally:
            network.end(change)
        self._check([name for name in wanted if self.fired[name] == fired[name]])

    def partition(self, one: str, other: str) -> AbstractContextManager[None]:
        """Within the block nothing gets through between these hosts, and nobody is told. Then it is sent again.

        Raises LookupError for a host that there isn't; and at the end of the block Unfired if nothing was on its way.
        """
        pair = self._pair(one, other)
        return self._until_fired("partition", lambda: self._network.cut(pair), lambda: self._network.heal(pair))

    def crash(self, name: str) -> AbstractContextManager[None]:
        """Within the block that host is dead, which nobody is told; then it comes up again, and has forgotten all.

        Raises LookupError for a host that there isn't; and at the end of the block Unfired if nothing was sent to it.
        """
        host = self._known(name)
        return self._until_fired("crash", host.crash, host.restart)

    @contextlib.contextmanager
    def _until_fired(self, name: str, begin: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
        before = self.fired[name]
        begin()
        try:
            yield
        finally:
            end()
        self._check([name] if self.fired[name] == before else [])

    def cut(self, one: str, other: str) -> None:
        """Cut these hosts off from each other, until `heal()`. Raises LookupError for a host that there isn't."""
        self._network.cut(self._pair(one, other))

    def heal(self, one: str, other: str) -> None:
        """Undo one `cut()`. Raises LookupError for a host that there isn't."""
        self._network.heal(self._pair(one, other))

    def expect_fired(self, *names: str) -> None:
        """Raise Unfired unless each of these faults came to something; without names, each that is switched on now.

        Raises LookupError for a name that no fault has.
        """
        for name in names:
            if name not in COUNTED:
                raise LookupError(f"there is no fault {name!r}; there are: {', '.join(COUNTED)}")
        self._check([name for name in names or self.faults.requested if not self.fired[name]])

    def _check(self, unfired: list[str]) -> None:
        if unfired:
            raise Unfired(f"asked for, and never fired: {', '.join(unfired)}")

    def _known(self, name: str) -> Host:
        host = self._network.hosts.get(name)
        if host is None:
            known = ", ".join(map(repr, self._network.hosts)) or "none"
            raise LookupError(f"there is no host {name!r}; there are: {known}")
        return host

    def _pair(self, one: str, other: str) -> tuple[str, str]:
        for name in (one, other):
            self._known(name)
        if one == other:
            raise ValueError(f"between two hosts, not between {one!r} and itself")
        return (one, other) if one < other else (other, one)

    # -- the story

    @property
    def digest(self) -> str:
        """The story in one number: equal stories have equal digests. 32 hexadecimal digits."""
        return hashlib.blake2b(repr(self._network.record).encode(), digest_size=16).hexdigest()

    def story(self, last: int | None = None) -> list[str]:
        """What happened, a line each; the last of them alone if wanted."""
        record = self._network.record
        return [_line(*entry) for entry in (record if last is None else record[-last:])]

    @contextlib.contextmanager
    def record(self, target: Target = None) -> Iterator[Recording]:
        """Record every socket and server that is made within the block, on any host: a trace of all of them.

        target: where it goes, as `sansnet.testing.record` has it. Machines are called "socket 1 of client".
        """
        from .trace_recorder import recording_to  # noqa: PLC0415 (a simulation that nobody records needs no traces)

        network = self._network
        with recording_to(target, lambda: self.now) as recording:
            network.recordings.append(recording)
            for host in network.hosts.values():
                host.begin_recording(recording)
            try:
                yield recording
            finally:
                network.recordings.remove(recording)
                for host in network.hosts.values():
                    host.stop_recording(recording)

    def leftovers(self) -> list[str]:
        """What is still open, bound or armed on the hosts, a line each: nothing, if a program has cleaned up."""
        timers = Counter([timer.owner for timer in self._network.timeline.timers() if timer.owner is not None])
        return [line for host in self._network.hosts.values() for line in host.leftovers(timers[host.name])]

    # -- the block

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Close all that is left. An exception is told the seed, and how the story ended."""
        if error is not None:
            for line in (f"Simulation(seed={self.seed}), {self.now:.6f} s:", *self.story(_LAST)):
                error.add_note(line)
        for host in self._network.hosts.values():
            host.stop()


def _line(when: float, *words: object) -> str:
    if len(words) == 4 and isinstance(words[-1], int) and isinstance(words[-2], int):  # a segment
        words = (*words[:2], f"{words[2]} bytes", f"{words[3]:08x}")
    return f"{when:12.6f}  {' '.join([str(word) for word in words if word is not None])}"
