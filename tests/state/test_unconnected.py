"""Sockets without a connection that are more than fresh: bound ones, and those whose connect() was called off."""

from __future__ import annotations

import pytest

from sansnet.state import Fault, Misuse, Route
from sansnet.state.notices import Closed, Failed, Settled
from sansnet.state.ops import CLOSE, RESET
from sansnet.state.phases import Link
from tests.state.loop import OPENING, PEER, SOCKET_CLOSED, TCP, Sock

# -- a socket that the user bound --------------------------------------------------------------------------------


def bound(is_path: bool = False) -> Sock:
    sock = Sock()
    sock.ask("take_bound", is_path)
    return sock


def test_a_bound_socket_has_a_handle_and_waits_for_connect() -> None:
    """Z-06: not pending, as there is something to connect with; 'close' has an argument."""
    sock = bound()
    assert sock.look() == "idle open open: open, readable writable"
    assert (sock.asked(), sock.heard()) == ([], [])
    sock.destroy()
    assert sock.asked() == [CLOSE]
    sock.report("closed")
    assert sock.heard() == [Closed(False)]


def test_a_bound_socket_can_be_reset() -> None:
    sock = bound()
    sock.ask("reset")
    assert sock.asked() == [RESET]


def test_a_path_can_not() -> None:
    with pytest.raises(Misuse):
        bound(is_path=True).ask("reset")


def test_a_bound_socket_is_bound_once() -> None:
    sock = bound()
    with pytest.raises(Misuse):
        sock.ask("take_bound", False)


def test_a_write_on_a_bound_socket_fails_as_the_system_has_it() -> None:
    sock = bound()
    assert not sock.write(b"abc", 1)
    sock.run()
    unconnected = Fault("EPIPE", syscall="write")
    assert sock.heard() == [Settled(1, unconnected), Failed(unconnected)]


def test_a_bound_socket_that_was_never_connected_goes_to_the_next_life() -> None:
    """It ended before there was a connection; what is left of the old life has nothing to close."""
    machine = bound(is_path=True).machine
    heir = machine.successor()
    assert (heir.has_bound, heir.has_handle, heir.is_path) == (True, True, True)
    assert (machine.has_bound, machine.has_handle) == (False, False)


def test_one_that_is_closed_does_not() -> None:
    sock = bound()
    sock.destroy()
    assert not sock.machine.successor().has_handle


# -- a lookup that could not begin -------------------------------------------------------------------------------


NAMED = Route(host="a.name", port=80, connect_seconds=5.0)


def test_a_connect_that_is_called_off_has_not_been() -> None:
    sock = Sock()
    before = sock.machine.freeze()
    sock.ask("connect", NAMED)
    sock.ask("call_off")
    sock.run()
    assert sock.machine.freeze() == before
    assert sock.heard() == []
    sock.ask("connect", TCP)
    assert sock.look() == OPENING


def test_called_off_a_bound_socket_is_bound_still() -> None:
    sock = bound()
    sock.ask("connect", NAMED)
    sock.ask("call_off")
    assert sock.look() == "idle open open: open, readable writable"
    assert sock.machine.has_handle


def test_called_off_what_was_written_meanwhile_has_no_connection() -> None:
    sock = Sock()
    sock.ask("connect", NAMED)
    sock.write(b"abc", 1)
    sock.ask("call_off")
    sock.run()
    assert sock.heard() == [Settled(1, SOCKET_CLOSED), Failed(SOCKET_CLOSED), Closed(None)]


def test_called_off_after_the_answer_is_too_late() -> None:
    sock = Sock()
    sock.ask("connect", NAMED)
    sock.report("looked_up", (PEER,))
    sock.ask("call_off")
    assert sock.machine.link is not Link.IDLE
