"""Listeners that don't fit, and events that don't exist."""

from __future__ import annotations

from sansnet import NetError, Server, Socket


def nothing() -> None: ...
def one(_: int) -> None: ...
def two(_: str, __: str) -> None: ...
def on_error(error: NetError) -> None: ...


def of_a_socket(socket: Socket) -> None:
    socket.on("conect", nothing)  # error: call-overload | reportCallIssue
    socket.on("end", one)  # error: call-overload | reportCallIssue
    socket.once("data", two)  # error: call-overload | reportCallIssue
    socket.on("data", one)  # error: call-overload | reportCallIssue
    socket.prepend_listener("error", two)  # error: call-overload | reportCallIssue
    socket.on("close", two)  # error: call-overload | reportCallIssue
    socket.prepend_once_listener("connection_attempt", on_error)  # error: call-overload | reportCallIssue
    socket.on("lookup", on_error)  # error: call-overload | reportCallIssue
    socket.on("data", "no function")  # error: call-overload | reportCallIssue
    socket.off("data")  # error: call-arg | reportCallIssue


def of_a_server(server: Server) -> None:
    server.on("listen", nothing)  # error: call-overload | reportCallIssue
    server.on("connection", two)  # error: call-overload | reportCallIssue
    server.once("connection", on_error)  # error: call-overload | reportCallIssue
    server.prepend_listener("close", one)  # error: call-overload | reportCallIssue
    server.prepend_once_listener("error", two)  # error: call-overload | reportCallIssue
    server.on("data", one)  # error: call-overload | reportCallIssue


def by_decorator(socket: Socket, server: Server) -> None:
    @socket.on("data")  # error: type-var | reportArgumentType
    def on_data(chunk: bytes, number: int) -> None: ...

    @server.once("listening")  # error: type-var | reportArgumentType
    def on_listening(server: Server) -> None: ...

    @socket.prepend_listener("end")  # error: call-overload | reportCallIssue
    def on_end() -> None: ...

    print(on_data, on_listening, on_end)
