"""Sections B to E and X, where there is nothing in Node to compare with, or what it does is no example.

What can be played on both sides is in `tests/node/scenarios`.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sansnet
from sansnet import BlockList, NetError, Socket
from sansnet.errors import to_exception
from sansnet.state import Fault
from tests.backlog import full_listener
from tests.loopback import PATIENCE, Loopback, each_network, log_of, port_of, system_only

ATTEMPTS = ("lookup", "connection_attempt", "connection_attempt_failed", "connection_attempt_timeout")


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


def log_with_attempts(made: Socket) -> list[str]:
    log = log_of(made)
    for event in ATTEMPTS:
        made.on(event, lambda *_, event=event: log.append(event))
    return log


def answers(*args: object) -> Callable[..., None]:
    """A lookup function that calls back with these."""
    return lambda _hostname, _options, callback: callback(*args)


# ------------------------------------------------------------------------------------------------------- what is a tick


@pytest.mark.covers("X-07", "Socket.end")
@system_only
def test_end_asks_for_the_fin_before_it_returns(net: Loopback) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = sansnet.connect(listener.getsockname()[1], "127.0.0.1")
        net.run_until(lambda: client.ready_state == "open")
        peer, _ = listener.accept()
    with peer:
        peer.settimeout(PATIENCE)
        client.end("bye")
        assert [peer.recv(9), peer.recv(9)] == [b"bye", b""]  # and nobody has turned the loop
    net.close(client)


@pytest.mark.covers("X-11")
def test_what_was_put_off_in_end_finds_our_own_end_asked_for(net: Loopback) -> None:
    client, peer = net.pair()
    found: list[tuple[str, bool]] = []
    peer.on("end", lambda: found.append(("at once", peer.writable_ended)))
    peer.on("end", lambda: net.driver.call_soon(lambda: found.append(("put off", peer.writable_ended))))
    peer.resume()
    client.end()
    net.run_until(lambda: len(found) == 2)
    assert found == [("at once", False), ("put off", True)]
    net.close(client, peer)


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.covers("B-12", "C-01", "Socket.connect")
@pytest.mark.parametrize(
    ("args", "options", "code"),
    [
        ((), {}, "ERR_MISSING_ARGS"),
        ((65536,), {}, "ERR_SOCKET_BAD_PORT"),
        ((80,), {"local_address": "nobody"}, "ERR_INVALID_IP_ADDRESS"),
        ((80,), {"lookup": 5}, "ERR_INVALID_ARG_TYPE"),
        ((80,), {"family": 5}, "ERR_INVALID_ARG_VALUE"),
        ((80,), {"auto_select_family_attempt_timeout": -1}, "ERR_OUT_OF_RANGE"),
    ],
)
def test_a_call_that_raises_changes_nothing(
    net: Loopback, args: tuple[object, ...], options: dict[str, Any], code: str
) -> None:
    client = Socket()
    log = log_with_attempts(client)
    with pytest.raises((TypeError, ValueError)) as caught:
        client.connect(*args, listener=lambda: log.append("listener"), **options)
    assert getattr(caught.value, "code", "") == code
    assert (client.ready_state, client.connecting, client.pending, client.destroyed) == ("open", False, True, False)
    assert client.listener_count("connect") == 1  # the log's
    net.run()
    assert log == []
    server = net.serve(lambda peer: (server.close(), peer.end()))
    assert client.connect(port_of(server), "127.0.0.1") is client  # it can still be used
    net.run()
    assert log == ["connection_attempt", "connect", "ready", "end", "prefinish", "finish", "close(False)"]


# ------------------------------------------------------------------------------------------------------------ attempts


@pytest.mark.covers("C-14", "C-12")
@pytest.mark.parametrize("reason", [None, Exception("enough")])
def test_destroyed_when_the_attempt_is_told(net: Loopback, reason: Exception | None) -> None:
    """Node crashes. Here nobody is called, as if it had been destroyed before."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    client = Socket()
    log = log_with_attempts(client)
    client.on("connection_attempt", lambda *_: client.destroy(reason))
    client.connect(port_of(server), "127.0.0.1", lambda: log.append("listener"))
    net.run_until(lambda: client.destroyed and any(entry.startswith("close") for entry in log))
    expected = ["close(False)"] if reason is None else ["error(Exception)", "close(True)"]
    assert log == ["connection_attempt", *expected]
    net.turn(3)
    assert accepted == []
    server.close()
    net.run()


@pytest.mark.covers("C-20")
def test_close_follows_an_error_that_nobody_listens_to(net: Loopback) -> None:
    log: list[bool] = []
    client = sansnet.connect(net.free_port(), "127.0.0.1")
    client.on("close", log.append)
    with pytest.raises(ConnectionRefusedError):
        net.run()
    net.run()
    assert log == [True]


# ------------------------------------------------------------------------------------------------------------- lookups


@pytest.mark.covers("D-09", "D-08")
@pytest.mark.parametrize("answer", [[], None, (), "127.0.0.1", 5, [None], [()], {}])
def test_an_answer_that_is_no_list_of_addresses(net: Loopback, answer: object) -> None:
    """Node lets a TypeError out of the callback, and the socket wait for ever."""
    client = Socket()
    log = log_of(client)
    client.connect(port=80, host="a.name", lookup=answers(None, answer))
    net.run()
    assert log == ["error(ERR_INVALID_IP_ADDRESS)", "close(True)"]


@pytest.mark.covers("D-05", "D-06")
@pytest.mark.parametrize(
    ("address", "family", "kind", "text"),
    [
        ("nowhere", 4, TypeError, "Invalid IP address: nowhere"),
        ("nowhere", 5, TypeError, "Invalid IP address: nowhere"),
        (["127.0.0.1"], 4, TypeError, "Invalid IP address: ['127.0.0.1']"),
        ("127.0.0.1", 5, ValueError, "Invalid address family: 5 a.name:80"),
    ],
)
def test_a_single_answer_that_is_no_address(
    net: Loopback, address: object, family: object, kind: type[Exception], text: str
) -> None:
    errors: list[NetError] = []
    client = sansnet.connect(port=80, host="a.name", auto_select_family=False, lookup=answers(None, address, family))
    client.on("error", errors.append)
    net.run()
    (error,) = errors
    assert isinstance(error, kind)
    assert str(error) == text
    assert (error.host, error.port) == (("a.name", 80) if kind is ValueError else (None, None))


@pytest.mark.covers("D-01")
def test_a_lookups_own_error_is_told_as_it_is(net: Loopback) -> None:
    reason = LookupError("no such name")
    told: list[object] = []
    client = sansnet.connect(port=80, host="a.name", lookup=answers(reason))
    client.on("lookup", lambda *args: told.append(args))
    client.on("error", told.append)
    net.run()
    assert told == [(reason, None, None, "a.name"), reason]


def test_a_lookups_error_that_is_none(net: Loopback) -> None:
    told: list[Exception] = []
    client = sansnet.connect(port=80, host="a.name", lookup=answers("no such name"))
    client.on("error", told.append)
    net.run()
    (error,) = told
    assert isinstance(error, TypeError)
    assert str(error).startswith('The "error" argument must be an instance of Exception. Received type string')


@pytest.mark.covers("D-11")
def test_a_lookup_that_raises_lets_connect_raise(net: Loopback) -> None:
    def lookup(*_: object) -> None:
        raise KeyError("no such name")

    client = Socket()
    log = log_of(client)
    with pytest.raises(KeyError, match="no such name"):
        client.connect(port=80, host="a.name", lookup=lookup, connect_timeout=60)
    assert (client.ready_state, client.connecting, client.pending) == ("open", False, True)
    net.run()
    assert log == []
    server = net.serve()
    client.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: "ready" in log)
    assert log == ["connect", "ready"]
    server.close()
    net.close(client)


def test_a_lookup_that_raises_leaves_the_idle_timer_as_it_was(net: Loopback) -> None:
    client = Socket().set_timeout(0.001)
    log = log_of(client)
    with pytest.raises(ZeroDivisionError):
        client.connect(port=80, host="a.name", lookup=lambda *_: 1 / 0)
    net.run_until(lambda: log)
    assert log == ["timeout"]


def test_a_list_of_addresses_that_raises_is_an_error(net: Loopback) -> None:
    """Nobody would be there to catch it, were it raised from wherever the lookup calls back."""

    def addresses() -> Iterator[tuple[str, int]]:
        yield "127.0.0.1", 4
        raise KeyError("no more")

    client = Socket()
    log: list[Exception] = []
    client.on("error", log.append)
    client.connect(port=80, host="a.name", lookup=lambda _host, _options, done: done(None, addresses()))
    net.run()
    assert [str(error) for error in log] == ["'no more'"]


@pytest.mark.covers("D-12")
@pytest.mark.parametrize("auto_select_family", [True, False])
def test_an_answer_that_comes_after_close_is_not_heard(net: Loopback, auto_select_family: bool) -> None:
    held: list[Callable[..., None]] = []
    client = Socket()
    log = log_with_attempts(client)
    client.connect(
        port=80,
        host="a.name",
        auto_select_family=auto_select_family,
        lookup=lambda _hostname, _options, callback: held.append(callback),
    )
    client.destroy()
    net.run()
    held[0](None, [("127.0.0.1", 4)] if auto_select_family else "127.0.0.1", 4)
    held[0](Exception("twice"))
    net.run()
    assert log == ["close(False)"]


# --------------------------------------------------------------------------------------------------- choosing addresses


@pytest.mark.covers("E-05", "V-08")
def test_all_attempts_failed(net: Loopback) -> None:
    port = net.free_port()
    errors: list[Any] = []
    entries = [("127.0.0.1", 4), {"address": "::1", "family": 6}]
    client = sansnet.connect(port=port, host="a.name", lookup=answers(None, entries))
    client.on("error", errors.append)
    net.run()
    (group,) = errors
    assert isinstance(group, ExceptionGroup)
    assert getattr(group, "code", "") == "ECONNREFUSED"
    assert all(isinstance(one, ConnectionRefusedError) for one in group.exceptions)
    assert [getattr(one, "address", None) for one in group.exceptions] == ["127.0.0.1", "::1"]
    assert client.auto_select_family_attempted_addresses == [f"127.0.0.1:{port}", f"::1:{port}"]


@pytest.mark.covers("E-10", "V-09")
def test_a_timeout_without_any_error_has_an_exception() -> None:
    """Node has it for a list of addresses that is used up without any error, which happens on neither side."""
    error = to_exception(Fault("ERR_SOCKET_CONNECTION_TIMEOUT"))
    assert isinstance(error, TimeoutError)
    assert str(error) == "Socket connection timeout"


@pytest.mark.covers("E-13", "E-14")
def test_the_systems_answers_are_looked_up_in_the_block_list(net: Loopback) -> None:
    rules = BlockList()
    rules.add_subnet("127.0.0.0", 8)
    rules.add_address("::1", "ipv6")
    errors: list[Any] = []
    client = sansnet.connect(port=net.free_port(), host="localhost", block_list=rules)
    client.on("error", errors.append)
    net.run()
    (error,) = errors
    assert error.code == "ERR_IP_BLOCKED"
    for one in getattr(error, "exceptions", errors):
        assert isinstance(one, PermissionError)
        assert str(one) in ("IP(127.0.0.1) is blocked by net.BlockList", "IP(::1) is blocked by net.BlockList")


@pytest.mark.covers("E-09")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a backlog is full in another way")
@system_only
def test_an_attempt_that_was_given_up_can_not_win_any_more(net: Loopback) -> None:
    """The first server has no room in its backlog at first, and makes some when the second has been tried."""
    with full_listener() as full, contextlib.ExitStack() as stack:
        port = full.getsockname()[1]
        server = sansnet.create_server().listen(port, "127.0.0.2")
        net.run_until(lambda: server.listening)
        client = Socket()
        log = log_with_attempts(client)
        client.on("connection_attempt_timeout", lambda *_: stack.enter_context(full.accept()[0]))
        client.connect(
            port=port,
            host="a.name",
            lookup=answers(None, [("127.0.0.1", 4), ("127.0.0.2", 4)]),
            auto_select_family_attempt_timeout=0.01,
        )
        net.run_until(lambda: "ready" in log)
        assert client.remote_address == "127.0.0.2"
        server.close(timeout=0)
        net.close(client)
    attempts = ["lookup", "lookup", "connection_attempt", "connection_attempt_timeout", "connection_attempt"]
    assert log == [*attempts, "connect", "ready", "close(False)"]
