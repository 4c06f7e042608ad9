"""What is asked of Windows itself, beyond Python's sockets. The one module that can't be imported elsewhere.

The standard library's `_overlapped` and `_winapi` do most of it; what they lack is called by `ctypes`.
"""

from __future__ import annotations

import _overlapped
import _winapi
import ctypes
import errno
import socket
from typing import Any, Final

__all__ = [
    "close_handle",
    "create_pipe",
    "duplicate",
    "is_open_pipe",
    "is_socket",
    "new_port",
    "open_pipe",
    "wait_for_pipe",
]

_REJECT_REMOTE_CLIENTS: Final = 0x8
_QUALITY_OF_SERVICE: Final = 0x100000  # SECURITY_SQOS_PRESENT …
_IDENTIFICATION: Final = 0x10000  # … SECURITY_IDENTIFICATION: a server may ask who we are, and can't act in our name
_BUFFER: Final = 65536  # bytes, in each direction

_SDDL_REVISION: Final = 1
_OWNERS: Final = "(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"
"""The system, administrators and the owner may do everything, as by default."""

# What who reads, or writes, needs besides to make a connection of it (libuv, uv_pipe_chmod).
_RIGHTS: Final = {"r": 0x80000000 | 0x100, "w": 0x40000000 | 0x80, "rw": 0x80000000 | 0x40000000 | 0x180}

_FILE_MODE_INFORMATION: Final = 16
_SYNCHRONOUS: Final = 0x10 | 0x20

_ctypes: Any = ctypes  # to type checkers elsewhere it has no such things
_kernel: Final = _ctypes.WinDLL("kernel32", use_last_error=True)
_security: Final = _ctypes.WinDLL("advapi32", use_last_error=True)
_native: Final = _ctypes.WinDLL("ntdll")
_security.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    ctypes.c_wchar_p,
    ctypes.c_uint32,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
_kernel.LocalFree.argtypes = (ctypes.c_void_p,)
_kernel.LocalFree.restype = ctypes.c_void_p
_native.NtQueryInformationFile.argtypes = (
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_uint32,
    ctypes.c_int,
)
_native.NtQueryInformationFile.restype = ctypes.c_long


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int))


def new_port() -> int:
    """A completion port that one thread at a time is woken by. Raises OSError."""
    return _overlapped.CreateIoCompletionPort(_overlapped.INVALID_HANDLE_VALUE, _overlapped.NULL, 0, 1)


def close_handle(handle: int) -> None:
    """Give it back. Raises OSError for what is no handle."""
    _winapi.CloseHandle(handle)


def duplicate(handle: int) -> int:
    """Another handle for the same thing. Raises OSError."""
    us = _winapi.GetCurrentProcess()
    return _winapi.DuplicateHandle(us, handle, us, 0, False, _winapi.DUPLICATE_SAME_ACCESS)


# --------------------------------------------------------------------------------------------------------------- pipes


def create_pipe(name: str, first: bool, for_all: str) -> int:
    """A new instance of a pipe, that no client has connected to yet. With `first` it has to be the first one.

    It is of bytes, not of messages, and clients of other machines are turned away. for_all: what others than its owner
    may do, 'r', 'w', both or neither. (Who may write may make instances of it as well: Windows has one right for both
    in what clients ask for.) Raises OSError.
    """
    mode = _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED
    if first:
        mode |= _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE
    kind = _winapi.PIPE_WAIT | _REJECT_REMOTE_CLIENTS  # bytes have no flags
    instances = _winapi.PIPE_UNLIMITED_INSTANCES
    if not for_all:
        return _winapi.CreateNamedPipe(name, mode, kind, instances, _BUFFER, _BUFFER, 0, _winapi.NULL)
    descriptor = _descriptor(f"D:{_OWNERS}(A;;0x{_RIGHTS[for_all]:x};;;WD)")
    try:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
        address = ctypes.addressof(attributes)
        return _winapi.CreateNamedPipe(name, mode, kind, instances, _BUFFER, _BUFFER, 0, address)
    finally:
        _kernel.LocalFree(descriptor)


def _descriptor(text: str) -> int:
    """The address of a security descriptor; to be freed by LocalFree."""
    found = ctypes.c_void_p()
    convert = _security.ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(text, _SDDL_REVISION, ctypes.byref(found), None) or found.value is None:
        raise _ctypes.WinError(_ctypes.get_last_error())
    return found.value


def open_pipe(name: str) -> int:
    """The client's end of a pipe. Raises OSError, ERROR_PIPE_BUSY if every instance has a client."""
    access = _winapi.GENERIC_READ | _winapi.GENERIC_WRITE
    flags = _winapi.FILE_FLAG_OVERLAPPED | _QUALITY_OF_SERVICE | _IDENTIFICATION
    return _winapi.CreateFile(name, access, 0, _winapi.NULL, _winapi.OPEN_EXISTING, flags, _winapi.NULL)


def wait_for_pipe(name: str, milliseconds: int) -> None:
    """Block until an instance is free. Whoever opens it first has it. Raises OSError, ERROR_SEM_TIMEOUT in the end."""
    _winapi.WaitNamedPipe(name, milliseconds)


# ------------------------------------------------------------------------------------------------- what a handle is


def is_socket(handle: int) -> bool:
    """Is it a socket, of whatever kind?"""
    try:
        borrowed = socket.socket(socket.AF_INET, fileno=handle)
    except OSError:
        return False
    borrowed.detach()
    return True


def is_open_pipe(handle: int) -> bool:
    """Is it the end of a pipe that a port can be told of?

    Raises OSError (EINVAL) for a pipe that was not opened for overlapped operations: each would block.
    """
    if is_socket(handle):
        return False
    try:
        if _winapi.GetFileType(handle) != _winapi.FILE_TYPE_PIPE:
            return False
        _winapi.PeekNamedPipe(handle)
    except OSError:
        return False
    status, mode = (ctypes.c_void_p * 2)(), ctypes.c_uint32()
    asked = _native.NtQueryInformationFile(
        handle, ctypes.byref(status), ctypes.byref(mode), ctypes.sizeof(mode), _FILE_MODE_INFORMATION
    )
    if asked == 0 and mode.value & _SYNCHRONOUS:
        raise OSError(errno.EINVAL, "PIPE")
    return True
