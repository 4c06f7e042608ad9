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
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final, Literal, Self, final

from .faults import CHANCES, Faults
from .simulated_host import Host
from .simulated_network import Network

__all__ = ["Simulation", "Unfired"]

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
    ) -> None:
        """A network without hosts.

        seed: of all that is left to chance. faults: the weather, default none but a latency of 0.5 ms; "drawn": from
        the seed. recording: keep the story, and be able to give its digest.

        Raises TypeError for a seed that is no int.
        """
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(f"seed is an int, not {seed!r}")
        self.seed: Final = seed
        self.random: Final = Random(f"sansnet user {seed}")
        """For the program's own choices; the network has another, so that neither disturbs the other."""
        chance = Random(f"sansnet {seed}")
        self._network: Final = Network(
            chance, Faults.drawn(chance) if faults == "drawn" else faults or Faults(), recording
        )
        self._errors: Final[list[BaseException]] = []
        self._stack: Final = contextlib.ExitStack()

    # -- hosts

    def host(self, name: str, *addresses: str) -> Host:
        """The host of that name; a new one if there is none, with these addresses, or the next one of 10.0.0.0/8.

        Raises ValueError for an address that another host has.
        """
        network = self._network
        if name in network.hosts:
            return network.hosts[name]
        number = len(network.hosts) + 1
        addresses = addresses or (f"10.0.{number >> 8}.{number & 255}",)
        taken = [address for address in addresses if address in network.addresses]
        if taken:
            raise ValueError(f"{taken[0]} is the address of {network.addresses[taken[0]].name!r}, not of {name!r}")
        made = network.hosts[name] = Host(network, name, addresses, self._errors)
        network.addresses.update(dict.fromkeys(addresses, made))
        return made

    # -- time

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._network.timeline.now

    def run(self, seconds: float | None = None, *, until: Callable[[], object] | None = None) -> None:
        """Let things happen until nothing is left that anybody waits for, as `sansnet.run()` does.

        seconds: but no longer than that, and exactly so long if timers alone are left. until: stop when this is true,
        which is asked after everything that happened.

        What a listener raises, and an 'error' that nobody listens to, is raised from here.
        """
        network, timeline = self._network, self._network.timeline
        end = float("inf") if seconds is None else timeline.now + seconds
        errors = self._errors

        def goes_on() -> bool:
            return not errors and not (until is not None and until())

        def waits() -> bool:
            return seconds is not None or any(host.driver.alive for host in network.hosts.values())

        timeline.run(end, goes_on, waits)
        if errors:
            self._raise()
        if seconds is not None and goes_on():
            timeline.now = end

    def at(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call `callback` in so many seconds, on no host in particular."""
        self._network.timeline.timer(seconds, callback)

    def _raise(self) -> None:
        errors = self._errors[:]
        self._errors.clear()
        if len(errors) == 1:
            raise errors[0]
        raise BaseExceptionGroup("listeners raised", errors)

    # -- faults

    @property
    def fired(self) -> Counter[str]:
        """How often each fault came to something."""
        return self._network.fired

    @property
    def faults(self) -> Faults:
        """The weather now."""
        return self._network.faults

    @contextlib.contextmanager
    def weather(
        self, faults: Faults | None = None, *, between: tuple[str, str] | None = None, **changes: Any
    ) -> Iterator[None]:
        """Within the block the weather is `faults`, or what it was with these changes: `sim.weather(loss=0.5)`.

        between: on the way between these two hosts alone. Raises KeyError for a host that there isn't.
        """
        network = self._network
        if between is None:
            before = network.faults
            network.faults = replace(faults or before, **changes)
            try:
                yield
            finally:
                network.faults = before
            return
        pair = self._pair(*between)
        was = network.links.get(pair)
        network.links[pair] = replace(faults or was or network.faults, **changes)
        try:
            yield
        finally:
            if was is None:
                del network.links[pair]
            else:
                network.links[pair] = was

    @contextlib.contextmanager
    def partition(self, one: str, other: str) -> Iterator[None]:
        """Within the block nothing gets through between these hosts, and nobody is told. Then it is sent again.

        Raises KeyError for a host that there isn't, and Unfired if nothing was on its way in that time.
        """
        held = self._network.held
        self.cut(one, other)
        try:
            yield
        finally:
            self.heal(one, other)
        if self._network.held == held:
            raise Unfired(f"nothing was on its way between {one!r} and {other!r} while they were cut off")

    def cut(self, one: str, other: str) -> None:
        """Cut these hosts off from each other, until `heal()`."""
        pair = self._pair(one, other)
        self._network.cuts[pair] = self._network.cuts.get(pair, 0) + 1
        self._network.note("cut", *pair)

    def heal(self, one: str, other: str) -> None:
        """Undo one `cut()`."""
        pair = self._pair(one, other)
        left = self._network.cuts.pop(pair, 1) - 1
        if left:
            self._network.cuts[pair] = left
        self._network.note("heal", *pair)
        self._network.reconnect()

    def expect_fired(self, *names: str) -> None:
        """Raise Unfired unless each of these faults came to something; without names, each that has a probability."""
        wanted = names or [name for name in CHANCES if getattr(self._network.faults, name)]
        unknown = [name for name in names if name not in CHANCES and name not in self.fired]
        missing = [name for name in wanted if not self.fired[name]]
        if unknown or missing:
            raise Unfired(f"asked for, and never fired: {', '.join(missing)}")

    def _pair(self, one: str, other: str) -> tuple[str, str]:
        for name in (one, other):
            if name not in self._network.hosts:
                known = ", ".join(map(repr, self._network.hosts)) or "none"
                raise KeyError(f"there is no host {name!r}; there are: {known}")
        return (one, other) if one < other else (other, one)

    # -- the story

    @property
    def digest(self) -> str:
        """The story in one number: equal stories have equal digests. 32 hexadecimal digits."""
        record = self._network.record
        times = struct.pack(f"<{len(record)}d", *[entry[0] for entry in record])
        words = "\n".join([" ".join(map(str, entry[1:])) for entry in record])
        return hashlib.blake2b(times + words.encode(), digest_size=16).hexdigest()

    def story(self, last: int | None = None) -> list[str]:
        """What happened, a line each; the last of them alone if wanted."""
        record = self._network.record
        return [_line(*entry) for entry in (record if last is None else record[-last:])]

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
            host.driver.close()


def _line(when: float, *words: object) -> str:
    return f"{when:12.6f}  {' '.join(map(str, words))}"
