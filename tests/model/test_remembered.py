"""What is remembered of a machine is what it would do again, and it is forgotten when machines may have changed."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest

from sansnet.state import Event, ServerMachine, SocketMachine
from sansnet.state.effects import Effects
from sansnet.state.inputs import BY_USER
from sansnet.state.phases import Link
from sansnet.testing import PAIR, Model, always, explore
from sansnet.testing.ghosts import SocketWorld
from sansnet.testing.laws import Reached
from sansnet.testing.ledger import blind
from sansnet.testing.loop import NewMove, World
from sansnet.testing.models import ACCEPTING, CONNECTING, IDLING, TUNING
from sansnet.testing.remembered import Known, Memory
from sansnet.testing.snapshots import Snapshots

from .conftest import doubting

ADOPT = Event("adopt", (False, False))


def memory() -> Memory:
    return Memory(Snapshots(SocketMachine(), SocketWorld.phases_of))


def written(token: int) -> SocketMachine:
    machine = SocketMachine()
    machine.adopt(False, False)
    machine.write(b"x", 1, token)
    return machine


def test_a_state_is_one_object() -> None:
    known = memory()
    assert known.know(SocketMachine()) is known.know(SocketMachine())
    assert known.know(SocketMachine()) is not known.know(written(1))


def test_equal_keys_are_not_one_state() -> None:
    """The same but for the token: what an input answers is another."""
    known = memory()
    one, other = known.know(written(1)), known.know(written(2))
    assert one is not other
    assert one.number == other.number
    assert one.phases == other.phases == SocketWorld.phases_of(written(1))


@pytest.mark.parametrize("model", [CONNECTING, IDLING, ACCEPTING], ids=lambda model: model.name.rpartition(".")[2])
def test_states_are_one_where_all_fields_are_equal(model: Model[Any]) -> None:
    states: dict[object, Known | None] = {}
    frozen: dict[int, object] = {}

    @always(Reached)
    def one_state_is_one_object(world: World, _moment: Reached) -> bool:
        """One object, one state."""
        state = world.machine.freeze()
        return (
            states.setdefault(state, world.known) is world.known and frozen.setdefault(id(world.known), state) == state
        )

    explore(model, laws=[one_state_is_one_object]).check()
    assert len(states) > 500


def test_a_move_is_made_once_and_leaves_the_machine_alone() -> None:
    idle = memory().know(SocketMachine())
    assert idle.recalled(ADOPT, BY_USER, False) is None
    move = idle.learnt(ADOPT, BY_USER, False)
    assert idle.recalled(Event("adopt", (False, False)), BY_USER, False) is move
    assert idle.recalled(ADOPT, BY_USER, True) is None
    assert idle.machine.freeze() == SocketMachine().freeze()
    adopted = SocketMachine()
    assert adopted.feed(ADOPT) == move[0].effects
    assert adopted.freeze() == move[1].machine.freeze()


def test_what_raises_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = memory().know(SocketMachine())

    def planted(machine: SocketMachine, *_args: object) -> Effects:
        machine.is_path = True
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(SocketMachine, "adopt", planted)
        with pytest.raises(ZeroDivisionError):
            idle.learnt(ADOPT, BY_USER, False)
    assert idle.recalled(ADOPT, BY_USER, False) is None
    assert not idle.machine.is_path


def test_too_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is the same, and hardly anything is kept."""
    expected = explore(IDLING)
    monkeypatch.setattr("sansnet.testing.remembered._MOST_MET", 3)
    found = explore(IDLING).check()
    assert (found.states, found.edges, found.depth) == (expected.states, expected.edges, expected.depth)


def test_a_search_begins_with_nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that have changed since are walked through as they are."""
    explore(TUNING).check()
    monkeypatch.setattr(SocketMachine, "set_no_delay", lambda _self, _wanted: 1 / 0)
    assert explore(TUNING).refutation is not None


def test_nothing_is_kept_of_a_search() -> None:
    met: list[Known] = []

    @always(Reached)
    def all_are_noted(world: World, _moment: Reached) -> bool:
        """Its machine."""
        assert world.known is not None
        met.append(world.known)
        return True

    explore(TUNING, laws=[all_are_noted]).check()
    assert len(met) > 100
    assert all(known.memory is None for known in met)


def test_a_world_from_elsewhere_goes_on() -> None:
    (world,) = TUNING.initial()
    there = pickle.loads(pickle.dumps(world))
    assert TUNING.key(there) == TUNING.key(world)
    for event in TUNING.events(world):
        assert TUNING.key(TUNING.step(there, event, blind)) == TUNING.key(TUNING.step(world, event, blind))


def test_a_move_is_new_once() -> None:
    moves: list[NewMove] = []

    def see(_world: object, moment: object) -> None:
        if isinstance(moment, NewMove):
            moves.append(moment)

    (world,) = TUNING.initial()
    event = TUNING.events(world)[0]
    TUNING.step(world, event, see)
    TUNING.step(world, event, see)
    assert [move.fed.event for move in moves] == [event]
    (world,) = TUNING.initial()
    TUNING.step(world, event, see)
    assert len(moves) == 2


def test_what_a_pair_has_done_unseen_is_new() -> None:
    """Its sockets are open before anybody looks; whoever comes there again is looked at."""
    (pair,) = PAIR.initial()
    assert pair.left.world.machine.link is Link.OPEN
    assert pair.left.world.known.memory is None


def test_a_machine_that_remembers_by_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has a say in what it does has to be in its fields. So the comparison of all models can fail."""
    accepted, count = ServerMachine.accepted, itertools.count()
    monkeypatch.setattr(
        ServerMachine, "accepted", lambda self, *args: [] if next(count) % 7 == 6 else accepted(self, *args)
    )
    with doubting():
        refutation = explore(ACCEPTING, laws=()).refutation
    assert refutation is not None
    assert refutation.detail.startswith("AssertionError")
