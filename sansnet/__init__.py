"""sansnet: node:net for Python as sans-I/O state machines.

    import sansnet

    server = sansnet.create_server(lambda socket: socket.pipe(socket))
    server.listen(8124, "127.0.0.1")
    sansnet.run()

To read the package: `sansnet.state` (what sockets and servers are, without any I/O), `sansnet.pump` and `sansnet.ports`
(where effects are carried out), `sansnet.socket` and `sansnet.server` (the objects that users hold),
`sansnet.drivers.contract` (what is underneath).
"""

from __future__ import annotations

from .abort import AbortController, AbortSignal
from .address import SocketAddress, is_ip, is_ipv4, is_ipv6
from .awaiting import once
from .blocklist import BlockList
from .bound_socket import BoundSocket
from .default import default_driver, run, using
from .ends import AddressInfo
from .errors import (
    AbortError,
    NetAddressInfoError,
    NetArgumentError,
    NetBlockingIOError,
    NetBrokenPipeError,
    NetBufferError,
    NetConnectionAbortedError,
    NetConnectionError,
    NetConnectionRefusedError,
    NetConnectionResetError,
    NetError,
    NetExceptionGroup,
    NetFileNotFoundError,
    NetOSError,
    NetPermissionError,
    NetRuntimeError,
    NetTimeoutError,
    NetTypeError,
    NetValueError,
)
from .options import (
    LookupOptions,
    OnRead,
    get_default_auto_select_family,
    get_default_auto_select_family_attempt_timeout,
    set_default_auto_select_family,
    set_default_auto_select_family_attempt_timeout,
)
from .server import DropInfo, Server, create_server
from .socket import Socket, connect
from .timers import call_later

create_connection = connect

__version__ = "0.1.0.dev0"

__all__ = [
    "AbortController",
    "AbortError",
    "AbortSignal",
    "AddressInfo",
    "BlockList",
    "BoundSocket",
    "DropInfo",
    "LookupOptions",
    "NetAddressInfoError",
    "NetArgumentError",
    "NetBlockingIOError",
    "NetBrokenPipeError",
    "NetBufferError",
    "NetConnectionAbortedError",
    "NetConnectionError",
    "NetConnectionRefusedError",
    "NetConnectionResetError",
    "NetError",
    "NetExceptionGroup",
    "NetFileNotFoundError",
    "NetOSError",
    "NetPermissionError",
    "NetRuntimeError",
    "NetTimeoutError",
    "NetTypeError",
    "NetValueError",
    "OnRead",
    "Server",
    "Socket",
    "SocketAddress",
    "call_later",
    "connect",
    "create_connection",
    "create_server",
    "default_driver",
    "get_default_auto_select_family",
    "get_default_auto_select_family_attempt_timeout",
    "is_ip",
    "is_ipv4",
    "is_ipv6",
    "once",
    "run",
    "set_default_auto_select_family",
    "set_default_auto_select_family_attempt_timeout",
    "using",
]
