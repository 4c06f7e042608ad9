"""Options and arguments, checked and brought into one form: pure, and without any I/O.

This file has what belongs to a socket or a server as such. `targets.py` has `connect()` and `listen()`, `arguments.py`
what both rest on; whoever needs options imports them from here.

Times are seconds, where Node has milliseconds. Errors are Node's, with Python's names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from .abort import AbortSignal
from .address import whole_number
from .arguments import (
    CONNECT_OPTIONS,
    LISTEN_OPTIONS,
    OBJECT_MODES,
    SERVER_OPTIONS,
    SOCKET_OPTIONS,
    Callback,
    abort_signal,
    block_list_in,
    check_count,
    check_names,
    descriptor_number,
    given_twice,
    is_finite,
    is_number,
    offers_descriptor,
    seconds_of_timer,
    whole_seconds,
)
from .blocklist import BlockList
from .errors import invalid_arg_type, invalid_arg_value, out_of_range
from .targets import (
    BoundTo,
    ConnectOptions,
    ListenOptions,
    LookupOptions,
    Target,
    check_found,
    connect_options,
    get_default_auto_select_family,
    get_default_auto_select_family_attempt_timeout,
    listen_options,
    lookup_arguments,
    set_default_auto_select_family,
    set_default_auto_select_family_attempt_timeout,
    split_connect,
)

if TYPE_CHECKING:
    from .signatures import Buffer

__all__ = [
    "CONNECT_OPTIONS",
    "DEFAULT_HIGH_WATER_MARK",
    "LISTEN_OPTIONS",
    "SERVER_OPTIONS",
    "SOCKET_OPTIONS",
    "BoundTo",
    "ConnectOptions",
    "ListenOptions",
    "LookupOptions",
    "OnRead",
    "ServerOptions",
    "SocketOptions",
    "Target",
    "check_found",
    "connect_options",
    "connection_limit",
    "get_default_auto_select_family",
    "get_default_auto_select_family_attempt_timeout",
    "keep_alive_arguments",
    "listen_options",
    "lookup_arguments",
    "named_options",
    "server_options",
    "set_default_auto_select_family",
    "set_default_auto_select_family_attempt_timeout",
    "socket_options",
    "split_connect",
    "timeout_seconds",
    "type_of_service",
]

DEFAULT_HIGH_WATER_MARK: Final = 65536
"""Bytes. Node keeps a quarter of it on Windows, for the sake of its own test machines."""


# -------------------------------------------------------------------------------------------------------------- socket


@final
@dataclass(frozen=True, slots=True, eq=False)
class OnRead:
    """Reading into a buffer of one's own, in the place of 'data'.

    `buffer` is a writable, C-contiguous buffer, or a function that returns one for each read. `callback(count, buffer)`
    is called when `count` bytes are in it; when it returns False (exactly), reading stops until `resume()`.

    Raises TypeError (ERR_INVALID_ARG_TYPE) for anything else.
    """

    buffer: Buffer | Callable[[], Buffer]
    callback: Callable[[int, Any], object]

    def __post_init__(self) -> None:
        if not callable(self.buffer) and not _can_be_filled(self.buffer):
            raise invalid_arg_type("buffer", "a writable buffer or a function that returns one", self.buffer)
        if not callable(self.callback):
            raise invalid_arg_type("callback", "of type function", self.callback)


def _can_be_filled(buffer: Any) -> bool:
    try:
        with memoryview(buffer) as view:
            return not view.readonly and view.c_contiguous and view.nbytes > 0
    except TypeError:
        return False


@final
@dataclass(frozen=True, slots=True)
class SocketOptions:
    """The options of `Socket()`."""

    source: object
    """A descriptor or an object that has one, from `handle` or `fd`; None if the socket is to be made."""
    allow_half_open: bool
    readable: bool
    writable: bool
    signal: AbortSignal | None
    on_read: OnRead | None
    read_high_water_mark: int
    write_high_water_mark: int
    max_buffered: int | None
    """No more than this may wait to be sent; None: no limit."""
    no_delay: bool
    keep_alive: bool
    keep_alive_initial_delay: int
    """Whole seconds; 0 leaves the system's."""
    block_list: BlockList | None
    type_of_service: int | None


def named_options(first: object, keywords: Mapping[str, object]) -> Mapping[str, object]:
    """The options of `Socket(first, **keywords)` by name: `first` is a mapping of them, or a descriptor (A-08).

    A text or a bool is passed over, as in Node; what else it might be is ERR_INVALID_ARG_TYPE (TypeError).
    """
    if isinstance(first, Mapping):
        return {**first, **keywords}
    if is_number(first):
        return {"fd": first, **keywords}
    if first is None or isinstance(first, str | bool):
        return keywords
    raise invalid_arg_type("options", "of type object", first)


def socket_options(options: Mapping[str, object]) -> SocketOptions:
    """Read the options of `Socket()`. `timeout` is one of them that only the module's `connect()` obeys (A-18).

    Raises TypeError: ERR_INVALID_ARG_TYPE, and for an option that doesn't exist. ValueError: ERR_OUT_OF_RANGE. Both,
    ERR_INVALID_ARG_VALUE: a high-water mark that is none, object modes.
    """
    check_names("Socket", options, SOCKET_OPTIONS, OBJECT_MODES)
    for name in OBJECT_MODES:
        if options.get(name):
            raise invalid_arg_value(f"options.{name}", options[name], "is not supported")
    service = options.get("type_of_service")
    return SocketOptions(
        keep_alive_initial_delay=_initial_delay(options),
        read_high_water_mark=_high_water_mark(options, "readable_high_water_mark"),
        write_high_water_mark=_high_water_mark(options, "writable_high_water_mark"),
        max_buffered=_max_buffered(options),
        source=_source(options),
        on_read=_on_read(options.get("on_read")),
        type_of_service=None if service is None else whole_number("options.type_of_service", service, 0, 255),
        signal=abort_signal("signal", options.get("signal")),
        block_list=block_list_in(options),
        allow_half_open=bool(options.get("allow_half_open")),
        readable=_unless_false(options.get("readable")),
        writable=_unless_false(options.get("writable")),
        no_delay=bool(options.get("no_delay")),
        keep_alive=bool(options.get("keep_alive")),
    )


def _unless_false(value: object) -> bool:
    return value is None or bool(value)


def _initial_delay(options: Mapping[str, object]) -> int:
    return whole_seconds(options.get("keep_alive_initial_delay"), name="options.keep_alive_initial_delay")


def _high_water_mark(options: Mapping[str, object], side: str) -> int:
    """The mark for both sides wins over that of one, and is complained about by the name of one (as in Node)."""
    value = options.get("high_water_mark")
    if value is None:
        value = options.get(side)
    if value is None:
        return DEFAULT_HIGH_WATER_MARK
    if not is_number(value) or not is_finite(value) or value < 0 or value != int(value):
        raise invalid_arg_value(f"options.{side}", value)
    return int(value)


def _max_buffered(options: Mapping[str, object]) -> int | None:
    value = options.get("max_buffered")
    return None if value is None else whole_number("options.max_buffered", value, 0, 2**53 - 1)


def _source(options: Mapping[str, object]) -> object:
    """Only the shape is checked here; whether there is a socket behind it is for the driver to find out."""
    name = "fd" if options.get("handle") is None else "handle"
    value = options.get(name)
    if value is None or offers_descriptor(value):
        return value
    if name == "handle" and not is_number(value):
        raise invalid_arg_type(name, "an object with fileno()", value)
    return descriptor_number(name, value)


def _on_read(value: object) -> OnRead | None:
    """An `OnRead`, or a mapping that would make one. Anything else is passed over (A-16)."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, OnRead) else None
    try:
        return OnRead(value.get("buffer"), value.get("callback"))  # type: ignore[arg-type]  # it looks at what it is given
    except TypeError:
        return None


# -------------------------------------------------------------------------------------------------------------- server


@final
@dataclass(slots=True)
class ServerOptions:
    """The options of `Server()`, for the sockets that it accepts."""

    allow_half_open: bool = False
    pause_on_connect: bool = False
    no_delay: bool = False
    keep_alive: bool = False
    keep_alive_initial_delay: int = 0
    """Whole seconds; 0 leaves the system's."""
    high_water_mark: int = DEFAULT_HIGH_WATER_MARK
    max_buffered: int | None = None
    block_list: BlockList | None = None


def server_options(args: tuple[object, ...], keywords: Mapping[str, object]) -> tuple[ServerOptions, Callback | None]:
    """Read the arguments of `Server()`: `(listener)`, `(options)` or `(options, listener)`, and keywords.

    A second argument that can't be called is passed over, as in Node (A-19).

    Raises TypeError: ERR_INVALID_ARG_TYPE, and for an option that doesn't exist. ValueError: ERR_OUT_OF_RANGE.
    """
    check_count("Server", args, 2)
    options = {**_mapping_of_server(args), **keywords}
    check_names("Server", options, SERVER_OPTIONS)
    listener = options.pop("listener", None)
    if listener is not None and not callable(listener):
        raise invalid_arg_type("listener", "of type function", listener)
    if len(args) == 2 and isinstance(args[1], Mapping) and args[1]:
        raise invalid_arg_type("listener", "of type function (options go before it)", args[1])
    for positional in args:
        if callable(positional):
            if listener is not None:
                raise given_twice("Server", "listener")
            listener = positional
    given = ServerOptions(
        keep_alive_initial_delay=_initial_delay(options),
        high_water_mark=_mark_of_accepted(options.get("high_water_mark")),
        max_buffered=_max_buffered(options),
        allow_half_open=bool(options.get("allow_half_open")),
        pause_on_connect=bool(options.get("pause_on_connect")),
        no_delay=bool(options.get("no_delay")),
        keep_alive=bool(options.get("keep_alive")),
        block_list=block_list_in(options),
    )
    return given, listener


def _mapping_of_server(args: tuple[object, ...]) -> Mapping[str, object]:
    """The options among the arguments, which stand first; a listener may be in their place."""
    first = args[0] if args else None
    if isinstance(first, Mapping):
        return first
    if first is not None and not callable(first):
        raise invalid_arg_type("options", "of type object", first)
    return {}


def _mark_of_accepted(value: object) -> int:
    """Below 0 is the default (A-20). NaN and parts of a byte, of which Node's first connection dies, are refused."""
    if value is None:
        return DEFAULT_HIGH_WATER_MARK
    if is_number(value) and value < 0:
        return DEFAULT_HIGH_WATER_MARK
    return whole_number("options.high_water_mark", value, 0, 2**53 - 1)


def connection_limit(value: object) -> int | None:
    """How many connections a server may have: `max_connections`. Infinity is no limit, below 0 is none allowed.

    Raises TypeError (ERR_INVALID_ARG_TYPE) or, for NaN, ValueError (ERR_OUT_OF_RANGE).
    """
    if value is None or value == math.inf:
        return None
    if not is_number(value):
        raise invalid_arg_type("max_connections", "of type number", value)
    if isinstance(value, float) and math.isnan(value):
        raise out_of_range("max_connections", "a number", value)
    return math.ceil(max(0, value))


# --------------------------------------------------------------------------------------------- arguments of methods


def timeout_seconds(name: str, value: object) -> float:
    """The seconds of `set_timeout()`; see `seconds_of_timer()`."""
    return seconds_of_timer(name, value)


def keep_alive_arguments(
    enable: object = False, initial_delay: object = 0, interval: object = None, count: object = None
) -> tuple[bool, int, int, int]:
    """Read `set_keep_alive()`, also from one mapping with these four names: on, and whole seconds, seconds, and times.

    Never raises (K-01). What is no number is the default, and so is an interval or a count below 1: the system's delay,
    every second, ten times.
    """
    if isinstance(enable, Mapping):
        enable, initial_delay, interval, count = map(enable.get, ("enable", "initial_delay", "interval", "count"))
    return bool(enable), whole_seconds(initial_delay), whole_seconds(interval) or 1, whole_seconds(count) or 10


def type_of_service(value: object) -> int:
    """The argument of `set_type_of_service()`, 0 to 255. Raises ERR_INVALID_ARG_TYPE (NaN too), ERR_OUT_OF_RANGE."""
    if isinstance(value, float) and math.isnan(value):
        raise invalid_arg_type("tos", "of type number", value)
    return whole_number("tos", value, 0, 255)
