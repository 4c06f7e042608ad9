"""The names of `sansnet.signatures`, in functions of one's own around those of the package."""

from __future__ import annotations

from typing import Unpack

from sansnet import Server, Socket, connect, create_server
from sansnet.signatures import (
    Addressed,
    Buffer,
    ConnectionListener,
    ConnectSettings,
    Counted,
    Destination,
    Done,
    HasDescriptor,
    Host,
    KeepAliveOptions,
    Listener,
    ListenSettings,
    OnReadOptions,
    Payload,
    Port,
    StrPath,
)


def count(server: Server, callback: Counted) -> Server:
    return server.get_connections(callback)


def dial_host(port: Port, host: Host) -> Socket:
    return connect(port, host, no_delay=True)


def dial(port: Port, **settings: Unpack[ConnectSettings]) -> Socket:
    return Socket().connect(port, **settings)


def dial_path(path: StrPath, on_read: OnReadOptions, keep_alive: KeepAliveOptions) -> Socket:
    return connect(path=path, on_read=on_read).set_keep_alive(keep_alive)


def serve(port: Port | None, listener: ConnectionListener, **settings: Unpack[ListenSettings]) -> Server:
    return create_server(listener).listen(port, **settings)


def share(server: Server, listening: Addressed | HasDescriptor, callback: Listener) -> Server:
    return server.listen(listening, callback)


def send(socket: Socket, payload: Payload, buffer: Buffer, done: Done) -> bool:
    return socket.write(payload, done) and socket.write(buffer, callback=done)


def pour(socket: Socket, into: Destination) -> Destination:
    return socket.pipe(into)
