"""The examples about listening, closing and limits."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.examples.programs import LOCALHOST, peer, running, take
from tests.loopback import HAS_PATHS, PATIENCE

posix = pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")


def test_the_address_of_a_server() -> None:
    with running("server_address") as server, peer(server.port()) as client:
        assert take(client, 100) == b"goodbye\n"


def test_listening_is_tried_again() -> None:
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(socket.create_server((LOCALHOST, 0)))
        port = other.getsockname()[1]
        server = stack.enter_context(running("listen_retry", port, 0.01))
        assert server.lines(2) == ["Address in use, retrying..."] * 2
        other.close()
        line = server.line()
        while line == "Address in use, retrying...":
            line = server.line()
        assert line == f"server bound: AddressInfo(address='{LOCALHOST}', family='IPv4', port={port})"
        with peer(port) as client:
            assert take(client, 100) == b"hello\r\n"


def test_an_exclusive_port() -> None:
    with running("listen_exclusive", 0) as server:
        bound = server.line()
        host, port = bound.split("'")[1], int(bound.rpartition("=")[2].rstrip(")"))
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        refusal = server.line().replace(f"{host}:{port}", place)
        assert refusal == f"second server: listen EADDRINUSE: address already in use {place}"
        with peer(port, host) as client:
            assert take(client, 100) == b"hello\r\n"


def test_ports_are_held() -> None:
    with running("bound_socket") as program:
        said = program.rest()
    ports = [line.split()[2] for line in said if line.startswith("reserved")]
    assert said == [
        f"reserved port {ports[0]} for the server",
        "listening: True",
        f"reserved port {ports[1]} for the client",
        f"a connection from port {ports[1]}",
        "goodbye",
    ]


def test_a_port_that_cannot_be_held() -> None:
    with socket.create_server((LOCALHOST, 0)) as other:
        port = other.getsockname()[1]
        with running("bound_socket", port) as program:
            _, stderr = program.process.communicate()
    assert stderr.endswith(f"bind EADDRINUSE {LOCALHOST}:{port}\n")


def test_a_signal_closes_the_server() -> None:
    with running("listen_signal", 0) as server:
        bound = server.line()
        host, port = bound.split("'")[1], int(bound.rpartition("=")[2].rstrip(")"))
        with peer(port, host) as client:
            client.sendall(b"nothing\n")
            client.sendall(b"quit\n")
            client.shutdown(socket.SHUT_WR)
            assert take(client, 1) == b""
        assert server.rest() == ["server closed"]


def test_who_says_nothing_is_hung_up_on() -> None:
    with running("idle_timeout", 0, 0.05) as server, peer(server.port()) as client:
        assert take(client, 1) == b""
        assert server.line() == "socket timeout"


def test_connections_are_counted_and_limited() -> None:
    with running("get_connections", 0) as server:
        port = server.port()
        with peer(port):
            assert server.line() == "connections: 1"
            with peer(port):
                assert server.line() == "connections: 2"
                with peer(port) as third:
                    assert take(third, 1) == b""
                    assert server.line() == f"dropped one from {LOCALHOST}"
            assert server.line() == "connections: 1"
        assert server.line() == "connections: 0"


@posix
def test_a_connection_is_handed_over(tmp_path: Path) -> None:
    """What was sent before the other process had the connection is not lost, and nothing comes twice."""
    path = tmp_path / "handover.sock"
    with running("handover_worker", path) as worker:
        assert worker.line() == f"worker bound: {path}"
        with running("handover", 0, path) as front:
            port = front.port()
            for _ in range(2):
                with peer(port) as client:
                    payload = os.urandom(200_000)
                    client.sendall(payload[:100_000])
                    greeting = f"you talk to process {worker.process.pid}\n".encode()
                    assert take(client, len(greeting)) == greeting
                    ours = client.getsockname()[1]
                    assert front.line() == f"handed over the connection from port {ours}"
                    assert worker.line() == f"serving the connection from port {ours}"
                    client.sendall(payload[100_000:])
                    client.shutdown(socket.SHUT_WR)
                    assert take(client, len(payload) + 1) == payload
                assert worker.line() == "done"
            front.process.kill()
            assert worker.rest() == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of ours")
def test_families_take_turns() -> None:
    with socket.create_server((LOCALHOST, 0)) as listener:
        port = listener.getsockname()[1]
        with running("family_selection", port, 20) as client:
            said = client.rest()
    assert said[:5] == [
        "select a family: True",
        "seconds for each attempt: 20.0",
        "example.test is 127.0.0.2",
        "example.test is 127.0.0.1",
        "example.test is ::1",
    ]
    assert said[5:7] == ["trying 127.0.0.2", f"connect ECONNREFUSED 127.0.0.2:{port}"]
    assert said[7] == "trying ::1"
    assert said[8].startswith("connect E")  # refused, or there is no IPv6 here at all
    tried = [f"127.0.0.2:{port}", f"::1:{port}", f"127.0.0.1:{port}"]
    assert said[9:] == ["trying 127.0.0.1", f"connected to 127.0.0.1 after {tried}"]


# ------------------------------------------------------------------------------------------------------ without network


def comments_of(name: str) -> list[str]:
    """What the lines of an example say that they print."""
    source = (Path(__file__).resolve().parents[2] / "examples" / f"{name}.py").read_text(encoding="utf-8")
    return [line.rpartition("# ")[2] for line in source.splitlines() if "print(" in line and "  # " in line]


def test_addresses_are_what_the_comments_say() -> None:
    with running("addresses") as program:
        said = program.rest()
    promised = comments_of("addresses")
    assert (said[:13], said[-1]) == (promised[:13], promised[-1])
    assert said[13:-1] == [
        "SocketAddress(address='127.0.0.1', port=0, family='ipv4', flowlabel=0)",
        "SocketAddress(address='::', port=8124, family='ipv6', flowlabel=0)",
        "SocketAddress(address='123.1.2.3', port=1234, family='ipv4', flowlabel=0)",
        "SocketAddress(address='1::1', port=1234, family='ipv6', flowlabel=0)",
    ]


def test_the_block_list_is_what_the_comments_say() -> None:
    with running("block_list") as program:
        said = program.rest()
    checks = [text for text in comments_of("block_list") if text in ("True", "False")]
    assert said[:6] + said[-3:] == checks
    assert said[6] == "7 rules"
    assert sorted(said[7:-3]) == sorted(
        [
            "Address: IPv4 10.0.0.5",
            *["Subnet: IPv4 192.168.1.0/24", "Range: IPv4 192.168.2.1-192.168.2.10", "Range: IPv4 10.0.0.1-10.0.0.10"]
            * 2,
        ]
    )


def test_sockets_in_tasks() -> None:
    with running("tasks", 0) as program:
        assert program.port() > 0
        assert program.line() == "answer: hello from a task"
        assert program.process.wait(PATIENCE) == 0
