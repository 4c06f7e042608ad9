"""Two sockets with a network between them, and a client against a server: real machines on every side."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state import notices
from sansnet.state.effects import Effects
from sansnet.state.endpoints import Found, ListenPlan, Route
from sansnet.state.server import ServerMachine
from sansnet.state.socket import SocketMachine
from sansnet.testing import (
    CALL,
    PAIR,
    Bounds,
    Call,
    CallModel,
    Exploration,
    Model,
    Pair,
    PairModel,
    Reached,
    ServerBounds,
    always,
    explore,
    sometimes,
)
from tests.builds import patches_machines

from .conftest import doubting
from .planted import close_does_not_wait_for_the_send, end_overtakes_data, the_end_is_never_over

Explore = Callable[[Model[Any]], Exploration]


def test_every_law_holds_of_a_pair() -> None:
    """Its mirror image is the same situation, so twins would not be alike: left is right there."""
    with doubting():
        explore(PAIR).check()


def test_every_law_holds_of_a_call(explored: Explore) -> None:
    explored(CALL).check()


@patches_machines
@pytest.mark.parametrize("model", [PAIR, CALL], ids=["pair", "call"])
def test_a_bug_of_a_socket_is_found(model: Model[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    end_overtakes_data.plant(monkeypatch)
    the_end_is_never_over.plant(monkeypatch)
    assert explore(model, bound=50_000).refutation is not None


@patches_machines
def test_a_close_with_a_send_in_flight_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    close_does_not_wait_for_the_send.plant(monkeypatch)
    refutation = explore(PAIR, bound=50_000).refutation
    assert refutation is not None


def test_what_one_hears_is_what_the_other_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that forgets what it has received tells 'end' before all that was said."""
    monkeypatch.setattr(SocketMachine, "received", lambda _self, _payload, _count: [])
    laws = [law for law in PAIR.laws if law.name == "end_tells_of_all_that_was_said"]
    refutation = explore(PAIR, laws=laws).refutation
    assert refutation is not None
    assert refutation.law == "end_tells_of_all_that_was_said"


def test_a_connection_that_is_counted_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = ServerMachine.accepted

    def twice(self: ServerMachine, *args: Any) -> Effects:
        effects = accepted(self, *args)
        self.connections += any(isinstance(effect, notices.Connection) for effect in effects)
        return effects

    monkeypatch.setattr(ServerMachine, "accepted", twice)
    refutation = explore(CALL).refutation
    assert refutation is not None
    assert refutation.law == "connections_are_counted"


def test_the_count_follows_the_handle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CALL, "_of_servers", lambda _world, _moment: None)
    monkeypatch.setattr(ServerMachine, "connection_gone", lambda _: [])
    refutation = explore(CALL).refutation
    assert refutation is not None
    assert refutation.law == "those_who_are_there_are_counted"


# ------------------------------------------------------------------------------------------------------ of one's own


@always(Reached)
def nobody_says_two(pair: Pair, _moment: Reached) -> bool:
    """Neither says more than one byte."""
    return pair.left.said < 2 and pair.right.said < 2


@sometimes(Reached)
def it_is_served(call: Call, _moment: Reached) -> bool:
    """The client is served."""
    return call.is_served


USER = Bounds(at_rest=("write", "end", "destroy"), adopted=((False, False),), writes=1, ends=1, flips=1)
MINE = PairModel(f"{__name__}.MINE", USER._replace(write_sizes=(2,), with_token=(False,)), laws=(nobody_says_two,))
OURS = CallModel(
    f"{__name__}.OURS",
    Bounds(
        at_rest=("connect", "end"),
        routes=(Route(known=Found("127.0.0.1", 4), port=80),),
        ends=1,
        flips=1,
        with_token=(False,),
        deferred=False,
    ),
    ServerBounds(plans=(ListenPlan(path="/tmp/socket"),), acts=("close",), listens=1, arrivals=1, faults=(), closes=0),
    USER._replace(at_rest=("write", "end"), with_token=(False,), deferred=False),
    laws=(it_is_served,),
)


def test_a_pair_of_one_s_own_with_a_law_of_one_s_own() -> None:
    """Its trace is a test that finds the model where it is; and it can be sent."""
    refutation = explore(MINE).refutation
    assert refutation is not None
    assert refutation.law == "nobody_says_two"
    assert refutation.trace is not None
    assert f"from {__name__} import MINE" in refutation.trace.as_test()
    again = pickle.loads(pickle.dumps(MINE))
    assert (again.name, again.laws) == (MINE.name, MINE.laws)


def test_a_call_of_one_s_own_with_a_law_of_one_s_own() -> None:
    found = explore(OURS).check()
    assert "it_is_served" in found.laws
    again = pickle.loads(pickle.dumps(OURS))
    assert (again.name, again.laws) == (OURS.name, OURS.laws)
