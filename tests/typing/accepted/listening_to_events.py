"""`on()`, `once()` and their like: each listener is given what its event tells."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, assert_type

from sansnet import DropInfo, NetError, Server, Socket
from sansnet.events import Emitter
from sansnet.signatures import ConnectionListener


def nothing() -> None: ...
def log(*args: object) -> None: ...
def log_event(name: str, *args: object) -> None: ...
def on_bytes(chunk: bytes) -> None: ...
def on_text(chunk: str) -> None: ...
def on_either(chunk: bytes | str) -> None: ...
def on_error(error: NetError) -> None: ...
def on_refused(error: ConnectionRefusedError) -> None: ...
def on_close(had_error: bool) -> None: ...
def on_close_or_never(had_error: bool | None) -> None: ...
def on_lookup(error: Exception | None, address: str | None, family: int | None, host: str) -> None: ...
def on_attempt(address: str, port: int, family: int) -> None: ...
def on_attempt_failed(address: str, port: int | None, family: int | None, error: NetError) -> None: ...


def of_a_socket(socket: Socket, chunks: list[bytes], text: list[str], errors: list[NetError]) -> None:
    assert_type(socket.on("connect", nothing), Socket)
    socket.on("ready", nothing).once("end", nothing).prepend_listener("drain", nothing)
    socket.prepend_once_listener("finish", nothing)
    socket.on("timeout", socket.destroy).on("pause", nothing).on("resume", nothing)
    socket.on("readable", socket.read).on("prefinish", nothing)
    socket.on("data", on_bytes).on("data", on_text).on("data", on_either).on("data", chunks.append)
    socket.on("data", text.append).on("data", socket.write).on("data", lambda chunk: print(len(chunk)))
    socket.on("error", on_error).on("error", on_refused).on("error", errors.append)
    socket.on("error", lambda error: print(error))
    socket.on("close", on_close).on("close", on_close_or_never).on("close", lambda had_error: print(had_error))
    socket.on("lookup", on_lookup).on("connection_attempt", on_attempt)
    socket.on("connection_attempt_failed", on_attempt_failed).on("connection_attempt_timeout", on_attempt)
    socket.on("data", print).on("close", print)
    socket.on("data", nothing).on("close", lambda: print("closed")).on("lookup", lambda error: print(error))
    socket.on("connection_attempt_failed", lambda address, port: print(address, port)).on("error", nothing)


def of_a_server(server: Server, accepted: list[Socket], drops: list[DropInfo | None]) -> None:
    assert_type(server.on("listening", nothing), Server)
    server.once("close", nothing).on("error", on_error).prepend_listener("connection", accepted.append)
    server.on("connection", lambda socket: print(socket)).on("drop", drops.append)
    server.prepend_once_listener("drop", lambda drop: print(drop)).on("connection", nothing)


def of_many_events(socket: Socket, server: Server) -> None:
    """Who takes whatever comes may listen to everything, also to events of one's own."""
    for name in ("connect", "data", "close"):
        socket.on(name, log)
        socket.on(name, functools.partial(log_event, name))
        server.once(name, lambda *args: print(args))
    for name in ("a", "b"):
        socket.on("end", lambda name=name: print(name))
        socket.once("error", lambda error, name=name: print(error, name))
        server.on("connection", lambda socket, name=name: print(socket, name))
    socket.on("an event of my own", log).emit("an event of my own", 1, 2)


def by_decorator(socket: Socket, server: Server) -> None:
    @socket.on("data")
    def on_data(chunk: bytes) -> None: ...

    @socket.once("close")
    def on_close(had_error: bool) -> None: ...

    @server.on("connection")
    async def on_connection(socket: Socket) -> None: ...

    @server.once("listening")
    def on_listening() -> None: ...

    on_data(b"it is the function still")
    listener: ConnectionListener = on_connection
    socket.off("data", on_data).off("close", on_close)
    server.off("listening", on_listening).off("connection", listener)


def of_any_emitter(emitter: Emitter, listener: Callable[..., object]) -> None:
    name = str(emitter)
    emitter.on(name, listener).once(name, nothing).prepend_listener(name, nothing).off(name, nothing)
    assert_type(emitter.emit(name, 1, "two"), bool)
    assert_type(emitter.listener_count("data"), int)
    assert_type(emitter.event_names(), list[str])
    emitter.listeners("data")
    emitter.remove_all_listeners().remove_all_listeners("data")


def is_one(socket: Socket, server: Server, anything: Any) -> None:
    of_any_emitter(socket, anything)
    of_any_emitter(server, anything)
