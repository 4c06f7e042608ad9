"""Long runs with payloads of real sizes, in the same worlds and under the same laws as the exhaustive explorations.

A run is a list of numbers, each of which chooses one of the events that are possible, so that every run is a legal one.
It begins with connect() (adopt, listen), and favours what the loop and the driver do, or hardly one would get far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from sansnet.state.effects import Taken
from sansnet.state.endpoints import Found, ListenPlan, Route
from sansnet.state.inputs import SERVER_INPUTS, SOCKET_INPUTS, By, Input
from sansnet.state.machine import Event
from sansnet.state.notices import Data, Readable
from sansnet.state.socket import SocketMachine
from sansnet.testing.counterexample import Trace
from sansnet.testing.explore import Model
from sansnet.testing.ghosts import Bounds, Family, SocketWorld
from sansnet.testing.laws import Watch
from sansnet.testing.loop import GO_ON
from sansnet.testing.models import NAMED, RACING, TWO, ServerModel, SocketModel
from sansnet.testing.server_ghosts import ServerBounds

INPUTS: Final[Mapping[str, Input]] = {**SOCKET_INPUTS, **SERVER_INPUTS}  # the names they share mean the same to both
SMALL: Final = {"read_high_water_mark": 4096, "write_high_water_mark": 4096}
CALLS: Final = (
    "connect",
    "write",
    "end",
    "end_with",
    "cork",
    "uncork",
    "pause",
    "resume",
    "hold",
    "read",
    "read_1",
    "listen_readable",
    "unlisten_readable",
    "listen_data",
    "set_timeout",
    "destroy_soon",
    "destroy",
)
PATIENT: Final = tuple(call for call in CALLS if not call.startswith("destroy"))  # or hardly a run gets anywhere
MUCH: Final = Bounds(
    at_rest=PATIENT,
    inside=CALLS,
    reactions=5,
    afterwards=("write", "end"),
    routes=(Route(known=Found("127.0.0.1", 4), port=80), NAMED, RACING),
    answers=(TWO,),
    writes=40,
    ends=3,
    flips=30,
    chunks=40,
    write_sizes=(0, 1, 1000, 5000),
    with_token=(True, False),
    chunk_sizes=(0, 1, 1500, 65536),
    tails=(0, 3),
    failures=False,
    partial=True,
)


def models() -> Iterator[SocketModel | ServerModel]:
    """Sockets over both families of driver, from connect() on and accepted, with failures and without; a server."""
    for family in Family:
        for adopted in ((), ((False, False), (True, False))):
            bounds = MUCH._replace(family=family, adopted=adopted)
            yield SocketModel(
                "PATIENT", bounds, SMALL, {**SMALL, "allow_half_open": True}, {"write_high_water_mark": 0}
            )
            yield SocketModel("HASTY", bounds._replace(at_rest=CALLS, failures=True), SMALL)
    yield ServerModel(
        "SERVER",
        ServerBounds(
            plans=(ListenPlan(), ListenPlan(host="localhost"), ListenPlan(host="127.0.0.1", literal=4)),
            acts=("close", "pause", "limit"),
            reactions=5,
            answers=((Found("::1", 6),), ()),
            faults=("EADDRINUSE", "EAFNOSUPPORT"),
            accept_faults=("EMFILE", "ECONNABORTED"),
            limits=(None, 0, 3),
            listens=20,
            closes=5,
            arrivals=100,
        ),
    )


MODELS: Final = tuple(models())


def choose(possible: Sequence[Event], choice: int) -> Event:
    """One of what is possible; three times out of four something that the user doesn't do."""
    others = [event for event in possible if event is GO_ON or INPUTS[event.name].by is not By.USER]
    chosen = others if others and choice % 4 else possible
    return chosen[choice // 4 % len(chosen)]


@given(
    model=st.sampled_from(MODELS),
    start=st.integers(0, 2),
    choices=st.lists(st.integers(0, 2**16), min_size=20, max_size=300),
)
def test_every_law_holds(model: Model[Any], start: int, choices: list[int]) -> None:
    worlds = model.initial()
    start %= len(worlds)
    world, see = worlds[start], Watch(model.laws).see
    events: list[Event] = []
    try:
        for choice in choices:
            possible = model.events(world)
            if not possible:
                break
            events.append(choose(possible, choice) if events else possible[choice % 2])
            world = model.step(world, events[-1], see)
    except Exception as error:
        error.add_note(str(Trace(model.name, start, tuple(events))))
        raise


# -- chunks


def cut(payload: bytes, places: list[int]) -> list[bytes]:
    """The payload in pieces."""
    ends = sorted({place % len(payload) for place in places} - {0})
    return [payload[begin:end] for begin, end in zip([0, *ends], [*ends, len(payload)], strict=True)]


class Reader:
    """A user who reads to the end, from a driver that reports a payload in pieces."""

    def __init__(self, chunks: list[bytes], mark: int) -> None:
        bounds = Bounds(at_rest=(), flips=1_000_000, chunks=len(chunks))
        self.world = SocketWorld(SocketMachine(read_high_water_mark=mark), bounds)
        self.chunks = chunks
        self.data = b""
        self.readable = 0

    def see(self, _world: object, moment: object) -> None:
        """Collect what is told, and what read() gives."""
        if isinstance(moment, Data):
            self.data += moment.payload
        elif isinstance(moment, Taken):
            self.data += b"".join(moment.payloads)
        elif isinstance(moment, Readable):
            self.readable += 1

    def ask(self, name: str, *args: object) -> None:
        """Call, and let the loop run dry."""
        self.world.take(Event(name, args), self.see)
        while self.world.fifo:
            self.world.take(GO_ON, self.see)

    def more(self) -> bool:
        """One more report of the driver, if it has one to make."""
        if not self.world.reading:
            return False
        if self.chunks:
            chunk = self.chunks.pop(0)
            self.ask("received", chunk, len(chunk))
        else:
            self.ask("eof", b"")
        return True

    def flow(self, pause_every: int) -> bytes:
        """Listen to 'data', and pause now and then."""
        self.ask("adopt", False, False)
        self.ask("resume")
        while not self.world.ended:
            if not self.more() or (pause_every and not len(self.chunks) % pause_every):
                self.ask("pause")
                while self.more():
                    pass
                self.ask("resume")
        return self.data

    def pull(self, size: int | None) -> bytes:
        """Listen to 'readable', and read until nothing is left."""
        self.ask("adopt", False, False)
        self.ask("listen_readable", True, False)
        while not self.world.ended:
            assert self.more(), "the source stopped, and nobody was told that there is something to read"
            told, self.readable = self.readable, 0
            before = -1
            while told and before != len(self.data):
                before = len(self.data)
                self.ask("read", size)
        return self.data


PAYLOADS = st.binary(min_size=1, max_size=400)
PLACES = st.lists(st.integers(0, 400), max_size=12)


@given(payload=PAYLOADS, places=PLACES, mark=st.integers(0, 100), pause_every=st.integers(0, 3))
def test_data_is_the_same_however_it_is_cut(payload: bytes, places: list[int], mark: int, pause_every: int) -> None:
    assert Reader(cut(payload, places), mark).flow(pause_every) == payload


@given(payload=PAYLOADS, places=PLACES, mark=st.integers(0, 100), size=st.none() | st.integers(1, 50))
def test_data_is_the_same_however_it_is_read(payload: bytes, places: list[int], mark: int, size: int | None) -> None:
    assert Reader(cut(payload, places), mark).pull(size) == payload
