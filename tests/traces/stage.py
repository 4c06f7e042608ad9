"""Programs on real sockets, each a function of a `Loopback`, whose traces the tests of this folder look at."""

from __future__ import annotations

import contextlib
import socket as stdlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import sansnet
from sansnet import Server, Socket
from sansnet.testing import Trace, record
from tests.loopback import HAS_PATHS, Loopback, loopback, port_of

__all__ = ["PROGRAMS", "echo", "trace_of"]

PROGRAMS: Final[dict[str, Callable[[Loopback], object]]] = {}


def trace_of(program: Callable[[Loopback], object], turns: int = 5) -> Trace:
    """What happens in a program, recorded from its first line to its last, on a driver of its own."""
    with loopback() as net, record(driver=net.driver) as recording:
        program(net)
        net.turn(turns)
        return recording.trace


def program(function: Callable[[Loopback], object]) -> Callable[[Loopback], object]:
    """One of PROGRAMS."""
    PROGRAMS[function.__name__] = function
    return function


def _echo(net: Loopback, server: Server, client: Socket, data: Any = b"hello") -> None:
    server.on("connection", lambda peer: peer.on("data", peer.write))
    got: list[Any] = []
    client.on("data", got.append)
    client.on("close", lambda _had_error: server.close())
    client.end(data, lambda _error: None)
    net.run()
    assert got


@program
def echo(net: Loopback) -> None:
    server = net.serve()
    _echo(net, server, sansnet.connect(port_of(server), "127.0.0.1"))


@program
def not_ascii(net: Loopback) -> None:
    """Bytes that are no text, characters that are split over packets, and a surrogate that UTF-8 can't have."""
    client, peer = net.pair()
    peer.set_encoding("utf-8")
    texts: list[str] = []
    peer.on("data", texts.append)
    client.write(b"\xe2\x82")
    net.run_until(lambda: peer.bytes_read == 2)
    client.write(b"\xac\xff\x00")
    client.write("\ud800".encode("utf-16-le", "surrogatepass"))
    client.end()
    net.run()
    assert "".join(texts).startswith("€")


@program
def over_a_path(net: Loopback) -> None:
    if not HAS_PATHS:
        echo(net)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "echo.sock"))
        server = sansnet.create_server().listen(path)
        net.run_until(lambda: server.listening)
        _echo(net, server, sansnet.connect(path))


@program
def refused(net: Loopback) -> None:
    client = sansnet.connect(net.free_port(), "127.0.0.1")
    errors: list[Exception] = []
    client.on("error", errors.append)
    client.write("in vain", callback=lambda _error: None)
    net.run()
    assert isinstance(errors[0], ConnectionRefusedError)


@program
def reset(net: Loopback) -> None:
    client, peer = net.pair()
    peer.on("error", lambda _error: None)
    peer.resume()
    client.write(b"and gone")
    net.run_until(lambda: peer.bytes_read)
    client.reset_and_destroy()
    net.run()
    assert isinstance(peer.errored, ConnectionResetError)


@program
def half_close(net: Loopback) -> None:
    client, peer = net.pair({"allow_half_open": True}, allow_half_open=True)
    client.resume()
    peer.resume()
    client.end(b"the question")
    net.run_until(lambda: peer.readable_ended)
    peer.allow_half_open = False
    peer.cork()
    peer.write(b"the ")
    peer.write(b"answer")
    peer.uncork()
    peer.end()
    net.run()
    assert client.bytes_read == len(b"the answer")


@program
def timeout(net: Loopback) -> None:
    client, peer = net.pair()
    client.set_timeout(0.02, client.destroy)
    peer.resume()
    net.run()
    assert client.destroyed


@program
def accepted(net: Loopback) -> None:
    """Three connections at a server that takes two; with options, and a client that comes back."""
    server = net.serve(lambda peer: peer.resume(), no_delay=True, keep_alive=True, pause_on_connect=True)
    server.max_connections = 2
    dropped: list[object] = []
    server.on("drop", dropped.append)
    clients = [sansnet.connect(port_of(server), "127.0.0.1").resume() for _ in range(3)]
    net.run_until(lambda: dropped and sum(client.destroyed for client in clients) == 1)
    gone = next(client for client in clients if client.destroyed)
    server.max_connections = None
    gone.connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: server.connections == 3)
    server.close(timeout=0.05)
    for client in clients:
        client.end()
    net.run()


@program
def blocked(net: Loopback) -> None:
    rules = sansnet.BlockList()
    rules.add_address("127.0.0.1")
    server = net.serve(block_list=rules)
    client = sansnet.connect(port_of(server), "127.0.0.1").resume()
    net.run_until(lambda: client.destroyed)
    server.close()
    net.run()


@program
def choice_of_addresses(net: Loopback) -> None:
    """A lookup of the user's own that answers at once; two addresses that refuse, and one that doesn't."""
    server = net.serve()

    def lookup(_host: str, _options: Any, done: Callable[..., None]) -> None:
        done(None, [("127.0.0.2", 4), ("127.0.0.3", 4), ("127.0.0.1", 4)])

    client = sansnet.connect(port=port_of(server), host="example.test", lookup=lookup, auto_select_family=True)
    net.run_until(lambda: client.ready_state == "open")
    client.destroy()
    server.close()
    net.run()


@program
def lookups(net: Loopback) -> None:
    """One that is cancelled, one that fails, and one of a server."""
    sansnet.connect(80, "localhost").destroy()
    failing = sansnet.connect(
        port=80, host="example.test", lookup=lambda _host, _options, done: done(OSError(5, "no answer"), None, None)
    )
    failing.on("error", lambda _error: None)
    server = sansnet.create_server().listen(0, "localhost")
    net.run_until(lambda: server.listening)
    server.close()
    net.run()


@program
def from_a_local_address(net: Loopback) -> None:
    server = net.serve(lambda peer: peer.resume()).unref()
    for port in (0, port_of(server)):
        client = sansnet.connect(port_of(server), host="127.0.0.1", local_address="127.0.0.1", local_port=port)
        client.on("error", lambda _error: None)
        client.on("connect", client.end)
        client.resume()
        net.run()
    server.close()
    net.run()


@program
def backpressure(net: Loopback) -> None:
    """More than the buffers hold, to a reader that pauses, and then reads by hand; callbacks, 'drain', a cap."""
    client, peer = net.pair(high_water_mark=1000, max_buffered=1 << 23)
    drained: list[None] = []
    client.on("drain", lambda: drained.append(None))
    while client.write(bytes(1 << 16), callback=lambda _error: None) or client.writable_length < 1 << 20:
        pass
    peer.pause()
    net.turn(5)
    peer.on("readable", lambda: peer.read(100_000) or peer.read())
    net.run_until(lambda: drained)
    client.end()
    client.resume()
    net.run_until(lambda: peer.readable_ended)
    peer.destroy()
    net.run()


@program
def misuse(net: Loopback) -> None:
    """What raises, what fails, and an exception of the user's own."""
    client, peer = net.pair()
    peer.on("error", lambda _error: None)
    with contextlib.suppress(OSError):
        client.connect(port=1)
    client.on("error", lambda _error: None)
    peer.end().write(b"after the end")
    client.destroy(ValueError("of the user's own"))
    net.run()


@program
def handles(net: Loopback) -> None:
    """A pair that the user made, an address that was bound before, and a server on it."""
    ours, theirs = stdlib.socketpair()
    with theirs:
        adopted = Socket(handle=ours).resume()
        theirs.sendall(b"x")
        net.run_until(lambda: adopted.bytes_read)
        adopted.destroy_soon()
        net.run()
    with sansnet.BoundSocket(host="127.0.0.1") as bound:
        server = sansnet.create_server().listen(bound)
    net.run_until(lambda: server.listening)
    with sansnet.BoundSocket(host="127.0.0.1") as bound:
        client = Socket(handle=bound).connect(port_of(server), "127.0.0.1")
    net.run_until(lambda: client.ready_state == "open")
    client.destroy()
    server.close()
    net.run()


@program
def into_a_buffer(net: Loopback) -> None:
    buffer = bytearray(4)
    answers: Iterator[bool] = iter([True, False, True, True, True])
    client, peer = net.pair(on_read=sansnet.OnRead(buffer, lambda _count, _buffer: next(answers)))
    peer.end(b"123456789")
    net.run_until(lambda: client.bytes_read == 8)
    client.resume()
    net.run()


@program
def in_use(net: Loopback) -> None:
    server = net.serve()
    second = sansnet.create_server()
    errors: list[Exception] = []
    second.on("error", errors.append)
    second.listen(port_of(server), "127.0.0.1")
    net.run_until(lambda: errors)
    server.close()
    net.run()
