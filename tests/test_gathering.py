"""What a listener writes leaves in one send, and nobody but the system notices."""

from __future__ import annotations

import socket as system
import threading
from collections.abc import Iterator

import pytest

from sansnet import Server, Socket
from sansnet.state.effects import Effects
from sansnet.state.ops import Send
from sansnet.testing import record
from sansnet.testing.trace import Fed
from sansnet.testing.trace_laws import hold
from sansnet.testing.trace_recorder import Recording
from tests.loopback import PATIENCE, Loopback, each_network, loopback, port_of, system_only

MIB = 1 << 20


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


def sends(recording: Recording) -> list[tuple[str, bytes]]:
    """What was sent, one gathering send after the other, and by whom."""
    fed = [entry for entry in recording.trace.entries if isinstance(entry, Fed)]
    effects: list[tuple[str, Effects]] = [(entry.who, list(entry.effects)) for entry in fed]
    return [(who, b"|".join(op.payloads)) for who, each in effects for op in each if isinstance(op, Send)]


def heard(peer: Socket) -> bytearray:
    """What comes to the peer."""
    text = bytearray()
    peer.on("data", text.extend)
    return text


def test_the_writes_of_a_listener_are_one_send(net: Loopback) -> None:
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        text = heard(client)
        answers: list[bool] = []

        def respond(_request: bytes) -> None:
            answers.extend([peer.write(b"head"), peer.write(b"body"), peer.write("tail")])

        peer.on("data", respond)
        client.write(b"?")
        net.run_until(lambda: text == b"headbodytail")
        net.close(client, peer)
    assert answers == [True, True, True]
    assert [sent for _, sent in sends(recording)] == [b"?", b"head|body|tail"]
    assert hold(recording.trace) > 0


def test_a_write_and_end_are_one_send(net: Loopback) -> None:
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        text = heard(client)
        peer.on("data", lambda _: (peer.write(b"head"), peer.end(b"body")))
        client.write(b"?")
        net.run_until(lambda: client.readable_ended)
        net.close(client, peer)
    assert text == b"headbody"
    assert [sent for _, sent in sends(recording)] == [b"?", b"head|body"]


def test_outside_of_listeners_each_write_is_a_send(net: Loopback) -> None:
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        client.write(b"a")
        client.write(b"b")
        net.close(client, peer)
    assert [sent for _, sent in sends(recording)] == [b"a", b"b"]


def test_what_a_callback_writes_is_gathered_too(net: Loopback) -> None:
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        client.write(b"a", callback=lambda _: (client.write(b"b"), client.write(b"c")))
        text = heard(peer)
        net.run_until(lambda: text == b"abc")
        net.close(client, peer)
    assert [sent for _, sent in sends(recording)] == [b"a", b"b|c"]


def test_what_goes_to_two_sockets_goes_in_order(net: Loopback) -> None:
    """The system is asked in the order of the calls, so only neighbours leave together."""
    calls: list[str] = []
    with record(None, net.driver) as recording:
        (one, its), (other, others) = net.pair(), net.pair()
        text, echo = heard(its), heard(others)

        def both(_: bytes) -> None:
            one.write(b"1", callback=lambda _: calls.append("1"))
            one.write(b"2", callback=lambda _: calls.append("2"))
            other.write(b"3", callback=lambda _: calls.append("3"))
            one.write(b"4", callback=lambda _: calls.append("4"))

        one.on("data", both)
        its.write(b"?")
        net.run_until(lambda: text == b"124" and echo == b"3")
        net.close(one, its, other, others)
    assert [sent for _, sent in sends(recording)] == [b"?", b"1|2", b"3", b"4"]
    assert calls == ["1", "2", "3", "4"]


def test_callbacks_come_before_what_is_asked_later(net: Loopback) -> None:
    """The count of a server's connections, and 'resume' of the socket itself: Node's order."""
    calls: list[str] = []
    client, peer = net.pair()
    server = Server()

    def respond(_: bytes) -> None:
        peer.write(b"1", callback=lambda _: calls.append("1"))
        server.get_connections(lambda *_: calls.append("count"))
        peer.write(b"2", callback=lambda _: calls.append("2"))
        peer.pause()
        peer.resume()

    peer.once("data", respond)
    peer.on("resume", lambda: calls.append("resume"))
    client.write(b"?")
    net.run_until(lambda: "2" in calls and "resume" in calls)
    assert calls == ["resume", "1", "count", "2", "resume"]
    net.close(client, peer)


def test_who_looks_sees_what_became_of_it(net: Loopback) -> None:
    """As without gathering: the system has taken it, and nothing waits."""
    client, peer = net.pair()
    seen: list[object] = []

    def look(_: bytes) -> None:
        peer.write(b"abc")
        seen.extend([peer.writable_length, peer.buffer_size, peer.bytes_written, peer.writable, peer.ready_state])
        peer.write(b"def")
        seen.extend([peer.writable_length, peer.errored])

    peer.on("data", look)
    client.write(b"?")
    net.run_until(lambda: seen)
    assert seen == [0, 0, 3, True, "open", 0, None]
    net.close(client, peer)


@system_only
def test_who_looks_from_another_thread_sends_nothing(net: Loopback) -> None:
    """A driver belongs to one thread, and so do its sends; a thread that keeps an eye on it must not join in."""
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        text = heard(client)
        seen: list[object] = []

        def look() -> None:
            seen.extend([peer.writable_length, peer.bytes_written, peer.fileno() >= 0])

        def respond(_request: bytes) -> None:
            peer.write(b"head")
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            peer.write(b"tail")

        peer.on("data", respond)
        client.write(b"?")
        net.run_until(lambda: text == b"headtail")
        net.close(client, peer)
    assert seen == [4, 4, True]
    assert [sent for _, sent in sends(recording)] == [b"?", b"head|tail"]


def test_a_listener_that_destroys_has_sent_what_it_wrote(net: Loopback) -> None:
    client, peer = net.pair()
    text = heard(client)
    peer.on("data", lambda _: (peer.write(b"bye"), peer.destroy()))
    client.write(b"?")
    net.run_until(lambda: client.readable_ended)
    assert text == b"bye"
    net.close(client, peer)


def test_a_listener_that_raises_has_sent_what_it_wrote(net: Loopback) -> None:
    client, peer = net.pair()
    text = heard(client)

    def fail(_: bytes) -> None:
        peer.write(b"bye")
        raise ValueError("mine")

    peer.on("data", fail)
    client.write(b"?")
    with pytest.raises(ValueError, match="mine"):
        net.run_until(lambda: text)
    net.run_until(lambda: text == b"bye")
    net.close(client, peer)


@system_only
def test_an_interrupt_loses_nothing_of_it(net: Loopback) -> None:
    client, peer = net.pair()
    text = heard(client)

    def leave(_: bytes) -> None:
        peer.write(b"bye")
        raise SystemExit

    peer.on("data", leave)
    client.write(b"?")
    with pytest.raises(SystemExit):
        net.run_until(lambda: text)
    net.run_until(lambda: text == b"bye")
    net.close(client, peer)


def test_a_listener_that_closes_the_driver_has_sent_what_it_wrote() -> None:
    with loopback() as net:
        server = net.serve(lambda accepted: accepted.on("data", lambda _: (accepted.write(b"bye"), net.driver.close())))
        with system.create_connection(("127.0.0.1", port_of(server)), PATIENCE) as client:
            client.sendall(b"?")
            net.run_until(lambda: net.driver.closed)
            assert client.recv(9) == b"bye"


@pytest.mark.parametrize("size", [65_536, MIB])
def test_at_the_high_water_mark_nothing_is_gathered(net: Loopback, size: int) -> None:
    with record(None, net.driver) as recording:
        client, peer = net.pair()
        text = heard(client)
        peer.on("data", lambda _: (peer.write(bytes(size)), peer.write(b"x")))
        client.write(b"?")
        net.run_until(lambda: len(text) == size + 1)
        net.close(client, peer)
    assert [len(sent) for _, sent in sends(recording)] == [1, size, 1]
