"""What goes wrong around a `Socket`, over the real driver: listeners that raise, peers that misbehave.

The marks in brackets are the numbers of Node's observed behaviours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from sansnet import NetConnectionError
from tests.loopback import Loopback, log_of, loopback

MIB = 1 << 20


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


# ------------------------------------------------------------------------------------------- exceptions out of listeners


def test_what_a_listener_raises_comes_out_of_the_loop(net: Loopback) -> None:
    """[C-21] And costs nobody anything: the socket lives on, the others are told."""
    client, peer = net.pair()
    heard: list[bytes] = []
    peer.once("data", lambda _chunk: 1 / 0)
    peer.on("data", heard.append)
    client.write("first")
    with pytest.raises(ZeroDivisionError):
        net.run_until(lambda: False, seconds=10)
    assert peer.ready_state == "open"
    client.resume().end("second")
    net.run()
    assert b"".join(heard).endswith(b"second")
    assert peer.destroyed


def test_the_queue_is_finished_first(net: Loopback) -> None:
    client, peer = net.pair()
    log = log_of(client)
    client.prepend_listener("end", lambda: 1 / 0)
    peer.resume()
    client.end(callback=lambda _error: log.append("ended"))
    with pytest.raises(ZeroDivisionError):
        net.run()
    net.run()
    assert log == ["prefinish", "ended", "finish", "close(False)"]


def test_several_in_one_turn_are_a_group(net: Loopback) -> None:
    client, peer = net.pair()
    failures = [ValueError("first"), KeyError("second"), OSError("third")]

    def raiser(error: Exception) -> Any:
        def raise_it(_none: None) -> None:
            raise error

        return raise_it

    client.cork()
    for failure in failures:
        client.write("x", callback=raiser(failure))
    client.uncork()
    with pytest.raises(ExceptionGroup) as caught:
        net.run_until(lambda: False, seconds=10)
    assert list(caught.value.exceptions) == failures
    assert client.ready_state == "open"
    net.close(client, peer)


def test_an_error_that_nobody_listens_to_is_raised(net: Loopback) -> None:
    """[C-20] 'close' follows all the same."""
    socket = sansnet.connect(net.free_port(), "127.0.0.1")
    closed: list[bool] = []
    socket.on("close", closed.append)
    with pytest.raises(NetConnectionError, match="connect ECONNREFUSED"):
        net.run()
    net.run()
    assert closed == [True]
    assert socket.destroyed
