"""The options of `listen()`, as the system sees them, and `close()` within a time."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sansnet
from sansnet import Server, Socket
from tests.loopback import Loopback, loopback, port_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are Linux's names for the options")


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@contextlib.contextmanager
def system_socket(of: Server) -> Iterator[socket.socket]:
    """The system's socket, to be asked."""
    with socket.socket(fileno=os.dup(of.fileno())) as asked:
        yield asked


@pytest.mark.covers("Server.listen(backlog)", "N-09")
@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ((0, "127.0.0.1"), {}, 511),
        ((0, "127.0.0.1", 7), {}, 7),
        ((0,), {"backlog": 8}, 8),
        ((0, 9), {}, 9),
        (({"port": 0, "backlog": 10},), {}, 10),
        ((0, "127.0.0.1", 0), {}, 511),
    ],
)
def test_the_backlog(net: Loopback, arguments: tuple[Any, ...], options: dict[str, Any], expected: int) -> None:
    server = sansnet.create_server().listen(*arguments, **options)
    net.run_until(lambda: server.listening)
    with system_socket(server) as asked:
        info = asked.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    limit = int(Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii"))
    assert int.from_bytes(info[28:32], sys.byteorder) == min(expected, limit)
    server.close()
    net.run()


@pytest.mark.covers("Server.listen(reuse_port)", "N-23")
def test_a_port_for_several_servers(net: Loopback) -> None:
    """Only those who all say so share it; an exclusive port is no different from any other one."""
    first = sansnet.create_server().listen(0, "127.0.0.1", 511)
    net.run_until(lambda: first.listening)
    codes: list[str] = []
    shares: tuple[dict[str, Any], ...] = ({}, {"exclusive": True}, {"reuse_port": True})
    for options in shares:
        other = sansnet.create_server().on("error", lambda error: codes.append(error.code))
        other.listen(host="127.0.0.1", port=port_of(first), **options)
    net.run_until(lambda: len(codes) == 3)
    assert codes == ["EADDRINUSE"] * 3
    first.close()
    one, two = [sansnet.create_server() for _ in range(2)]
    one.listen(host="127.0.0.1", port=0, reuse_port=True)
    net.run_until(lambda: one.listening)
    two.listen(host="127.0.0.1", port=port_of(one), reuse_port=True)
    net.run_until(lambda: two.listening)
    with system_socket(two) as asked:
        assert asked.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 1
    one.close()
    two.close()
    net.run()


@pytest.mark.covers("Server.listen(ipv6_only)", "N-04", "N-22", "L-05")
def test_ipv6_only(net: Loopback) -> None:
    both = sansnet.create_server().listen(0)
    if both.address().family != "IPv6":  # type: ignore[union-attr]
        pytest.skip("no IPv6 here")
    only = sansnet.create_server().listen(host="::", port=0, ipv6_only=True)
    net.run_until(lambda: only.listening)
    outcomes: dict[str, str] = {}
    for name, server in (("both", both), ("only", only)):
        client = sansnet.connect(port_of(server), "127.0.0.1")
        client.on("connect", lambda name=name: outcomes.setdefault(name, "connected"))
        client.on("error", lambda error, name=name: outcomes.setdefault(name, error.code))
        client.on("connect", client.destroy)
    net.run_until(lambda: len(outcomes) == 2)
    assert outcomes == {"both": "connected", "only": "ECONNREFUSED"}
    both.close()
    only.close()
    net.run()


@pytest.mark.covers("Server.listen(readable_all)", "Server.listen(writable_all)", "N-24")
@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"readable_all": True}, 0o444),
        ({"writable_all": True}, 0o222),
        ({"readable_all": True, "writable_all": True}, 0o666),
    ],
)
def test_a_path_for_everyone(net: Loopback, tmp_path: Path, options: dict[str, Any], mode: int) -> None:
    path = tmp_path / "socket"
    server = sansnet.create_server().listen(path, **options)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    server.close()
    assert not path.exists()
    net.run()


@pytest.mark.covers("Server.listen(path)", "N-25")
def test_an_abstract_name_leaves_no_file(net: Loopback) -> None:
    """Any process may talk to it; nothing is left behind, and nobody can be let in or kept out by a mode."""
    name = f"\0sansnet-test-{os.getpid()}"
    server = sansnet.create_server(lambda peer: peer.end("hello")).listen(name)
    assert server.address() == name
    client = sansnet.connect(name)
    received: list[bytes] = []
    client.on("data", received.append)
    net.run_until(lambda: client.destroyed)
    assert received == [b"hello"]
    server.close()
    with pytest.raises(ValueError, match="abstract unix socket"):
        sansnet.create_server().listen(name, readable_all=True)
    net.run()
    sansnet.create_server().listen(name).close()  # the name is free again at once
    net.run()


@pytest.mark.covers("Q-03", "Server.listen(path)", "Socket.connect(path)")
def test_a_path_that_is_too_long(net: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """107 bytes, with Python's sockets, are the most that a path has; no longer one is cut to that."""
    monkeypatch.chdir(tmp_path)
    codes: list[str] = []
    server = sansnet.create_server().listen("x" * 107)
    sansnet.create_server().on("error", lambda error: codes.append(error.code)).listen("x" * 108)
    sansnet.connect("x" * 108).on("error", lambda error: codes.append(error.code))
    net.run_until(lambda: len(codes) == 2)
    assert codes == ["EINVAL", "EINVAL"]
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 107]
    server.close()
    net.run()


# ------------------------------------------------------------------------------------------------ closing within a time


@pytest.mark.covers("Server.close(timeout)")
def test_close_ends_and_then_destroys(net: Loopback) -> None:
    """One peer takes the hint, another doesn't: it is cut off when the time is over, and then 'close' comes."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    polite = sansnet.connect(port_of(server), "127.0.0.1").resume()
    with socket.create_connection(("127.0.0.1", port_of(server))) as rude:
        net.run_until(lambda: len(accepted) == 2)
        story: list[str] = []
        server.on("close", lambda: story.append("server"))
        polite.on("close", lambda _had_error: story.append("polite"))
        assert server.close(timeout=0.2) is server
        assert not server.listening
        net.run_until(lambda: len(story) == 2)
        assert story == ["polite", "server"]
        assert all(each.destroyed for each in accepted)
        assert rude.recv(1) == b""
    net.run()


@pytest.mark.covers("Server.close(timeout)")
def test_close_waits_no_longer_than_it_must(net: Loopback) -> None:
    """Nobody is left: 'close' doesn't wait for the time to pass, nor does the loop."""
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    client = sansnet.connect(port_of(server), "127.0.0.1").resume()
    net.run_until(lambda: accepted)
    server.close(timeout=3600)
    net.run()
    assert (client.destroyed, accepted[0].destroyed, server.connections) == (True, True, 0)


@pytest.mark.covers("Server.close(timeout)")
def test_close_without_any_grace(net: Loopback) -> None:
    accepted: list[Socket] = []
    server = net.serve(accepted.append)
    with socket.create_connection(("127.0.0.1", port_of(server))):
        net.run_until(lambda: accepted)
        server.close(timeout=0)
        net.run_until(lambda: accepted[0].destroyed)
    net.run()
