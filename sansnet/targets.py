"""Where to: what `connect()` and `listen()` were asked for, as the plans that the machines understand.

What is settled here, and nowhere else: which overload it was, what is a port and what a path, which of two wins, and
the defaults. An address that the operating system will refuse is no concern of this file: that is an 'error' later on.

Reference: https://nodejs.org/api/net.html#socketconnectoptions-connectlistener and #serverlistenoptions-callback
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, final

from .abort import AbortSignal
from .address import is_ip, parse_port
from .arguments import (
    CONNECT_OPTIONS,
    LISTEN_OPTIONS,
    MAX_SECONDS,
    OBJECT_MODES,
    SOCKET_OPTIONS,
    Callback,
    abort_signal,
    check_count,
    check_names,
    check_no_nul,
    gather,
    is_finite,
    is_number,
    is_path_text,
    offers_descriptor,
    seconds_of_timer,
)
from .blocklist import BlockList
from .errors import (
    bad_port,
    invalid_arg_type,
    invalid_arg_value,
    invalid_ip_address,
    missing_args,
    out_of_range,
)
from .state import ops
from .state.endpoints import Found, ListenPlan, Route
from .state.faults import Fault

__all__ = [
    "BoundTo",
    "ConnectOptions",
    "ListenOptions",
    "LookupOptions",
    "Target",
    "check_found",
    "connect_options",
    "get_default_auto_select_family",
    "get_default_auto_select_family_attempt_timeout",
    "listen_options",
    "lookup_arguments",
    "set_default_auto_select_family",
    "set_default_auto_select_family_attempt_timeout",
    "split_connect",
]

Selection = bool | Literal["race"]
BoundTo = Literal["tcp", "path"] | None
"""What a socket was bound to before, if it was."""

# ---------------------------------------------------------------------------------------------------- family selection

_MIN_ATTEMPT: Final = 0.01


class _Defaults:
    """What the four functions below get and set, for all sockets of the process."""

    def __init__(self) -> None:
        self.selection: Selection = True
        self.attempt_seconds: float = 0.5


_defaults: Final = _Defaults()


def get_default_auto_select_family() -> Selection:
    """What `auto_select_family` is for a `connect()` that isn't told; True unless it was set."""
    return _defaults.selection


def set_default_auto_select_family(value: Selection) -> None:
    """Set the default of `auto_select_family`: a bool, or "race". Raises TypeError (ERR_INVALID_ARG_TYPE)."""
    _defaults.selection = _selection("value", value)


def get_default_auto_select_family_attempt_timeout() -> float:
    """What `auto_select_family_attempt_timeout` is for a `connect()` that isn't told; 0.5 seconds unless it was set."""
    return _defaults.attempt_seconds


def set_default_auto_select_family_attempt_timeout(seconds: float) -> None:
    """Set the default of `auto_select_family_attempt_timeout`. Less than 0.01 becomes that.

    Raises TypeError (ERR_INVALID_ARG_TYPE) or ValueError (ERR_OUT_OF_RANGE, unless it is more than 0 and finite).
    """
    _defaults.attempt_seconds = _attempt_seconds("seconds", seconds)


def _selection(name: str, value: object) -> Selection:
    if value == "race":
        return "race"
    if not isinstance(value, bool):
        raise invalid_arg_type(name, 'of type boolean or "race"', value)
    return value


def _attempt_seconds(name: str, value: object) -> float:
    if not is_number(value):
        raise invalid_arg_type(name, "of type number", value)
    if not 0 < value <= MAX_SECONDS:
        raise out_of_range(name, f"> 0 && <= {MAX_SECONDS}", value)
    return max(value, _MIN_ATTEMPT)


# ------------------------------------------------------------------------------------------------------------- connect


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """One call of `connect()`."""

    route: Route
    lookup: Callback | None
    """The user's own; None as well if nothing has to be looked up."""
    listener: Callback | None


class Target(NamedTuple):
    """The arguments of a `connect()`, to be passed on."""

    args: tuple[object, ...]
    options: dict[str, Any]


_OF_A_SOCKET: Final = SOCKET_OPTIONS.union(OBJECT_MODES)


def split_connect(args: tuple[object, ...], options: Mapping[str, object]) -> tuple[dict[str, Any], Target]:
    """Take the arguments of the module's `connect()` apart: those of `Socket()`, and those of its `connect()`.

    A mapping among the arguments is left as it is, since `connect()` passes over what isn't its own.
    Raises TypeError for a name that neither of the two knows.
    """
    mapping = args[0] if args and isinstance(args[0], Mapping) else {}
    check_names("connect", [*mapping, *options], CONNECT_OPTIONS | SOCKET_OPTIONS, OBJECT_MODES)
    own = {name: value for name, value in {**mapping, **options}.items() if name in _OF_A_SOCKET}
    return own, Target(args, {name: value for name, value in options.items() if name not in _OF_A_SOCKET})


def connect_options(
    args: tuple[object, ...],
    options: Mapping[str, object],
    *,
    block_list: BlockList | None = None,
    bound: BoundTo = None,
) -> ConnectOptions:
    """Read a call of `Socket.connect()`. `block_list` is the socket's: an IP literal that it names gets a fault.

    `bound`: the socket is one that was bound before, and so has its address and its family already.

    Options of the constructor are passed over (B-13). A path wins over a port, and nothing else counts beside it.

    Raises TypeError: ERR_MISSING_ARGS without port and path, ERR_INVALID_ARG_TYPE, ERR_INVALID_IP_ADDRESS for
    `local_address`, and for an option that doesn't exist. ValueError: ERR_SOCKET_BAD_PORT, ERR_OUT_OF_RANGE. Both:
    ERR_INVALID_ARG_VALUE.
    """
    check_count("connect", args, 3)
    given = gather("connect", args, options, "listener")
    check_names("connect", given.options, CONNECT_OPTIONS | SOCKET_OPTIONS, OBJECT_MODES)
    port, path, limit = (given.options.get(name) for name in ("port", "path", "connect_timeout"))
    if port is None and path is None:
        raise missing_args()
    seconds = 0.0 if limit is None else seconds_of_timer("options.connect_timeout", limit)
    if bound is not None:
        _check_bound(given.options, bound)
    if path and not isinstance(path, str):
        raise invalid_arg_type("options.path", "of type string", path)
    if path:
        return ConnectOptions(Route(known=Found(str(path), 0), connect_seconds=seconds), None, given.callback)
    return _connect_to_port(given.options, seconds, given.callback, block_list, bound)


def _check_bound(options: Mapping[str, object], bound: BoundTo) -> None:
    path = options.get("path")
    if bound == "path" and not path:
        raise invalid_arg_type("options.path", "of type string", path)
    if bound == "tcp" and path:
        raise invalid_arg_value("options", options, "path cannot be used with a bound socket that has none")
    if options.get("local_address") is not None or options.get("local_port") is not None:
        reason = "local_address and local_port cannot be used with an adopted bound socket"
        raise invalid_arg_value("options", options, reason)


def _connect_to_port(
    options: Mapping[str, object],
    seconds: float,
    listener: Callback | None,
    block_list: BlockList | None,
    bound: BoundTo,
) -> ConnectOptions:
    host = check_no_nul("options.host", options.get("host") or "localhost")
    local_address, local_port = _local_end(options)
    port = _port_to_connect_to(options.get("port"))
    selection, attempt_seconds = _selecting(options)
    literal = is_ip(host)
    lookup = _NO_LOOKUP if literal else _read_lookup(options)
    route = Route(
        host="" if literal else host,
        port=port,
        known=_checked(host, literal, block_list) if literal else None,
        family=lookup.family,
        hints=lookup.hints,
        select=bool(selection) and bound is None and _leaves_a_choice(literal, lookup, local_address),
        race=selection == "race",
        attempt_seconds=attempt_seconds,
        connect_seconds=seconds,
        local_address=local_address,
        local_port=local_port,
    )
    return ConnectOptions(route, lookup.function, listener)


def _leaves_a_choice(literal: int, lookup: _Lookup, local_address: str | None) -> bool:
    return not literal and lookup.family not in (4, 6) and local_address is None


def _port_to_connect_to(port: object) -> int:
    """Node connects to port 0 when there is none, which is the case beside an empty path."""
    if port is None:
        return 0
    if not is_number(port) and not isinstance(port, str):
        raise invalid_arg_type("options.port", "one of type number or string", port)
    number = parse_port(port)
    if number is None:
        raise bad_port("Port", port)
    return number


def _local_end(options: Mapping[str, object]) -> tuple[str | None, int | None]:
    """Where to connect from. Any number will do for the port, as in Node: what can't be had is an 'error' (C-11)."""
    address, port = options.get("local_address") or None, options.get("local_port")
    if address is not None and not (isinstance(address, str) and is_ip(address)):
        raise invalid_ip_address(address)
    if not port:
        return address, None
    if not is_number(port):
        raise invalid_arg_type("options.local_port", "of type number", port)
    return address, int(port) if is_finite(port) else None


def _selecting(options: Mapping[str, object]) -> tuple[Selection, float]:
    selection, seconds = options.get("auto_select_family"), options.get("auto_select_family_attempt_timeout")
    return (
        _defaults.selection if selection is None else _selection("options.auto_select_family", selection),
        _defaults.attempt_seconds
        if seconds is None
        else _attempt_seconds("options.auto_select_family_attempt_timeout", seconds),
    )


# ------------------------------------------------------------------------------------------------------------- lookups

_HINTS: Final = ("AI_ADDRCONFIG", "AI_ALL", "AI_V4MAPPED")
_KNOWN_HINTS: Final = sum(getattr(socket, name, 0) for name in _HINTS)
_FAMILY_WORDS: Final[dict[object, int]] = {"IPv4": 4, "IPv6": 6}


class _Lookup(NamedTuple):
    function: Callback | None
    family: Any
    hints: Any


_NO_LOOKUP: Final = _Lookup(None, 0, 0)


def _read_lookup(options: Mapping[str, object]) -> _Lookup:
    """How to look the host up. A function of the user's own gets family and hints unchecked (B-11)."""
    function, family = options.get("lookup"), options.get("family")
    if function is not None and not callable(function):
        raise invalid_arg_type("options.lookup", "of type function", function)
    if isinstance(family, str):
        family = _FAMILY_WORDS.get(family, family)
    hints = options.get("hints") or 0
    if function is None:
        family, hints = _checked_family(family), _checked_hints(hints)
    if not hints and family not in (4, 6) and sys.platform != "win32":
        hints = socket.AI_ADDRCONFIG
    return _Lookup(function, family or 0, hints)


def _checked_family(family: object) -> int:
    if family is None:
        return 0
    if not is_number(family) or family not in (0, 4, 6):
        raise invalid_arg_value("options.family", family, "must be one of: 0, 4, 6")
    return int(family)


def _checked_hints(hints: object) -> int:
    if not is_number(hints):
        raise invalid_arg_type("options.hints", "of type number", hints)
    number = int(hints) & 0xFFFFFFFF if is_finite(hints) else 0
    if number & ~_KNOWN_HINTS:
        raise invalid_arg_value("hints", number)
    return number


@final
@dataclass(frozen=True, slots=True, eq=False)
class LookupOptions(Mapping[str, Any]):
    """What a user's own `lookup(hostname, options, callback)` is given: a mapping, with attributes too."""

    family: int
    """4 or 6; 0 for either."""
    hints: int
    """Flags for getaddrinfo."""
    all: bool
    """Call `callback(error, [(address, family), …])`, rather than `callback(error, address, family)`."""

    def __getitem__(self, name: str) -> Any:
        if name not in _LOOKUP_NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_LOOKUP_NAMES)

    def __len__(self) -> int:
        return len(_LOOKUP_NAMES)


_LOOKUP_NAMES: Final = ("family", "hints", "all")


def lookup_arguments(lookup: ops.Lookup) -> LookupOptions:
    """The options of a lookup, for the user's function."""
    return LookupOptions(lookup.family, lookup.hints, lookup.every)


def check_found(
    entries: object, block_list: BlockList | None, host: str = "", port: int | None = None
) -> tuple[Found, ...] | Fault:
    """Check a list of answers: pairs of address and family, mappings, or whatever has these two attributes.

    What can't be used has a fault: ERR_INVALID_IP_ADDRESS, then ERR_INVALID_ADDRESS_FAMILY, which names `host` and
    `port`, then ERR_IP_BLOCKED. What is no list at all is a fault itself.
    """
    if isinstance(entries, str | bytes | Mapping) or not isinstance(entries, Iterable):
        return _no_address(None)
    return tuple([_found(*_pair(entry), block_list, host, port) for entry in entries])


def _pair(entry: Any) -> tuple[object, object]:
    if isinstance(entry, Mapping):
        return entry.get("address"), entry.get("family")
    if isinstance(entry, tuple | list) and len(entry) == 2:
        return entry[0], entry[1]
    return getattr(entry, "address", None), getattr(entry, "family", None)


def _found(address: object, family: object, block_list: BlockList | None, host: str, port: int | None) -> Found:
    number = int(family) if is_number(family) and family == family // 1 else 0
    if not isinstance(address, str) or not is_ip(address):
        return Found("" if address is None else str(address), number, _no_address(address))
    if number in (4, 6):
        return _checked(address, number, block_list)
    text = f"Invalid address family: {_said(family)} {host}:{_said(port)}"
    return Found(address, number, Fault("ERR_INVALID_ADDRESS_FAMILY", text=text, hostname=host, port=port))


def _checked(address: str, family: int, block_list: BlockList | None) -> Found:
    if block_list is None or not block_list.check(address, f"ipv{family}"):
        return Found(address, family)
    return Found(
        address, family, Fault("ERR_IP_BLOCKED", text=f"IP({address}) is blocked by net.BlockList"), blocked=True
    )


def _no_address(address: object) -> Fault:
    return Fault("ERR_INVALID_IP_ADDRESS", text=f"Invalid IP address: {_said(address)}")


def _said(value: object) -> object:
    """As Node would write it."""
    return "undefined" if value is None else value


# -------------------------------------------------------------------------------------------------------------- listen


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """One call of `listen()`."""

    plan: ListenPlan
    callback: Callback | None
    signal: AbortSignal | None
    exclusive: bool


def listen_options(args: tuple[object, ...], options: Mapping[str, object]) -> ListenOptions:
    """Read a call of `Server.listen()`. A handle wins over a port, and a port over a path.

    Raises TypeError: ERR_INVALID_ARG_TYPE, and for an option that doesn't exist. ValueError: ERR_SOCKET_BAD_PORT. Both,
    ERR_INVALID_ARG_VALUE: there is nothing to listen on, or it is no such thing.
    """
    check_count("listen", args, 4)
    given = gather("listen", _first_of_listen(args, options), options, "callback")
    known = given.options
    check_names("listen", known, LISTEN_OPTIONS)
    return ListenOptions(
        _plan(known, _backlog(known, given.rest)),
        given.callback,
        abort_signal("options.signal", known.get("signal")),
        bool(known.get("exclusive")) or bool(known.get("reuse_port")),
    )


def _first_of_listen(args: tuple[object, ...], options: Mapping[str, object]) -> tuple[object, ...]:
    """The arguments with the first one in its place: no port is any port, a handle is an option."""
    if not args:
        return args if options.keys() - {"callback"} else (None,)
    if offers_descriptor(args[0]):
        return ({"handle": args[0]}, *args[1:])
    return (None, *args) if callable(args[0]) else args


def _backlog(options: Mapping[str, object], rest: tuple[object, ...]) -> int:
    """How many connections may wait: the option, or a number behind the first argument. Below 1 is the default."""
    option = options.get("backlog")
    if option is not None and not is_number(option):
        raise invalid_arg_type("options.backlog", "of type number", option)
    for value in (option, *rest):
        if is_number(value) and value >= 1:
            return int(min(value, 0x7FFFFFFF))
    return 511


def _plan(options: dict[str, object], backlog: int) -> ListenPlan:
    handle = _handle(options)
    if handle is not None:
        return ListenPlan(handle=handle, backlog=backlog)
    port, path = options.get("port"), options.get("path")
    if port is None and "port" in options and not path:
        port = 0
    if is_number(port) or isinstance(port, str):
        return _plan_for_port(port, options, backlog)
    if is_path_text(path):
        return _plan_for_path(path, options, backlog)
    if "port" in options or "path" in options:
        raise invalid_arg_value("options", options)
    raise invalid_arg_value("options", options, 'must have the property "port" or "path"')


def _handle(options: Mapping[str, object]) -> object:
    """What there is to listen on already. As in Node an `fd` that is none doesn't count (N-07)."""
    for value in (options.get("handle"), options.get("fd")):
        if offers_descriptor(value):
            return value
        if is_number(value) and value >= 0 and value == value // 1:
            return int(value)
    return None


def _plan_for_port(port: object, options: Mapping[str, object], backlog: int) -> ListenPlan:
    number = parse_port(port)
    if number is None:
        raise bad_port("options.port", port)
    host = options.get("host")
    text = check_no_nul("hostname", host) if host else ""
    return ListenPlan(
        port=number,
        host=text,
        literal=is_ip(text),
        backlog=backlog,
        ipv6_only=bool(options.get("ipv6_only")),
        reuse_port=bool(options.get("reuse_port")),
    )


def _plan_for_path(path: str, options: dict[str, object], backlog: int) -> ListenPlan:
    readable, writable = bool(options.get("readable_all")), bool(options.get("writable_all"))
    if path.startswith("\0") and (readable or writable):
        reason = "can not set readable_all or writable_all to true when path is abstract unix socket"
        raise invalid_arg_value("options", options, reason)
    return ListenPlan(path=path, backlog=backlog, readable_all=readable, writable_all=writable)
