"""What `connect()` makes of its arguments and of a lookup's answers. Complaints are Node 26's, with Python's names."""

from __future__ import annotations

import ipaddress
import math
import pathlib
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sansnet import targets
from sansnet.arguments import MAX_SECONDS
from sansnet.blocklist import BlockList
from sansnet.errors import NetError
from sansnet.state import ops
from sansnet.state.endpoints import Found, Route
from sansnet.state.faults import Fault
from sansnet.targets import check_found, connect_options, lookup_arguments, split_connect

TYPE, VALUE, RANGE = "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE"
PORT, IP = "ERR_SOCKET_BAD_PORT", "ERR_INVALID_IP_ADDRESS"
KINDS: dict[str, tuple[type[Exception], ...]] = {
    TYPE: (TypeError,),
    VALUE: (TypeError,),  # a ValueError as well, unless the name of an option is wrong
    RANGE: (ValueError,),
    PORT: (ValueError,),
    IP: (TypeError, ValueError),
    "ERR_MISSING_ARGS": (TypeError,),
}
AUTO = 0 if sys.platform == "win32" else socket.AI_ADDRCONFIG  # D-02
MISSING = 'ERR_MISSING_ARGS: The "options" or "port" or "path" argument must be specified'
BOOLEAN = 'of type boolean or "race"'
ATTEMPT = "auto_select_family_attempt_timeout"


def on_connect(*_: object) -> None:
    """A callback."""


def my_lookup(*_: object) -> None:
    """A lookup of the user's own."""


def refusal(call: Callable[..., object], *args: Any, **keywords: Any) -> str:
    """Code and text of the exception that it raises, of the Python classes that go with the code."""
    with pytest.raises(NetError) as caught:
        call(*args, **keywords)
    code = caught.value.code
    assert all(isinstance(caught.value, kind) for kind in KINDS[code])
    return f"{code}: {caught.value}"


def wrong_type(name: str, expected: str, received: str) -> str:
    return f'{TYPE}: The "options.{name}" property must be {expected}. Received {received}'


def out_of_range(name: str, expected: str, received: str) -> str:
    return f'{RANGE}: The value of "options.{name}" is out of range. It must be {expected}. Received {received}'


def bad_port(received: str) -> str:
    return f"{PORT}: Port should be >= 0 and < 65536. Received {received}."


def misused(text: str) -> str:
    return f"{VALUE}: connect() {text}"


def connect(*args: object, **options: object) -> Route:
    return connect_options(args, options).route


def to_name(host: str = "localhost", port: int = 80, **rest: Any) -> Route:
    return Route(**{"host": host, "port": port, "hints": AUTO, "select": True, **rest})


def to_ip(address: str, port: int = 80, **rest: Any) -> Route:
    return Route(known=Found(address, 6 if ":" in address else 4), port=port, **rest)


def to_path(path: str) -> Route:
    return Route(known=Found(path, 0))


@pytest.fixture(autouse=True)
def _defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults of the process, as they were before."""
    monkeypatch.setattr(targets, "_defaults", targets._Defaults())  # noqa: SLF001


# ------------------------------------------------------------------------------------------- connect: which overload


@pytest.mark.parametrize(
    ("args", "options", "route"),
    [
        ((80,), {}, to_name()),
        ((80.0,), {}, to_name()),
        (("80",), {}, to_name()),
        ((" 80 ",), {}, to_name()),  # B-04
        (("0x50",), {}, to_name()),
        (("8e1",), {}, to_name()),
        (("+80",), {}, to_name()),
        (("-0",), {}, to_name(port=0)),
        ((0,), {}, to_name(port=0)),
        ((80, "example.org"), {}, to_name("example.org")),
        ((80, 5), {}, to_name()),  # B-07
        ((80, None), {}, to_name()),
        ((80, ""), {}, to_name()),
        ((80, "127.0.0.1"), {}, to_ip("127.0.0.1")),
        ((80,), {"host": "::1"}, to_ip("::1")),
        ((80, ipaddress.ip_address("::1")), {}, to_ip("::1")),
        (({"port": 80, "host": ipaddress.ip_address("127.0.0.1")},), {}, to_ip("127.0.0.1")),
        ((80, "fe80::1%lo"), {}, to_ip("fe80::1%lo")),
        ((), {"port": "80", "host": None}, to_name()),
        (({"port": 80, "host": "::1"},), {}, to_ip("::1")),
        (({"port": 81, "host": "::1"},), {"port": 80}, to_ip("::1")),
        (({"port": 80},), {"port": None}, to_name()),
        (({"port": 80}, "::1"), {}, to_name()),
        (("/a", "::1"), {"host": "::1"}, to_path("/a")),
        (("abc",), {}, to_path("abc")),  # B-05
        (("-1",), {}, to_path("-1")),
        (("0x",), {}, to_path("0x")),
        (("-0x1",), {}, to_path("-0x1")),
        (("\0abstract",), {}, to_path("\0abstract")),
        ((pathlib.PurePosixPath("/a/80"),), {}, to_path("/a/80")),
        ((), {"path": pathlib.PurePosixPath("/a")}, to_path("/a")),
        ((), {"path": "80"}, to_path("80")),  # a keyword says what it is
        ((80,), {"path": "/a", "host": 5, "local_address": "bad"}, to_path("/a")),  # B-06
        ((), {"path": ""}, to_name(port=0)),
        ((), {"path": 0}, to_name(port=0)),
        ((), {"path": "", "port": 80}, to_name()),
        ((80,), {"no_delay": "bad", "fd": "bad", "timeout": "bad", "object_mode": 1}, to_name()),  # B-13
    ],
)
def test_connect(args: tuple[object, ...], options: Mapping[str, object], route: Route) -> None:
    assert connect_options(args, options).route == route


@pytest.mark.covers("connect(listener)")
@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((80, on_connect), {}),  # B-14
        ((80, "::1", on_connect), {}),
        ((80, None, on_connect), {}),
        (("/a", on_connect), {}),
        (({"port": 80}, on_connect), {}),
        ((80,), {"listener": on_connect}),
    ],
)
def test_the_listener_of_connect(args: tuple[object, ...], options: Mapping[str, object]) -> None:
    assert connect_options(args, options).listener is on_connect


def test_what_cannot_be_called_is_no_listener() -> None:
    assert connect_options((80, "::1", 5), {}).listener is None  # B-14


@pytest.mark.parametrize(
    ("args", "options", "complaint"),
    [
        ((), {}, MISSING),  # B-01
        ((None,), {}, MISSING),
        (({},), {}, MISSING),
        (([],), {}, MISSING),
        ((), {"port": None, "path": None}, MISSING),
        ((), {"host": "::1"}, MISSING),
        ((True,), {}, wrong_type("port", "one of type number or string", "type boolean (True)")),  # B-02
        ((), {"port": []}, wrong_type("port", "one of type number or string", "an instance of list")),
        ((b"/a",), {}, wrong_type("port", "one of type number or string", "an instance of bytes")),
        ((on_connect,), {}, wrong_type("port", "one of type number or string", "function on_connect")),
        ((-1,), {}, bad_port("type number (-1)")),  # B-03
        ((65536,), {}, bad_port("type number (65536)")),
        ((1.5,), {}, bad_port("type number (1.5)")),
        ((math.nan,), {}, bad_port("type number (nan)")),
        ((math.inf,), {}, bad_port("type number (inf)")),
        (("65536",), {}, bad_port("type string ('65536')")),
        (("Infinity",), {}, bad_port("type string ('Infinity')")),
        (("",), {}, bad_port("type string ('')")),
        ((" ",), {}, bad_port("type string (' ')")),
        ((), {"port": "0x"}, bad_port("type string ('0x')")),  # B-05
        ((), {"port": "abc"}, bad_port("type string ('abc')")),
        ((), {"path": 5}, wrong_type("path", "of type string", "type number (5)")),  # B-06
        ((), {"path": True}, wrong_type("path", "of type string", "type boolean (True)")),
        ((80,), {"host": 5}, wrong_type("host", "of type string", "type number (5)")),  # B-07
        (
            (80, "a\0b"),
            {},
            f"{VALUE}: The property 'options.host' must be a string without null bytes. Received 'a\\x00b'",
        ),
        ((80,), {"listener": 5}, f'{TYPE}: The "listener" argument must be of type function. Received type number (5)'),
        ((80,), {"port": 81}, misused("got multiple values for argument 'port'")),
        ((80, "a"), {"host": "b"}, misused("got multiple values for argument 'host'")),
        (("/a",), {"path": "/b"}, misused("got multiple values for argument 'path'")),
        ((80, on_connect), {"listener": on_connect}, misused("got multiple values for argument 'listener'")),
        ((80, "a", 5, on_connect), {}, misused("takes at most 3 positional arguments, 4 were given")),
        ((80,), {"hosts": "a"}, misused("got an unexpected keyword argument 'hosts'. Did you mean 'host'?")),
        ((80,), {"noDelay": 1}, misused("got an unexpected keyword argument 'noDelay'. Did you mean 'no_delay'?")),
        (({"port": 80, "qqq": 1},), {}, misused("got an unexpected keyword argument 'qqq'")),
    ],
)
def test_bad_targets(args: tuple[object, ...], options: Mapping[str, object], complaint: str) -> None:
    assert refusal(connect_options, args, options) == complaint


# ------------------------------------------------------------------------------------------- connect: the options


@pytest.mark.parametrize(
    ("options", "route"),
    [
        ({"local_address": "127.0.0.1"}, to_name(local_address="127.0.0.1", select=False)),  # D-03
        ({"local_address": "", "local_port": 0}, to_name()),
        ({"local_port": 1234}, to_name(local_port=1234)),  # E-11
        ({"local_port": 70000}, to_name(local_port=70000)),  # B-08, C-11: the driver says EADDRINUSE
        ({"local_port": -5}, to_name(local_port=-5)),
        ({"local_port": 0.5}, to_name(local_port=0)),
        ({"local_port": math.nan}, to_name()),
        ({"auto_select_family": False}, to_name(select=False)),  # B-09
        ({"auto_select_family": "race"}, to_name(race=True)),
        ({"auto_select_family": None, "auto_select_family_attempt_timeout": None}, to_name()),
        ({"auto_select_family_attempt_timeout": 1.5}, to_name(attempt_seconds=1.5)),
        ({"auto_select_family_attempt_timeout": 0.001}, to_name(attempt_seconds=0.01)),
        ({"auto_select_family_attempt_timeout": MAX_SECONDS}, to_name(attempt_seconds=MAX_SECONDS)),
        ({"host": "::1", "auto_select_family": True}, to_ip("::1")),
        ({"family": 0}, to_name()),
        ({"family": 4}, to_name(family=4, select=False, hints=0)),  # D-02, D-03
        ({"family": 6.0}, to_name(family=6, select=False, hints=0)),
        ({"family": "IPv4"}, to_name(family=4, select=False, hints=0)),  # D-04
        ({"family": "IPv6", "hints": AUTO}, to_name(family=6, select=False)),
        ({"hints": socket.AI_V4MAPPED}, to_name(hints=socket.AI_V4MAPPED)),
        ({"hints": 0}, to_name()),
        ({"hints": math.nan}, to_name()),
        ({"hints": -math.inf}, to_name()),
        ({"host": "::1", "family": 5, "hints": "x", "lookup": 5}, to_ip("::1")),  # B-10
        ({"lookup": my_lookup, "family": 5}, to_name(family=5)),  # B-11
        ({"lookup": my_lookup, "family": "x", "hints": "y"}, to_name(family="x", hints="y")),
        ({"lookup": my_lookup, "family": "IPv6"}, to_name(family=6, select=False, hints=0)),
        ({"connect_timeout": 2.5}, to_name(connect_seconds=2.5)),
        ({"connect_timeout": 0}, to_name()),
        ({"path": "/a", "connect_timeout": 2}, Route(known=Found("/a", 0), connect_seconds=2)),
    ],
)
def test_connect_options(options: Mapping[str, object], route: Route) -> None:
    assert connect_options((80,), options).route == route


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("local_address", "x", f"{IP}: Invalid IP address: x"),  # B-08
        ("local_address", 5, f"{IP}: Invalid IP address: 5"),
        ("local_address", ipaddress.ip_address("::1"), f"{IP}: Invalid IP address: ::1"),
        ("local_port", "x", wrong_type("local_port", "of type number", "type string ('x')")),
        ("local_port", True, wrong_type("local_port", "of type number", "type boolean (True)")),
        ("auto_select_family", 1, wrong_type("auto_select_family", BOOLEAN, "type number (1)")),  # B-09
        ("auto_select_family", "x", wrong_type("auto_select_family", BOOLEAN, "type string ('x')")),
        (ATTEMPT, 0, out_of_range(ATTEMPT, "> 0 && <= 2147483.647", "0")),
        (ATTEMPT, -1, out_of_range(ATTEMPT, "> 0 && <= 2147483.647", "-1")),
        (ATTEMPT, math.nan, out_of_range(ATTEMPT, "> 0 && <= 2147483.647", "nan")),
        (ATTEMPT, 2**31, out_of_range(ATTEMPT, "> 0 && <= 2147483.647", "2147483648")),
        (ATTEMPT, "10", wrong_type(ATTEMPT, "of type number", "type string ('10')")),
        ("connect_timeout", "1", wrong_type("connect_timeout", "of type number", "type string ('1')")),
        ("connect_timeout", -1, out_of_range("connect_timeout", "a non-negative finite number", "-1")),
    ],
)
def test_bad_connect_options(host: str, name: str, value: object, complaint: str) -> None:
    assert refusal(connect_options, (80, host), {name: value}) == complaint


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("lookup", 5, wrong_type("lookup", "of type function", "type number (5)")),  # B-10
        ("lookup", False, wrong_type("lookup", "of type function", "type boolean (False)")),
        ("family", 5, f"{VALUE}: The property 'options.family' must be one of: 0, 4, 6. Received 5"),  # B-11
        ("family", "ipv4", f"{VALUE}: The property 'options.family' must be one of: 0, 4, 6. Received 'ipv4'"),
        ("family", False, f"{VALUE}: The property 'options.family' must be one of: 0, 4, 6. Received False"),
        ("hints", 1, f"{VALUE}: The argument 'hints' is invalid. Received 1"),
        ("hints", -1, f"{VALUE}: The argument 'hints' is invalid. Received 4294967295"),
        ("hints", "x", wrong_type("hints", "of type number", "type string ('x')")),
        ("hints", True, wrong_type("hints", "of type number", "type boolean (True)")),
    ],
)
def test_bad_lookup_options(name: str, value: object, complaint: str) -> None:
    assert refusal(connect_options, (80,), {name: value}) == complaint


def test_the_users_lookup_comes_along_when_there_is_something_to_look_up() -> None:
    assert connect_options((80,), {"lookup": my_lookup}).lookup is my_lookup
    assert connect_options((80, "::1"), {"lookup": my_lookup}).lookup is None
    assert connect_options(("/a",), {"lookup": my_lookup}).lookup is None


def test_a_blocked_literal_e13_e14() -> None:
    rules = BlockList()
    rules.add_address("::1", "ipv6")
    rules.add_subnet("10.0.0.0", 8)
    for host, family in (("::1", 6), ("10.1.2.3", 4)):
        known = connect_options((80, host), {}, block_list=rules).route.known
        assert known == Found(host, family, blocked_ip(host), blocked=True)
    assert connect_options((80, "11.1.2.3"), {}, block_list=rules).route.known == Found("11.1.2.3", 4)


def test_split_connect() -> None:
    args = ({"port": 80, "no_delay": True, "timeout": 5}, on_connect)
    own, target = split_connect(args, {"timeout": 6, "host": "::1", "object_mode": False})
    assert own == {"no_delay": True, "timeout": 6, "object_mode": False}
    assert target.args is args
    assert target.options == {"host": "::1"}
    given = connect_options(target.args, target.options)
    assert (given.route, given.listener) == (to_ip("::1"), on_connect)
    assert split_connect((80, "::1"), {"fd": 3}) == ({"fd": 3}, ((80, "::1"), {}))


@pytest.mark.parametrize(("args", "options"), [((), {"keep_alife": 1}), (({"keep_alife": 1},), {})])
def test_split_connect_knows_what_neither_knows(args: tuple[object, ...], options: Mapping[str, object]) -> None:
    text = "connect() got an unexpected keyword argument 'keep_alife'. Did you mean 'keep_alive'?"
    assert refusal(split_connect, args, options) == f"{VALUE}: {text}"


# -------------------------------------------------------------------------------------------------- defaults


@pytest.mark.covers("A-24", "get_default_auto_select_family", "set_default_auto_select_family")
def test_the_default_of_auto_select_family() -> None:
    assert targets.get_default_auto_select_family() is True
    targets.set_default_auto_select_family(False)
    assert targets.get_default_auto_select_family() is False
    assert not connect(80).select
    assert connect(80, auto_select_family=True).select
    targets.set_default_auto_select_family("race")
    assert connect(80).race


@pytest.mark.covers(
    "A-24",
    "B-09",
    "get_default_auto_select_family_attempt_timeout",
    "set_default_auto_select_family_attempt_timeout",
)
def test_the_default_of_the_attempts_timeout() -> None:
    assert targets.get_default_auto_select_family_attempt_timeout() == 0.5
    targets.set_default_auto_select_family_attempt_timeout(0.001)
    assert targets.get_default_auto_select_family_attempt_timeout() == connect(80).attempt_seconds == 0.01
    targets.set_default_auto_select_family_attempt_timeout(3)
    assert connect(80).attempt_seconds == 3
    assert connect(80, auto_select_family_attempt_timeout=2).attempt_seconds == 2


@pytest.mark.covers("A-24")
def test_bad_defaults() -> None:
    for value in ("x", 1, 0, None):
        assert refusal(targets.set_default_auto_select_family, value).startswith(f'{TYPE}: The "value" argument ')
    for seconds, code in ((0, RANGE), (-1, RANGE), (math.nan, RANGE), (2**31, RANGE), ("a", TYPE), (True, TYPE)):
        complaint = refusal(targets.set_default_auto_select_family_attempt_timeout, seconds)
        assert complaint.startswith(f"{code}: The ")
    assert targets.get_default_auto_select_family() is True
    assert targets.get_default_auto_select_family_attempt_timeout() == 0.5


# --------------------------------------------------------------------------------------------------- custom lookups


@pytest.mark.covers("LookupOptions")
@pytest.mark.covers("D-02")
def test_what_a_users_lookup_is_told_d02() -> None:
    options = lookup_arguments(ops.Lookup("a", 4, 32, True))
    assert (options.family, options.hints, options.all) == (4, 32, True)
    assert dict(options) == {"family": 4, "hints": 32, "all": True}
    assert (options["all"], options.get("hints"), len(options)) == (True, 32, 3)
    assert options.get("keys") is None


def bad_ip(text: str) -> Fault:
    return Fault("ERR_INVALID_IP_ADDRESS", text=f"Invalid IP address: {text}")


def bad_family(text: str) -> Fault:
    text = f"Invalid address family: {text} h:80"
    return Fault("ERR_INVALID_ADDRESS_FAMILY", text=text, hostname="h", port=80)


def blocked_ip(address: str) -> Fault:
    return Fault("ERR_IP_BLOCKED", text=f"IP({address}) is blocked by net.BlockList")


class Answer:
    """An answer as an object."""

    address, family = "::1", 6


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (("127.0.0.1", 4), Found("127.0.0.1", 4)),
        (["::1", 6], Found("::1", 6)),
        (("::1", 6.0), Found("::1", 6)),
        ({"address": "::1", "family": 6}, Found("::1", 6)),
        (Answer(), Found("::1", 6)),
        (Found("::1", 6), Found("::1", 6)),
        (("::1", 4), Found("::1", 4)),  # Node asks the system, which says EINVAL
        (("x", 4), Found("x", 4, bad_ip("x"))),  # D-05
        (("x", 5), Found("x", 5, bad_ip("x"))),  # the address is looked at first
        ((None, 4), Found("", 4, bad_ip("undefined"))),
        ((["127.0.0.1"], 4), Found("['127.0.0.1']", 4, bad_ip("['127.0.0.1']"))),  # D-06
        ((5, 4), Found("5", 4, bad_ip("5"))),
        (("127.0.0.1", 5), Found("127.0.0.1", 5, bad_family("5"))),
        (("127.0.0.1", None), Found("127.0.0.1", 0, bad_family("undefined"))),
        (("127.0.0.1", "IPv4"), Found("127.0.0.1", 0, bad_family("IPv4"))),
        (("127.0.0.1", True), Found("127.0.0.1", 0, bad_family("True"))),
        (("127.0.0.1", [4]), Found("127.0.0.1", 0, bad_family("[4]"))),
        (("127.0.0.1", 4.5), Found("127.0.0.1", 0, bad_family("4.5"))),
        ({}, Found("", 0, bad_ip("undefined"))),
        (None, Found("", 0, bad_ip("undefined"))),
        ("127.0.0.1", Found("", 0, bad_ip("undefined"))),
        (("10.0.0.1", 4), Found("10.0.0.1", 4, blocked_ip("10.0.0.1"), blocked=True)),  # E-13
    ],
)
def test_check_found(entry: object, found: Found) -> None:
    rules = BlockList()
    rules.add_address("10.0.0.1")
    assert check_found([entry], rules, "h", 80) == (found,)
    assert hash(found)  # the machine compares them


def test_check_found_keeps_the_order_and_the_bad_ones() -> None:  # D-07
    entries = [("x", 4), ("::1", 6), ("::1", 6)]
    assert check_found(entries, None) == (Found("x", 4, bad_ip("x")), Found("::1", 6), Found("::1", 6))
    assert check_found(iter(entries), None) == check_found(entries, None)
    assert check_found([], None) == ()  # D-09: the machine's affair


@pytest.mark.parametrize("entries", ["127.0.0.1", b"::1", None, 5, {"address": "::1", "family": 6}])
def test_no_list_at_all_d08(entries: object) -> None:
    assert check_found(entries, None) == bad_ip("undefined")
