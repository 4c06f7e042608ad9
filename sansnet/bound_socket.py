"""`BoundSocket`: an address of one's own, held before it is known whether a server or a client will use it.

Reference: https://nodejs.org/api/net.html#class-netboundsocket
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack, final

from .address import is_ip, parse_port
from .arguments import check_names
from .default import default_driver
from .ends import AddressInfo, address_info
from .errors import bad_port, invalid_arg_type, invalid_arg_value, to_exception
from .state.endpoints import Endpoint
from .state.faults import Fault

if TYPE_CHECKING:
    from .drivers.contract import BoundHandle, Driver, SocketHandle
    from .signatures import BoundSocketOptions

__all__ = ["BoundSocket"]

_OPTIONS = frozenset({"host", "port", "path", "ipv6_only", "reuse_port"})


@final
class BoundSocket:
    """A socket that is bound, and neither listens nor connects.

    `server.listen(bound)` or `Socket(handle=bound)` takes it over, once; that socket then connects from its address.
    One that nobody takes over has to be closed; `with` does that.
    """

    __slots__ = ("_handle", "_name")

    def __init__(self, options: BoundSocketOptions | None = None, /, **keywords: Unpack[BoundSocketOptions]) -> None:
        """Bind.

        host: a literal address, no name; default '0.0.0.0', or '::' with `ipv6_only`. port: default 0, any free one.
        ipv6_only: take no IPv4 connections at '::'. reuse_port: let others bind the port as well (SO_REUSEPORT).
        path: of a Unix domain socket, in the place of all these (Linux: abstract, with a leading NUL).

        Raises OSError with syscall 'bind' when the system refuses (EADDRINUSE, EADDRNOTAVAIL, EACCES, …), TypeError or
        ValueError with Node's code for options that can't be.
        """
        if options is not None and not isinstance(options, Mapping):
            raise invalid_arg_type("options", "of type object", options)
        both: dict[str, Any] = {**(options or {}), **keywords}
        given = {name: value for name, value in both.items() if value is not None}
        check_names("BoundSocket", given, _OPTIONS)
        endpoint = _path(given) if "path" in given else _address(given)
        answer = default_driver().bind(endpoint, given.get("ipv6_only", False), given.get("reuse_port", False))
        if isinstance(answer, Fault):
            raise to_exception(answer)
        self._handle: BoundHandle | None = answer
        self._name = endpoint if endpoint.is_path else answer.local_name()

    def address(self) -> AddressInfo | str | None:
        """Where it is bound: an `AddressInfo`, or the path as it was given.

        Raises RuntimeError (ERR_SOCKET_HANDLE_ADOPTED) once it was taken over or closed, as the methods below do.
        """
        self._held()
        return self._name.address if self._name is not None and self._name.is_path else address_info(self._name)

    @property
    def is_pipe(self) -> bool:
        """Is it bound to a path?"""
        return self._name is not None and self._name.is_path

    def fd(self) -> int:
        """The descriptor. It stays ours: don't close it."""
        return self._held().fileno()

    def fileno(self) -> int:
        """As `fd()`, under Python's name."""
        return self.fd()

    def close(self) -> None:
        """Give it back to the system; a path is removed."""
        self._taken().close()

    def adopt(self, driver: Driver) -> BoundHandle:
        """The driver's handle, which is the caller's from now on; called by the server or socket that takes it over.

        Raises RuntimeError where `driver`, the caller's, can't be used.
        """
        driver.check()
        return self._taken()

    def _connectable(self, driver: Driver) -> SocketHandle:
        """The driver's handle of a socket that connects from here; called by the socket that takes it over.

        Raises RuntimeError as `adopt` does, and when the socket's driver is of another world than this one's (one of
        them simulated); then nothing was taken.
        """
        driver.check()
        held = self._held()
        try:
            handle = driver.adopt(held)
        except OSError:
            text = f"a {type(driver).__name__} can't take over {self!r} of another driver: make both on the same one"
            raise RuntimeError(text) from None
        self._handle = None
        return handle

    def _held(self) -> BoundHandle:
        if self._handle is None:
            raise to_exception(Fault("ERR_SOCKET_HANDLE_ADOPTED"))
        return self._handle

    def _taken(self) -> BoundHandle:
        handle = self._held()
        self._handle = None
        return handle

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close it, unless it was taken over or closed before."""
        if self._handle is not None:
            self.close()

    def __repr__(self) -> str:
        where = "taken over or closed" if self._handle is None else self.address()
        return f"<{type(self).__name__} {where}>"


def _path(options: Mapping[str, Any]) -> Endpoint:
    if len(options) > 1:
        reason = "path is mutually exclusive with host, port, ipv6_only, and reuse_port"
        raise invalid_arg_value("options", options, reason)
    path = options["path"]
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if not isinstance(path, str):
        raise invalid_arg_type("options.path", "of type string", path)
    return Endpoint(path, None, 0)


def _address(options: Mapping[str, Any]) -> Endpoint:
    port = parse_port(options.get("port", 0))
    if port is None:
        raise bad_port("options.port", options["port"])
    for name in ("ipv6_only", "reuse_port"):
        if not isinstance(options.get(name, False), bool):
            raise invalid_arg_type(f"options.{name}", "of type boolean", options[name])
    host = options.get("host", "::" if options.get("ipv6_only") else "0.0.0.0")
    if not isinstance(host, str):
        raise invalid_arg_type("options.host", "of type string", host)
    family = is_ip(host)
    if not family:
        reason = "must be a numeric IP address; net.BoundSocket does not perform DNS resolution"
        raise invalid_arg_value("options.host", host, reason)
    return Endpoint(host, port, family)
