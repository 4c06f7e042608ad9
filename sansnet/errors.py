"""Exceptions: what a `Fault` becomes for the user, and the complaints about arguments.

Every exception of this package is a `NetError` and carries Node's `code`. Each is also of the builtin class that a
Python programmer would expect, and is named after it: `NetTimeoutError` is a `TimeoutError`, `NetPermissionError` a
`PermissionError`. Three have no such namesake: `NetArgumentError` (a value that Python calls a ValueError and Node a
TypeError, so it is both), `NetAddressInfoError` (`socket.gaierror`) and `AbortError`.

`str()` of each is Node's message, without Python's `[Errno n]`.
"""

from __future__ import annotations

import difflib
import errno
import os
import socket
import types
from collections.abc import Iterable, Sequence
from typing import Any, Final

from .state.faults import Fault

__all__ = [
    "AbortError",
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
    "bad_port",
    "given_fault",
    "invalid_arg_type",
    "invalid_arg_value",
    "invalid_ip_address",
    "message_of",
    "missing_args",
    "out_of_range",
    "to_exception",
    "unhandled_error",
    "unknown_encoding",
    "unknown_option",
]


# -------------------------------------------------------------------------------------------------------- the classes


class NetError(Exception):
    """What every exception of this package is. `except NetError` catches them all.

    `code` is Node's name of the failure: `'ECONNREFUSED'`, `'ERR_SOCKET_CLOSED'`. The others are None unless they say
    something: the system call, the address and port it was about (the path and None for a Unix socket or a pipe), the
    local address and port that were asked for, and the name that was looked up.
    """

    code: str
    syscall: str | None = None
    address: str | None = None
    port: int | None = None
    local_address: str | None = None
    local_port: int | None = None
    hostname: str | None = None

    def __init__(self, text: str = "", code: str = "") -> None:
        super().__init__(text)
        self.code = code

    @property
    def host(self) -> str | None:
        """Node's other word for `hostname`, which ERR_INVALID_ADDRESS_FAMILY has."""
        return self.hostname


class NetTypeError(NetError, TypeError):
    """An argument of the wrong type, or a combination of arguments that means nothing."""


class NetValueError(NetError, ValueError):
    """An argument that is out of range: Node's RangeError."""


class NetArgumentError(NetTypeError, NetValueError):
    """An argument of the right type with a value that is none: Node's TypeError, Python's ValueError."""


class NetRuntimeError(NetError, RuntimeError):
    """Calls in an order that makes no sense: write after end, listen twice, close what isn't running."""


class NetBufferError(NetError, BufferError):
    """ERR_MAX_BUFFERED: a write would have made a socket buffer more than its `max_buffered`."""


class NetOSError(NetError, OSError):
    """The operating system refused. `errno` is its positive number, None when Node's code isn't one of its errors.

    `winerror` is Windows' own number (GetLastError), which often says more; None where Windows was not asked.
    """

    winerror: int | None = None  # type: ignore[assignment,unused-ignore]  # on Windows an int says typeshed; it may be None

    def __init__(self, text: str = "", code: str = "", number: int | None = None) -> None:
        super().__init__(text, code)
        if number:
            self.errno = number
            self.strerror = os.strerror(number)

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError keeps its number outside of __dict__, so that a copy would lose it.
        return type(self), (*self.args, self.code, self.errno), self.__dict__


class NetAddressInfoError(NetOSError, socket.gaierror):
    """A name could not be looked up. `errno` is the EAI_ number, as in every `socket.gaierror`."""

    def __init__(self, text: str = "", code: str = "", number: int | None = None) -> None:
        super().__init__(text, code, number)
        self.strerror = text  # the number is not one that os.strerror knows


class NetBlockingIOError(NetOSError, BlockingIOError):
    """EAGAIN, EALREADY: the backlog of a Unix socket is full, or a connect is under way already."""


class NetFileNotFoundError(NetOSError, FileNotFoundError):
    """ENOENT: there is nothing at that path."""


class NetPermissionError(NetOSError, PermissionError):
    """EACCES, EPERM, or a peer that a `BlockList` forbids (ERR_IP_BLOCKED)."""


class NetTimeoutError(NetOSError, TimeoutError):
    """ETIMEDOUT, or a time limit of this package."""


class NetConnectionError(NetOSError, ConnectionError):
    """There is no connection, or not any more."""


class NetBrokenPipeError(NetConnectionError, BrokenPipeError):
    """EPIPE: written after the end of the connection."""


class NetConnectionAbortedError(NetConnectionError, ConnectionAbortedError):
    """ECONNABORTED."""


class NetConnectionRefusedError(NetConnectionError, ConnectionRefusedError):
    """ECONNREFUSED: nobody listens there."""


class NetConnectionResetError(NetConnectionError, ConnectionResetError):
    """ECONNRESET: the peer cut the connection."""


class AbortError(NetError):
    """An `AbortSignal` put an end to it. `reason` is what the signal gave; it is the `__cause__` too, if it can be."""

    def __init__(self, text: str = "", reason: object = None) -> None:
        super().__init__(text or "The operation was aborted", "ABORT_ERR")
        self.name = "AbortError"  # Node's programs tell it by that
        self.reason = reason
        if isinstance(reason, BaseException):
            self.__cause__ = reason


class NetExceptionGroup(NetError, ExceptionGroup[Exception]):
    """Every attempt failed: Node's AggregateError. `code` is the first attempt's, `exceptions` are in their order."""

    def __new__(cls, text: str, errors: Sequence[Exception], code: str = "") -> NetExceptionGroup:
        """Raises ValueError without errors, as every exception group does."""
        return super().__new__(cls, text, errors)

    def __init__(self, text: str, errors: Sequence[Exception], code: str = "") -> None:
        ExceptionGroup.__init__(self, text, errors)
        self.code = code

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Node's word for `exceptions`."""
        return self.exceptions

    def derive(self, excs: Sequence[Exception], /) -> NetExceptionGroup:  # type: ignore[override]
        """What `split()`, `subgroup()` and `except*` make parts with."""
        return NetExceptionGroup(self.message, excs, self.code)


# --------------------------------------------------------------------------------------------------------- the tables

# Node's own codes: the class, and the text of a fault that brings none. Braces are filled from the fault.
_OWN: Final[dict[str, tuple[type[NetError], str]]] = {
    "ERR_INVALID_ADDRESS": (NetValueError, "Invalid socket address"),
    "ERR_INVALID_ADDRESS_FAMILY": (NetValueError, "Invalid address family: {hostname}:{port}"),
    "ERR_INVALID_ARG_TYPE": (NetTypeError, "An argument is of the wrong type"),
    "ERR_INVALID_ARG_VALUE": (NetArgumentError, "An argument is invalid"),
    "ERR_INVALID_FD_TYPE": (NetTypeError, "Unsupported fd type"),
    "ERR_INVALID_HANDLE_TYPE": (NetTypeError, "This handle type cannot be sent"),
    "ERR_INVALID_IP_ADDRESS": (NetArgumentError, "Invalid IP address: {address}"),
    "ERR_IP_BLOCKED": (NetPermissionError, "IP({address}) is blocked by net.BlockList"),
    "ERR_MAX_BUFFERED": (NetBufferError, "More than max_buffered would be buffered"),
    "ERR_MISSING_ARGS": (NetTypeError, 'The "options" or "port" or "path" argument must be specified'),
    "ERR_OUT_OF_RANGE": (NetValueError, "A value is out of range"),
    "ERR_SERVER_ALREADY_LISTEN": (NetRuntimeError, "Listen method has been called more than once without closing."),
    "ERR_SERVER_NOT_RUNNING": (NetRuntimeError, "Server is not running."),
    "ERR_SOCKET_BAD_PORT": (NetValueError, "Port should be >= 0 and < 65536."),
    "ERR_SOCKET_CLOSED": (NetConnectionError, "Socket is closed"),
    "ERR_SOCKET_CLOSED_BEFORE_CONNECTION": (NetConnectionError, "Socket closed before the connection was established"),
    "ERR_SOCKET_CONNECTION_TIMEOUT": (NetTimeoutError, "Socket connection timeout"),
    "ERR_SOCKET_HANDLE_ADOPTED": (NetRuntimeError, "The bound socket has already been adopted by a server or socket"),
    "ERR_STREAM_ALREADY_FINISHED": (NetRuntimeError, "Cannot call end after a stream was finished"),
    "ERR_STREAM_DESTROYED": (NetConnectionError, "Cannot call write after a stream was destroyed"),
    "ERR_STREAM_NULL_VALUES": (NetTypeError, "May not write null values to stream"),
    "ERR_STREAM_PREMATURE_CLOSE": (NetConnectionError, "Premature close"),
    "ERR_STREAM_WRITE_AFTER_END": (NetRuntimeError, "write after end"),
    "ERR_UNHANDLED_ERROR": (NetRuntimeError, "Unhandled error."),
    "ERR_UNKNOWN_ENCODING": (NetArgumentError, "Unknown encoding"),
    "EPIPE": (NetBrokenPipeError, "This socket has been ended by the other party"),  # with a syscall it is the system's
}

# The operating system's codes that Python has a class for. All others are plain `NetOSError`s.
_SYSTEM: Final[dict[str, type[NetOSError]]] = {
    "EACCES": NetPermissionError,
    "EAGAIN": NetBlockingIOError,
    "EALREADY": NetBlockingIOError,
    "ECONNABORTED": NetConnectionAbortedError,
    "ECONNREFUSED": NetConnectionRefusedError,
    "ECONNRESET": NetConnectionResetError,
    "EINPROGRESS": NetBlockingIOError,
    "ENOENT": NetFileNotFoundError,
    "EPERM": NetPermissionError,
    "EPIPE": NetBrokenPipeError,
    "ESHUTDOWN": NetBrokenPipeError,
    "ETIMEDOUT": NetTimeoutError,
}

# libuv's words, which Node puts into the errors of listen() and nowhere else.
_DESCRIPTIONS: Final[dict[str, str]] = {
    "EACCES": "permission denied",
    "EADDRINUSE": "address already in use",
    "EADDRNOTAVAIL": "address not available",
    "EAFNOSUPPORT": "address family not supported",
    "EBADF": "bad file descriptor",
    "EINVAL": "invalid argument",
    "ELOOP": "too many symbolic links encountered",
    "EMFILE": "too many open files",
    "ENAMETOOLONG": "name too long",
    "ENFILE": "file table overflow",
    "ENOBUFS": "no buffer space available",
    "ENOENT": "no such file or directory",
    "ENOMEM": "not enough memory",
    "ENOTDIR": "not a directory",
    "ENOTSOCK": "socket operation on non-socket",
    "ENOTSUP": "operation not supported on socket",
    "EPERM": "operation not permitted",
    "EROFS": "read-only file system",
}


# ---------------------------------------------------------------------------------------------- from fault to exception


def to_exception(fault: Fault) -> Exception:
    """The exception for `fault`: what the user gave to `destroy()` as itself, otherwise a new one on each call.

    The fault of an abort has the signal's reason as its cause; it becomes an `AbortError` that carries the reason.
    """
    if fault.code == "ABORT_ERR":
        return AbortError(fault.text, fault.cause)
    if isinstance(fault.cause, Exception):
        return fault.cause
    error = _new(fault)
    _locate(error, fault)
    return error


def _new(fault: Fault) -> NetError:
    text, code = message_of(fault), fault.code
    if fault.errors:
        return NetExceptionGroup(text, [to_exception(part) for part in fault.errors], code)
    if code == "ENOTFOUND" or code.startswith("EAI_"):
        return NetAddressInfoError(text, code, fault.errno or _number_of(code))
    if code in _OWN and (code not in _SYSTEM or not fault.syscall):
        return _OWN[code][0](text, code)
    if code in _SYSTEM or fault.errno or fault.syscall:
        return _SYSTEM.get(code, NetOSError)(text, code, fault.errno or _number_of(code))
    return NetError(text, code)


def _number_of(code: str) -> int | None:
    """The number behind a name, which a fault made by a machine doesn't have: it differs from system to system."""
    number: int | None = getattr(errno, code, getattr(socket, "EAI_NONAME" if code == "ENOTFOUND" else code, None))
    return number


def _locate(error: NetError, fault: Fault) -> None:
    """Set on `error` what the fault knows. An empty text and port 0 say nothing, so the class's None stays."""
    for name in ("syscall", "address", "port", "local_address", "local_port", "hostname"):
        if value := getattr(fault, name):
            setattr(error, name, value)
    if isinstance(fault.cause, int) and isinstance(error, NetOSError):
        error.winerror = fault.cause


def message_of(fault: Fault) -> str:
    """Node's message for `fault`. An aggregate has none in Node; here `str()` of the group adds how many it holds."""
    if fault.text:
        return fault.text
    if fault.errors:
        return "every attempt to connect failed"
    if fault.syscall and not fault.code.startswith("ERR_"):
        return _system_message(fault)
    if fault.code in _OWN:
        return _OWN[fault.code][1].format(address=fault.address, hostname=fault.hostname, port=fault.port)
    return fault.code


def _system_message(fault: Fault) -> str:
    """The three families of Node's texts: for connect and bind, for listen, and for what needs no address."""
    message = f"{fault.syscall} {fault.code}"
    match fault.syscall:
        case "connect" | "bind":
            local = _place(fault.local_address or "", fault.local_port)
            return message + _place(fault.address, fault.port) + (f" - Local ({local.strip()})" if local else "")
        case "listen":
            return f"{message}: {_description(fault)}{_place(fault.address, fault.port)}"
        case "getaddrinfo":
            return f"{message} {fault.hostname}"
        case _:
            return message


def _place(address: str, port: int | None) -> str:
    """' address:port' as Node has it: IPv6 without brackets, no port when it is 0 or, for a path, -1."""
    if not address:
        return ""
    return f" {address}:{port}" if port and port > 0 else f" {address}"


def _description(fault: Fault) -> str:
    return _DESCRIPTIONS.get(fault.code) or os.strerror(fault.errno or _number_of(fault.code) or 0).lower()


def given_fault(error: Exception) -> Fault:
    """The fault that stands for the user's own exception; `to_exception` gives `error` itself back."""
    return Fault(type(error).__name__, cause=error)


# ------------------------------------------------------------------------------------------- complaints about arguments


def invalid_arg_type(name: str, expected: str, value: object) -> NetTypeError:
    """`expected` completes "must be": 'of type string', 'an instance of BlockList'. A dotted `name` is a property."""
    text = f'The "{name}" {_kind(name)} must be {expected}. Received {_received(value)}'
    return NetTypeError(text, "ERR_INVALID_ARG_TYPE")


def invalid_arg_value(name: str, value: object, reason: str = "is invalid") -> NetArgumentError:
    """`reason` follows the name: 'is invalid', 'must have the property "port" or "path"'."""
    text = f"The {_kind(name)} '{name}' {reason}. Received {_shown(value, 128)}"
    return NetArgumentError(text, "ERR_INVALID_ARG_VALUE")


def out_of_range(name: str, range_text: str, value: object) -> NetValueError:
    """`range_text` completes "It must be": '>= 0 && <= 255', 'an integer'."""
    text = f'The value of "{name}" is out of range. It must be {range_text}. Received {_shown(value, 128)}'
    return NetValueError(text, "ERR_OUT_OF_RANGE")


def bad_port(name: str, value: object) -> NetValueError:
    """`name` opens the sentence: 'Port' where Node connects, 'options.port' elsewhere."""
    return NetValueError(f"{name} should be >= 0 and < 65536. Received {_received(value)}.", "ERR_SOCKET_BAD_PORT")


def missing_args() -> NetTypeError:
    """Neither a port nor a path was given to connect(). For other fixed texts `to_exception(Fault(code))` will do."""
    return NetTypeError(_OWN["ERR_MISSING_ARGS"][1], "ERR_MISSING_ARGS")


def unknown_encoding(encoding: object) -> NetArgumentError:
    """Neither a codec of Python nor one of Node's words."""
    return NetArgumentError(f"Unknown encoding: {encoding}", "ERR_UNKNOWN_ENCODING")


def invalid_ip_address(address: object) -> NetArgumentError:
    """A literal address was needed."""
    return NetArgumentError(f"Invalid IP address: {address}", "ERR_INVALID_IP_ADDRESS")


def unhandled_error(value: object) -> NetRuntimeError:
    """'error' was emitted, nobody listened, and `value` is nothing that could be raised."""
    return NetRuntimeError(f"Unhandled error. ({_shown(value, 128)})", "ERR_UNHANDLED_ERROR")


def unknown_option(call: str, name: str, known: Iterable[str]) -> NetTypeError:
    """A keyword that `call` doesn't take, and the nearest of those that it knows."""
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f". Did you mean '{nearest[0]}'?" if nearest else ""
    return NetTypeError(f"{call}() got an unexpected keyword argument '{name}'{hint}", "ERR_INVALID_ARG_VALUE")


def _kind(name: str) -> str:
    return "property" if "." in name else "argument"


def _received(value: object) -> str:
    """Node's words for a value of the wrong type, with Python's own for the value."""
    match value:
        case None:
            return "None"
        case bool():
            return f"type boolean ({value})"
        case int() | float():
            return f"type number ({_shown(value, 128)})"
        case str():
            start = f"{value[:25]}..." if len(value) > 28 else value
            return f"type string ({start!r})"
        case type():
            return f"class {value.__name__}"
        case types.FunctionType() | types.BuiltinFunctionType() | types.MethodType():
            return f"function {value.__name__}"
        case _:
            return f"an instance of {type(value).__name__}"


def _shown(value: object, limit: int) -> str:
    """`repr(value)`, at most `limit` characters of it; big integers in groups of three, as Node writes them."""
    try:
        text = f"{value:_}" if type(value) is int and abs(value) > 2**32 else repr(value)
    except Exception:  # a repr of the user's, or an integer that is too long to print; the complaint goes on without it
        text = f"<{type(value).__name__}>"
    return f"{text[:limit]}..." if len(text) > limit else text
