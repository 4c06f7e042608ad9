"""Binding: sockets with an address of their own that neither listen nor connect yet, and the files that paths make."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from typing import Final, final

from ..state.endpoints import Endpoint
from . import system

__all__ = ["MadePath", "bound_socket"]


@final
class MadePath:
    """The file that a bind made. It is known by its number too: what replaced it since is somebody else's."""

    __slots__ = ("_identity", "_path")

    def __init__(self, path: str) -> None:
        self._path: Final = os.path.join(_folder(), path)  # as it is: without a link, `link/..` is another folder
        self._identity: Final = _identity_of(self._path)

    def unlink(self) -> None:
        """Remove the file, if it is still the one."""
        if self._identity is not None and _identity_of(self._path) == self._identity:
            with contextlib.suppress(OSError):
                os.unlink(self._path)


def _identity_of(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISSOCK(status.st_mode) else None


def _folder() -> str:
    """The working directory, which may change later; none if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def bound_socket(
    endpoint: Endpoint, *, ipv6_only: bool = False, reuse_port: bool = False
) -> tuple[socket.socket, MadePath | None]:
    """A socket that is bound there, and the file that this made if it made one. Raises OSError."""
    made = system.open_socket(endpoint.family)
    try:
        if endpoint.family == 6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, ipv6_only)
        if reuse_port and not endpoint.is_path:
            _share_port(made)
        system.bind_reusable(made, endpoint.address, endpoint.port or 0, endpoint.family)
    except OSError as error:
        system.close(made)
        if endpoint.is_path and error.errno == errno.ENOENT:
            # There is no such directory. libuv says permission denied, for the sake of Windows; Node's users know that.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
        raise
    makes_file = endpoint.is_path and not endpoint.address.startswith("\0")
    return made, MadePath(endpoint.address) if makes_file else None


def _share_port(made: socket.socket) -> None:
    option = getattr(socket, "SO_REUSEPORT", None)
    if option is None:
        raise OSError(errno.ENOTSUP, "ports can't be shared here")
    made.setsockopt(socket.SOL_SOCKET, option, 1)
