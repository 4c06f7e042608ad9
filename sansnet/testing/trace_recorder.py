"""Recording: what goes into the machines of a driver and what comes out of them, while a program runs on it.

    with record("trouble.jsonl"):
        run()

How it is done
--------------
A port uses its machine by way of the pump's recorders (`Pump.watched`). While somebody records, a stand-in takes the
machine's place in each new port: it hands every input on, and notes it with the effects that came back. A port that was
made before has no stand-in, and while nobody records there is none: then recording costs nothing.

A note is the entry itself, a few tuples around the very objects that went in and came out; they can't change any more.
They become text late, some thousands at a time. A server's entries are the exception: they hold connections, which are
the driver's, so a name takes the place of each at once.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final, TypeVar, cast, final

from ..default import default_driver
from ..drivers.contract import Driver
from ..pump import pump_of
from ..state.effects import Effect, Effects
from ..state.endpoints import ListenPlan
from ..state.faults import Misuse
from ..state.machine import Event, Machine
from ..state.notices import Connection, Dropped
from ..state.ops import Discard, Listen
from .trace import KINDS, Changed, Entry, Fed, Made, Opaque, Opened, Trace
from .trace_codec import name_of
from .trace_files import new_file
from .trace_format import first_line, last_line, line_of

__all__ = ["Recording", "Target", "record", "recording_to"]

M = TypeVar("M")

Target = str | os.PathLike[str] | list[Entry] | Any
"""Where a recording goes: a path, a list, or an open text file."""

_BATCH: Final = 4096
_OPENING: Final = ("connected", "adopt")


@contextlib.contextmanager
def record(target: Target = None, driver: Driver | None = None) -> Iterator[Recording]:
    """Record every socket and server that is made on `driver` within the block, until its end.

    target: a path: the file is written beside it, and given its name at the end of the block, however that ends. A text
        file: it is written to, and left open. A list: the entries are appended as they come. None: they are kept, and
        `recording.trace` has them.
    driver: default that of this thread, or of `using()`.

    Payloads are part of a recording: don't give one away that has secrets in it. Raises OSError if a file can't be
    written.
    """
    driver = driver or default_driver()
    pump = pump_of(driver)
    with recording_to(target, driver.now) as recording:
        pump.recorders += (recording,)
        try:
            yield recording
        finally:
            pump.recorders = tuple([other for other in pump.recorders if other is not recording])


@contextlib.contextmanager
def recording_to(target: Target, now: Callable[[], float]) -> Iterator[Recording]:
    """A recording by that clock, for whoever asks it to `watch` a machine. It stops with the block."""
    with _kept(target) as (keep, entries):
        recording = Recording(now, keep, entries)
        try:
            yield recording
        finally:
            recording.stop()


@contextlib.contextmanager
def _kept(target: Target) -> Iterator[tuple[Callable[[Entry], None], list[Entry]]]:
    """How to keep an entry, and the list that has them all if there is one.

    A file is kept also when the block raises: that is when a trace is wanted most.
    """
    if target is None or isinstance(target, list):
        entries: list[Entry] = [] if target is None else target
        yield entries.append, entries
        return
    raised: BaseException | None = None
    with contextlib.nullcontext(target) if hasattr(target, "write") else new_file(target) as out:
        lines = _Lines(out.write)
        try:
            yield lines.add, []
        except BaseException as error:  # it goes on below, once the file has its name
            raised = error
        lines.close()
    if raised is not None:
        raise raised


@final
class _Lines:
    """Entries on their way to a file. That a disk is full is told at the end: it is no reason to stop the program."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._waiting: list[Entry] = []
        self._count = 0
        self._error: OSError | None = None
        write(first_line() + "\n")

    def add(self, entry: Entry) -> None:
        self._waiting.append(entry)
        if len(self._waiting) >= _BATCH:
            try:
                self._flush()
            except OSError as error:
                self._error = self._error or error

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._count += len(waiting)
        if self._error is None:
            self._write("".join([line_of(entry) + "\n" for entry in waiting]))

    def close(self) -> None:
        """Write what waits, and the last line. Raises OSError, also for what could not be written before."""
        self._flush()
        if self._error is not None:
            raise self._error
        self._write(last_line(self._count) + "\n")


@final
class Recording:
    """What is being recorded; `record` makes it."""

    def __init__(self, now: Callable[[], float], keep: Callable[[Entry], None], entries: list[Entry]) -> None:
        self._now = now
        self._began = now()
        self._keep = keep
        self._entries = entries
        self._counts = dict.fromkeys(KINDS, 0)
        self._connections: dict[int, tuple[object, str, str]] = {}  # by id(); each keeps its connection alive
        self._accepted = 0
        self._heir: tuple[object, str] = (None, "")
        self.is_on = True
        """Is the block still running?"""

    @property
    def trace(self) -> Trace:
        """What was recorded so far; nothing when it goes to a file."""
        return Trace(tuple(self._entries))

    def stop(self) -> None:
        """Record nothing any more; called at the end of the block."""
        self.is_on = False
        self._connections.clear()

    # -- what the ports ask

    def watch(self, machine: M, handle: object, host: str = "") -> M:
        """A stand-in for a machine, which begins here, on that host if there are several; called by its port."""
        bare: Any = machine
        while isinstance(bare, _StandIn):  # another recording's
            bare = bare._machine
        kind = next(name for name, kind in KINDS.items() if type(bare) is kind.machine)
        self._counts[kind] += 1
        who = f"{kind} {self._counts[kind]}" + (f" of {host}" if host else "")
        _, server, connection = self._connections.pop(id(handle), (None, "", ""))
        heir, after = self._heir
        fresh = KINDS[kind].machine()
        state = {
            name: value
            for name in KINDS[kind].attributes
            if (value := attrgetter(name)(bare)) != attrgetter(name)(fresh)
        }
        self._keep(Made(self.time(), who, state, server, connection, after if heir is bare else ""))
        return cast(M, _STAND_INS[kind](self, machine, who, handle))

    # -- what the stand-ins ask

    def time(self) -> float:
        """Seconds since the recording began."""
        return round(self._now() - self._began, 6)

    def feed(self, stand_in: _StandIn, name: str, args: tuple[Any, ...]) -> Effects:
        """Give the machine an input, and note what came of it."""
        at, who, is_server = self.time(), stand_in._who, stand_in._handle is None
        event = Event(name, tuple([self._sealed(who, arg) for arg in args]) if is_server else args)
        try:
            effects: Effects = getattr(stand_in._machine, name)(*args)
        except Misuse as misuse:
            self._keep(Fed(at, who, event, misuse=misuse.fault))
            raise
        except Exception as error:
            self._keep(Fed(at, who, event, crash=f"{type(error).__name__}: {error}".rstrip(": ")))
            raise
        self._keep(Fed(at, who, event, tuple([self._seal(who, one) for one in effects] if is_server else effects)))
        if name in _OPENING:
            handle: Any = stand_in._handle
            self._keep(Opened(at, who, handle.local_name(), handle.remote_name()))
        return effects

    def change(self, stand_in: _StandIn, name: str, value: object) -> None:
        """Note that the user has set an attribute."""
        if name in KINDS[stand_in._who.partition(" ")[0]].attributes:
            self._keep(Changed(self.time(), stand_in._who, name, value))

    def leave(self, stand_in: _StandIn, heir: object) -> None:
        """Note whose successor this is."""
        self._heir = (heir, stand_in._who)

    # -- names in place of what is the driver's

    def _seal(self, who: str, effect: Effect) -> Effect:
        if isinstance(effect, Connection | Dropped):
            return type(effect)(self._sealed(who, effect.connection))
        if isinstance(effect, Discard):
            sealed = Discard(self._sealed(who, effect.connection))
            self._connections.pop(id(effect.connection), None)
            return sealed
        if isinstance(effect, Listen):
            return Listen(effect.number, effect.endpoint, self._sealed(who, effect.plan))
        return effect

    def _sealed(self, who: str, value: Any) -> Any:
        """What a server was given or has returned, without anything that is alive."""
        if isinstance(value, ListenPlan):
            if value.handle is None:
                return value
            fields: dict[str, Any] = dict(zip(value.names(), value.fields(), strict=True))
            return ListenPlan(**fields | {"handle": Opaque(name_of(value.handle))})
        if not hasattr(value, "remote_name"):  # the one thing that a connection has and nothing else of a server's
            return value
        if id(value) not in self._connections:
            self._accepted += 1
            self._connections[id(value)] = (value, who, f"connection {self._accepted}")
        return Opaque(self._connections[id(value)][2])


# ------------------------------------------------------------------------------------------------------- the stand-ins


class _StandIn:
    """Takes a machine's place in its port: hands everything on, and has every input noted."""

    __slots__ = ("_handle", "_machine", "_recording", "_who")

    def __init__(self, recording: Recording, machine: object, who: str, handle: object) -> None:
        give = object.__setattr__
        give(self, "_recording", recording)
        give(self, "_machine", machine)
        give(self, "_who", who)
        give(self, "_handle", handle)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._machine, name, value)
        if self._recording.is_on:
            self._recording.change(self, name, value)

    def successor(self) -> object:
        heir = self._machine.successor()
        self._recording.leave(self, heir)
        return heir

    _handle: Any
    _machine: Any
    _recording: Recording
    _who: str


def _input(machine: type[Machine], name: str) -> Callable[..., Effects]:
    """A stand-in's method for one input."""
    signature = inspect.signature(getattr(machine, name))

    def give(self: _StandIn, *args: Any, **keywords: Any) -> Effects:
        if not self._recording.is_on:
            effects: Effects = getattr(self._machine, name)(*args, **keywords)
            return effects
        if keywords:
            bound = signature.bind(self, *args, **keywords)
            bound.apply_defaults()
            args = bound.args[1:]
        return self._recording.feed(self, name, args)

    give.__name__ = name
    return give


_STAND_INS: Final[dict[str, type[_StandIn]]] = {
    kind: type(
        f"Recorded{entry.machine.__name__}",
        (_StandIn,),
        {"__slots__": (), **{name: _input(entry.machine, name) for name in entry.inputs}},
    )
    for kind, entry in KINDS.items()
}
