"""What drivers over Python's sockets ask the system for: addresses in its form and back, new sockets, options.

Nothing here ever waits. Python's own `bind` and `connect` would: given a name instead of a literal address, they ask
the resolver there and then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from ..state.endpoints import Endpoint

__all__ = [
    "HAS_PATHS",
    "PATHS",
    "Door",
    "bind_reusable",
    "check_family",
    "close",
    "discard_when_closed",
    "endpoint_of",
    "endpoint_of_kept",
    "get_type_of_service",
    "has_something_to_tell",
    "kept_name",
    "kind_of",
    "open_socket",
    "set_keep_alive",
    "set_no_delay",
    "set_type_of_service",
    "system_address",
    "take_over",
]

HAS_PATHS: Final = hasattr(socket, "AF_UNIX")
"""Has this Python Unix domain sockets?"""

PATHS: Final[int] = getattr(socket, "AF_UNIX", -1)
"""The address family of paths, -1 where there is none."""

_FAMILIES: Final[dict[int, int]] = {0: PATHS, 4: socket.AF_INET, 6: socket.AF_INET6}

# A socket that is born non-blocking spares a call; elsewhere it has to be made so.
_BORN_NON_BLOCKING: Final[int] = getattr(socket, "SOCK_NONBLOCK", 0)

# macOS has another name for the delay.
_KEEP_IDLE: Final[int | None] = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
_KEEP_INTERVAL: Final[int | None] = getattr(socket, "TCP_KEEPINTVL", None)
_KEEP_COUNT: Final[int | None] = getattr(socket, "TCP_KEEPCNT", None)
_TRAFFIC_CLASS: Final[int | None] = getattr(socket, "IPV6_TCLASS", None)

# On, for no seconds: close() throws away what wasn't sent, and says RST. Windows has two shorts there, others two ints.
_NO_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


# --------------------------------------------------------------------------------------------------------- addresses


def system_address(address: str, port: int, family: int) -> Any:
    """The address as Python's sockets take it.

    Raises OSError (EINVAL) for what is no literal address of that family, and for a path that the system would cut.
    """
    if family == 0:
        return _path_name(address)
    if family == 4:
        socket.inet_pton(socket.AF_INET, address)
        return address, port
    host, _, scope = address.partition("%")
    socket.inet_pton(socket.AF_INET6, host)
    return host, port, 0, _scope_number(scope) if scope else 0


def _path_name(path: str) -> bytes:
    """The name of a Unix socket; Python itself refuses one that is too long.

    A name with a NUL in it would be cut there, as would any but Linux's abstract names, which begin with one and may
    have more.
    """
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        raise OSError(errno.EINVAL, "a path with characters that no file can have") from None
    abstract = name[:1] == b"\0" and sys.platform in ("linux", "android")
    if not name or (b"\0" in name and not abstract):
        raise OSError(errno.EINVAL, "not the path of a socket")
    return name


def _scope_number(scope: str) -> int:
    if scope.isdecimal() and scope.isascii():
        return min(int(scope), 0xFFFFFFFF)
    return socket.if_nametoindex(scope)


def endpoint_of(name: Any) -> Endpoint | None:
    """What `getsockname` and its like say, as an endpoint. None for a Unix socket without a name."""
    if isinstance(name, (str, bytes)):
        return Endpoint(os.fsdecode(name), None, 0) if name else None
    if len(name) == 2:
        return Endpoint(name[0], name[1], 4)
    host, port, _, scope = name
    return Endpoint(f"{host}%{_scope_name(scope)}" if scope and "%" not in host else host, port, 6)


def kept_name(name: Any) -> bytes | Endpoint | None:
    """A name that nobody may ever ask for, in a form that takes little memory; `endpoint_of_kept` makes it an endpoint.

    It takes 48 bytes where a tuple, or an endpoint, with its address and port takes 160.
    """
    if isinstance(name, tuple) and not any(name[2:]):
        return f"{name[0]} {name[1]}".encode()
    return endpoint_of(name)


def endpoint_of_kept(name: bytes) -> Endpoint:
    """The endpoint of a name that was kept as bytes."""
    address, _, port = name.decode().partition(" ")
    return Endpoint(address, int(port), 6 if ":" in address else 4)


def _scope_name(scope: int) -> str:
    try:
        return socket.if_indextoname(scope)
    except OSError:
        return str(scope)


# ----------------------------------------------------------------------------------------------------------- sockets


def open_socket(family: int) -> socket.socket:
    """A new non-blocking stream socket, for family 0 (paths), 4 or 6. Raises OSError when there is none to be had."""
    if family == 0 and not HAS_PATHS:
        raise OSError(errno.ENOTSUP, "no Unix domain sockets here")
    made = socket.socket(_FAMILIES[family], socket.SOCK_STREAM | _BORN_NON_BLOCKING)
    if not _BORN_NON_BLOCKING:
        made.setblocking(False)
    return made


class Door(socket.socket):
    """A listening socket that knows its family and its type.

    `accept()` asks it for them at each connection, and the properties of `socket.socket` look up members of enums each
    time: 12,000 instructions on CPython 3.11.
    """

    __slots__ = ("family", "type")

    family: socket.AddressFamily
    type: socket.SocketKind

    def __init__(self, made: socket.socket) -> None:
        """Take the place of `made`, which loses its descriptor."""
        self.family, self.type = made.family, made.type
        super().__init__(self.family, self.type, made.proto, made.detach())
        self.setblocking(False)


def check_family(made: socket.socket, family: int) -> None:
    """Raise OSError (EAFNOSUPPORT) where it can't be connected to such an address. Python would raise a TypeError."""
    if made.family != _FAMILIES[family]:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))


def take_over(source: object, check: Callable[[socket.socket], None] | None = None) -> socket.socket:
    """A non-blocking stream socket of our own for a descriptor, or for an object with `fileno()`.

    An object that can let go of its descriptor (`detach()`, as Python's sockets have it) does so. From any other we
    take a duplicate: two owners of one number would sooner or later close a stranger's. Raises OSError when it is no
    stream socket, and whatever `check` raises for it; then nothing was taken.
    """
    number = source if isinstance(source, int) else _number_of(source)
    if not 0 <= number <= 0x7FFFFFFF:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    ours = _around(number, source)
    try:
        if ours.type != socket.SOCK_STREAM:
            raise OSError(errno.EINVAL, "not a stream socket")
        if check is not None:
            check(ours)
        detach = getattr(source, "detach", None)
        if callable(detach):
            detach()
        elif not isinstance(source, int):
            borrowed, ours = ours, ours.dup()
            borrowed.detach()
        ours.setblocking(False)
    except BaseException:
        ours.detach()
        raise
    return ours


def _around(number: int, source: object) -> socket.socket:
    """A socket object for this number. Windows tells the family of bound sockets only; a Python object knows it."""
    if sys.platform == "win32" and isinstance(source, socket.socket):
        return socket.socket(source.family, source.type, source.proto, number)
    return socket.socket(fileno=number)


def kind_of(source: object) -> str:
    """What `take_over` refused, in libuv's words: 'FILE' (a device too), 'TTY', 'PIPE', 'UDP' or 'UNKNOWN'."""
    try:
        number = source if isinstance(source, int) else _number_of(source)
        if sys.platform == "win32" and _is_datagrams(number):
            return "UDP"
        mode = os.fstat(number).st_mode
        if os.isatty(number):
            return "TTY"
        if stat.S_ISSOCK(mode):
            return "UDP" if _is_datagrams(number) else "UNKNOWN"
    except (OSError, TypeError, ValueError):
        return "UNKNOWN"
    return "PIPE" if stat.S_ISFIFO(mode) else "FILE" if stat.S_ISREG(mode) or stat.S_ISCHR(mode) else "UNKNOWN"


def _is_datagrams(number: int) -> bool:
    try:
        borrowed = socket.socket(socket.AF_INET, fileno=number)  # a family spares Windows to look for it
    except OSError:  # no socket
        return False
    try:
        return borrowed.type == socket.SOCK_DGRAM
    finally:
        borrowed.detach()


def has_something_to_tell(made: socket.socket) -> bool:
    """Would a read say anything: bytes, the end, or an error? It is not taken away by asking."""
    if sys.platform == "win32":
        return bool(select.select([made], [], [], 0)[0])
    else:
        poll = select.poll()
        poll.register(made, select.POLLIN)
        return any(event & (select.POLLIN | select.POLLERR) for _, event in poll.poll(0))


def _number_of(source: object) -> int:
    fileno = getattr(source, "fileno", None)
    if not callable(fileno):
        raise TypeError(f"a descriptor or an object with fileno() is needed, not {type(source).__name__}")
    return int(fileno())


def bind_reusable(made: socket.socket, address: str, port: int, family: int) -> None:
    """Bind, also where connections of an earlier process still linger. On Windows that option would steal the port."""
    if family != 0 and os.name == "posix":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(system_address(address, port, family))


def close(made: socket.socket) -> None:
    """Give it back to the system, whatever that says: there is nothing that one could do about it."""
    try:
        made.close()
    except OSError:
        return


def discard_when_closed(made: socket.socket) -> None:
    """Let close() cut the connection with RST."""
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


# ----------------------------------------------------------------------------------------------------------- options


def _set(made: socket.socket, level: int, option: int | None, value: int) -> None:
    # An option that this kind of socket can't have is left alone, and so is a value that the system won't have. (One
    # that is no C int Python takes for bytes, and complains of.)
    if option is None or not -0x80000000 <= value <= 0x7FFFFFFF:
        return
    try:  # suppress() would be three calls more, for each connection
        made.setsockopt(level, option, value)
    except OSError:
        return


def set_no_delay(made: socket.socket, on: bool) -> None:
    """Send small payloads at once (TCP_NODELAY)."""
    _set(made, socket.IPPROTO_TCP, socket.TCP_NODELAY, on)


def set_keep_alive(made: socket.socket, on: bool, delay: int, interval: int, count: int) -> None:
    """Probe an idle connection after `delay`, then every `interval` seconds, `count` times; 0 leaves the system's."""
    _set(made, socket.SOL_SOCKET, socket.SO_KEEPALIVE, on)
    if on:
        for option, value in ((_KEEP_IDLE, delay), (_KEEP_INTERVAL, interval), (_KEEP_COUNT, count)):
            if value:
                _set(made, socket.IPPROTO_TCP, option, value)


def set_type_of_service(made: socket.socket, value: int) -> None:
    """The byte in the IP header. An IPv6 socket gets both kinds, since its peer may be an IPv4 one."""
    if made.family == socket.AF_INET6:
        _set(made, socket.IPPROTO_IPV6, _TRAFFIC_CLASS, value)
    if made.family in (socket.AF_INET, socket.AF_INET6):
        _set(made, socket.IPPROTO_IP, socket.IP_TOS, value)


def get_type_of_service(made: socket.socket) -> int:
    """The same byte; 0 for a Unix socket. Raises OSError."""
    if made.family == socket.AF_INET6 and _TRAFFIC_CLASS is not None:
        return made.getsockopt(socket.IPPROTO_IPV6, _TRAFFIC_CLASS)
    if made.family in (socket.AF_INET, socket.AF_INET6):
        return made.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
    return 0
