"""Reading arguments: which options there are, and the rules that several of them share.

None means "not given" everywhere. What is wrong is complained about at once, in Node's words with Python's names.
"""

from __future__ import annotations

import ipaddress
import math
import os
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

from .abort import AbortSignal
from .address import number_in, whole_number
from .blocklist import BlockList
from .errors import NetTypeError, invalid_arg_type, invalid_arg_value, out_of_range, unknown_option

__all__ = [
    "CONNECT_OPTIONS",
    "LISTEN_OPTIONS",
    "MAX_SECONDS",
    "OBJECT_MODES",
    "SERVER_OPTIONS",
    "SOCKET_OPTIONS",
    "Callback",
    "Given",
    "abort_signal",
    "block_list_in",
    "check_count",
    "check_names",
    "check_no_nul",
    "descriptor_number",
    "gather",
    "given_twice",
    "is_finite",
    "is_number",
    "is_path_text",
    "offers_descriptor",
    "seconds_of_timer",
    "whole_seconds",
]

Callback = Callable[..., object]

# --------------------------------------------------------------------------------------------------------- the options

SOCKET_OPTIONS: Final = frozenset(
    {
        "allow_half_open",
        "block_list",
        "fd",
        "handle",
        "high_water_mark",
        "keep_alive",
        "keep_alive_initial_delay",
        "max_buffered",
        "no_delay",
        "on_read",
        "readable",
        "readable_high_water_mark",
        "signal",
        "timeout",
        "type_of_service",
        "writable",
        "writable_high_water_mark",
    }
)
OBJECT_MODES: Final = ("object_mode", "readable_object_mode", "writable_object_mode")
"""Options of Node's streams that no socket can have. False is harmless."""

CONNECT_OPTIONS: Final = frozenset(
    {
        "auto_select_family",
        "auto_select_family_attempt_timeout",
        "connect_timeout",
        "family",
        "hints",
        "host",
        "listener",
        "local_address",
        "local_port",
        "lookup",
        "path",
        "port",
    }
)
SERVER_OPTIONS: Final = frozenset(
    {
        "allow_half_open",
        "block_list",
        "high_water_mark",
        "keep_alive",
        "keep_alive_initial_delay",
        "listener",
        "max_buffered",
        "no_delay",
        "pause_on_connect",
    }
)
LISTEN_OPTIONS: Final = frozenset(
    {
        "backlog",
        "callback",
        "exclusive",
        "fd",
        "handle",
        "host",
        "ipv6_only",
        "path",
        "port",
        "readable_all",
        "reuse_port",
        "signal",
        "writable_all",
    }
)


def check_names(call: str, names: Iterable[object], known: frozenset[str], silent: Collection[object] = ()) -> None:
    """Raises TypeError for a name that is neither known nor one of those that aren't talked about."""
    for name in names:
        if name not in known and name not in silent:
            raise unknown_option(call, str(name), known)


# ------------------------------------------------------------------------------------------------------- the overloads


_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Given(NamedTuple):
    """A call of `connect()` or `listen()`, whichever way it was written."""

    options: dict[str, object]
    """By name; a value may be None."""
    rest: tuple[object, ...]
    """What stood behind the first argument, without the callback."""
    callback: Callback | None


def check_count(call: str, args: tuple[object, ...], most: int) -> None:
    """Raises TypeError for more positional arguments than that."""
    if len(args) > most:
        text = f"{call}() takes at most {most} positional arguments, {len(args)} were given"
        raise NetTypeError(text, "ERR_INVALID_ARG_VALUE")


def gather(call: str, args: tuple[object, ...], keywords: Mapping[str, object], callback_name: str) -> Given:
    """Bring `call(port, host, …, callback)`, `call(path, …)`, `call(mapping, …)` and keywords into one form.

    The last positional argument is the callback if it can be called. The first is a mapping of options, a path, or else
    the port (B-05: a text is a port if it is a number that isn't negative, or blank). A text behind a port is the host,
    and so is an address of `ipaddress`; anything else there is the caller's affair. Keywords add to that, and win over
    those of a mapping.

    Raises TypeError for a callback that can't be called, and for an argument that was given twice.
    """
    positional, is_mapping = _first(args)
    if "port" in positional and not is_mapping and len(args) > 1 and isinstance(args[1], str | _IPAddress):
        positional["host"] = args[1]
    named = {name: value for name, value in keywords.items() if value is not None or name not in positional}
    twice = [name for name, value in positional.items() if value is not None and name in named]
    if twice and not is_mapping:
        raise given_twice(call, twice[0])
    options = {**positional, **named}
    if isinstance(path := options.get("path"), os.PathLike):
        options["path"] = os.fspath(path)
    if isinstance(host := options.get("host"), _IPAddress):
        options["host"] = str(host)
    callback = options.pop(callback_name, None)
    if callback is not None and not callable(callback):
        raise invalid_arg_type(callback_name, "of type function", callback)
    rest = args[1:]
    if args and callable(args[-1]):
        if callback is not None:
            raise given_twice(call, callback_name)
        callback = args[-1]
        rest = args[1:-1]
    return Given(options, rest, callback)


def _first(args: tuple[object, ...]) -> tuple[dict[str, object], bool]:
    """The options that the first argument stands for; was it a mapping?"""
    match args[0] if args else {}:
        case Mapping() as options:
            return dict(options), True
        case []:
            return {}, False  # in JavaScript a list is an object too, one without options
        case str() as text if is_path_text(text):
            return {"path": text}, False
        case os.PathLike() as path:
            return {"path": path}, False
        case port:
            return {"port": port}, False


def given_twice(call: str, name: str) -> NetTypeError:
    """The complaint about an argument that was given in two ways."""
    return NetTypeError(f"{call}() got multiple values for argument '{name}'", "ERR_INVALID_ARG_VALUE")


# -------------------------------------------------------------------------------------------------------- single values

MAX_SECONDS: Final = 0x7FFFFFFF / 1000
"""Node's longest timer: 2**31 - 1 milliseconds, or 24.8 days."""

_MAX_INT: Final = 0x7FFFFFFF


def is_number(value: object) -> TypeGuard[int | float]:
    """Is it what JavaScript calls a number? A bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(number: int | float) -> bool:
    """As `math.isfinite()`, which fails with integers that are too large for a float."""
    return isinstance(number, int) or math.isfinite(number)


def is_path_text(value: object) -> TypeGuard[str]:
    """Is it a text that a port can't be? '80', '1e9' and '' aren't paths, '-1' and '0x' are."""
    if not isinstance(value, str) or not value.strip():
        return False
    number = number_in(value)
    return number is None or number < 0


def check_no_nul(name: str, value: object) -> str:
    """`value`, if it is a text that the operating system can be given. Raises ERR_INVALID_ARG_TYPE or _VALUE."""
    if not isinstance(value, str):
        raise invalid_arg_type(name, "of type string", value)
    if "\0" in value:
        raise invalid_arg_value(name, value, "must be a string without null bytes")
    return value


def whole_seconds(seconds: object, *, name: str = "") -> int:
    """Whole seconds for the operating system: rounded down, at least 0, and 0 for what is neither.

    With a `name`, what is no number at all is ERR_INVALID_ARG_TYPE.
    """
    if not is_number(seconds):
        if name and seconds is not None:
            raise invalid_arg_type(name, "of type number", seconds)
        return 0
    return max(0, min(int(seconds), _MAX_INT)) if is_finite(seconds) else 0


def seconds_of_timer(name: str, value: object) -> float:
    """Seconds that a timer can wait, 0 included.

    Raises ERR_INVALID_ARG_TYPE for what is no number, ERR_OUT_OF_RANGE if it is negative, infinite or NaN. More than
    MAX_SECONDS is cut down to that, with a RuntimeWarning (as in Node).
    """
    if not is_number(value):
        raise invalid_arg_type(name, "of type number", value)
    if not 0 <= value < math.inf:
        raise out_of_range(name, "a non-negative finite number", value)
    if value > MAX_SECONDS:
        # The user's line is the fourth: a method of theirs and a function that reads arguments lie between.
        warnings.warn(f"a timer waits {MAX_SECONDS} seconds at most; this one will", RuntimeWarning, stacklevel=4)
        return MAX_SECONDS
    return value


def abort_signal(name: str, value: object) -> AbortSignal | None:
    """Raises ERR_INVALID_ARG_TYPE for what is no `AbortSignal`."""
    if value is not None and not isinstance(value, AbortSignal):
        raise invalid_arg_type(name, "an instance of AbortSignal", value)
    return value


def block_list_in(options: Mapping[str, object]) -> BlockList | None:
    """The option `block_list`. Raises ERR_INVALID_ARG_TYPE for what is no `BlockList`."""
    value = options.get("block_list")
    if value is not None and not isinstance(value, BlockList):
        raise invalid_arg_type("options.block_list", "an instance of BlockList", value)
    return value


def offers_descriptor(value: Any) -> bool:
    """Is it an open socket of some kind: something with `fileno()`, or one of our own classes, which have `address()`?

    Which it is, and whether it is of use, is for the driver to find out.
    """
    return callable(getattr(value, "fileno", None)) or callable(getattr(value, "address", None))


def descriptor_number(name: str, value: object) -> int:
    """Raises ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for what can't be a file descriptor."""
    return whole_number(name, value, 0, _MAX_INT)
