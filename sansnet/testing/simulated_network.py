"""The simulated network: which hosts there are, how segments travel between them, and who can't reach whom."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any, Final, final
from zlib import crc32

from .faults import Chance, Faults
from .simulated_stream import RST, End, Segment
from .timeline import Timeline, Timer

if TYPE_CHECKING:
    from .simulated_host import Host
    from .trace_recorder import Recording

__all__ = ["GIVE_UP", "Change", "Network"]

RETRANSMIT: Final = 0.2
"""Seconds until a segment that was lost is sent again; twice as long each time after that."""

GIVE_UP: Final = 924.6
"""Seconds until a segment that nobody acknowledges breaks the connection (Linux, tcp_retries2 = 15)."""

Entry = tuple[Any, ...]


@final
class Change:
    """Weather for a while: `faults` or what it is without this, with these fields; between two hosts, or everywhere."""

    __slots__ = ("faults", "fields", "pair")

    def __init__(self, pair: tuple[str, str] | None, faults: Faults | None, fields: dict[str, Any]) -> None:
        self.pair: Final = pair
        self.faults: Final = faults
        self.fields: Final = fields

    def over(self, faults: Faults) -> Faults:
        """The weather that it makes of this one."""
        return replace(self.faults or faults, **self.fields)


@final
class Network:
    """Everything between the hosts. One source of chance, and one record of what happened."""

    def __init__(self, seed: int, faults: Faults, recording: bool, limit: int) -> None:
        self.timeline: Final = Timeline(limit)
        self._seed: Final = f"sansnet {seed}"
        self.random: Final = Random(self._seed)
        self._chances: Final[Counter[str]] = Counter()
        self.recordings: Final[list[Recording]] = []  # of all hosts, those to come included
        self.came_true: Final[dict[str, list[int]]] = {}  # of each fault, the numbers of the chances that did
        self._climate: Final = faults  # the weather while nothing changes it
        self._changes: Final[list[Change]] = []  # those that last, in the order in which they began
        self.faults = faults
        self.hosts: Final[dict[str, Host]] = {}
        self.addresses: Final[dict[str, Host]] = {}
        self.links: Final[dict[tuple[str, str], Faults]] = {}
        self.fired: Final[Counter[str]] = Counter()
        self.record: Final[list[Entry]] = []
        self.recording: Final = recording
        self.cuts: Final[dict[tuple[str, str], int]] = {}  # pairs of hosts that can't reach each other
        self._cut_off: Final[dict[End, Timer]] = {}  # ends with segments that can't get through, and until when
        self._asking: Final[dict[End, Timer]] = {}  # ends that ask in vain whether there is room, and until when
        self.jittered = 0
        self._ends = 0

    # -- chance

    def happens(self, name: str, chance: Chance) -> bool:
        """Does it happen this time? Then it is counted.

        That hangs on the seed, the name and the number of the chance alone, so that a fault which is taken away changes
        nothing about which chances of the others come true.
        """
        number = self._chances[name] + 1
        self._chances[name] = number
        if number not in chance if isinstance(chance, tuple) else self._draw(name, number) >= chance:
            return False
        self.came_true.setdefault(name, []).append(number)
        self.fire(name, number)
        return True

    def fire(self, name: str, *number: int) -> None:
        """A fault came to something; at which of its chances, if it has such."""
        self.fired[name] += 1
        if self.recording:
            self.record.append((self.timeline.now, "fault", name, *[f"#{each}" for each in number]))

    def share(self, name: str) -> float:
        """How much of it there is, if it has just happened: 0 or more, less than 1."""
        return self._draw(f"{name} share", self._chances[name])

    def _draw(self, name: str, number: int) -> float:
        drawn = blake2b(f"{self._seed} {name} {number}".encode(), digest_size=8).digest()
        return (int.from_bytes(drawn) >> 11) / (1 << 53)

    def within(self, span: tuple[float, float], share: float | None = None) -> float:
        """A time of this span: that share of it, or any."""
        low, high = span
        if low == high:
            return low
        return low + (high - low) * (self.random.random() if share is None else share)

    # -- the weather

    def begin(self, change: Change) -> Faults:
        """Change the weather until `end()`. What it is now, where it changes."""
        self._changes.append(change)
        self._settle_weather()
        return self.faults if change.pair is None else self.links[change.pair]

    def end(self, change: Change) -> None:
        """Take this change back, and no other."""
        self._changes.remove(change)
        self._settle_weather()

    def _settle_weather(self) -> None:
        """The weather anew, from what it was to begin with; first everywhere, and then where it is another."""
        self.faults = self._climate
        self.links.clear()
        for change in self._changes:
            if change.pair is None:
                self.faults = change.over(self.faults)
        for change in self._changes:
            if change.pair is not None:
                self.links[change.pair] = change.over(self.links.get(change.pair, self.faults))

    # -- the way

    def faults_of(self, end: End) -> Faults:
        """The weather between an end and its peer."""
        return self.faults_between(end.host, end.peer.host) if self.links else self.faults

    def faults_between(self, one: Host, other: Host) -> Faults:
        """The weather between two hosts."""
        return self.links.get(_pair(one, other), self.faults) if self.links else self.faults

    def latency(self, faults: Faults) -> float:
        """How long it takes this time."""
        low, high = faults.latency
        if low == high:
            return low
        self.jittered += 1  # and not in `fired`, since this happens with each segment
        return low + (high - low) * self.random.random()

    def name_end(self, host: Host) -> str:
        """A name for an end that is being made."""
        self._ends += 1
        return f"{host.name}.{self._ends}"

    def reach(self, one: Host, other: Host) -> bool:
        """Does anything get through?"""
        return one.up and other.up and (not self.cuts or _pair(one, other) not in self.cuts)

    def gets_through(self, one: Host, other: Host) -> bool:
        """Does what has been sent arrive? If it doesn't, that is counted."""
        if one is other or self.reach(one, other):
            return True
        if one.up:
            self.fire("partition" if other.up else "crash")
        return False

    def carry(self, end: End, segment: Segment, *, again: bool = False) -> None:
        """Bring a segment from an end to its peer, in order; once more, if a cut way has held it up."""
        if end.held is not None:
            end.held.append(segment)
            return
        timeline = self.timeline
        when = timeline.now
        if not end.is_path:
            faults = self.faults_of(end) if self.links else self.faults
            when += self.latency(faults)
            if faults.is_rough:
                when += self._hold_up(end, segment, faults, again)
                if faults.reset and type(segment) is bytes and self.happens("reset", faults.reset):
                    segment = RST
                    timeline.at(when, self._reset_back, end.peer)
        when = max(when, end.arrives)
        end.arrives = when
        end.flying.append(segment)
        timeline.at(when, self._deliver, end, end.sendings)

    def _hold_up(self, end: End, segment: Segment, faults: Faults, again: bool) -> float:
        """How many seconds more it takes, because the way is narrow, or bad.

        What is sent again cuts no way. All that was held up is sent at once: of many segments one nearly always would,
        and hold up all the others, over and over. (TCP sends the first of them, and waits for its acknowledgement.)
        """
        now, more = self.timeline.now, 0.0
        if faults.bandwidth is not None and type(segment) is bytes:
            self.fired["bandwidth"] += 1
            end.free_at = max(now, end.free_at) + len(segment) / faults.bandwidth
            more = end.free_at - now
        wait = RETRANSMIT
        while faults.loss and wait < 100 and self.happens("loss", faults.loss):
            more += wait
            wait *= 2
        may_cut = faults.outages and not again and end.host is not end.peer.host
        if may_cut and self.happens("outages", faults.outages):
            pair = _pair(end.host, end.peer.host)
            self.cut(pair)
            self.timeline.at(now + self.within(faults.outage_time, self.share("outages")), self.heal, pair)
        return more

    def wait_a_while(self, end: End, then: Callable[..., None], *args: object) -> None:
        """As long as a segment takes."""
        wait = 0.0 if end.is_path else self.latency(self.faults_of(end))
        self.timeline.at(self.timeline.now + wait, then, *args)

    def acknowledge(self, end: End) -> None:
        """Tell the peer of an end, who waits for that, that there is room again. This goes the way of segments."""
        self.wait_a_while(end, self._acknowledged, end)

    def _acknowledged(self, end: End) -> None:
        peer = end.peer
        if peer.writing is None:
            return
        if self.gets_through(end.host, peer.host):
            peer.go_on_writing()
        else:
            peer.unheard = True
            self._wait_for_way(peer)

    def probe(self, end: End) -> None:
        """It waits for room: ask the peer, if nothing else would show that this one is gone (a zero-window probe).

        A peer who is there says by himself when there is room, which `acknowledge` brings. Who has forgotten the
        connection answers with RST, and who is dead or cut off not at all.
        """
        peer = end.peer
        if not end.is_stuck or end in self._asking:
            return
        if not self.reach(end.host, peer.host):
            if not peer.host.up:
                self.fire("crash")
            self._ask_on(end)
        elif peer.is_forgotten:
            self.timeline.at(self.timeline.now + RETRANSMIT, self._probed, end)

    def _probed(self, end: End) -> None:
        """The question is there, of one who may have stopped to ask in the meantime."""
        if not end.is_stuck:
            return
        if self.gets_through(end.host, end.peer.host):
            self.carry(end.peer, RST)
        else:
            self._ask_on(end)

    def _ask_on(self, end: End) -> None:
        if end not in self._asking:
            self._asking[end] = self.timeline.timer(GIVE_UP, lambda: self._ask_no_more(end))

    def _ask_no_more(self, end: End) -> None:
        del self._asking[end]
        if end.is_stuck:
            end.break_off("ETIMEDOUT")

    def gone(self, host: Host) -> None:
        """It has died: nobody will tell those who wait for room there."""
        for other in self.hosts.values():
            self._probe_between(other, host)

    def _probe_between(self, host: Host, peer: Host) -> None:
        for end in host.ends_with(peer):
            self.probe(end)

    def _deliver(self, end: End, sending: int) -> None:
        """Let the next segment arrive; unless all that flew is held up by now."""
        if sending != end.sendings:
            return
        peer, segment = end.peer, end.flying.popleft()
        host, other = end.host, peer.host
        if host is other or (self.reach(host, other) if self.cuts else host.up and other.up):
            if type(segment) is bytes:
                if self.recording:
                    self.record.append((self.timeline.now, end.name, peer.name, len(segment), crc32(segment)))
                peer.receive(segment)
            else:
                self.note(end.name, peer.name, str(segment))
                peer.arrive(segment)
        elif end.host.up:
            self._hold(end, segment)

    def _reset_back(self, end: End) -> None:
        """The RST for who sent what became one on its way: it overtakes, and waits for the way like any segment."""
        peer = end.peer
        if end.host is peer.host or self.reach(end.host, peer.host):
            peer.arrive(RST)
        elif end.held is not None:
            end.held.append(RST)
        elif end.host.up:
            self._hold(end, RST)

    def _hold(self, end: End, segment: Segment) -> None:
        """Keep a segment that can't get through, and all that fly behind it: what is sent later mustn't come before."""
        self.fire("partition" if end.peer.host.up else "crash")
        end.held = deque([segment, *end.flying])
        end.flying.clear()
        end.sendings += 1
        self._wait_for_way(end)

    def _wait_for_way(self, end: End) -> None:
        """It sends again and again what gets no answer, and at last gives up."""
        if end not in self._cut_off:
            self._cut_off[end] = self.timeline.timer(GIVE_UP, lambda: self._give_up(end))

    def _give_up(self, end: End) -> None:
        del self._cut_off[end]
        end.held = None  # what it says from now on, such as RST, waits for no way behind what was given up
        end.break_off("ETIMEDOUT")

    def cut(self, pair: tuple[str, str]) -> None:
        """Nothing gets through between these two, until it is healed as often as it was cut."""
        self.cuts[pair] = self.cuts.get(pair, 0) + 1
        self.note("cut", *pair)
        one, other = map(self.hosts.get, pair)
        if one is not None and other is not None:
            self._probe_between(one, other)
            self._probe_between(other, one)

    def heal(self, pair: tuple[str, str]) -> None:
        """Undo one cut."""
        left = self.cuts.pop(pair, 1) - 1
        if left:
            self.cuts[pair] = left
        self.note("heal", *pair)
        self.reconnect()

    def reconnect(self) -> None:
        """Some can reach each other again: what was held up is sent once more."""
        for end in list(self._cut_off):
            if end.is_dead:  # it sends nothing again: what was held up is lost
                self._cut_off.pop(end).cancel()
                end.held = None
            elif self.reach(end.host, end.peer.host):
                self._cut_off.pop(end).cancel()
                self._go_on(end)
        for end in list(self._asking):
            if self.reach(end.host, end.peer.host):
                self._asking.pop(end).cancel()
                self.probe(end)

    def _go_on(self, end: End) -> None:
        """There is a way again."""
        again = self.timeline.now + RETRANSMIT
        if end.unheard:
            end.unheard = False
            self.timeline.at(again, self._acknowledged, end.peer)
        if end.held is not None:
            held, end.held = end.held, None
            end.arrives = max(end.arrives, again)
            for segment in held:
                self.carry(end, segment, again=True)

    def note(self, *entry: object) -> None:
        """Something that belongs into the record."""
        if self.recording:
            self.record.append((self.timeline.now, *entry))


def _pair(one: Host, other: Host) -> tuple[str, str]:
    return (one.name, other.name) if one.name < other.name else (other.name, one.name)
