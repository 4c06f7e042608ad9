"""`Server` over the real driver, on the loopback interface and on paths.

The marks in brackets (N-03, P-04, …) are the numbers of Node's observed behaviours.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sansnet
from sansnet import AddressInfo, BlockList, DropInfo, NetError, NetOSError, Server, Socket
from tests.loopback import HAS_PATHS, Loopback, each_network, log_of, not_under_wine, option_of, port_of, system_only

MIB = 1 << 20

paths = pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")


@each_network
def net(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    with request.param() as made:
        yield made


def server_log(server: Server) -> list[str]:
    log: list[str] = []
    for event in ("listening", "connection", "drop"):
        server.on(event, lambda *_, event=event: log.append(event))
    server.on("close", lambda: log.append("close"))
    server.on("error", lambda error: log.append(f"error({error.code})"))
    return log


def connected(net: Loopback, server: Server, count: int = 1) -> list[Socket]:
    """So many clients of a server, all of them accepted."""
    before = server.connections
    clients = [sansnet.connect(port_of(server), "127.0.0.1") for _ in range(count)]
    net.run_until(lambda: server.connections == before + count)
    net.run_until(lambda: all(client.ready_state == "open" for client in clients))
    return clients


# ------------------------------------------------------------------------------------------------------------ listening


def test_without_a_host_it_listens_at_once(net: Loopback) -> None:
    """[N-02, N-03, X-10] The event comes from the loop."""
    server = sansnet.create_server()
    log = server_log(server)
    assert server.listen(callback=lambda: log.append("callback")) is server
    assert (server.listening, log) == (True, [])
    address = server.address()
    assert isinstance(address, AddressInfo)
    assert address.port > 0
    net.run_until(lambda: log)
    assert sorted(log) == ["callback", "listening"]
    server.close()
    assert (server.listening, server.address()) == (False, None)
    net.run()


def test_with_a_host_it_listens_later(net: Loopback) -> None:
    """[N-03]"""
    server = sansnet.create_server().listen(0, "127.0.0.1")
    assert (server.listening, server.address()) == (False, None)
    net.run_until(lambda: server.listening)
    address = server.address()
    assert isinstance(address, AddressInfo)
    assert address[:2] == ("127.0.0.1", "IPv4")
    server.close()
    net.run()


def test_listening_twice(net: Loopback) -> None:
    """[N-10, N-12] Not while it listens; at once after close()."""
    server = sansnet.create_server().listen(0)
    log = server_log(server)
    with pytest.raises(RuntimeError, match=r"Listen method has been called more than once without closing\."):
        server.listen("any arguments, even bad ones", [])  # type: ignore[call-overload]
    assert server.listening
    server.close().listen(0)
    assert server.listening
    net.run_until(lambda: {"close", "listening"} <= set(log))
    server.close()
    net.run()


def test_a_port_that_is_taken(net: Loopback) -> None:
    """[N-13, N-14] An 'error', no 'close'; it may try again."""
    first = net.serve()
    server = sansnet.create_server()
    log = server_log(server)
    errors: list[NetOSError] = []
    server.on("error", errors.append)
    server.listen(port_of(first), "127.0.0.1")
    net.run_until(lambda: log)
    [error] = errors
    assert str(error) == f"listen EADDRINUSE: address already in use 127.0.0.1:{port_of(first)}"
    assert (error.code, error.errno, error.syscall) == ("EADDRINUSE", errno.EADDRINUSE, "listen")
    assert (error.address, error.port) == ("127.0.0.1", port_of(first))
    assert not server.listening
    server.listen(0, "127.0.0.1")
    net.run_until(lambda: server.listening)
    net.turn()
    assert log == ["error(EADDRINUSE)", "listening"]


def test_an_error_that_nobody_listens_to_is_raised(net: Loopback) -> None:
    """[N-17]"""
    first = net.serve()
    sansnet.create_server().listen(port_of(first), "127.0.0.1")
    with pytest.raises(NetOSError, match="EADDRINUSE"):
        net.run()


@pytest.mark.parametrize("port", [-1, 65536, 1.5, float("nan")])
def test_what_is_no_port(net: Loopback, port: Any) -> None:
    """[N-05]"""
    with pytest.raises(ValueError, match=r"options\.port should be >= 0 and < 65536"):
        sansnet.create_server().listen(port)


def test_an_unreffed_server_keeps_nothing_alive(net: Loopback) -> None:
    """[K-09]"""
    server = net.serve().unref()
    net.run(seconds=5)
    assert server.listening


# -------------------------------------------------------------------------------------------------------------- closing


def test_close_waits_for_the_connections(net: Loopback) -> None:
    """[O-02, O-06, O-08] They go on; new ones are refused; 'close' comes when the last one is destroyed."""
    server = net.serve(lambda peer: peer.pipe(peer))
    port = port_of(server)
    [first, second] = connected(net, server, 2)
    log = server_log(server)
    server.close(lambda error: log.append(f"closed({error})"))
    assert (server.listening, server.connections) == (False, 2)
    echoed: list[bytes] = []
    first.on("data", echoed.append)
    first.write("still there?")
    late = log_of(sansnet.connect(port, "127.0.0.1"))
    net.run_until(lambda: echoed and len(late) == 2)
    assert late == ["error(ECONNREFUSED)", "close(True)"]
    first.destroy()
    net.run_until(lambda: server.connections == 1)
    assert log == []
    second.end()
    second.resume()
    net.run()
    assert log == ["close", "closed(None)"]


def test_close_without_connections(net: Loopback) -> None:
    """[O-02, O-03] In a tick, not at once."""
    server = net.serve()
    log = server_log(server)
    server.close(lambda error: log.append(f"closed({error})"))
    assert log == []
    net.run()
    assert log == ["close", "closed(None)"]


def test_close_what_is_closed(net: Loopback) -> None:
    """[O-03, O-04, O-05] The callback hears so, but only with 'close'."""
    server = sansnet.create_server()
    answers: list[Any] = []
    assert server.close(answers.append) is server
    assert answers == []
    net.run()
    [error] = answers
    assert (error.code, str(error)) == ("ERR_SERVER_NOT_RUNNING", "Server is not running.")


def test_close_twice_while_a_connection_lives(net: Loopback) -> None:
    """[O-05] One 'close', and both callbacks with it."""
    server = net.serve()
    [client] = connected(net, server)
    answers: list[Any] = []
    log = server_log(server)
    server.close(answers.append)
    server.close(answers.append)
    client.destroy()
    net.run()
    assert [error and error.code for error in answers] == [None, "ERR_SERVER_NOT_RUNNING"]
    assert log == ["close"]


@pytest.mark.covers("Server.close_all_connections", "Server.connections")
def test_close_all_connections(net: Loopback) -> None:
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    logs = [log_of(client) for client in connected(net, server, 3)]
    server.close()
    server.close_all_connections()
    assert server.connections == 0
    assert all(peer.destroyed and peer.server is server for peer in accepted)
    net.run()
    assert [log[-1] for log in logs] == ["close(False)"] * 3


@pytest.mark.covers("O-06", "C-19")
@not_under_wine("a plain socket hears of RST as of FIN")
@system_only
def test_closing_resets_who_waited_in_the_backlog(net: Loopback) -> None:
    """[O-06, C-19]"""
    server = net.serve()
    with socket.create_connection(("127.0.0.1", port_of(server))) as waiting:
        server.close()
        net.run()
        with pytest.raises(ConnectionResetError):
            waiting.recv(1)


# ------------------------------------------------------------------------------------------------------------ accepting


@pytest.mark.covers("Server")
def test_a_connection(net: Loopback) -> None:
    """[P-01] Open, with both addresses, and no 'connect'."""
    logs: list[list[str]] = []
    accepted: list[Socket] = []

    def accept(peer: Socket) -> None:
        logs.append(log_of(peer))
        accepted.append(peer)
        assert (peer.ready_state, peer.connecting, peer.pending, peer.server) == ("open", False, False, server)

    server = net.serve(accept)
    [client] = connected(net, server)
    [peer] = accepted
    assert peer.address() == ("127.0.0.1", "IPv4", port_of(server))
    assert (peer.remote_address, peer.remote_family, peer.remote_port) == tuple(client.address() or ())
    client.resume().end()
    net.run_until(lambda: peer.destroyed)
    assert logs == [["end", "prefinish", "finish"]]
    net.run_until(lambda: logs[0][-1] == "close(False)")


@pytest.mark.covers("DropInfo")
def test_above_the_limit_connections_are_dropped(net: Loopback) -> None:
    """[P-03, P-04, P-06] Told as 'drop', not counted; who goes makes room."""
    server = net.serve()
    server.max_connections = 2
    first, _second = connected(net, server, 2)
    log = server_log(server)
    dropped: list[DropInfo] = []
    server.on("drop", dropped.append)
    third = sansnet.connect(port_of(server), "127.0.0.1").resume()
    heard = log_of(third)
    net.run_until(lambda: "close(False)" in heard)
    assert heard == ["connect", "ready", "end", "prefinish", "finish", "close(False)"]
    assert (log, server.connections) == (["drop"], 2)
    [info] = dropped
    assert info[:3] == ("127.0.0.1", port_of(server), "IPv4")
    assert (info.remote_address, info.remote_family) == ("127.0.0.1", "IPv4")
    first.destroy()
    net.run_until(lambda: server.connections == 1)
    connected(net, server)
    assert log == ["drop", "connection"]


def test_a_limit_of_none_and_of_nothing(net: Loopback) -> None:
    """[P-05] 0 drops everyone."""
    server = net.serve()
    server.max_connections = 0
    log = server_log(server)
    sansnet.connect(port_of(server), "127.0.0.1").resume()
    net.run_until(lambda: log)
    server.max_connections = None
    connected(net, server)
    assert log == ["drop", "connection"]


@pytest.mark.covers("Server(block_list)")
def test_the_block_list(net: Loopback) -> None:
    """[P-08] Neither 'connection' nor 'drop', and not counted."""
    blocked = BlockList()
    blocked.add_subnet("127.0.0.0", 8)
    server = net.serve(block_list=blocked)
    log = server_log(server)
    heard = log_of(sansnet.connect(port_of(server), "127.0.0.1"))
    net.run_until(lambda: "close(False)" in heard)
    assert heard == ["connect", "ready", "end", "prefinish", "finish", "close(False)"]
    assert (log, server.connections) == ([], 0)


def test_get_connections(net: Loopback) -> None:
    """[O-09, X-10] In a tick; also before listen() and after close()."""
    answers: list[tuple[Exception | None, int]] = []

    def answer(error: Exception | None, count: int) -> None:
        answers.append((error, count))

    server = sansnet.create_server()
    assert server.get_connections(answer) is server
    assert answers == []
    net.run()
    server.listen(0, "127.0.0.1")
    net.run_until(lambda: server.listening)
    connected(net, server, 3)
    server.get_connections(answer)
    server.close()
    server.close_all_connections()
    server.get_connections(answer)
    net.run()
    assert answers == [(None, 0), (None, 3), (None, 0)]


def test_pause_on_connect(net: Loopback) -> None:
    """[I-15] Nothing is read before resume(); writing works."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append, pause_on_connect=True)
    [client] = connected(net, server)
    heard = log_of(client)
    [peer] = accepted
    assert (peer.is_paused(), peer.readable_flowing) == (True, False)
    client.write("hello")
    peer.write("not yet")
    net.run_until(lambda: heard)
    net.turn(10)
    assert (heard, peer.bytes_read) == (["data(b'not yet')"], 0)
    log = log_of(peer)
    peer.resume()
    net.run_until(lambda: log)
    assert log == ["data(b'hello')"]


@pytest.mark.covers("A-04")
@system_only
def test_options_are_read_when_a_connection_is_accepted(net: Loopback) -> None:
    """[A-04, K-05]"""
    accepted: list[Socket] = []
    server = net.serve(accepted.append, no_delay=True, keep_alive=True, high_water_mark=1234)
    connected(net, server)
    server.allow_half_open = True
    server.no_delay = False
    connected(net, server)
    first, second = accepted
    assert (first.allow_half_open, second.allow_half_open) == (False, True)
    assert first.writable_high_water_mark == first.readable_high_water_mark == 1234
    assert bool(option_of(first, socket.IPPROTO_TCP, socket.TCP_NODELAY)) is True
    assert bool(option_of(second, socket.IPPROTO_TCP, socket.TCP_NODELAY)) is False
    assert bool(option_of(first, socket.SOL_SOCKET, socket.SO_KEEPALIVE)) is True


@pytest.mark.covers("P-02")
def test_a_listener_that_raises(net: Loopback) -> None:
    """[P-02] The connection stays open, and others are accepted."""
    server = net.serve()
    server.once("connection", lambda _peer: 1 / 0)
    client = sansnet.connect(port_of(server), "127.0.0.1")
    with pytest.raises(ZeroDivisionError):
        net.run_until(lambda: False, seconds=10)
    net.run_until(lambda: client.ready_state == "open")
    connected(net, server)
    assert server.connections == 2


def test_destroy_in_the_connection_listener(net: Loopback) -> None:
    """[P-09]"""
    logs: list[list[str]] = []

    def accept(peer: Socket) -> None:
        logs.append(log_of(peer))
        peer.destroy()

    server = net.serve(accept)
    heard = log_of(sansnet.connect(port_of(server), "127.0.0.1"))
    net.run_until(lambda: "close(False)" in heard)
    assert logs == [["close(False)"]]
    assert heard == ["connect", "ready", "end", "prefinish", "finish", "close(False)"]
    assert server.connections == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of no connection that is gone before it is accepted")
@system_only
def test_a_client_that_resets_at_once(net: Loopback) -> None:
    """[P-10] It was a connection; then it fails."""
    logs: list[list[str]] = []
    server = net.serve(lambda peer: logs.append(log_of(peer)))
    with socket.create_connection(("127.0.0.1", port_of(server))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    net.run_until(lambda: logs and logs[0][-1:] == ["close(True)"])
    assert logs == [["error(ECONNRESET)", "close(True)"]]
    assert server.connections == 0


# ---------------------------------------------------------------------------------------------------------------- paths


@paths
@system_only
def test_a_path(net: Loopback, tmp_path: Path) -> None:
    """[Q-01, Q-02, Q-06] Made at once, removed at once, and remembered."""
    path = tmp_path / "socket"
    server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(str(path))
    assert (server.listening, path.is_socket(), server.address()) == (True, True, str(path))
    echoed: list[bytes] = []
    client = sansnet.connect(str(path))
    client.on("data", echoed.append)
    client.write("hello")
    net.run_until(lambda: echoed)
    assert (client.address(), client.remote_address) == (None, None)
    with pytest.raises(TypeError, match="This handle type cannot be sent"):
        client.reset_and_destroy()
    assert client.ready_state == "open"
    server.close()
    assert (path.exists(), server.address()) == (False, str(path))
    client.end()
    net.run()


@paths
def test_half_open_on_a_path(net: Loopback, tmp_path: Path) -> None:
    """[H-22]"""
    path = str(tmp_path / "socket")
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True).listen(path)
    received = bytearray()
    client = sansnet.connect(path)
    client.on("data", received.extend)
    client.end(bytes(4 * MIB))
    net.run_until(lambda: client.destroyed)
    assert len(received) == 4 * MIB
    server.close()
    net.run()


@pytest.mark.covers("Q-01")
@paths
@system_only
def test_a_path_that_exists(net: Loopback, tmp_path: Path) -> None:
    """[Q-01] Whatever is there stays there."""
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    server = sansnet.create_server()
    errors: list[NetOSError] = []
    server.on("error", errors.append).listen(str(path))
    net.run()
    assert [error.code for error in errors] == ["EADDRINUSE"]
    assert str(errors[0]) == f"listen EADDRINUSE: address already in use {path}"
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.covers("Q-03", "Q-04")
@paths
@pytest.mark.parametrize(("name", "code"), [("missing", "ENOENT"), ("file", "ECONNREFUSED"), ("x" * 200, "EINVAL")])
@system_only
def test_a_path_where_nobody_listens(net: Loopback, tmp_path: Path, name: str, code: str) -> None:
    """[Q-03, Q-04]"""
    (tmp_path / "file").touch()
    path = str(tmp_path / name)
    errors: list[NetOSError] = []
    sansnet.connect(path).on("error", errors.append)
    net.run()
    [error] = errors
    assert (error.code, error.address, error.port, error.syscall) == (code, path, None, "connect")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract names")
def test_an_abstract_name(net: Loopback) -> None:
    """[N-25]"""
    name = f"\0sansnet-{os.getpid()}"
    server = sansnet.create_server(lambda peer: peer.end("hello")).listen(name)
    assert server.address() == name
    received: list[bytes] = []
    sansnet.connect(name).on("data", received.append)
    net.run_until(lambda: received)
    server.close()
    net.run()


# --------------------------------------------------------------------------------------------------------------- errors


def test_every_error_is_a_net_error(net: Loopback) -> None:
    server = sansnet.create_server()
    with pytest.raises(NetError):
        server.listen(-1)
    with pytest.raises(NetError):
        server.listen({})
    with pytest.raises(NetError):
        sansnet.create_server("no listener")  # type: ignore[call-overload]
