"""`connect()`, `Socket.connect()` and the options of sockets."""

from __future__ import annotations

import pathlib
import socket as stdlib
from typing import Any, Unpack, assert_type

import sansnet
from sansnet import AbortController, BlockList, OnRead, Socket, connect, create_connection
from sansnet.signatures import (
    ConnectAllOptions,
    ConnectOptions,
    Lookup,
    LookupCallback,
    LookupOptions,
    SocketOptions,
)


def listener() -> None: ...


def by_position(folder: pathlib.Path) -> None:
    assert_type(connect(8124), Socket)
    connect("8124", "::1")
    connect(8124, None, listener)
    connect(8124, listener)
    connect(8124, "::1", listener, no_delay=True, family=6)
    connect("/tmp/socket")
    connect("/tmp/socket", listener)
    connect(folder / "socket", listener, timeout=2)
    connect(8124, lambda: print("connected"))
    assert_type(create_connection(8124), Socket)


def by_keyword(folder: pathlib.Path) -> None:
    connect(port=8124)
    connect(port="8124", host="::1", listener=listener)
    connect(path=folder / "socket", listener=None)
    assert_type(connect(path="/tmp/socket", allow_half_open=True), Socket)


def with_all_options(controller: AbortController, block_list: BlockList, look_up: Lookup) -> None:
    connect(
        port=8124,
        host="localhost",
        listener=listener,
        local_address="127.0.0.1",
        local_port=0,
        family=4,
        hints=stdlib.AI_ADDRCONFIG,
        lookup=look_up,
        auto_select_family="race",
        auto_select_family_attempt_timeout=0.25,
        connect_timeout=10,
        allow_half_open=True,
        block_list=block_list,
        high_water_mark=1024,
        readable_high_water_mark=None,
        writable_high_water_mark=2048,
        keep_alive=True,
        keep_alive_initial_delay=1.5,
        no_delay=True,
        on_read=OnRead(bytearray(1024), lambda count, buffer: print(buffer[:count])),
        readable=True,
        writable=True,
        signal=controller.signal,
        timeout=2.5,
        type_of_service=16,
    )


def by_a_mapping(**given: Any) -> None:
    options: ConnectAllOptions = {"port": 8124, "host": "::1", "no_delay": True}
    connect(options)
    connect({"path": "/tmp/socket", "timeout": 1}, listener)
    connect({"port": 8124, "auto_select_family": False}, host="::1")
    connect(**given)


def of_a_socket() -> None:
    socket = Socket()
    assert_type(socket.connect(8124, "::1", listener), Socket)
    socket.connect("/tmp/socket", listener)
    socket.connect(port=8124, family="IPv6", lookup=None)
    socket.connect(path="/tmp/socket", connect_timeout=2.5)
    options: ConnectOptions = {"port": 8124, "local_port": 0}
    socket.connect(options, listener)
    for name in ("a", "b"):
        socket.connect(8124, lambda name=name: print(name))


class Chatty(Socket):
    """A subclass stays what it is."""

    def shout(self) -> None: ...


def of_a_subclass() -> None:
    assert_type(Chatty(no_delay=True).connect(8124).on("end", listener).end("bye"), Chatty)
    Chatty().connect(8124, "::1").set_timeout(5).shout()


def made_of_what_exists(duplicate: stdlib.socket, server: sansnet.Server) -> None:
    Socket(handle=duplicate)
    Socket(3)
    Socket(fd=3, readable=False)
    Socket({"fd": 3, "allow_half_open": True})
    options: SocketOptions = {"handle": Socket(), "high_water_mark": 0}
    assert_type(Socket(options), Socket)


def wrapped(**options: Unpack[ConnectAllOptions]) -> Socket:
    return connect({**options, "no_delay": True})


def into_a_buffer() -> None:
    Socket(on_read=OnRead(lambda: bytearray(1024), lambda count, buffer: count < 10))
    Socket(on_read={"buffer": memoryview(bytearray(10)), "callback": lambda count, buffer: None})
    on_read = OnRead(buffer=bytearray(1), callback=print)
    print(on_read.buffer, on_read.callback)


def one_by_one(hostname: str, options: LookupOptions, callback: LookupCallback) -> None:
    if options.all:
        callback(None, [("127.0.0.1", 4), ("::1", 6)])
    elif options.family == 6 and options.hints:
        callback(None, "::1", 6)
    else:
        callback(LookupError(hostname))


def looked_up() -> None:
    connect(8124, "a.name", lookup=one_by_one)
    connect(8124, "a.name", lookup=lambda hostname, options, callback: callback(None, "127.0.0.1", 4))
