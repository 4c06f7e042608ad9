"""What a hostile peer or a careless program can bring about, and must not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sansnet
from sansnet import AbortController, NetTypeError, Socket
from tests.loopback import Loopback, loopback, port_of


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


def test_many_small_chunks_are_told_without_a_deep_stack(net: Loopback) -> None:
    client, peer = net.pair()
    peer.pause()
    client.set_no_delay()
    for count in range(1, 1501):
        client.write(b"x")
        net.run_until(lambda count=count: peer.bytes_read == count)  # type: ignore[misc]
    got: list[bytes] = []
    peer.on("data", got.append)
    peer.resume()
    net.run_until(lambda: len(got) == 1500)


def test_a_timer_that_a_tick_takes_back_is_not_heard(net: Loopback) -> None:
    client, _ = net.pair()
    client.on("pause", client.destroy)
    client.on("timeout", lambda: pytest.fail("it was destroyed before"))

    def pause() -> None:
        client.pause()

    net.driver.call_later(0, pause)
    client.set_timeout(0.001)  # due later, on however slow a machine
    net.run_until(lambda: client.ready_state == "closed")


@pytest.mark.parametrize("size", [1.5, "2", True])
def test_a_size_that_is_none_is_refused_and_takes_nothing(net: Loopback, size: object) -> None:
    client, peer = net.pair()
    peer.pause()
    client.write(b"hello")
    net.run_until(lambda: peer.readable_length == 5)
    with pytest.raises(NetTypeError, match="size"):
        peer.read(size)  # type: ignore[arg-type]
    assert peer.read(-1) is None
    assert peer.read() == b"hello"


def test_a_pipe_goes_at_the_pace_of_its_slowest_destination(net: Loopback) -> None:
    source, feeder = net.pair()
    fast, fast_peer = net.pair()
    slow, slow_peer = net.pair()
    fast_peer.resume()
    slow_peer.pause()
    source.pipe(fast)
    source.pipe(slow)
    feeder.write(bytes(32 << 20))
    net.run_until(lambda: slow.writable_need_drain)
    for _ in range(50):
        net.driver.step(0)
    assert slow.writable_length <= 2 * slow.writable_high_water_mark
    slow_peer.resume()
    net.run_until(lambda: slow_peer.bytes_read == 32 << 20 == fast_peer.bytes_read)


def test_a_pipe_leaves_nothing_behind(net: Loopback) -> None:
    destination, _ = net.pair()
    before = {event: destination.listener_count(event) for event in ("drain", "close", "finish")}
    source, _ = net.pair()
    source.pipe(destination, end=False)
    source.destroy()
    net.run_until(lambda: not source.listener_count("data"))
    assert {event: destination.listener_count(event) for event in before} == before


def test_a_pipe_to_nothing_is_refused(net: Loopback) -> None:
    source, _ = net.pair()
    with pytest.raises(NetTypeError, match="destination"):
        source.pipe(object())  # type: ignore[type-var]
    assert source.listener_count("data") == 0


def test_grace_is_for_the_connections_that_were_there(net: Loopback) -> None:
    server = net.serve()
    client = sansnet.connect(port_of(server), "127.0.0.1")
    client.on("end", lambda: None)
    net.run_until(lambda: server.connections == 1)
    done: list[object] = []
    server.close(done.append, timeout=0.01)
    net.run_until(lambda: done)
    server.listen(0)
    later = sansnet.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: server.connections == 1)
    assert later.ready_state == "open"


@pytest.mark.covers("R-06")
def test_a_signal_is_the_affair_of_one_listening(net: Loopback) -> None:
    abort = AbortController()
    server = sansnet.create_server()
    server.listen(0, signal=abort.signal)
    server.close()
    server.listen(0)
    abort.abort()
    assert server.listening
    assert abort.signal.listener_count() == 0


@pytest.mark.covers("R-06")
def test_listening_in_vain_leaves_the_signal(net: Loopback) -> None:
    abort = AbortController()
    taken = net.serve()
    server = sansnet.create_server()
    errors: list[Exception] = []
    server.on("error", errors.append)
    server.listen(port_of(taken), "127.0.0.1", signal=abort.signal)
    net.run_until(lambda: errors)
    assert abort.signal.listener_count() == 0


def test_an_option_of_a_server_is_checked_when_it_is_set() -> None:
    server = sansnet.create_server()
    with pytest.raises(TypeError):
        server.block_list = "nobody"  # type: ignore[assignment]
    with pytest.raises(TypeError):
        server.high_water_mark = "much"  # type: ignore[assignment]
    server.high_water_mark = 10
    assert server.high_water_mark == 10


def test_a_paused_server_still_keeps_the_loop(net: Loopback) -> None:
    server = net.serve()
    server.pause()
    assert net.driver.alive
    server.close()
    net.run_until(lambda: not net.driver.alive)


def test_an_encoding_that_comes_late_finds_all_that_is_buffered(net: Loopback) -> None:
    client, peer = net.pair()
    peer.pause()
    client.end(b"ab\xc3")
    net.run_until(lambda: "read eof" in peer.describe())
    peer.set_encoding("utf-8")
    peer.set_encoding("hex")
    got: list[str] = []
    peer.on("data", got.append)
    peer.resume()
    net.run_until(lambda: peer.readable_ended)
    assert "".join(got) == "ab\N{REPLACEMENT CHARACTER}"


def test_only_an_exception_can_be_a_reason(net: Loopback) -> None:
    with pytest.raises(NetTypeError, match="error"):
        Socket().destroy("boo")  # type: ignore[arg-type]
