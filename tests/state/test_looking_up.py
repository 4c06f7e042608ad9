"""The way to a name: one lookup, its answer told, and then the attempt. (`test_selecting.py` has several answers.)"""

from __future__ import annotations

import pytest

from sansnet.state import Endpoint, Fault, Found, Route, SocketMachine
from sansnet.state.effects import Step, Tick
from sansnet.state.notices import AttemptStarted, Closed, Connected, Failed, LookedUp, Ready
from sansnet.state.ops import CLOSE, CancelLookup, Connect, Lookup
from tests.state.loop import CLOSED, CLOSING, OPEN, OPENING, PEER, Sock

ENDPOINT = Endpoint("127.0.0.1", 80, 4)
NAMED = Route(host="example", port=80, family=4, hints=32)
LOOKING_UP = "looking up open open: opening, connecting pending readable writable"
CANCELED = Fault("ECANCELED")


def looking_up(route: Route = NAMED) -> Sock:
    sock = Sock()
    sock.ask("connect", route)
    sock.run()
    assert sock.look() == LOOKING_UP
    assert sock.asked() == [Lookup(route.host, route.family, route.hints, route.select)]
    return sock


def test_a_name_is_looked_up_told_and_attempted() -> None:
    """D-01, D-10: one answer is tried without any choosing."""
    sock = looking_up()
    sock.report("looked_up", (PEER,))
    assert sock.heard() == [LookedUp(None, "127.0.0.1", 4, "example"), AttemptStarted(ENDPOINT)]
    assert sock.asked() == [Connect(0, ENDPOINT)]
    assert sock.look() == OPENING
    assert sock.machine.connecting.attempted == ()
    sock.report("connected", 0)
    assert sock.heard() == [Connected(), Ready()]
    assert sock.look() == OPEN


def test_a_failed_lookup_is_told_then_the_error_then_close() -> None:
    """D-01: the fault as it is, without a port."""
    sock = looking_up()
    fault = Fault("ENOTFOUND", syscall="getaddrinfo", hostname="example")
    told, erring = sock.watch(LookedUp), sock.watch(Failed)
    sock.report("lookup_failed", fault)
    assert sock.heard() == [LookedUp(fault, None, None, "example"), Failed(fault)]
    assert (told, erring) == ([LOOKING_UP], ["closing open open: closed, pending destroyed"])
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_an_error_of_a_lookup_is_a_tick_after_it_was_told() -> None:
    """D-01: what the listener of 'lookup' does comes first."""
    sock = looking_up()
    destroyed: list[bool] = []
    sock.when(LookedUp, lambda: sock.later(lambda: destroyed.append(sock.machine.destroyed)))
    sock.report("lookup_failed", Fault("ENOTFOUND"))
    assert destroyed == [False]


def test_the_lookup_is_asked_for_what_the_route_says() -> None:
    """D-02, D-03, D-04: family, hints, and every address when there is to be a choice."""
    sock = Sock()
    sock.ask("connect", Route(host="h", port=1, family=6, hints=8, select=True))
    assert sock.asked() == [Lookup("h", 6, 8, True)]


@pytest.mark.parametrize("code", ["ERR_INVALID_IP_ADDRESS", "ERR_INVALID_ADDRESS_FAMILY"])
def test_an_answer_that_is_no_address_is_told_and_then_the_error(code: str) -> None:
    """D-05, D-06."""
    sock = looking_up()
    sock.report("looked_up", (Found("nonsense", 5, Fault(code)),))
    assert sock.heard() == [LookedUp(None, "nonsense", 5, "example"), Failed(Fault(code))]
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]
    assert sock.look() == CLOSED


def test_no_answer_at_all_is_an_invalid_one() -> None:
    """D-09: ERR_INVALID_IP_ADDRESS."""
    sock = looking_up()
    sock.report("looked_up", ())
    [failed] = sock.heard()
    assert isinstance(failed, Failed)
    assert failed.fault.code == "ERR_INVALID_IP_ADDRESS"
    assert sock.look() == CLOSING


def test_destroyed_in_lookup_there_is_no_attempt() -> None:
    """C-15: only 'close'."""
    sock = looking_up()
    sock.when(LookedUp, sock.destroy)
    sock.report("looked_up", (PEER,))
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [LookedUp(None, "127.0.0.1", 4, "example"), Closed(False)]


def test_destroyed_in_a_failed_lookup_there_is_no_error() -> None:
    sock = looking_up()
    sock.when(LookedUp, sock.destroy)
    sock.report("lookup_failed", Fault("ENOTFOUND"))
    sock.report("closed")
    assert sock.heard()[1:] == [Closed(False)]


@pytest.mark.parametrize("late", [("looked_up", ((PEER,),)), ("lookup_failed", (CANCELED,))], ids=["found", "failed"])
def test_an_answer_after_destroy_is_waited_for_and_makes_no_attempt(late: tuple[str, tuple[object, ...]]) -> None:
    """D-12: no error, no attempt; 'close' waits for the lookup as for anything in flight."""
    sock = looking_up()
    sock.destroy()
    assert sock.asked() == [CancelLookup(), CLOSE]
    assert sock.look() == CLOSING
    sock.report("closed")
    assert sock.look() == CLOSING
    name, args = late
    sock.report(name, *args)
    assert sock.heard()[-1] == Closed(False)
    assert sock.asked() == []
    assert sock.look() == CLOSED


def test_a_late_answer_is_not_told() -> None:
    """D-12, but for Node's single mode, which tells 'lookup' even after 'close'."""
    sock = looking_up()
    sock.destroy()
    sock.report("looked_up", (PEER,))
    assert sock.heard() == []


@pytest.mark.parametrize("answer", ["looked_up", "lookup_failed"])
def test_destroyed_between_an_answer_and_its_tick_nothing_is_told(answer: str) -> None:
    """C-15, D-11, D-12: an answer may come at once, inside connect(); it is told from the loop all the same."""
    machine = SocketMachine()
    machine.connect(NAMED)
    effects = machine.looked_up((PEER,)) if answer == "looked_up" else machine.lookup_failed(CANCELED)
    [turn] = effects
    assert turn == Tick(Step.ANNOUNCE if answer == "looked_up" else Step.LOOKUP_FAILED)
    machine.destroy()
    assert isinstance(turn, Tick)
    assert machine.ticked(turn.step) == []
