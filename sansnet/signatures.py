"""What the calls with many forms take, for type checkers: the options, the callbacks, and `typing.overload`s.

At run time `connect()` and its like take anything, and `options.py` says what is wrong with it. What type checkers make
of them stands here, so that the code itself stays readable: `@typed_as(model)` gives a function the type of its model.

The names below are for annotations of one's own:

    from typing import Unpack
    from sansnet.signatures import ConnectOptions

    def dial(**options: Unpack[ConnectOptions]) -> sansnet.Socket: ...

In all options None means "not given". Times are seconds, sizes bytes.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, TypeVar, Unpack, overload

from .options import LookupOptions, OnRead

if TYPE_CHECKING:
    from .abort import AbortSignal
    from .blocklist import BlockList
    from .duplex import Duplex
    from .server import Server
    from .socket import Socket

__all__ = [
    "Addressed",
    "BoundSocketOptions",
    "Buffer",
    "ConnectAllOptions",
    "ConnectOptions",
    "ConnectSettings",
    "ConnectionListener",
    "Counted",
    "Destination",
    "Done",
    "HasDescriptor",
    "Host",
    "KeepAliveOptions",
    "ListenOptions",
    "ListenSettings",
    "Listener",
    "Lookup",
    "LookupCallback",
    "LookupOptions",
    "OnReadOptions",
    "Payload",
    "Port",
    "ServerOptions",
    "SocketOptions",
    "StrPath",
    "connect",
    "create_server",
    "end",
    "listen",
    "server_init",
    "socket_connect",
    "typed_as",
    "write",
]

_F = TypeVar("_F", bound=Callable[..., Any])


def typed_as(_model: _F) -> Callable[[Callable[..., Any]], _F]:
    """Let a type checker take the function below for its model. It stays what it is."""
    return lambda function: function  # type: ignore[return-value]  # that is the point


# ----------------------------------------------------------------------------------------------------------- the words


class Buffer(Protocol):
    """bytes, bytearray, memoryview, array, mmap, … (`collections.abc.Buffer` from Python 3.12 on)."""

    def __buffer__(self, flags: int, /) -> memoryview: ...


class HasDescriptor(Protocol):
    """A `socket.socket`, a `Socket`: what has a file descriptor."""

    def fileno(self) -> int: ...


class Addressed(Protocol):
    """A `Server`: what has an address and no descriptor that it would tell."""

    def address(self) -> object: ...


class Destination(Protocol):
    """What can be piped to: a `Socket`, or what acts like one."""

    def write(self, data: Any, /) -> bool: ...
    def end(self) -> object: ...
    def on(self, event: Any, listener: Any, /) -> object: ...
    def off(self, event: Any, listener: Any, /) -> object: ...


Payload = str | Buffer
Port = int | str
"""0 to 65535, or a text for it."""
Host = str | ipaddress.IPv4Address | ipaddress.IPv6Address
"""A name, or a literal address."""
StrPath = str | os.PathLike[str]

# As those of `listeners.py`, which says why they are unions.
Listener = Callable[[], object] | Callable[[], None]
"""A listener of 'connect' or 'listening'."""
Done = Callable[[Exception | None], object] | Callable[[Any], object] | Listener
"""A callback of `write()` and `end()`: it is given None, or an exception, of which it knows best what it expects."""
Counted = Callable[[Exception | None, int], object] | Callable[[Exception | None, int], None] | Done
"""A callback of `get_connections()`: it is given None and the number."""
ConnectionListener = Callable[["Socket"], object] | Callable[["Socket"], None] | Listener


class LookupCallback(Protocol):
    """What a lookup calls with its answer: once, at once or later.

    `callback(error)`; `callback(None, address, family)`; or, when all are wanted, `callback(None, pairs)`.
    """

    def __call__(
        self,
        error: Exception | None = None,
        address: str | Iterable[tuple[str, int]] | None = None,
        family: int | None = None,
        /,
    ) -> None: ...


Lookup = Callable[[str, LookupOptions, LookupCallback], object]
"""`lookup(hostname, options, callback)`. What it raises is raised from `connect()`."""


# --------------------------------------------------------------------------------------------------------- the options


class OnReadOptions(TypedDict):
    """An `OnRead`, written as a mapping."""

    buffer: Buffer | Callable[[], Buffer]
    callback: Callable[[int, Any], object]


class SocketOptions(TypedDict, total=False):
    """Of `Socket()`."""

    allow_half_open: bool | None
    block_list: BlockList | None
    fd: int | HasDescriptor | None
    handle: int | HasDescriptor | Addressed | None
    high_water_mark: int | None
    keep_alive: bool | None
    keep_alive_initial_delay: float | None
    max_buffered: int | None
    no_delay: bool | None
    on_read: OnRead | OnReadOptions | None
    readable: bool | None
    readable_high_water_mark: int | None
    signal: AbortSignal | None
    timeout: float | None
    type_of_service: int | None
    writable: bool | None
    writable_high_water_mark: int | None


class ConnectSettings(TypedDict, total=False):
    """Of `connect()`, but for where to."""

    auto_select_family: bool | Literal["race"] | None
    auto_select_family_attempt_timeout: float | None
    connect_timeout: float | None
    family: Literal[0, 4, 6, "IPv4", "IPv6"] | None
    hints: int | None
    host: Host | None
    listener: Listener | None
    local_address: str | None
    local_port: int | None
    lookup: Lookup | None


class ConnectOptions(ConnectSettings, total=False):
    """Of `Socket.connect()`. One of the two is needed."""

    path: StrPath | None
    port: Port | None


class _ConnectAllSettings(ConnectSettings, SocketOptions, total=False):
    """Of the module's `connect()`, but for where to."""


class ConnectAllOptions(ConnectOptions, SocketOptions, total=False):
    """Of the module's `connect()`: of the socket, and of connecting it."""


class ServerOptions(TypedDict, total=False):
    """Of `Server()` and `create_server()`."""

    allow_half_open: bool | None
    block_list: BlockList | None
    high_water_mark: int | None
    keep_alive: bool | None
    keep_alive_initial_delay: float | None
    listener: ConnectionListener | None
    max_buffered: int | None
    no_delay: bool | None
    pause_on_connect: bool | None


class ListenSettings(TypedDict, total=False):
    """Of `Server.listen()`, but for where."""

    backlog: int | None
    callback: Listener | None
    exclusive: bool | None
    host: Host | None
    ipv6_only: bool | None
    readable_all: bool | None
    reuse_port: bool | None
    signal: AbortSignal | None
    writable_all: bool | None


class ListenOptions(ListenSettings, total=False):
    """Of `Server.listen()`. One of the four is needed."""

    fd: int | HasDescriptor | None
    handle: int | HasDescriptor | Addressed | None
    path: StrPath | None
    port: Port | None


class BoundSocketOptions(TypedDict, total=False):
    """Of `BoundSocket()`."""

    host: str | None
    ipv6_only: bool | None
    path: StrPath | None
    port: Port | None
    reuse_port: bool | None


class KeepAliveOptions(TypedDict, total=False):
    """Of `Socket.set_keep_alive()`."""

    enable: bool
    initial_delay: float
    interval: float | None
    count: int | None


# ------------------------------------------------------------------------------------------------------------ connect

_S = TypeVar("_S", bound="Socket")


@overload
def socket_connect(
    self: _S,
    port: Port,
    host: Host | None = None,
    listener: Listener | None = None,
    /,
    **options: Unpack[ConnectSettings],
) -> _S: ...
@overload
def socket_connect(self: _S, port: Port, listener: Listener, /, **options: Unpack[ConnectSettings]) -> _S: ...
@overload
def socket_connect(
    self: _S, path: StrPath, listener: Listener | None = None, /, **options: Unpack[ConnectSettings]
) -> _S: ...
@overload
def socket_connect(
    self: _S, options: ConnectOptions, listener: Listener | None = None, /, **more: Unpack[ConnectOptions]
) -> _S: ...
@overload
def socket_connect(self: _S, *, port: Port, **options: Unpack[ConnectSettings]) -> _S: ...
@overload
def socket_connect(self: _S, *, path: StrPath, **options: Unpack[ConnectSettings]) -> _S: ...
def socket_connect(self: Any, *_args: Any, **_keywords: Any) -> Any:
    """The model of `Socket.connect`."""


@overload
def connect(
    port: Port,
    host: Host | None = None,
    listener: Listener | None = None,
    /,
    **options: Unpack[_ConnectAllSettings],
) -> Socket: ...
@overload
def connect(port: Port, listener: Listener, /, **options: Unpack[_ConnectAllSettings]) -> Socket: ...
@overload
def connect(path: StrPath, listener: Listener | None = None, /, **options: Unpack[_ConnectAllSettings]) -> Socket: ...
@overload
def connect(
    options: ConnectAllOptions, listener: Listener | None = None, /, **more: Unpack[ConnectAllOptions]
) -> Socket: ...
@overload
def connect(*, port: Port, **options: Unpack[_ConnectAllSettings]) -> Socket: ...
@overload
def connect(*, path: StrPath, **options: Unpack[_ConnectAllSettings]) -> Socket: ...
def connect(*_args: Any, **_keywords: Any) -> Any:
    """The model of the module's `connect`."""


# ------------------------------------------------------------------------------------------------------------- servers


@overload
def server_init(
    self: Server, listener: ConnectionListener | None = None, /, **options: Unpack[ServerOptions]
) -> None: ...
@overload
def server_init(
    self: Server, options: ServerOptions, listener: ConnectionListener | None = None, /, **more: Unpack[ServerOptions]
) -> None: ...
def server_init(self: Any, *_args: Any, **_keywords: Any) -> None:
    """The model of `Server()`."""


@overload
def create_server(listener: ConnectionListener | None = None, /, **options: Unpack[ServerOptions]) -> Server: ...
@overload
def create_server(
    options: ServerOptions, listener: ConnectionListener | None = None, /, **more: Unpack[ServerOptions]
) -> Server: ...
def create_server(*_args: Any, **_keywords: Any) -> Any:
    """The model of `create_server`."""


_V = TypeVar("_V", bound="Server")


@overload
def listen(
    self: _V,
    port: Port | None,
    host: Host | None = None,
    backlog: int | None = None,
    callback: Listener | None = None,
    /,
    **options: Unpack[ListenSettings],
) -> _V: ...
@overload
def listen(
    self: _V, port: Port | None, host: Host | None, callback: Listener, /, **options: Unpack[ListenSettings]
) -> _V: ...
@overload
def listen(
    self: _V,
    where: Port | StrPath | HasDescriptor | Addressed,
    backlog: int | None = None,
    callback: Listener | None = None,
    /,
    **options: Unpack[ListenSettings],
) -> _V: ...
@overload
def listen(
    self: _V,
    where: Port | StrPath | HasDescriptor | Addressed | None,
    callback: Listener,
    /,
    **options: Unpack[ListenSettings],
) -> _V: ...
@overload
def listen(
    self: _V, options: ListenOptions, callback: Listener | None = None, /, **more: Unpack[ListenOptions]
) -> _V: ...
@overload
def listen(self: _V, *, port: Port | None, **options: Unpack[ListenSettings]) -> _V: ...
@overload
def listen(self: _V, *, path: StrPath, **options: Unpack[ListenSettings]) -> _V: ...
@overload
def listen(self: _V, *, fd: int | HasDescriptor, **options: Unpack[ListenSettings]) -> _V: ...
@overload
def listen(self: _V, *, handle: int | HasDescriptor | Addressed, **options: Unpack[ListenSettings]) -> _V: ...
@overload
def listen(self: _V, callback: Listener, /) -> _V: ...
@overload
def listen(self: _V, *, callback: Listener | None = None) -> _V: ...
def listen(self: Any, *_args: Any, **_keywords: Any) -> Any:
    """The model of `Server.listen`."""


# -------------------------------------------------------------------------------------------------------------- writing

_D = TypeVar("_D", bound="Duplex")


@overload
def write(self: Duplex, data: Payload, encoding: str | None = None, callback: Done | None = None) -> bool: ...
@overload
def write(self: Duplex, data: Payload, callback: Done, /) -> bool: ...
def write(self: Any, *_args: Any, **_keywords: Any) -> Any:
    """The model of `Socket.write`."""


@overload
def end(self: _D, data: Payload | None = None, encoding: str | None = None, callback: Done | None = None) -> _D: ...
@overload
def end(self: _D, data: Payload | None, callback: Done, /) -> _D: ...
@overload
def end(self: _D, callback: Done, /) -> _D: ...
def end(self: Any, *_args: Any, **_keywords: Any) -> Any:
    """The model of `Socket.end`."""
