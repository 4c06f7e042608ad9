"""The way to one address that is known, and the first moments of an open socket."""

from __future__ import annotations

import contextlib

import pytest

from sansnet.state import Endpoint, Fault, Misuse, Route, SocketMachine, Timer
from sansnet.state.connecting import NEVER_ASKED, Connecting
from sansnet.state.effects import Step
from sansnet.state.machine import Event
from sansnet.state.notices import (
    AttemptFailed,
    AttemptStarted,
    Closed,
    Connected,
    Data,
    Failed,
    Finished,
    Prefinish,
    Ready,
    Settled,
)
from sansnet.state.ops import (
    CLOSE,
    SHUTDOWN,
    START_READ,
    BindLocal,
    CancelConnect,
    Connect,
    Send,
    SetKeepAlive,
    SetNoDelay,
    SetTypeOfService,
)
from tests.state.loop import CLOSED, CLOSING, FRESH, OPEN, OPENING, PEER, TCP, UNIX, Sock

ENDPOINT = Endpoint("127.0.0.1", 80, 4)
NAMED = Route(host="example", port=80, family=4, hints=32)
LOOKING_UP = "looking up open open: opening, connecting pending readable writable"
REFUSED = Fault("ECONNREFUSED", errno=111, syscall="connect", address="127.0.0.1", port=80)
CANCELED = Fault("ECANCELED")


def connecting(route: Route = TCP) -> Sock:
    """The attempt is made; nothing has answered yet."""
    sock = Sock()
    sock.ask("connect", route)
    sock.run()
    assert sock.look() == OPENING
    sock.asked()
    sock.heard()
    return sock


# -- an address that is known ------------------------------------------------------------------------------------


def test_a_fresh_socket_is_open_although_not_connected() -> None:
    """C-01: readyState 'open', pending."""
    assert Sock().look() == FRESH


@pytest.mark.parametrize("route", [TCP, UNIX], ids=["tcp", "unix"])
def test_an_attempt_is_told_a_tick_after_connect_and_then_made(route: Route) -> None:
    """C-02, C-03, D-13: opening at once; the attempt is told in the tick, then made; there is no 'lookup'."""
    sock = Sock()
    sock.ask("connect", route)
    assert sock.look() == OPENING
    assert (sock.asked(), sock.heard()) == ([], [])
    asked_before: list[object] = []
    sock.when(AttemptStarted, lambda: asked_before.extend(sock.asked()))
    sock.run()
    assert route.known is not None
    endpoint = route.endpoint(route.known)
    assert sock.heard() == [AttemptStarted(endpoint)]
    assert asked_before == []
    assert sock.asked() == [Connect(0, endpoint)]
    assert sock.look() == OPENING


def test_connect_then_ready_then_the_first_read() -> None:
    """X-05, C-04: options first, 'connect', 'ready', then reading starts."""
    sock = Sock()
    sock.ask("set_no_delay", True)
    sock.ask("set_keep_alive", True, 5, 1, 10)
    sock.ask("set_type_of_service", 16)
    sock.ask("connect", TCP)
    sock.run()
    seen = sock.watch(Connected)
    options: list[object] = []
    sock.when(Connected, lambda: options.extend(sock.asked()))
    reading: list[object] = []
    sock.when(Ready, lambda: reading.extend(sock.asked()))
    sock.report("connected", 0)
    assert seen == [OPEN]
    assert options == [Connect(0, ENDPOINT), SetNoDelay(True), SetKeepAlive(True, 5, 1, 10), SetTypeOfService(16)]
    assert reading == []
    assert sock.heard()[1:] == [Connected(), Ready()]
    assert sock.asked() == [START_READ]
    assert sock.look() == OPEN


def test_a_refused_socket_is_open_while_it_is_told_then_destroyed() -> None:
    """C-07, X-02: the failed attempt, a tick later 'error', a turn later 'close' (true)."""
    sock = connecting()
    failing, erring = sock.watch(AttemptFailed), sock.watch(Failed)
    sock.report("attempt_failed", 0, REFUSED)
    assert failing == ["refused open open: open, readable writable"]
    assert erring == [CLOSING]
    assert sock.heard() == [AttemptFailed(ENDPOINT, REFUSED), Failed(REFUSED)]
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(True)]
    assert sock.look() == CLOSED


def test_an_attempt_that_cannot_bind_is_not_told() -> None:
    """C-10: the error is that of bind; no attempt is told, none is made."""
    sock = Sock()
    in_use = Fault("EADDRINUSE", syscall="bind", address="127.0.0.1", port=8080)
    sock.binds.append(in_use)
    sock.ask("connect", Route(known=PEER, port=80, local_address="127.0.0.1", local_port=8080))
    sock.run()
    assert sock.asked() == [BindLocal(0, 4, "127.0.0.1", 8080), CLOSE]
    assert sock.heard() == [Failed(in_use)]
    assert sock.look() == CLOSING
    sock.report("closed")
    assert sock.heard() == [Closed(True)]


def test_an_attempt_binds_its_local_address_first() -> None:
    sock = Sock()
    sock.ask("connect", Route(known=PEER, port=80, local_port=8080))
    sock.run()
    assert sock.asked() == [BindLocal(0, 4, None, 8080), Connect(0, ENDPOINT)]
    assert sock.heard() == [AttemptStarted(ENDPOINT)]
    sock.report("connected", 0)
    assert sock.look() == OPEN


# -- destroyed on the way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, Fault("EOWN")], ids=["no error", "error"])
def test_destroyed_in_the_tick_of_connect_nothing_was_attempted(fault: Fault | None) -> None:
    """C-12: no attempt at all; only 'close', or 'error' and 'close'."""
    sock = Sock()
    sock.ask("connect", TCP)
    sock.destroy(fault)
    assert sock.look() == CLOSING
    sock.run()
    sock.report("closed")
    assert sock.asked() == [CLOSE]
    assert sock.heard() == ([Closed(False)] if fault is None else [Failed(fault), Closed(True)])
    assert sock.look() == CLOSED


def test_destroyed_during_the_only_attempt_nothing_more_is_told_of_it() -> None:
    """C-13: no more attempt events; 'close' (false) after the attempt has ended."""
    sock = connecting()
    sock.destroy()
    assert sock.asked() == [CancelConnect(0), CLOSE]
    sock.report("closed")
    assert sock.heard() == []
    assert sock.look() == CLOSING
    sock.report("attempt_failed", 0, CANCELED)
    assert sock.heard() == [Closed(False)]
    assert sock.look() == CLOSED


def test_destroyed_when_the_attempt_is_told_it_is_not_made() -> None:
    """C-14: as C-12."""
    sock = Sock()
    sock.ask("connect", TCP)
    sock.when(AttemptStarted, sock.destroy)
    sock.run()
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [AttemptStarted(ENDPOINT), Closed(False)]


def test_destroyed_while_the_failed_attempt_is_told_there_is_no_error() -> None:
    sock = connecting()
    sock.when(AttemptFailed, sock.destroy)
    sock.report("attempt_failed", 0, REFUSED)
    sock.report("closed")
    assert sock.heard() == [AttemptFailed(ENDPOINT, REFUSED), Closed(False)]


def test_an_attempt_that_was_given_up_can_no_more_win() -> None:
    """E-09: the driver closes what still came of it, and says that it was cancelled."""
    sock = connecting()
    sock.destroy()
    with pytest.raises(Misuse, match="connected"):
        sock.report("connected", 0)
    assert sock.look() == CLOSING
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_destroyed_in_connect_ready_is_told_all_the_same() -> None:
    """C-06: on the destroyed socket, then 'close' (false)."""
    sock = connecting()
    seen = sock.watch(Ready)
    sock.when(Connected, sock.destroy)
    sock.report("connected", 0)
    assert seen == [CLOSING]
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Connected(), Ready(), Closed(False)]
    assert sock.look() == CLOSED


# -- asked twice -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("again", "where"), [(TCP, ("127.0.0.1", TCP.port)), (Route(host="a.name", port=80), ("", None))]
)
def test_connecting_twice_fails(again: Route, where: tuple[str, int | None]) -> None:
    """C-16: EALREADY as 'error', 'close' (true), never 'connect'. It says where to, if that was known."""
    sock = connecting()
    sock.ask("connect", again)
    sock.run()
    [failed] = sock.heard()
    assert isinstance(failed, Failed)
    fault = failed.fault
    assert (fault.code, fault.syscall, (fault.address, fault.port)) == ("EALREADY", "connect", where)
    assert sock.asked() == [CancelConnect(0), CLOSE]
    sock.report("attempt_failed", 0, CANCELED)
    sock.report("closed")
    assert sock.heard() == [Closed(True)]
    assert sock.look() == CLOSED


def test_connecting_an_open_socket_is_misuse() -> None:
    """C-17: undefined in Node; refused here, and nothing has changed."""
    sock = Sock.opened()
    before = sock.machine.freeze()
    with pytest.raises(Misuse, match="EISCONN"):
        sock.ask("connect", TCP)
    assert sock.machine.freeze() == before


def test_connecting_again_right_after_destroy_is_another_life() -> None:
    """C-18: the new connection opens although the old one's 'close' is still to come."""
    old = Sock.opened()
    old.destroy()
    new = Sock(old.machine.successor())
    assert new.look() == FRESH
    new.ask("connect", TCP)
    new.run()
    new.report("connected", 0)
    assert (old.look(), new.look()) == (CLOSING, OPEN)
    assert old.heard() == []
    old.report("closed")
    assert old.heard() == [Closed(False)]
    assert (old.look(), new.look()) == (CLOSED, OPEN)


# -- asked for while connecting ----------------------------------------------------------------------------------


def test_ended_while_connecting_data_and_fin_follow_connect() -> None:
    """C-22: 'opening', then 'readOnly' at 'connect'; 'connect' and 'ready' are told."""
    sock = connecting()
    sock.write(b"bye", 1)
    sock.end(2)
    assert sock.look() == "connecting open ending: opening, connecting pending readable"
    assert sock.asked() == []
    seen = sock.watch(Connected)
    sock.report("connected", 0)
    assert seen == ["open open ending: readOnly, readable"]
    assert sock.asked() == [Send((b"bye",)), SHUTDOWN, START_READ]
    assert sock.heard() == [Connected(), Settled(1), Ready()]
    sock.report("shut_down")
    assert sock.heard() == [Prefinish(), Settled(2), Finished()]
    assert sock.look() == "open open over: readOnly, readable"


def test_ended_while_connecting_without_data_fin_follows_connect() -> None:
    """C-22: there is nothing to wait for."""
    sock = connecting()
    sock.end()
    sock.report("connected", 0)
    assert sock.look() == "open open shutting: readOnly, readable"
    assert set(sock.asked()) == {SHUTDOWN, START_READ}
    assert sock.heard() == [Connected(), Ready()]


def test_paused_while_connecting_reading_does_not_start() -> None:
    """C-23: it does at resume()."""
    sock = connecting()
    sock.ask("pause")
    sock.report("connected", 0)
    assert sock.asked() == []
    assert sock.look() == OPEN
    sock.ask("resume")
    sock.run()
    assert sock.asked() == [START_READ]


def test_resumed_after_a_pause_while_connecting_reading_starts() -> None:
    """C-23: the last word counts."""
    sock = connecting()
    sock.ask("pause")
    sock.ask("resume")
    sock.report("connected", 0)
    assert sock.asked() == [START_READ]
    sock.receive(b"a")
    assert sock.heard()[-1] == Data(b"a")


def test_resumed_and_then_paused_while_connecting_bytes_are_read_but_not_told() -> None:
    """C-23: what was wanted once has started the source."""
    sock = connecting()
    sock.ask("resume")
    sock.ask("pause")
    sock.report("connected", 0)
    assert sock.asked() == [START_READ]
    sock.heard()
    sock.receive(b"abc")
    assert (sock.heard(), sock.machine.reading.bytes_read, sock.machine.reading.length) == ([], 3, 3)


def test_without_a_consumer_reading_stops_at_the_high_water_mark() -> None:
    """C-24: what came is kept, up to a chunk above the mark."""
    sock = Sock.opened(read_high_water_mark=4)
    sock.receive(b"abc")
    assert sock.asked() == []
    sock.receive(b"defg")
    assert [str(op) for op in sock.asked()] == ["StopRead()"]
    assert (sock.heard(), sock.machine.reading.length) == ([], 7)
    assert sock.look() == OPEN


# -- the time for all of it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "address"),
    [
        (Route(host="example", port=80, connect_seconds=2), "example"),
        (Route(known=PEER, port=80, connect_seconds=2), "127.0.0.1"),
    ],
    ids=["looking up", "attempting"],
)
def test_connecting_takes_no_longer_than_it_may(route: Route, address: str) -> None:
    sock = Sock()
    sock.ask("connect", route)
    sock.run()
    assert sock.timers == {Timer.CONNECT: 2}
    sock.fire(Timer.CONNECT)
    assert sock.timers == {}
    assert sock.heard()[-1] == Failed(Fault("ETIMEDOUT", syscall="connect", address=address, port=80))
    assert sock.look() == CLOSING


def test_the_time_to_connect_is_over_once_connected_or_destroyed() -> None:
    route = Route(known=PEER, port=80, connect_seconds=2)
    assert Sock.opened(route).timers == {}
    sock = connecting(route)
    assert sock.timers == {Timer.CONNECT: 2}
    sock.destroy()
    assert sock.timers == {}


def test_nothing_of_a_dead_socket_goes_on_to_attempt() -> None:
    """C-12: turns that were due when it was destroyed find nothing to do."""
    machine = SocketMachine()
    machine.connect(Route(known=PEER, port=80, local_port=1))
    assert machine.ticked(Step.ATTEMPT)
    machine.destroy()
    for step in (Step.BOUND, Step.DIAL, Step.ATTEMPT, Step.ANNOUNCE, Step.LOOKUP_FAILED):
        assert machine.clone().ticked(step) == []


# -- sockets that never connect ----------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [None, Event("adopt", (False, False)), Event("take_bound", (False,))])
@pytest.mark.parametrize(
    "event",
    [
        Event("connect", (TCP,)),
        Event("connect", (NAMED,)),
        Event("call_off"),
        Event("destroy"),
        Event("reset"),
        Event("looked_up", ((),)),
        Event("lookup_failed", (REFUSED,)),
        Event("bound", (0,)),
        Event("bind_failed", (0, REFUSED)),
        Event("connected", (0,)),
        Event("attempt_failed", (0, REFUSED)),
        *(Event("timer_fired", (timer,)) for timer in Timer),
        *(Event("ticked", (step,)) for step in (Step.ANNOUNCE, Step.ATTEMPT, Step.BOUND, Step.DIAL)),
    ],
    ids=str,
)
def test_what_all_of_them_share_is_never_written_to(begin: Event | None, event: Event) -> None:
    machine = SocketMachine()
    if begin is not None:
        machine.feed(begin)
    with contextlib.suppress(Misuse):
        machine.feed(event)
    assert NEVER_ASKED.freeze() == Connecting().freeze()


def test_a_socket_whose_connect_was_called_off_has_never_been_asked() -> None:
    machine = SocketMachine()
    machine.connect(NAMED)
    assert machine.connecting is not NEVER_ASKED
    machine.call_off()
    assert machine.connecting is NEVER_ASKED
