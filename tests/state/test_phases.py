"""The phases and their legal moves are data, and the data is whole."""

from __future__ import annotations

import enum

import pytest

from sansnet.state.machine import move
from sansnet.state.phases import MOVES, Flight, Flow, Link, Listen, Read, Write

PHASES: tuple[type[enum.Enum], ...] = (Link, Read, Write, Flight, Flow, Listen)


def test_the_table_has_every_phase() -> None:
    assert list(MOVES) == [phase for kind in PHASES for phase in kind]


@pytest.mark.parametrize("phase", MOVES, ids=str)
def test_a_phase_moves_within_its_machine(phase: enum.Enum) -> None:
    moves = MOVES[phase]
    assert all(type(target) is type(phase) for target in moves)
    assert len(set(moves)) == len(moves)


def reachable(start: enum.Enum) -> set[enum.Enum]:
    seen: set[enum.Enum] = set()
    todo = [start]
    while todo:
        phase = todo.pop()
        if phase not in seen:
            seen.add(phase)
            todo += MOVES[phase]
    return seen


@pytest.mark.parametrize(
    ("start", "made_without"),
    [(Link.IDLE, None), (Read.OPEN, Read.NONE), (Write.OPEN, Write.NONE), (Flight.NONE, None), (Flow.UNSET, None)],
    ids=["link", "read", "write", "flight", "flow"],
)
def test_every_phase_is_reachable(start: enum.Enum, made_without: enum.Enum | None) -> None:
    assert reachable(start) == set(type(start)) - {made_without}


def test_every_phase_of_a_listener_is_reachable() -> None:
    assert reachable(Listen.IDLE) == set(Listen)


def test_a_life_ends_for_good() -> None:
    """A link that closed, and halves that are over, move no more: there is a successor for that."""
    assert [phase for phase in MOVES if not MOVES[phase]] == [
        Link.CLOSED,
        Read.NONE,
        Read.OVER,
        Write.NONE,
        Write.OVER,
    ]
    assert all(Link.CLOSING in MOVES[link] for link in Link if link not in (Link.CLOSING, Link.CLOSED))
    assert MOVES[Link.CLOSING] == (Link.CLOSED,)


@pytest.mark.parametrize("phase", MOVES, ids=str)
def test_only_the_moves_of_the_table_are_made(phase: enum.Enum) -> None:
    for target in type(phase):
        if target in MOVES[phase]:
            assert move(phase, target) is target
        else:
            with pytest.raises(AssertionError, match="is not in MOVES"):
                move(phase, target)
