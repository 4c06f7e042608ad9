"""Writing, reading, ending, settings and what can be seen of a socket."""

from __future__ import annotations

import array
import mmap
from typing import Any, Literal, assert_type

from sansnet import AddressInfo, NetError, Server, Socket


def done(error: Exception | None) -> None: ...
def done_net(error: NetError | None) -> None: ...


def written(socket: Socket, anything: Any, region: mmap.mmap) -> None:
    assert_type(socket.write("text"), bool)
    socket.write(b"bytes")
    socket.write(bytearray(1))
    socket.write(memoryview(b"x"), None, done)
    socket.write(array.array("i", [1]))
    socket.write(region)
    socket.write("text", "latin-1")
    socket.write("text", "latin-1", done)
    socket.write("text", done)
    socket.write("text", callback=done_net)
    socket.write(data="text", encoding="hex", callback=lambda error: print(error))
    socket.write(anything)
    for name in ("a", "b"):
        socket.write(name, lambda error, name=name: print(error, name))


def ended(socket: Socket) -> None:
    assert_type(socket.end(), Socket)
    socket.end("text")
    socket.end(b"bytes", None, done)
    socket.end("text", "utf-8", callback=done)
    socket.end("text", done)
    socket.end(None, done)
    socket.end(done)
    socket.end(callback=done_net)


def corked(socket: Socket) -> None:
    socket.cork()
    socket.uncork()


def read(socket: Socket) -> None:
    assert_type(socket.read(), bytes | str | None)
    socket.read(10)
    assert_type(socket.set_encoding().set_encoding("utf-8").set_encoding(None).pause().resume(), Socket)
    assert_type(socket.is_paused(), bool)


class Sink:
    """What can be written to needn't be a socket."""

    def write(self, data: bytes) -> bool:
        return bool(data)

    def end(self) -> None: ...
    def on(self, event: str, listener: object) -> None: ...
    def off(self, event: str, listener: object) -> None: ...


def piped(socket: Socket, other: Socket, sink: Sink) -> None:
    assert_type(socket.pipe(other), Socket)
    assert_type(socket.pipe(sink, end=False), Sink)
    socket.unpipe(sink).unpipe()


def closed(socket: Socket) -> None:
    assert_type(socket.destroy().destroy(OSError("why")).reset_and_destroy(), Socket)
    socket.destroy_soon()


def set_up(socket: Socket) -> None:
    socket.set_timeout(5).set_timeout(0.5, lambda: None)
    socket.set_no_delay().set_no_delay(False)
    socket.set_keep_alive(True, 1.5).set_keep_alive(True, 10, interval=5, count=3)
    socket.set_keep_alive({"enable": True, "initial_delay": 10})
    socket.set_type_of_service(16).ref().unref()
    assert_type(socket.get_type_of_service(), int)
    socket.allow_half_open = True


def seen(socket: Socket) -> None:
    assert_type(socket.address(), AddressInfo | str | None)
    assert_type(socket.local_address, str | None)
    assert_type(socket.local_family, Literal["IPv4", "IPv6"] | None)
    assert_type(socket.local_port, int | None)
    assert_type(socket.remote_address, str | None)
    assert_type(socket.remote_family, Literal["IPv4", "IPv6"] | None)
    assert_type(socket.remote_port, int | None)
    assert_type(socket.auto_select_family_attempted_addresses, list[str] | None)
    assert_type(socket.server, Server | None)
    assert_type(socket.ready_state, str)
    assert_type(socket.errored, Exception | None)
    assert_type(socket.timeout, float | None)
    assert_type(socket.buffer_size, int | None)
    assert_type(socket.readable_flowing, bool | None)
    assert_type(socket.readable_encoding, str | None)
    numbers = (
        socket.bytes_read,
        socket.bytes_written,
        socket.readable_high_water_mark,
        socket.readable_length,
        socket.writable_corked,
        socket.writable_high_water_mark,
        socket.writable_length,
        socket.fileno(),
    )
    assert_type(sum(numbers), int)
    facts = (
        socket.allow_half_open,
        socket.closed,
        socket.connecting,
        socket.destroyed,
        socket.pending,
        socket.readable,
        socket.readable_ended,
        socket.writable,
        socket.writable_ended,
        socket.writable_finished,
        socket.writable_need_drain,
    )
    assert_type(all(facts), bool)
    assert_type(socket.describe(), str)
