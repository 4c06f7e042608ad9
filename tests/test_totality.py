"""The tables of inputs are total, and true: in every state that the models reach, each input does what they say.

And a state is a value: every slot of a machine is in its `key()`, or there is a reason why not.
"""

from __future__ import annotations

import enum
import inspect
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import pytest

from sansnet.state import effects, ops
from sansnet.state.connecting import Connecting
from sansnet.state.endpoints import Found, ListenPlan, Route
from sansnet.state.faults import Fault, Misuse
from sansnet.state.inputs import SERVER_INPUTS, SOCKET_INPUTS, By, Input, Owes, Verdict
from sansnet.state.machine import Event, Machine, Part
from sansnet.state.phases import Link, Listen
from sansnet.state.reading import ReadHalf
from sansnet.state.server import ServerMachine
from sansnet.state.socket import SocketMachine
from sansnet.state.writing import WriteHalf
from sansnet.testing.explore import always, explore
from sansnet.testing.ghosts import Bounds, Family, SocketWorld
from sansnet.testing.loop import HAND_OVER, NewMachine, Stage, World
from sansnet.testing.models import ServerModel, SocketModel
from sansnet.testing.server_ghosts import ServerBounds, ServerWorld
from sansnet.testing.snapshots import copier, keyer
from tests.builds import slots_of

# ------------------------------------------------------------------------------------------------- the tables are total

NOT_INPUTS: Final = {"clone", "describe", "feed", "freeze", "key", "successor", "thaw"}
TABLES: Final[list[tuple[type[Machine], Mapping[str, Input], type[enum.Enum]]]] = [
    (SocketMachine, SOCKET_INPUTS, Link),
    (ServerMachine, SERVER_INPUTS, Listen),
]


@pytest.mark.parametrize(("machine", "table", "phases"), TABLES)
def test_the_table_has_every_input_and_every_phase(
    machine: type[Machine], table: Mapping[str, Input], phases: type[enum.Enum]
) -> None:
    methods = {name for name, _ in inspect.getmembers(machine, inspect.isroutine) if not name.startswith("_")}
    assert methods - NOT_INPUTS == set(table)
    for name, entry in table.items():
        assert list(entry.verdicts) == list(phases), name


@pytest.mark.parametrize(("machine", "table", "phases"), TABLES)
def test_who_gives_an_input_owes_accordingly(
    machine: type[Machine], table: Mapping[str, Input], phases: type[enum.Enum]
) -> None:
    """A report answers something; what the user asks needs nothing but, for some, the right kind of connection."""
    for name, entry in table.items():
        if entry.by is By.DRIVER:
            assert entry.owes is not Owes.NOTHING, name
        elif entry.by is By.USER:
            assert entry.owes in (Owes.NOTHING, Owes.TCP, Owes.UNBOUND, Owes.CONNECTION), name


# ---------------------------------------------------------------------------------------------------- they are true

FAULT: Final = Fault("EIO")
KNOWN: Final = Route(known=Found("127.0.0.1", 4), port=80)
PATH: Final = Route(known=Found("/tmp/socket", 0))
NAMED: Final = Route(host="localhost", port=80, select=True, connect_seconds=1.0, local_port=1)

Samples = Mapping[str, tuple[tuple[object, ...], ...]]

CALLS: Final[Samples] = {
    "connect": ((KNOWN,), (NAMED,)),
    "adopt": ((False, False), (True, True)),
    "take_bound": ((False,),),
    "call_off": ((),),
    "write": ((b"a", 1, 9), (b"", 0, 0)),
    "end": ((9, None, 0), (0, None, 0), (9, b"a", 1)),
    "cork": ((),),
    "uncork": ((),),
    "pause": ((),),
    "resume": ((),),
    "hold": ((),),
    "listen_readable": ((True, False), (False, False), (False, True)),
    "read": ((None,), (1,), (0,), (100,)),
    "recode": (((b"abc",),),),
    "set_timeout": ((1.0,), (0.0,)),
    "set_no_delay": ((True,), (False,)),
    "set_keep_alive": ((True, 1, 1, 1), (False, 0, 1, 10)),
    "set_type_of_service": ((1,),),
    "destroy": ((), (FAULT,)),
    "destroy_soon": ((),),
    "reset": ((),),
    # a server's
    "listen": ((ListenPlan(),), (ListenPlan(host="localhost"),), (ListenPlan(host="::1", literal=6),)),
    "close": ((),),
    "limit": ((0,), (None,)),
    "connection_gone": ((),),
}

Owed = Iterator[tuple[tuple[object, ...], bool]]
"""Arguments of a report, and whether it is owed with these."""


def socket_reports(name: str, world: SocketWorld) -> Owed:
    """Reports as they could be given in a world, owed or not."""
    asked, attempts = world.asked, dict(world.flying)
    reads = world.reading or world.lingering
    match SOCKET_INPUTS[name].owes:
        case Owes.LOOKUP:
            owed = world.lookup in (Stage.UNDERWAY, Stage.CANCELLED)
            yield ((FAULT,) if name == "lookup_failed" else ((Found("::1", 6),),)), owed
        case Owes.BIND:
            number = asked.attempt if isinstance(asked, ops.BindLocal) else world.machine.connecting.next
            fault = (FAULT,) if name == "bind_failed" else ()
            yield (number, *fault), isinstance(asked, ops.BindLocal)
            yield (number + 1, *fault), False
        case Owes.ATTEMPT:
            for number in (*attempts, 99):
                if name == "connected":
                    yield (number,), attempts.get(number) is False
                else:
                    yield (number, FAULT), number in attempts
        case Owes.READ:
            yield {"received": (b"a", 1), "eof": (b"",), "read_failed": (FAULT,)}[name], reads
        case Owes.ASK:
            yield (0,), isinstance(asked, ops.Send)
        case Owes.SEND:
            failed = (FAULT,) if name == "send_failed" else ()
            if name == "progressed":
                yield (1,), world.sending
            else:
                yield (*failed, False), world.sending
                yield (*failed, True), isinstance(asked, ops.Send)
        case Owes.SHUTDOWN:
            yield ((FAULT,) if name == "shutdown_failed" else ()), world.shutting is Stage.UNDERWAY
        case Owes.CLOSE:
            yield (), world.closing is Stage.UNDERWAY
        case Owes.TIMER:
            for timer in effects.Timer:
                yield (timer,), timer in world.timers
        case owes:
            raise AssertionError(f"{name} answers {owes}")


def server_reports(name: str, world: ServerWorld) -> Owed:
    """The same of a server."""
    machine = world.machine
    match SERVER_INPUTS[name].owes:
        case Owes.LOOKUP:
            lookups = dict(world.lookups)
            for number in (*lookups, 99):
                yield (number, FAULT if name == "lookup_failed" else (Found("::1", 6),)), number in lookups
        case Owes.LISTEN:
            for number in (machine.number, 99):
                yield (number, *((FAULT,) if name == "listen_failed" else ())), bool(world.asked) and number != 99
        case Owes.ACCEPT:
            listeners = (*([world.listener] if world.listener else []), *world.closing)
            for number in (*listeners, 99):
                yield (number, *((FAULT,) if name == "accept_failed" else ("one", False))), number in listeners
        case Owes.LISTENER_CLOSE:
            for number in (*world.closing, 99):
                yield (number,), number in world.closing
        case Owes.TIMER:
            for timer in effects.Timer:
                yield (timer,), timer in world.timers
        case owes:
            raise AssertionError(f"{name} answers {owes}")


class Trial:
    """Gives every input to every machine that comes along, and compares what happens with the table."""

    def __init__(
        self, machine: type[Machine], table: Mapping[str, Input], reports: Callable[[str, Any], Owed], phase: str
    ) -> None:
        self.table = table
        self.reports = reports
        self.phase = phase
        self.copy = copier(machine(), machine.FIELDS)
        self.key = keyer(machine())
        self.given: dict[tuple[str, enum.Enum], bool] = {}  # an owed one, and: did it ever do something?

    def everything(self, world: World) -> None:
        """Try all inputs. Reports that are owed only between turns, where the loop gives them."""
        for name, entry in self.table.items():
            if name == HAND_OVER.name:
                if world.asked is None:
                    self.one(world, HAND_OVER, owed=True)
            elif entry.by is By.LOOP:
                if world.fifo and not world.turn and world.asked is None:
                    self.one(world, Event(name, world.fifo[:1]), owed=True)
            elif entry.by is By.USER:
                for args in CALLS[name] if world.asked is None else ():
                    self.one(world, Event(name, args), owed=_may_be_called(entry, world))
            else:
                for args, owed in self.reports(name, world):
                    if not owed or world.quiet or world.asked is not None:
                        self.one(world, Event(name, args), owed)

    def one(self, world: World, event: Event, owed: bool) -> None:
        """Try one input, on a copy."""
        phase: enum.Enum = getattr(world.machine, self.phase)
        machine, verdict = self.copy(world.machine), self.table[event.name].verdicts[phase]
        answer: effects.Effects | None = None
        try:
            answer = machine.feed(event)
        except Misuse:
            assert verdict is Verdict.MISUSE or not owed, f"{event} is misuse in {phase}: {world.machine.describe()}"
        else:
            assert verdict is not Verdict.MISUSE, f"{event} is no misuse in {phase}: {world.machine.describe()}"
            assert owed, f"{event} is not owed, and no misuse, in {phase}: {world.machine.describe()}"
        acted = bool(answer) or self.key(machine) != self.key(world.machine)
        if answer is None or verdict is Verdict.IGNORED:
            assert not acted, f"{event} acts in {phase}: {world.machine.describe()}"
        else:
            self.given[event.name, phase] = self.given.get((event.name, phase), False) or acted

    @property
    def idle(self) -> list[str]:
        """Inputs that act, says the table, and never did."""
        return [f"{name} in {phase}" for (name, phase), acted in self.given.items() if not acted]


def _may_be_called(entry: Input, world: Any) -> bool:
    if entry.owes is Owes.TCP:
        return not world.machine.is_path or entry.verdicts[world.machine.link] is Verdict.IGNORED
    if entry.owes is Owes.UNBOUND:
        return not world.machine.has_handle
    return world.connections > 0 if entry.owes is Owes.CONNECTION else True


CONTRACT: Final = Family.COMPLETION  # does all that the contract allows, so that what it doesn't do is not owed

SOCKETS: Final = (
    SocketModel(
        "TO_CONNECT",
        Bounds(
            at_rest=("connect", "destroy"),
            inside=("cork", "destroy"),
            reactions=2,
            family=CONTRACT,
            routes=(KNOWN, PATH, NAMED),
            answers=((Found("::1", 6), Found("127.0.0.1", 4)), ()),
        ),
    ),
    SocketModel(
        "TO_ASK_EARLY",
        Bounds(
            at_rest=("connect", "write", "end", "cork", "pause", "destroy_with"),
            family=CONTRACT,
            routes=(Route(host="localhost", port=80),),
            answers=((Found("::1", 6),),),
            writes=1,
            ends=1,
            flips=1,
            failures=False,
        ),
    ),
    SocketModel(
        "TO_READ",
        Bounds(
            at_rest=("read", "resume", "pause", "listen_readable", "unlisten_readable", "destroy"),
            adopted=((False, False), (True, True)),
            family=CONTRACT,
            flips=2,
            chunks=2,
        ),
        {"read_high_water_mark": 1},
    ),
    SocketModel(
        "TO_WRITE",
        Bounds(
            at_rest=("write", "end", "destroy_soon", "reset"),
            inside=("write", "end", "destroy"),
            reactions=2,
            adopted=((False, False),),
            family=CONTRACT,
            writes=2,
            ends=1,
            write_sizes=(2,),
            partial=True,
        ),
        {"write_high_water_mark": 3},
    ),
    SocketModel(
        "TO_WAIT",
        Bounds(
            at_rest=("set_timeout", "end", "destroy"),
            afterwards=("end",),
            adopted=((False, False),),
            family=CONTRACT,
            ends=2,
            chunks=1,
        ),
        {"writable": False},
        {"readable": False},
    ),
)


@pytest.fixture(scope="module")
def sockets_tried() -> Trial:
    """Every input, tried on every socket machine that these models reach."""
    trial = Trial(SocketMachine, SOCKET_INPUTS, cast("Callable[[str, Any], Owed]", socket_reports), "link")

    @always(NewMachine)
    def the_table_is_true(world: SocketWorld, _moment: NewMachine) -> bool:
        """Every input does what the table says."""
        trial.everything(world)
        return True

    for model in SOCKETS:
        explore(model, laws=[the_table_is_true]).check()
    return trial


def test_the_table_is_true_of_sockets(sockets_tried: Trial) -> None:
    assert sockets_tried.idle == []


def test_every_verdict_on_a_call_was_tried(sockets_tried: Trial) -> None:
    """A user may call anything in any phase."""
    calls = {(name, phase) for name, entry in SOCKET_INPUTS.items() if entry.by is By.USER for phase in Link}
    acts = {(name, phase) for name, phase in calls if SOCKET_INPUTS[name].verdicts[phase] is Verdict.ACTS}
    assert acts - set(sockets_tried.given) == set()


SERVERS: Final = (
    ServerModel(
        "TO_LISTEN",
        ServerBounds(
            plans=(ListenPlan(), ListenPlan(host="localhost"), ListenPlan(path="/tmp/socket")),
            acts=("close",),
            reactions=1,
            answers=((Found("::1", 6),), ()),
            faults=("EADDRINUSE", "EAFNOSUPPORT"),
            listens=2,
        ),
    ),
    ServerModel(
        "TO_ACCEPT",
        ServerBounds(
            plans=(ListenPlan(host="::1", literal=6), ListenPlan(host="localhost")),
            acts=("close", "pause", "limit"),
            answers=((Found("::1", 6),),),
            accept_faults=("EMFILE",),
            listens=2,
            arrivals=2,
        ),
    ),
)


def test_the_table_is_true_of_servers() -> None:
    trial = Trial(ServerMachine, SERVER_INPUTS, cast("Callable[[str, Any], Owed]", server_reports), "listener")

    @always(NewMachine)
    def the_table_is_true(world: ServerWorld, _moment: NewMachine) -> bool:
        """Every input does what the table says."""
        trial.everything(world)
        return True

    for model in SERVERS:
        explore(model, laws=[the_table_is_true]).check()
    assert trial.idle == []
    calls = {(name, phase) for name, entry in SERVER_INPUTS.items() if entry.by is By.USER for phase in Listen}
    acts = {(name, phase) for name, phase in calls if SERVER_INPUTS[name].verdicts[phase] is Verdict.ACTS}
    assert acts - set(trial.given) == set()


# ---------------------------------------------------------------------------------------------- a state is a value

PARTS: Final[tuple[type[Part], ...]] = (SocketMachine, Connecting, ReadHalf, WriteHalf, ServerMachine)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_fields_are_the_slots(part: type[Part]) -> None:
    assert slots_of(part) == part.FIELDS
    assert not hasattr(part(), "__dict__")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_what_is_not_in_the_key_has_a_reason(part: type[Part]) -> None:
    assert set(part.NOT_KEY) <= set(part.FIELDS)
    assert set(part.KEY) <= set(part.FIELDS) - set(part.NOT_KEY)
    assert all(len(reason.split()) > 3 for reason in part.NOT_KEY.values())


CHUNK: Final = (b"a", 1, 1)
OTHER: Final[dict[str, object]] = {
    # of a socket
    "errored": FAULT,
    "told_error": FAULT,
    "keep_alive": ops.SetKeepAlive(True, 1, 1, 1),
    "type_of_service": 1,
    "route": KNOWN,
    "found": (Found("::1", 6),),
    "order": (Found("::1", 6),),
    "flying": (0,),
    "abandoned": (0,),
    "errors": (FAULT,),
    "local_fault": FAULT,
    "attempted": ("::1:80",),
    "chunks": deque([b"a"]),
    "queue": deque([CHUNK]),
    "batch": (CHUNK,),
    "done": deque([(1,)]),
    "failed": ((1,), FAULT),
    "enders": (1,),
    "end_waits": 1,
    "max_buffered": 1,
    "answers": deque([(1, FAULT)]),
    # of a server
    "plan": ListenPlan(port=1),
    "lookups": (1,),
    "candidates": (None,),
    "max_connections": 1,
    "closing": (1,),
    "faults": (FAULT,),
}
"""Another value than at first, of the fields whose type doesn't suggest one."""


def another(name: str, value: object) -> object:
    match value:
        case _ if name in OTHER:
            return OTHER[name]
        case bool():
            return not value
        case int() | float():
            return value + 1
        case enum.Enum():
            return next(other for other in type(value) if other is not value)
        case _:
            raise AssertionError(f"OTHER has no value for {name}")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_field_is_in_the_key_or_named_with_a_reason(part: type[Part]) -> None:
    fresh = part()
    for name in part.FIELDS:
        value = getattr(fresh, name)
        if isinstance(value, Part):
            assert value.key() in fresh.key()
            continue
        changed = part()
        setattr(changed, name, another(name, value))
        assert (changed.key() == fresh.key()) is (name in part.NOT_KEY), name
        assert changed.freeze() != fresh.freeze(), name
        assert part.thaw(changed.freeze()).freeze() == changed.freeze() == changed.clone().freeze(), name
