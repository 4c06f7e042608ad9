"""Arguments that a call doesn't take, and results that aren't what they are taken for."""

from __future__ import annotations

import sansnet
from sansnet import AddressInfo, BlockList, BoundSocket, OnRead, Server, Socket, SocketAddress, connect, create_server
from sansnet.signatures import ConnectOptions, ListenOptions


def wants_an_argument(_: int) -> None: ...
def wants_two_texts(_: str, __: str) -> None: ...


def connecting(socket: Socket) -> None:
    connect()  # error: call-overload | reportCallIssue
    connect(None)  # error: call-overload | reportCallIssue
    connect(host="::1")  # error: call-overload | reportCallIssue
    connect(8124, 5)  # error: call-overload | reportCallIssue
    connect(8124, "::1", wants_an_argument)  # error: arg-type | reportArgumentType
    connect(8124, prot=6)  # error: call-overload | reportCallIssue
    connect(8124, no_delay="yes")  # error: call-overload | reportCallIssue
    connect(8124, family=5)  # error: call-overload | reportCallIssue
    connect(8124, auto_select_family="racing")  # error: call-overload | reportCallIssue
    connect(8124, lookup=lambda hostname: None)  # error: arg-type | reportCallIssue
    connect({"port": []})  # error: call-overload | reportCallIssue
    socket.connect()  # error: call-overload | reportCallIssue
    socket.connect(8124, no_delay=True)  # error: call-overload | reportCallIssue
    socket.connect(8124, b"::1")  # error: call-overload | reportCallIssue
    options: ConnectOptions = {"prot": 8124}  # error: typeddict | reportAssignmentType
    socket.connect(options)


def making() -> None:
    Socket("a text")  # error: arg-type | reportArgumentType
    Socket(fd="3")  # error: arg-type | reportArgumentType
    Socket(hostname="::1")  # error: call-arg | reportCallIssue
    Socket(handle=object())  # error: arg-type | reportArgumentType
    Socket(signal=True)  # error: arg-type | reportArgumentType
    OnRead("text", print)  # error: arg-type | reportArgumentType
    OnRead(bytearray(1), lambda: True)  # error: arg-type | reportArgumentType
    create_server("no listener")  # error: call-overload | reportCallIssue
    create_server(wants_an_argument)  # error: arg-type | reportCallIssue
    create_server(no_dely=True)  # error: call-overload | reportCallIssue
    Server(block_list=["127.0.0.1"])  # error: call-overload | reportArgumentType
    SocketAddress("127.0.0.1")  # error: call-arg | reportCallIssue


def binding() -> None:
    BoundSocket(8124)  # error: arg-type | reportArgumentType
    BoundSocket(hosts="::1")  # error: call-arg | reportCallIssue
    BoundSocket(ipv6_only="yes")  # error: arg-type | reportArgumentType


def serving(server: Server) -> None:
    server.listen(host="::1")  # error: call-overload | reportCallIssue
    server.listen(8124, "::1", "many")  # error: call-overload | reportCallIssue
    server.listen(8124, wants_an_argument)  # error: arg-type | reportCallIssue
    server.listen(8124, backlog="many")  # error: call-overload | reportCallIssue
    server.listen(8.5)  # error: call-overload | reportCallIssue
    server.listen(object())  # error: call-overload | reportCallIssue
    options: ListenOptions = {"back_log": 5}  # error: typeddict | reportAssignmentType
    server.listen(options)
    server.close(timeout="long")  # error: arg-type | reportArgumentType
    server.get_connections(wants_two_texts)  # error: arg-type | reportArgumentType
    server.no_delay = "yes"  # error: assignment | reportAttributeAccessIssue
    server.block_list = []  # error: assignment | reportAttributeAccessIssue
    server.max_connections = "many"  # error: assignment | reportAttributeAccessIssue
    server.listening = True  # error: misc | reportAttributeAccessIssue


def streaming(socket: Socket) -> None:
    socket.write()  # error: call-overload | reportCallIssue
    socket.write(None)  # error: call-overload | reportArgumentType
    socket.write(5)  # error: call-overload | reportArgumentType
    socket.write(["text"])  # error: call-overload | reportArgumentType
    socket.write("text", 5)  # error: call-overload | reportCallIssue
    socket.write("text", wants_two_texts)  # error: arg-type | reportCallIssue
    socket.end(5)  # error: call-overload | reportCallIssue
    socket.end("text", callback=wants_two_texts)  # error: arg-type | reportArgumentType
    socket.end().wirte("text")  # error: attr-defined | reportAttributeAccessIssue
    socket.pipe(object())  # error: type-var | reportArgumentType
    socket.read("all")  # error: arg-type | reportArgumentType
    socket.set_encoding(5)  # error: arg-type | reportArgumentType
    socket.set_timeout("5")  # error: arg-type | reportArgumentType
    socket.set_timeout(5, wants_an_argument)  # error: arg-type | reportArgumentType
    socket.set_keep_alive({"enabled": True})  # error: arg-type | reportArgumentType
    socket.set_type_of_service(None)  # error: arg-type | reportArgumentType
    socket.destroy("boo")  # error: arg-type | reportArgumentType
    socket.bytes_read = 5  # error: misc | reportAttributeAccessIssue


def seen(socket: Socket, server: Server) -> None:
    address: AddressInfo = socket.address()  # error: assignment | reportAssignmentType
    port: int = server.address().port  # error: union-attr | reportOptionalMemberAccess
    text: str = socket.read()  # error: assignment | reportAssignmentType
    print(address, port, text, socket.remote_port + 1)  # error: operator | reportOptionalOperand


def values(rules: BlockList) -> None:
    rules.add_address(5)  # error: arg-type | reportArgumentType
    rules.add_subnet("10.0.0.0", "8")  # error: arg-type | reportArgumentType
    rules.size = 5  # error: misc | reportAttributeAccessIssue
    sansnet.set_default_auto_select_family("racing")  # error: arg-type | reportArgumentType
    sansnet.AbortSignal.any([5])  # error: list-item | reportArgumentType
    sansnet.using(None)  # error: arg-type | reportArgumentType
