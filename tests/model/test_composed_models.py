"""Two sockets with a network between them, and a client against a server: real machines on every side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sansnet.state import notices
from sansnet.state.effects import Effects
from sansnet.state.server import ServerMachine
from sansnet.state.socket import SocketMachine
from sansnet.testing import Exploration, Model, explore
from sansnet.testing.calls import CALL
from sansnet.testing.pairs import PAIR

from .planted import close_does_not_wait_for_the_send, end_overtakes_data, the_end_is_never_over

Explore = Callable[[Model[Any]], Exploration]


def test_every_law_holds_of_a_pair() -> None:
    """Its mirror image is the same situation, so twins would not be alike: left is right there."""
    explore(PAIR).check()


def test_every_law_holds_of_a_call(explored: Explore) -> None:
    explored(CALL).check()


@pytest.mark.parametrize("model", [PAIR, CALL], ids=["pair", "call"])
def test_a_bug_of_a_socket_is_found(model: Model[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    end_overtakes_data.plant(monkeypatch)
    the_end_is_never_over.plant(monkeypatch)
    assert explore(model, bound=50_000).refutation is not None


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
