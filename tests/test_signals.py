"""Abort signals that were given to sockets and servers: who listens to them, and until when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sansnet
from sansnet import AbortController, AbortSignal, Socket
from tests.loopback import Loopback, log_of, loopback, port_of, simulated_loopback

pytestmark = pytest.mark.covers("R-05")


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def test_a_socket_that_was_closed_listens_no_more(net: Loopback) -> None:
    """In Node one listener of the two is left behind by destroy()."""
    abort = AbortController()
    client, peer = net.pair(signal=abort.signal)
    assert abort.signal.listener_count() == 1
    client.destroy()
    net.close(peer)
    assert abort.signal.listener_count() == 0
    log = log_of(client)
    abort.abort()
    net.run()
    assert log == []


def test_nor_does_one_that_came_to_its_end(net: Loopback) -> None:
    abort = AbortController()
    client, peer = net.pair(signal=abort.signal)
    log = log_of(client)
    peer.end()
    net.run_until(lambda: log and log[-1] == "close(False)")
    assert abort.signal.listener_count() == 0


def test_nor_does_one_that_was_refused(net: Loopback) -> None:
    abort = AbortController()
    log = log_of(sansnet.connect(net.free_port(), "127.0.0.1", signal=abort.signal))
    net.run()
    assert log == ["error(ECONNREFUSED)", "close(True)"]
    assert abort.signal.listener_count() == 0


@pytest.mark.covers("R-01", "R-04", "AbortSignal.timeout")
def test_an_abort_tells_everyone_and_is_then_forgotten(net: Loopback) -> None:
    abort = AbortController()
    client, peer = net.pair(signal=abort.signal)
    fresh = Socket(signal=abort.signal)
    logs = [log_of(client), log_of(fresh)]
    reason = ValueError("enough")
    errors: list[BaseException] = []
    client.on("error", errors.append)
    assert abort.signal.listener_count() == 2
    abort.abort(reason)
    assert (abort.signal.listener_count(), client.destroyed, fresh.destroyed) == (0, True, True)
    net.close(peer)
    assert logs == [["error(ABORT_ERR)", "close(True)"], ["error(ABORT_ERR)", "close(None)"]]
    assert str(errors[0]) == "The operation was aborted"
    assert errors[0].__cause__ is reason


@pytest.mark.covers("R-03")
def test_nobody_listens_to_a_signal_that_has_aborted(net: Loopback) -> None:
    """And nothing is connected to, which Node does all the same."""
    abort = AbortController()
    abort.abort()
    server = net.serve()
    log = log_of(sansnet.connect(port_of(server), "127.0.0.1", signal=abort.signal))
    assert abort.signal.listener_count() == 0
    server.unref()
    net.run()
    net.turn(3)
    assert log == ["error(ABORT_ERR)", "close(None)"]
    assert server.connections == 0


@pytest.mark.covers("R-06", "N-26")
def test_a_server_listens_to_its_signal_while_it_listens(net: Loopback) -> None:
    abort = AbortController()
    server = sansnet.create_server().listen(0, signal=abort.signal)
    assert abort.signal.listener_count() == 1
    server.close()
    assert abort.signal.listener_count() == 0
    server.listen(0, signal=abort.signal)
    closed: list[bool] = []
    server.on("close", lambda: closed.append(server.listening))
    net.turn()
    abort.abort()
    assert not server.listening
    net.run()
    assert closed == [True, False]  # of the first close() it was told when the server listened again


def test_a_signal_by_time_ends_a_connection() -> None:
    """By simulated time, which goes on no faster than the pair connects."""
    with simulated_loopback() as net:
        client, peer = net.pair(signal=AbortSignal.timeout(0.01))
        log = log_of(client)
        net.run_until(lambda: log and log[-1] == "close(True)")
        assert isinstance(client.errored, sansnet.AbortError)
        assert isinstance(client.errored.__cause__, TimeoutError)
        net.close(peer)
