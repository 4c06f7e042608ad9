"""`Socket` over the real driver, on the loopback interface: what its users see, and in which order.

The marks in brackets (X-05, H-07, …) are the numbers of Node's observed behaviours.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from sansnet import NetBrokenPipeError, NetConnectionRefusedError, NetConnectionResetError, Socket
from tests.loopback import Loopback, each_network, log_of, port_of

MIB = 1 << 20


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


# ------------------------------------------------------------------------------------------------------ order of events


def test_connect_then_ready_in_one_go(net: Loopback) -> None:
    """[X-05] `connecting` is over in 'connect', whose listeners come in the order of registration; 'ready' follows."""
    server = net.serve()
    socket = Socket()
    log: list[object] = []
    socket.on("connect", lambda: log.append(("first", socket.connecting, socket.ready_state, socket.pending)))
    socket.connect(port_of(server), "127.0.0.1", lambda: log.append("callback"))
    assert (socket.connecting, socket.ready_state, socket.pending, log) == (True, "opening", True, [])
    socket.on("connect", lambda: log.append("last"))
    socket.on("ready", lambda: log.append("ready"))
    net.run_until(lambda: "ready" in log)
    assert log == [("first", False, "open", False), "callback", "last", "ready"]
    assert socket.remote_port == port_of(server)
    assert socket.address() == (socket.local_address, "IPv4", socket.local_port)


def test_destroy_in_connect_lets_ready_come(net: Loopback) -> None:
    """[C-06]"""
    socket = Socket()
    log = log_of(socket)
    socket.on("connect", socket.destroy)
    server = net.serve(lambda _peer: server.close())
    socket.connect(port_of(server), "127.0.0.1")
    net.run()
    assert log == ["connect", "ready", "close(False)"]


def test_peer_ends_and_so_do_we(net: Loopback) -> None:
    """[X-06] Without half-open 'end' leads to our own end; 'close' comes last, and says that all was well."""
    client, peer = net.pair()
    log = log_of(peer)
    states: list[tuple[str, bool]] = []
    peer.on("end", lambda: states.append((peer.ready_state, peer.writable_ended)))
    peer.on("finish", lambda: states.append((peer.ready_state, peer.destroyed)))
    client.resume().end()
    net.run()
    assert log == ["end", "prefinish", "finish", "close(False)"]
    assert states == [("writeOnly", False), ("closed", False)]


@pytest.mark.covers("Socket 'prefinish'")
def test_own_end(net: Loopback) -> None:
    """[X-07, H-02] prefinish, the callback, finish; then the peer's end, and close."""
    client, peer = net.pair()
    log = log_of(client)
    peer.resume()
    client.end("bye", callback=lambda error: log.append(f"ended({error})"))
    assert (client.ready_state, client.writable_ended, log) == ("readOnly", True, [])
    net.run()
    assert log == ["prefinish", "ended(None)", "finish", "end", "close(False)"]


def test_a_graceful_close_from_both_sides(net: Loopback) -> None:
    """[H-21] The one who began has its 'close' after its 'end'."""
    client, peer = net.pair()
    log = log_of(client, "client")
    log_of(peer, "peer", into=log)
    client.end("x", callback=lambda _error: log.append("client.ended"))
    net.run()
    mine = [entry for entry in log if entry.startswith("client.")]
    theirs = [entry for entry in log if entry.startswith("peer.")]
    assert mine == ["client.prefinish", "client.ended", "client.finish", "client.end", "client.close(False)"]
    assert theirs == ["peer.data(b'x')", "peer.end", "peer.prefinish", "peer.finish", "peer.close(False)"]
    assert log.index("peer.finish") < log.index("client.end")


def test_a_write_callback_never_comes_at_once(net: Loopback) -> None:
    """[X-08]"""
    client, peer = net.pair()
    log: list[object] = []
    assert client.write("x", callback=log.append)
    assert log == []
    net.run_until(lambda: log)
    assert log == [None]
    net.close(client, peer)


def test_drain_comes_before_the_callback_that_brings_it(net: Loopback) -> None:
    """[X-09]"""
    client, peer = net.pair()
    log: list[str] = []
    client.on("drain", lambda: log.append("drain"))
    assert not client.write(bytes(16 * MIB), callback=lambda error: log.append(f"written({error})"))
    assert (client.writable_need_drain, log) == (True, [])
    peer.resume()
    net.run_until(lambda: len(log) == 2)
    assert log == ["drain", "written(None)"]
    assert not client.writable_need_drain
    net.close(client, peer)


def test_nothing_is_told_from_within_a_call(net: Loopback) -> None:
    """[X-01, X-02] 'error' and 'close' come from the loop, in this order; the state is there at once."""
    client, peer = net.pair()
    log = log_of(client)
    errors: list[Exception] = []
    client.on("error", errors.append)
    failure = RuntimeError("mine")
    client.destroy(failure)
    assert client.destroyed
    assert client.closed
    assert (client.ready_state, log) == ("closed", [])
    net.run()
    assert log == ["error(RuntimeError)", "close(True)"]
    assert errors == [failure]
    assert client.errored is failure
    assert peer.destroyed


# ------------------------------------------------------------------------------------------------------------ half-open


def test_half_open_at_the_server(net: Loopback) -> None:
    """[H-09] It may answer for as long as it likes; the client, which has ended, hears all of it."""
    client, peer = net.pair({"allow_half_open": True})
    heard = log_of(client)
    log = log_of(peer)
    client.end("question")
    net.run_until(lambda: "end" in log)
    net.turn(5)
    assert peer.ready_state == "writeOnly"
    assert not peer.writable_ended
    peer.write("the ")
    net.run_until(lambda: "data(b'the ')" in heard)
    peer.end("answer")
    net.run()
    assert log == ["data(b'question')", "end", "prefinish", "finish", "close(False)"]
    assert heard == ["prefinish", "finish", "data(b'the ')", "data(b'answer')", "end", "close(False)"]


def test_half_open_at_the_client(net: Loopback) -> None:
    client, peer = net.pair(allow_half_open=True)
    heard = log_of(peer)
    peer.end("I'm done")
    client.resume()
    net.run_until(lambda: client.readable_ended)
    net.turn(5)
    assert client.ready_state == "writeOnly"
    client.end("so am I")
    net.run()
    assert heard == ["prefinish", "finish", "data(b'so am I')", "end", "close(False)"]


def test_a_write_in_end_goes_out_before_the_fin(net: Loopback) -> None:
    """[H-07]"""
    client, peer = net.pair()
    heard = log_of(client)
    peer.resume().on("end", lambda: peer.write("last words"))
    client.end()
    net.run()
    assert heard == ["prefinish", "finish", "data(b'last words')", "end", "close(False)"]


def test_a_write_after_both_have_ended(net: Loopback) -> None:
    """[H-17] It is the peer who ended it: EPIPE, and not write after end."""
    client, peer = net.pair()
    answers: list[Any] = []
    errors: list[Exception] = []
    client.on("error", errors.append)
    client.on("end", lambda: answers.append(client.write("too late", callback=answers.append)))
    client.resume().end()
    peer.resume()
    net.run()
    [refused, error] = answers
    assert refused is False
    assert isinstance(error, NetBrokenPipeError)
    assert (error.code, str(error)) == ("EPIPE", "This socket has been ended by the other party")
    assert errors == [error]


def test_end_waits_for_somebody_to_read(net: Loopback) -> None:
    """[H-11, H-13] Unread bytes hold 'end' back, and with it everything that follows."""
    client, peer = net.pair()
    client.end("unread")
    net.run_until(lambda: peer.bytes_read == 6)
    net.turn(20)
    assert (peer.ready_state, peer.readable_length, peer.readable_ended) == ("open", 6, False)
    log = log_of(peer)
    net.run()
    assert log == ["data(b'unread')", "end", "prefinish", "finish", "close(False)"]


# ----------------------------------------------------------------------------------------- destroyed, reset and refused


def test_destroy(net: Loopback) -> None:
    """[F-01, F-03, H-23]"""
    client, peer = net.pair()
    log = log_of(client)
    assert client.destroy() is client
    seen = (client.readable, client.writable, client.pending, client.address(), client.local_port)
    assert seen == (False, False, True, None, None)
    client.destroy(RuntimeError("too late"))
    net.run()
    assert (log, client.errored) == (["close(False)"], None)
    assert peer.destroyed


def test_destroy_answers_everyone_who_waits(net: Loopback) -> None:
    """[F-04, F-05] Before 'close', with the fate of what was in flight; without 'drain', 'finish' or 'error'."""
    client, peer = net.pair()
    peer.pause()
    log = log_of(client)
    for name in ("in flight", "queued"):
        client.write(bytes(32 * MIB), callback=lambda error, name=name: log.append(f"{name}: {error.code}"))
    client.end(callback=lambda error: log.append(f"end: {error.code}"))
    client.destroy()
    net.run_until(lambda: "close(False)" in log)
    assert sorted(log[:-1]) == ["end: ECANCELED", "in flight: ECANCELED", "queued: ECANCELED"]
    net.close(client, peer)


def test_destroy_before_the_attempt(net: Loopback) -> None:
    """[C-12] Nobody is even called."""
    server = net.serve()
    client = sansnet.connect(port_of(server), "127.0.0.1")
    log = log_of(client)
    attempts: list[object] = []
    client.on("connection_attempt", lambda *_: attempts.append(None))
    client.destroy()
    net.run_until(lambda: log)
    assert (log, attempts, server.connections) == (["close(False)"], [], 0)


def test_reset(net: Loopback) -> None:
    """[F-10, V-06]"""
    client, peer = net.pair()
    log, heard = log_of(client), log_of(peer)
    errors: list[NetConnectionResetError] = []
    peer.on("error", errors.append)
    assert client.reset_and_destroy() is client
    assert client.destroyed
    net.run()
    assert (log, heard) == (["close(False)"], ["error(ECONNRESET)", "close(True)"])
    [error] = errors
    assert isinstance(error, ConnectionResetError)
    assert (str(error), error.syscall) == ("read ECONNRESET", "read")
    assert error.errno in (errno.ECONNRESET, 104)  # a simulated network has Linux's numbers everywhere
    assert peer.errored is error


def test_reset_without_a_connection(net: Loopback) -> None:
    """[F-08]"""
    socket = Socket()
    log = log_of(socket)
    socket.reset_and_destroy()
    net.run()
    assert log == ["error(ERR_SOCKET_CLOSED)", "close(None)"]


def test_unread_bytes_reset_the_peer(net: Loopback) -> None:
    """[F-07]"""
    client, peer = net.pair()
    heard = log_of(client)
    peer.pause()
    while client.write(bytes(MIB)):
        pass
    net.run_until(lambda: peer.readable_length >= peer.readable_high_water_mark)
    net.arrives(peer)
    peer.destroy()
    net.run()
    assert heard[-1] == "close(True)"
    assert heard[0] in ("error(ECONNRESET)", "error(EPIPE)")


def test_destroy_soon_waits_for_what_was_written(net: Loopback) -> None:
    """[F-14] But not for the peer's end."""
    client, peer = net.pair({"allow_half_open": True})
    heard: list[int] = []
    peer.on("data", lambda chunk: heard.append(len(chunk)))
    log = log_of(client)
    client.write(bytes(8 * MIB))
    client.destroy_soon()
    net.run_until(lambda: client.destroyed and log[-1] == "close(False)")
    assert log == ["prefinish", "finish", "close(False)"]
    net.run_until(lambda: sum(heard) == 8 * MIB)
    net.close(client, peer)


def test_refused(net: Loopback) -> None:
    """[C-07, C-08] The attempt's failure, the error, close; and what the error says."""
    port = net.free_port()
    socket = Socket()
    log = log_of(socket)
    errors: list[NetConnectionRefusedError] = []
    socket.on("error", errors.append)
    socket.on("connection_attempt", lambda *where: log.append(f"attempt{where}"))
    socket.on("connection_attempt_failed", lambda *where: log.append(f"failed{where[:3]} {socket.ready_state}"))
    socket.connect(port, "127.0.0.1")
    net.run()
    where = ("127.0.0.1", port, 4)
    assert log == [f"attempt{where}", f"failed{where} open", "error(ECONNREFUSED)", "close(True)"]
    [error] = errors
    assert isinstance(error, ConnectionRefusedError)
    assert str(error) == f"connect ECONNREFUSED 127.0.0.1:{port}"
    assert (error.code, error.errno, error.syscall) == ("ECONNREFUSED", errno.ECONNREFUSED, "connect")
    assert (error.address, error.port) == ("127.0.0.1", port)


def test_whoever_waits_for_a_connection_that_fails(net: Loopback) -> None:
    """[G-09] The first write hears that there never was a connection, the others why; all of them after 'close'."""
    socket = sansnet.connect(net.free_port(), "127.0.0.1")
    log = log_of(socket)
    for name in ("first", "second"):
        socket.write(name, callback=lambda error, name=name: log.append(f"{name}: {error.code}"))
    socket.end(callback=lambda error: log.append(f"end: {error.code}"))
    net.run()
    assert log == [
        "error(ECONNREFUSED)",
        "close(True)",
        "first: ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
        "second: ECONNREFUSED",
        "end: ECONNREFUSED",
    ]


def test_an_end_that_waits_for_a_connection_that_fails(net: Loopback) -> None:
    """[F-06] With nothing to write it hears of the failure before everyone else."""
    socket = sansnet.connect(net.free_port(), "127.0.0.1")
    log = log_of(socket)
    socket.end(callback=lambda error: log.append(f"end: {error.code}"))
    net.run()
    assert log == ["end: ECONNREFUSED", "error(ECONNREFUSED)", "close(True)"]


def test_no_connection_without_arguments(net: Loopback) -> None:
    """[B-01]"""
    socket = Socket()
    with pytest.raises(TypeError, match='The "options" or "port" or "path" argument must be specified'):
        socket.connect()  # type: ignore[call-overload]
    assert (socket.ready_state, socket.connecting) == ("open", False)


# ------------------------------------------------------------------------------------------------------------ once more


@pytest.mark.covers("M-01")
def test_a_new_life_from_close(net: Loopback) -> None:
    """[M-01] Everything begins anew; the listeners are still there."""
    server = net.serve(lambda peer: peer.end("hello"))
    socket = Socket()
    log = log_of(socket)
    counts: list[tuple[int, int]] = []

    def again(_had_error: bool) -> None:
        counts.append((socket.bytes_read, socket.bytes_written))
        if len(counts) < 3:
            socket.connect(port_of(server), "127.0.0.1")
            assert (socket.ready_state, socket.bytes_read, socket.bytes_written) == ("opening", 0, 0)
            assert not socket.writable_ended
            socket.write("hi")
        else:
            server.close()

    socket.on("close", again)
    socket.connect(port_of(server), "127.0.0.1").write("hi")
    net.run()
    life = ["connect", "ready", "data(b'hello')", "end", "prefinish", "finish", "close(False)"]
    assert log == life * 3
    assert counts == [(5, 2)] * 3


@pytest.mark.covers("M-02")
def test_again_and_again_after_being_refused(net: Loopback) -> None:
    """[M-02]"""
    port = net.free_port()
    socket = Socket()
    log = log_of(socket)
    socket.on("close", lambda _had_error: socket.connect(port, "127.0.0.1") if len(log) < 40 else None)
    socket.connect(port, "127.0.0.1")
    net.run()
    assert log == ["error(ECONNREFUSED)", "close(True)"] * 20


@pytest.mark.covers("M-03", "L-03")
def test_a_new_life_has_the_addresses_of_its_own_connection(net: Loopback) -> None:
    accepted: list[Socket] = []
    socket = Socket()
    for server in (net.serve(accepted.append).unref(), net.serve(accepted.append).unref()):
        socket.connect(port=port_of(server), host="127.0.0.1", local_address="127.0.0.1")
        assert (socket.remote_port, socket.local_port) == (None, None)
        net.run_until(lambda: accepted and not socket.pending)
        peer = accepted.pop()
        assert (socket.remote_address, socket.remote_port) == ("127.0.0.1", port_of(server))
        assert (socket.local_address, socket.local_port) == ("127.0.0.1", peer.remote_port)
        net.close(socket, peer)


def test_connect_at_once_after_destroy(net: Loopback) -> None:
    """[C-18] A second life begins; of the first only 'close' is still to come."""
    server = net.serve()
    socket = sansnet.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: socket.ready_state == "open")
    log = log_of(socket)
    socket.destroy().connect(port_of(server), "127.0.0.1")
    assert socket.ready_state == "opening"
    net.run_until(lambda: len(log) == 3)
    assert sorted(log) == ["close(False)", "connect", "ready"]
    assert socket.ready_state == "open"


def test_connect_on_an_open_socket(net: Loopback) -> None:
    client, peer = net.pair()
    with pytest.raises(OSError, match="connect EISCONN") as caught:
        client.connect(1, "127.0.0.1")
    assert caught.value.errno == errno.EISCONN
    assert client.ready_state == "open"
    net.close(client, peer)
