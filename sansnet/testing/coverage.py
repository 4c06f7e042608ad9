"""Which moves and which inputs of the machines' tables a search took.

`noting()` looks at every machine of the process while its block runs, whoever feeds it and how: each phase is watched
where it is stored, each input where it is called. So it also sees the moves that follow one another within one input,
and machines inside of models that nobody here has heard of. It costs a search about half as much time again.

A compiled machine doesn't show how it stores its phases. There they are compared before and after an input: what
follows one another within it isn't seen, as `SEES_ALL_MOVES` tells; nor are inputs that compiled code gives.
"""

from __future__ import annotations

import enum
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from types import MethodDescriptorType
from typing import Any, ClassVar, Final, NamedTuple, final

from ..state.inputs import SERVER_INPUTS, SOCKET_INPUTS, Input, Verdict
from ..state.machine import Machine
from ..state.phases import MOVES, Flight, Flow, Link, Listen, Read, Write
from ..state.reading import ReadHalf
from ..state.server import ServerMachine
from ..state.socket import SocketMachine
from ..state.socket_state import SocketState
from ..state.writing import WriteHalf

__all__ = ["SEES_ALL_MOVES", "Coverage", "Notes", "noting"]

SEES_ALL_MOVES: Final = not isinstance(SocketMachine.connect, MethodDescriptorType)
"""Are the machines interpreted, so that moves within an input are seen?"""

Move = tuple[enum.Enum, enum.Enum]
"""From a phase to a phase."""

Taken = tuple[str, enum.Enum]
"""An input, and the phase of the link (of a server: of the listener) that it came in."""


class _Table(NamedTuple):
    """One kind of machine: where its phases are stored, and what its tables say."""

    machine: type[Machine]
    main: str  # the phase that its inputs go by
    slots: tuple[tuple[type, str], ...]  # the class that stores it, and the way there from the machine
    phases: tuple[type[enum.Enum], ...]
    inputs: Mapping[str, Input]


_SOCKET: Final = _Table(
    SocketMachine,
    "link",
    (
        (SocketState, "link"),
        (ReadHalf, "reading.phase"),
        (ReadHalf, "reading.flow"),
        (WriteHalf, "writing.phase"),
        (WriteHalf, "writing.flight"),
    ),
    (Link, Read, Flow, Write, Flight),
    SOCKET_INPUTS,
)
_SERVER: Final = _Table(ServerMachine, "listener", ((ServerMachine, "listener"),), (Listen,), SERVER_INPUTS)
_TABLES: Final = (_SOCKET, _SERVER)


class Coverage(NamedTuple):
    """Moves and inputs that were taken, each once, in the order of the tables; what is in no table comes last."""

    moves: tuple[Move, ...]
    inputs: tuple[Taken, ...]

    def __or__(self, other: Coverage) -> Coverage:
        """What one or the other took."""
        return _in_order((*self.moves, *other.moves), (*self.inputs, *other.inputs))

    @property
    def moves_not_taken(self) -> tuple[Move, ...]:
        """The moves that the tables allow, of those machines that were met, and that were not made."""
        return tuple(move for table in self._met for move in _moves_of(table) if move not in self.moves)

    @property
    def inputs_not_taken(self) -> tuple[Taken, ...]:
        """The inputs that aren't misuse, by phase, of those machines that were met, and that never came.

        Some can't come: the table tells what a report does in each phase, not in which the driver can owe it.
        """
        return tuple(taken for table in self._met for taken in _inputs_of(table) if taken not in self.inputs)

    @property
    def _met(self) -> list[_Table]:
        return [table for table in _TABLES if any(type(phase) is table.phases[0] for _, phase in self.inputs)]

    def __str__(self) -> str:
        if not self._met:
            return "nothing of the tables: none of sansnet's machines was met"
        moves = f"{len(self.moves)} of {len(self.moves) + len(self.moves_not_taken)} moves"
        inputs = f"{len(self.inputs)} of {len(self.inputs) + len(self.inputs_not_taken)} inputs by phase"
        return f"{moves}, {inputs}"


def _moves_of(table: _Table) -> list[Move]:
    return [(old, new) for old, targets in MOVES.items() if type(old) in table.phases for new in targets]


def _inputs_of(table: _Table) -> list[Taken]:
    return [
        (name, phase)
        for name, row in table.inputs.items()
        for phase, verdict in row.verdicts.items()
        if verdict is not Verdict.MISUSE
    ]


def _in_order(moves: Iterable[Move], inputs: Iterable[Taken]) -> Coverage:
    known_moves = [move for table in _TABLES for move in _moves_of(table)]
    known_inputs = [taken for table in _TABLES for taken in _inputs_of(table)]
    return Coverage(_sorted(moves, known_moves), _sorted(inputs, known_inputs))


def _sorted(met: Iterable[Any], known: list[Any]) -> tuple[Any, ...]:
    once = dict.fromkeys(met)
    return (*(each for each in known if each in once), *sorted((each for each in once if each not in known), key=str))


# -- taking notes ----------------------------------------------------------------------------------------------------


@final
class Notes:
    """What was met while a block of `noting()` ran in this thread."""

    __slots__ = ("inputs", "moves")

    def __init__(self) -> None:
        self.moves: dict[Move, None] = {}
        self.inputs: dict[Taken, None] = {}

    def coverage(self) -> Coverage:
        """The same, in order."""
        return _in_order(self.moves, self.inputs)


class _Here(threading.local):
    """Of a thread: the notes it takes, and whether it is inside an input."""

    notes: Notes | None = None
    inside: bool = False


_HERE: Final = _Here()


@final
class _Watching:
    """The classes of the machines are patched while any thread takes notes."""

    lock: ClassVar[threading.Lock] = threading.Lock()
    threads: ClassVar[int] = 0
    originals: ClassVar[list[tuple[type, str, Any]]] = []

    @classmethod
    def begin(cls) -> None:
        with cls.lock:
            cls.threads += 1
            if cls.threads > 1:
                return
            for table in _TABLES:
                for name in table.inputs:
                    cls.patch(table.machine, name, functools.partial(_noting_input, table))
                if SEES_ALL_MOVES:
                    for owner, way in table.slots:
                        cls.patch(owner, way.rpartition(".")[2], _noting_slot)

    @classmethod
    def end(cls) -> None:
        with cls.lock:
            cls.threads -= 1
            if not cls.threads:
                while cls.originals:
                    setattr_(*cls.originals.pop())

    @classmethod
    def patch(cls, owner: type, name: str, around: Callable[[Any], Any]) -> None:
        original = owner.__dict__[name]
        cls.originals.append((owner, name, original))
        setattr_(owner, name, around(original))


setattr_: Final[Callable[[type, str, Any], None]] = type.__setattr__


@contextmanager
def noting(wanted: bool = True) -> Iterator[Notes]:
    """Take notes of every machine that this thread feeds. Without `wanted` the notes stay empty."""
    notes = Notes()
    if not wanted:
        yield notes
        return
    outer, _HERE.notes = _HERE.notes, notes
    _Watching.begin()
    try:
        yield notes
    finally:
        _Watching.end()
        _HERE.notes = outer


def _noting_input(table: _Table, original: Callable[..., Any]) -> Callable[..., Any]:
    """The input, noted when it comes from outside; what a machine calls on itself is no input."""
    phases_of: Callable[[Any], tuple[enum.Enum, ...]] = _phases_of(table)

    @functools.wraps(original)
    def noted(self: Any, *args: Any, **named: Any) -> Any:
        notes = _HERE.notes
        if notes is None or _HERE.inside:
            return original(self, *args, **named)
        notes.inputs[original.__name__, getattr(self, table.main)] = None
        before = phases_of(self)
        _HERE.inside = True
        try:
            return original(self, *args, **named)
        finally:
            _HERE.inside = False
            for old, new in zip(before, phases_of(self), strict=True):
                if new is not old and new in MOVES[old]:  # or others are between
                    notes.moves[old, new] = None

    return noted


def _phases_of(table: _Table) -> Callable[[Any], tuple[enum.Enum, ...]]:
    """Looks at the phases of a machine, if that is needed to see its moves."""
    if SEES_ALL_MOVES:
        return lambda _: ()
    ways = [attrgetter(way) for _, way in table.slots]
    return lambda machine: tuple([way(machine) for way in ways])


def _noting_slot(slot: Any) -> property:
    """The slot, each move noted that is made inside an input; whatever else sets it copies a machine."""
    get, put = slot.__get__, slot.__set__

    def noted(part: object, new: enum.Enum) -> None:
        if _HERE.inside and _HERE.notes is not None:
            old = get(part)
            if old is not new or new in MOVES[new]:
                _HERE.notes.moves[old, new] = None
        put(part, new)

    return property(get, noted)
