"""The server machine: listening, accepting, and when 'close' comes."""

from __future__ import annotations

import pytest

from sansnet.state import Endpoint, Fault, Found, ListenPlan, Misuse, ServerMachine, Step, Timer
from sansnet.state.notices import AcceptFailed, Connection, Dropped, Failed, Listening, ServerClosed
from sansnet.state.ops import CancelLookup, CloseListener, Discard, Listen, Lookup, StartAccept, StopAccept
from tests.state.loop import ServerLoop

ANY = ListenPlan(port=80)
LITERAL = ListenPlan(port=80, host="127.0.0.1", literal=4)
NAMED = ListenPlan(port=80, host="example")
ANY_6, ANY_4 = Endpoint("::", 80, 6), Endpoint("0.0.0.0", 80, 4)
IN_USE = Fault("EADDRINUSE", errno=98, syscall="listen")
NOT_FOUND = Fault("ENOTFOUND", syscall="getaddrinfo", hostname="example")
LISTENING = "listening"
EMFILE = Fault("EMFILE", errno=24, syscall="accept")


def listening(max_connections: int | None = None, connections: int = 0) -> ServerLoop:
    """A server that listens, with connections named c0, c1, …"""
    server = ServerLoop(max_connections)
    server.ask("listen", ANY)
    server.run()
    for number in range(connections):
        server.report("accepted", 1, f"c{number}", False)
    assert (server.look(), server.machine.connections) == (LISTENING, connections)
    server.asked()
    server.heard()
    return server


# -- where to listen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "endpoint"),
    [
        (ANY, ANY_6),
        (ListenPlan(path="/tmp/s"), Endpoint("/tmp/s", None, 0)),
        (ListenPlan(handle="socket"), None),
    ],
    ids=["every address", "path", "handle"],
)
def test_without_a_host_it_listens_at_once(plan: ListenPlan, endpoint: Endpoint | None) -> None:
    """N-03, N-04, X-10: when listen() returns; 'listening' is told in the tick."""
    server = ServerLoop()
    server.ask("listen", plan)
    assert server.look() == LISTENING
    assert server.asked() == [Listen(1, endpoint, plan), StartAccept()]
    assert server.heard() == []
    server.run()
    assert server.heard() == [Listening()]


def test_a_literal_host_is_bound_in_the_tick() -> None:
    """N-03: not listening when listen() returns."""
    server = ServerLoop()
    server.ask("listen", LITERAL)
    assert server.look() != LISTENING
    assert server.asked() == []
    server.run()
    assert server.look() == LISTENING
    assert server.asked() == [Listen(1, Endpoint("127.0.0.1", 80, 4), LITERAL), StartAccept()]
    assert server.heard() == [Listening()]


@pytest.mark.covers("D-14")
def test_a_name_is_looked_up() -> None:
    """N-03, D-14: the first answer that is not link-local."""
    server = ServerLoop()
    server.ask("listen", NAMED)
    assert server.asked() == [Lookup("example", 0, 0, True)]
    assert server.machine.in_flight
    server.run()
    assert server.look() != LISTENING
    server.report(
        "looked_up", 1, (Found("fe80::1", 6), Found("FEB0::1", 6), Found("fec0::1", 6), Found("127.0.0.1", 4))
    )
    assert server.asked() == [Listen(1, Endpoint("fec0::1", 80, 6), NAMED), StartAccept()]
    assert server.heard() == [Listening()]
    assert not server.machine.in_flight


@pytest.mark.covers("D-14")
@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([Found("fe80::1", 6), Found("fe90::2", 6)], "fe80::1"),
        ([Found("nonsense", 4, Fault("ERR_INVALID_IP_ADDRESS")), Found("127.0.0.1", 4)], "127.0.0.1"),
        ([Found("fea0::1", 6), Found("fe8.0.0.1", 4)], "fe8.0.0.1"),
    ],
    ids=["link-local only", "invalid first", "link-local is IPv6"],
)
def test_the_answer_that_is_taken(found: list[Found], chosen: str) -> None:
    """D-14: a link-local one if there is no other; never an invalid one."""
    server = ServerLoop()
    server.ask("listen", NAMED)
    server.report("looked_up", 1, tuple(found))
    endpoints = [op.endpoint for op in server.asked() if isinstance(op, Listen)]
    assert [endpoint.address for endpoint in endpoints if endpoint is not None] == [chosen]


@pytest.mark.covers("N-04")
@pytest.mark.parametrize("code", ["EAFNOSUPPORT", "EADDRNOTAVAIL"])
def test_where_there_is_no_ipv6_it_listens_on_ipv4(code: str) -> None:
    """N-04: nobody hears of the first try."""
    server = ServerLoop()
    server.listens.append(Fault(code))
    server.ask("listen", ANY)
    assert server.look() == LISTENING
    assert server.asked() == [Listen(1, ANY_6, ANY), Listen(1, ANY_4, ANY), StartAccept()]
    server.run()
    assert server.heard() == [Listening()]


@pytest.mark.parametrize("code", ["EADDRINUSE", "EACCES", "EINVAL"])
def test_a_port_that_is_taken_is_not_tried_on_ipv4(code: str) -> None:
    """N-13: it would listen on half of what was asked for."""
    server = ServerLoop()
    server.listens.append(Fault(code))
    server.ask("listen", ANY)
    assert server.asked() == [Listen(1, ANY_6, ANY)]
    server.run()
    assert server.heard() == [Failed(Fault(code))]


# -- failing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [ANY, LITERAL, ListenPlan(path="/tmp/s")], ids=["any", "literal", "path"])
def test_a_listen_that_fails_is_an_error_in_the_tick_and_no_close(plan: ListenPlan) -> None:
    """N-13: not listening; listening again in the handler is fine."""
    server = ServerLoop()
    server.listens.append(IN_USE)
    server.ask("listen", plan)
    assert server.look() != LISTENING
    assert server.heard() == []
    server.when(Failed, lambda: server.ask("listen", ListenPlan(port=81)))
    server.run()
    assert server.look() == LISTENING
    assert server.heard() == [Failed(IN_USE), Listening()]


@pytest.mark.parametrize(
    ("report", "fault"),
    [
        (("lookup_failed", 1, NOT_FOUND), NOT_FOUND),
        (("looked_up", 1, ()), NOT_FOUND),
        (("looked_up", 1, (Found("x", 4, Fault("EA")), Found("y", 4, Fault("EB")))), Fault("EA")),
    ],
    ids=["failed", "no answer", "no valid answer"],
)
def test_a_lookup_that_fails_is_an_error(report: tuple[object, ...], fault: Fault) -> None:
    """N-18, D-14."""
    server = ServerLoop()
    server.ask("listen", NAMED)
    name, *args = report
    server.report(str(name), *args)
    assert server.heard() == [Failed(fault)]
    assert server.look() != LISTENING


def test_two_failures_are_told_in_order() -> None:
    server = ServerLoop()
    for code in ("EA", "EB"):
        server.listens.append(Fault(code))
        server.ask("listen", ListenPlan(path=code))
    server.run()
    assert server.heard() == [Failed(Fault("EA")), Failed(Fault("EB"))]


def test_close_after_a_failed_listen_is_told() -> None:
    """N-16."""
    server = ServerLoop()
    server.listens.append(IN_USE)
    server.ask("listen", ListenPlan(path="p"))
    server.ask("close")
    server.run()
    assert server.heard() == [Failed(IN_USE), ServerClosed()]


# -- again -------------------------------------------------------------------------------------------------------


def test_listening_twice_is_misuse() -> None:
    """N-10: ERR_SERVER_ALREADY_LISTEN; the first is unaffected."""
    server = listening()
    before = server.machine.freeze()
    with pytest.raises(Misuse, match="ERR_SERVER_ALREADY_LISTEN"):
        server.ask("listen", ANY)
    assert server.machine.freeze() == before


def test_a_second_listen_while_a_name_is_looked_up_takes_its_place() -> None:
    """N-11: 'listening' is told once; the first answer is nobody's."""
    other = ListenPlan(port=81, host="example")
    server = ServerLoop()
    server.ask("listen", NAMED)
    server.ask("listen", other)
    assert server.asked()[1] == CancelLookup()
    server.report("looked_up", 1, (Found("127.0.0.1", 4),))
    assert (server.asked(), server.heard()) == ([], [])
    server.report("looked_up", 2, (Found("127.0.0.1", 4),))
    assert server.asked() == [Listen(2, Endpoint("127.0.0.1", 81, 4), other), StartAccept()]
    assert server.heard() == [Listening()]


def test_a_second_listen_before_the_tick_of_a_literal_takes_its_place() -> None:
    """N-11: it is bound once."""
    server = ServerLoop()
    server.ask("listen", LITERAL)
    server.ask("listen", ListenPlan(port=81, host="127.0.0.1", literal=4))
    server.run()
    assert [op.endpoint for op in server.asked() if isinstance(op, Listen)] == [Endpoint("127.0.0.1", 81, 4)]
    assert server.heard() == [Listening()]


def test_a_name_may_take_the_place_of_a_literal() -> None:
    """N-11: and the other way round; what is asked for last is listened at."""
    server = ServerLoop()
    server.ask("listen", LITERAL)
    server.ask("listen", NAMED)
    server.run()
    assert server.look() == "looking up"
    server.ask("listen", LITERAL)
    server.run()
    assert server.look() == LISTENING
    assert server.asked()[1:] == [CancelLookup(), Listen(3, Endpoint("127.0.0.1", 80, 4), LITERAL), StartAccept()]
    server.report("lookup_failed", 2, NOT_FOUND)
    assert server.heard() == [Listening()]


def test_closed_it_may_listen_again_in_the_same_tick() -> None:
    """N-12: the old 'close' is told while it listens."""
    server = listening()
    server.ask("close")
    server.ask("listen", ANY)
    assert server.look() == LISTENING
    assert server.asked() == [CloseListener(1), Listen(2, ANY_6, ANY), StartAccept()]
    seen = server.watch(ServerClosed)
    server.run()
    assert seen == [True]
    assert server.heard() == [ServerClosed(), Listening()]
    server.report("listener_closed", 1)
    server.report("accepted", 2, "c", False)
    assert server.heard() == [Connection("c")]


# -- close -------------------------------------------------------------------------------------------------------


def test_without_connections_close_is_told_in_the_tick() -> None:
    """O-01, O-02, X-10: not listening at once."""
    server = listening()
    server.ask("close")
    assert server.look() != LISTENING
    assert server.asked() == [CloseListener(1)]
    assert server.heard() == []
    server.run()
    assert server.heard() == [ServerClosed()]
    assert server.machine.in_flight
    server.report("listener_closed", 1)
    assert server.heard() == []
    assert not server.machine.in_flight


def test_with_connections_close_is_told_when_the_last_is_gone() -> None:
    """O-02, O-06, O-08: they live on, and count no more from their destroy() on."""
    server = listening(connections=2)
    server.ask("close")
    server.run()
    assert server.heard() == []
    server.ask("connection_gone")
    server.run()
    assert (server.heard(), server.machine.connections) == ([], 1)
    server.ask("connection_gone")
    assert server.heard() == []
    server.run()
    assert server.heard() == [ServerClosed()]


def test_while_it_listens_the_last_connection_closes_nothing() -> None:
    server = listening(connections=1)
    server.ask("connection_gone")
    server.run()
    assert server.heard() == []


def test_each_close_of_a_closed_server_is_told() -> None:
    """O-04."""
    server = ServerLoop()
    server.ask("close")
    server.ask("close")
    server.run()
    assert server.heard() == [ServerClosed(), ServerClosed()]


def test_close_twice_with_connections_is_told_once() -> None:
    """O-05."""
    server = listening(connections=1)
    server.ask("close")
    server.ask("close")
    assert server.asked() == [CloseListener(1)]
    server.ask("connection_gone")
    server.run()
    assert server.heard() == [ServerClosed()]


@pytest.mark.parametrize("plan", [ANY, LITERAL], ids=["bound at once", "bound in the tick"])
def test_closed_before_it_was_told_listening_is_not_told(plan: ListenPlan) -> None:
    """N-19: and a literal is not bound any more."""
    server = ServerLoop()
    server.ask("listen", plan)
    server.ask("close")
    server.run()
    assert server.heard() == [ServerClosed()]
    assert [type(op) for op in server.asked()] == ([] if plan is LITERAL else [Listen, StartAccept, CloseListener])


@pytest.mark.parametrize("report", ["looked_up", "lookup_failed"])
def test_closed_while_a_name_is_looked_up_the_answer_is_nobodys(report: str) -> None:
    """N-19."""
    server = ServerLoop()
    server.ask("listen", NAMED)
    server.ask("close")
    server.run()
    assert server.asked() == [Lookup("example", 0, 0, True), CancelLookup()]
    assert server.heard() == [ServerClosed()]
    server.report(report, 1, (Found("127.0.0.1", 4),) if report == "looked_up" else NOT_FOUND)
    assert (server.heard(), server.asked(), server.machine.in_flight) == ([], [], False)


# -- accepting ---------------------------------------------------------------------------------------------------


def test_a_connection_is_told_in_its_turn() -> None:
    """X-10, P-01."""
    server = listening()
    server.report("accepted", 1, "c", False)
    assert server.heard() == [Connection("c")]
    assert server.machine.connections == 1


def test_above_the_limit_a_connection_is_dropped_and_not_counted() -> None:
    """P-03, P-06: a connection that is gone frees a slot."""
    server = listening(max_connections=1, connections=1)
    server.report("accepted", 1, "late", False)
    assert server.heard() == [Dropped("late")]
    assert server.asked() == [Discard("late")]
    assert server.machine.connections == 1
    server.ask("connection_gone")
    server.report("accepted", 1, "next", False)
    assert server.heard() == [Connection("next")]


def test_a_limit_may_change() -> None:
    """P-05: 0 drops everything, None nothing; those that are there stay."""
    server = listening(connections=1)
    server.ask("limit", 0)
    assert server.machine.connections == 1
    server.report("accepted", 1, "late", False)
    assert server.heard() == [Dropped("late")]
    server.ask("limit", None)
    server.report("accepted", 1, "next", False)
    assert server.heard() == [Connection("next")]


def test_a_blocked_connection_is_discarded_and_nobody_hears_of_it() -> None:
    """P-08: not counted; the limit is looked at first."""
    server = listening(max_connections=1)
    server.report("accepted", 1, "blocked", True)
    assert (server.heard(), server.asked(), server.machine.connections) == ([], [Discard("blocked")], 0)
    server.report("accepted", 1, "c", False)
    server.heard()
    server.report("accepted", 1, "both", True)
    assert server.heard() == [Dropped("both")]


def test_a_connection_that_comes_after_close_is_discarded() -> None:
    """O-06: it was taken from the system before."""
    server = listening()
    server.ask("close")
    server.run()
    server.heard()
    server.asked()
    server.report("accepted", 1, "late", False)
    server.report("accept_failed", 1, EMFILE)
    assert (server.heard(), server.asked(), server.machine.connections) == ([], [Discard("late")], 0)


def test_paused_it_accepts_nothing() -> None:
    server = listening()
    server.ask("pause")
    server.ask("pause")
    assert server.asked() == [StopAccept()]
    server.ask("resume")
    server.ask("resume")
    assert server.asked() == [StartAccept()]


def test_paused_before_it_listens_it_accepts_nothing() -> None:
    server = ServerLoop()
    server.ask("pause")
    server.ask("listen", ANY)
    assert server.asked() == [Listen(1, ANY_6, ANY)]
    assert server.look() == LISTENING
    server.ask("close")
    server.ask("resume")
    assert server.asked() == [CloseListener(1)]


# -- when accepting fails ----------------------------------------------------------------------------------------


def test_for_lack_of_something_it_stops_and_comes_back() -> None:
    """O-11: longer each time, up to a second, until a connection comes."""
    server = listening()
    for seconds in (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0):
        server.report("accept_failed", 1, EMFILE)
        assert server.heard() == [AcceptFailed(EMFILE)]
        assert server.asked() == [StopAccept()]
        assert server.timers == {Timer.BACK_OFF: seconds}
        server.fire(Timer.BACK_OFF)
        assert server.asked() == [StartAccept()]
    server.report("accepted", 1, "c", False)
    server.report("accept_failed", 1, EMFILE)
    assert server.timers == {Timer.BACK_OFF: 0.005}
    assert server.look() == LISTENING


@pytest.mark.parametrize("code", ["ECONNABORTED", "EPROTO", "EINTR"])
def test_a_peer_that_gave_up_is_no_reason_to_stop(code: str) -> None:
    """O-11."""
    server = listening()
    server.report("accept_failed", 1, Fault(code))
    assert server.heard() == [AcceptFailed(Fault(code))]
    assert (server.asked(), server.timers) == ([], {})


def test_a_failure_on_its_way_does_not_back_off_again() -> None:
    server = listening()
    server.report("accept_failed", 1, EMFILE)
    server.report("accept_failed", 1, EMFILE)
    assert server.heard() == [AcceptFailed(EMFILE), AcceptFailed(EMFILE)]
    assert server.timers == {Timer.BACK_OFF: 0.005}


def test_closed_while_it_backs_off_it_doesnt_come_back() -> None:
    server = listening()
    server.report("accept_failed", 1, EMFILE)
    server.asked()
    server.ask("close")
    assert server.timers == {}
    assert server.asked() == [CloseListener(1)]
    server.ask("listen", ANY)
    assert server.asked() == [Listen(2, ANY_6, ANY), StartAccept()]
    server.report("accept_failed", 2, EMFILE)
    assert server.timers == {Timer.BACK_OFF: 0.005}, "a new listener starts anew"


def test_paused_and_backing_off_it_waits_for_both() -> None:
    server = listening()
    server.report("accept_failed", 1, EMFILE)
    server.ask("pause")
    server.asked()
    server.fire(Timer.BACK_OFF)
    assert server.asked() == []
    server.ask("resume")
    assert server.asked() == [StartAccept()]


# -- describe() --------------------------------------------------------------------------------------------------


def test_a_server_says_why_it_is_where_it_is() -> None:
    server = ServerLoop()
    assert server.machine.describe() == "listener idle; 0 connections"
    server.ask("listen", NAMED)
    assert server.machine.describe() == "listener looking up; 0 connections; waits for the lookup of 'example'"
    server = listening(max_connections=3, connections=2)
    server.ask("pause")
    server.report("accept_failed", 1, EMFILE)
    assert server.machine.describe() == "listener listening; 2 connections; limit 3; paused; backs off for 0.005 s"
    server.ask("close")
    assert server.machine.describe() == (
        "listener idle; 2 connections; limit 3; paused; waits for CloseListener; closes with its last connection"
    )


def test_the_turns_of_a_server_are_its_own() -> None:
    with pytest.raises(AssertionError, match="no turn"):
        ServerMachine().ticked(Step.FLOW)
