"""What a search took of the machines' tables is noted, all of it, and nothing else."""

from __future__ import annotations

import pytest

from sansnet.state import SERVER_INPUTS, Event, Misuse, ServerMachine, SocketMachine
from sansnet.state.machine import Machine
from sansnet.state.phases import MOVES, Flight, Flow, Link, Listen, Read, Write
from sansnet.testing import TUNING, Coverage, coverage, explore
from sansnet.testing.coverage import noting
from tests.builds import sees_all_moves


def adopt_and_end() -> Coverage:
    with noting() as notes:
        machine = SocketMachine()
        machine.adopt(False, False)
        machine.end()
    return notes.coverage()


@sees_all_moves
def test_moves_within_one_input_are_seen_each() -> None:
    took = adopt_and_end()
    assert took.moves == (
        (Link.IDLE, Link.OPEN),
        (Write.OPEN, Write.ENDING),
        (Write.ENDING, Write.SHUTTING),
    )
    assert took.inputs == (("adopt", Link.IDLE), ("end", Link.OPEN))


def test_of_a_compiled_machine_their_sum_is_seen_if_it_can_be_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SEES_ALL_MOVES", False)
    assert adopt_and_end() == Coverage(((Link.IDLE, Link.OPEN),), (("adopt", Link.IDLE), ("end", Link.OPEN)))


def test_an_input_as_data_is_the_same_input() -> None:
    with noting() as notes:
        SocketMachine().feed(Event("destroy"))
    assert notes.coverage().inputs == (("destroy", Link.IDLE),)


def test_what_a_machine_calls_on_itself_is_no_input() -> None:
    with noting() as notes:
        machine = SocketMachine()
        machine.adopt(False, False)
        machine.end(0, b"x", 1)  # it writes, then it ends
    assert {name for name, _ in notes.coverage().inputs} == {"adopt", "end"}


def test_copies_are_no_moves() -> None:
    machine = SocketMachine()
    machine.adopt(False, False)
    with noting() as notes:
        copy = SocketMachine.thaw(machine.clone().freeze())
    assert copy.link is Link.OPEN
    assert notes.coverage() == Coverage((), ())


def test_the_machines_are_as_they_were() -> None:
    before = [dict(vars(kind)) for kind in (SocketMachine, ServerMachine, Machine)]
    with noting(), noting(), pytest.raises(Misuse):
        ServerMachine().listening(7)
    assert [dict(vars(kind)) for kind in (SocketMachine, ServerMachine, Machine)] == before


def test_what_is_missing_is_said() -> None:
    took = Coverage(((Listen.IDLE, Listen.BINDING),), (("listen", Listen.IDLE),))
    assert (Listen.BINDING, Listen.LISTENING) in took.moves_not_taken
    assert {type(old) for old, _ in took.moves_not_taken} == {Listen}
    assert ("close", Listen.LISTENING) in took.inputs_not_taken
    assert ("listen", Listen.LISTENING) not in took.inputs_not_taken  # that is misuse
    assert {name for name, _ in took.inputs_not_taken} == set(SERVER_INPUTS)
    assert str(took) == "1 of 10 moves, 1 of 59 inputs by phase"


def test_together_they_took_what_each_took_in_the_order_of_the_tables() -> None:
    one = Coverage(((Read.EOF, Read.ENDED), (Link.IDLE, Link.OPEN)), (("write", Link.OPEN),))
    other = Coverage(((Link.IDLE, Link.OPEN), (Flow.UNSET, Flow.FLOWING)), (("connect", Link.IDLE),))
    together = one | other
    assert together.moves == ((Link.IDLE, Link.OPEN), (Read.EOF, Read.ENDED), (Flow.UNSET, Flow.FLOWING))
    assert together.inputs == (("connect", Link.IDLE), ("write", Link.OPEN))


def test_a_move_outside_of_the_tables_is_noted() -> None:
    took = Coverage(((Link.CLOSED, Link.IDLE), (Link.IDLE, Link.OPEN)), ())
    assert Link.IDLE not in MOVES[Link.CLOSED]
    assert (took | took).moves[-1] == (Link.CLOSED, Link.IDLE)


def test_a_search_notes_only_what_its_model_does() -> None:
    assert explore(TUNING).coverage is None
    took = explore(TUNING, coverage=True).coverage
    assert took is not None
    assert ("set_no_delay", Link.OPEN) in took.inputs
    assert (Flight.NONE, Flight.ASKED) in took.moves_not_taken  # nobody writes in it


def test_of_no_machine_nothing_is_said_to_be_covered() -> None:
    """Not even 0 of 0, which is all of them."""
    assert str(Coverage((), ())) == "nothing of the tables: none of sansnet's machines was met"
