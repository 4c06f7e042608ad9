"""The system's errors as faults, in Node's words. Every driver uses these, so that they all tell the same story."""

from __future__ import annotations

import errno
import socket
from typing import Final

from ..state.faults import Fault

__all__ = ["canceled", "fault_of", "lookup_fault"]

# Names that Python's `errno` prefers for a number that libuv calls otherwise.
_ALIASES: Final[dict[str, str]] = {"EWOULDBLOCK": "EAGAIN", "EOPNOTSUPP": "ENOTSUP"}

# Errors of Windows that Python turns into EINVAL, and what libuv takes them for (src/win/error.c).
_WINDOWS: Final[dict[int, str]] = {
    64: "ECONNRESET",  # ERROR_NETNAME_DELETED
    121: "ETIMEDOUT",  # ERROR_SEM_TIMEOUT
    123: "ENOENT",  # ERROR_INVALID_NAME
    206: "ENAMETOOLONG",  # ERROR_FILENAME_EXCED_RANGE
    231: "EBUSY",  # ERROR_PIPE_BUSY
    232: "EPIPE",  # ERROR_NO_DATA
    233: "EPIPE",  # ERROR_PIPE_NOT_CONNECTED
    995: "ECANCELED",  # ERROR_OPERATION_ABORTED
    1225: "ECONNREFUSED",
    1231: "ENETUNREACH",
    1232: "EHOSTUNREACH",
    1236: "ECONNABORTED",
}

# WSANO_DATA (the name exists, but has no address of that kind) has no EAI_ name any more. libuv says ENOENT for it, and
# has an open issue about that (2959); we say what it is everywhere else.
_LOOKUP_NAMES: Final = {
    11004: "EAI_NODATA",
    **{getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")},
}
_NOT_FOUND: Final = frozenset({"EAI_NONAME", "EAI_NODATA"})  # Node's ENOTFOUND is either


def fault_of(
    error: OSError,
    syscall: str,
    address: str = "",
    port: int | None = None,
    *,
    local_address: str | None = None,
    local_port: int | None = None,
) -> Fault:
    """What the operating system said, as a fault; `syscall` is Node's word for what it was asked.

    An OSError without a number is Python's own refusal to ask, of a path that is too long for instance: EINVAL. The
    number that Windows has for it, of which there are more than codes, is kept as the cause.
    """
    code = _code_of(error)
    return Fault(
        code,
        errno=getattr(errno, code, error.errno or 0),
        syscall=syscall,
        address=address,
        port=port,
        local_address=local_address,
        local_port=local_port,
        cause=getattr(error, "winerror", None),
    )


def lookup_fault(error: OSError | UnicodeError, hostname: str) -> Fault:
    """What getaddrinfo raised, as a fault. A name that can't even be encoded (UnicodeError) is one that isn't found."""
    if isinstance(error, UnicodeError):
        return Fault("ENOTFOUND", syscall="getaddrinfo", hostname=hostname)
    if not isinstance(error, socket.gaierror):
        return Fault(_code_of(error), errno=error.errno or 0, syscall="getaddrinfo", hostname=hostname)
    name = _LOOKUP_NAMES.get(error.errno, "EAI_FAIL")
    return Fault("ENOTFOUND" if name in _NOT_FOUND else name, syscall="getaddrinfo", hostname=hostname)


def canceled(syscall: str, address: str = "", port: int | None = None) -> Fault:
    """The fault of an op that ended because it was cancelled, or because its handle was closed."""
    return Fault("ECANCELED", errno=errno.ECANCELED, syscall=syscall, address=address, port=port)


def _code_of(error: OSError) -> str:
    if name := _WINDOWS.get(getattr(error, "winerror", None) or 0):
        return name
    if error.errno is None:
        return "ETIMEDOUT" if isinstance(error, TimeoutError) else "EINVAL"
    name = errno.errorcode.get(error.errno, "UNKNOWN").removeprefix("WSA")
    return _ALIASES.get(name, name)
