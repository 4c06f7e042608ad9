"""The options of sockets and servers. The complaints are those of Node 26, with Python's names."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.abort import AbortController
from sansnet.arguments import MAX_SECONDS
from sansnet.blocklist import BlockList
from sansnet.errors import NetError
from sansnet.options import (
    DEFAULT_HIGH_WATER_MARK,
    OnRead,
    ServerOptions,
    connection_limit,
    keep_alive_arguments,
    named_options,
    server_options,
    socket_options,
    timeout_seconds,
    type_of_service,
)

TYPE, VALUE, RANGE = "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE"
KINDS: dict[str, tuple[type[Exception], ...]] = {
    TYPE: (TypeError,),
    RANGE: (ValueError,),
    VALUE: (TypeError, ValueError),
}


def refusal(call: Callable[..., object], *args: Any) -> str:
    """Code and text of the exception that it raises, of the Python classes that go with the code."""
    with pytest.raises(NetError) as caught:
        call(*args)
    code = caught.value.code
    assert all(isinstance(caught.value, kind) for kind in KINDS[code])
    return f"{code}: {caught.value}"


def nothing(*_: object) -> None:
    """A callback."""


# ------------------------------------------------------------------------------------------------------------- socket


def test_a_socket_without_options() -> None:
    given = socket_options({})
    assert (given.source, given.signal, given.on_read, given.block_list, given.type_of_service) == (None,) * 5
    assert (given.allow_half_open, given.no_delay, given.keep_alive, given.keep_alive_initial_delay) == (False,) * 4
    assert (given.readable, given.writable) == (True, True)
    assert given.read_high_water_mark == given.write_high_water_mark == DEFAULT_HIGH_WATER_MARK == 65536


@pytest.mark.covers("A-08")
@pytest.mark.parametrize(
    ("first", "named"),
    [
        ({"fd": 1, "readable": True}, {"fd": 1, "readable": False}),
        (7, {"fd": 7, "readable": False}),
        (None, {"readable": False}),
        ("passed over", {"readable": False}),
        (True, {"readable": False}),
    ],
)
def test_what_stands_first_in_socket(first: object, named: Mapping[str, object]) -> None:
    assert named_options(first, {"readable": False}) == named


@pytest.mark.covers("A-08")
def test_what_can_not_stand_first_in_socket() -> None:
    with pytest.raises(TypeError) as caught:
        named_options([7], {})
    text = f'{TYPE}: The "options" argument must be of type object. Received an instance of list'
    assert f"{getattr(caught.value, 'code', '')}: {caught.value}" == text


def test_none_is_not_given() -> None:
    names = "fd handle signal on_read block_list high_water_mark readable writable keep_alive_initial_delay timeout"
    assert socket_options(dict.fromkeys(names.split())) == socket_options({})


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"allow_half_open": 1}, "allow_half_open", True),
        ({"allow_half_open": "x"}, "allow_half_open", True),
        ({"readable": False}, "readable", False),
        ({"writable": 0}, "writable", False),
        ({"readable": 1}, "readable", True),
        ({"no_delay": "yes"}, "no_delay", True),  # K-04
        ({"keep_alive": 1}, "keep_alive", True),
        ({"keep_alive_initial_delay": 5.999}, "keep_alive_initial_delay", 5),  # K-03
        ({"keep_alive_initial_delay": -5}, "keep_alive_initial_delay", 0),
        ({"keep_alive_initial_delay": math.nan}, "keep_alive_initial_delay", 0),
        ({"keep_alive_initial_delay": math.inf}, "keep_alive_initial_delay", 0),
        ({"keep_alive_initial_delay": 10**400}, "keep_alive_initial_delay", 2**31 - 1),
        ({"high_water_mark": 0}, "read_high_water_mark", 0),
        ({"high_water_mark": 8.0}, "write_high_water_mark", 8),
        ({"high_water_mark": 5, "readable_high_water_mark": 7}, "read_high_water_mark", 5),
        ({"readable_high_water_mark": 7}, "read_high_water_mark", 7),
        ({"readable_high_water_mark": 7}, "write_high_water_mark", 65536),
        ({"writable_high_water_mark": 7}, "write_high_water_mark", 7),
        ({"type_of_service": 0}, "type_of_service", 0),  # K-07
        ({"type_of_service": 255.0}, "type_of_service", 255),
        ({"fd": 0}, "source", 0),
        ({"fd": 7.0}, "source", 7),
        ({"fd": -1, "handle": 7}, "source", 7),
        ({"on_read": 5}, "on_read", None),
        ({"on_read": {"buffer": b"can't be written to", "callback": nothing}}, "on_read", None),
        ({"on_read": {"buffer": bytearray(1)}}, "on_read", None),
        ({"object_mode": 0}, "source", None),  # truthy ones only
        ({"timeout": "bad"}, "source", None),
    ],
)
def test_socket_options(options: Mapping[str, object], field: str, value: object) -> None:
    found = getattr(socket_options(options), field)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"object_mode": True}, f"{VALUE}: The property 'options.object_mode' is not supported. Received True"),
        (
            {"readable_object_mode": 1},
            f"{VALUE}: The property 'options.readable_object_mode' is not supported. Received 1",
        ),
        (
            {"writable_object_mode": "x"},
            f"{VALUE}: The property 'options.writable_object_mode' is not supported. Received 'x'",
        ),
        (
            {"keep_alive_initial_delay": "x"},
            f'{TYPE}: The "options.keep_alive_initial_delay" property must be of type number. '
            "Received type string ('x')",
        ),
        ({"high_water_mark": -1}, f"{VALUE}: The property 'options.readable_high_water_mark' is invalid. Received -1"),
        (
            {"high_water_mark": 1.5},
            f"{VALUE}: The property 'options.readable_high_water_mark' is invalid. Received 1.5",
        ),
        (
            {"high_water_mark": "5"},
            f"{VALUE}: The property 'options.readable_high_water_mark' is invalid. Received '5'",
        ),
        (
            {"high_water_mark": True},
            f"{VALUE}: The property 'options.readable_high_water_mark' is invalid. Received True",
        ),
        (
            {"high_water_mark": math.nan},
            f"{VALUE}: The property 'options.readable_high_water_mark' is invalid. Received nan",
        ),
        (
            {"writable_high_water_mark": -1},
            f"{VALUE}: The property 'options.writable_high_water_mark' is invalid. Received -1",
        ),
        ({"fd": -1}, f'{RANGE}: The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received -1'),
        ({"fd": 1.5}, f'{RANGE}: The value of "fd" is out of range. It must be an integer. Received 1.5'),
        ({"fd": math.nan}, f'{RANGE}: The value of "fd" is out of range. It must be an integer. Received nan'),
        (
            {"fd": 2**31},
            f'{RANGE}: The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received {2**31}',
        ),
        ({"fd": "a"}, f"{TYPE}: The \"fd\" argument must be of type number. Received type string ('a')"),
        ({"fd": True}, f'{TYPE}: The "fd" argument must be of type number. Received type boolean (True)'),
        (
            {"handle": "a"},
            f"{TYPE}: The \"handle\" argument must be an object with fileno(). Received type string ('a')",
        ),
        ({"signal": 5}, f'{TYPE}: The "signal" argument must be an instance of AbortSignal. Received type number (5)'),
        (
            {"block_list": []},
            f'{TYPE}: The "options.block_list" property must be an instance of BlockList. Received an instance of list',
        ),
        (
            {"type_of_service": math.nan},  # K-07
            f'{RANGE}: The value of "options.type_of_service" is out of range. It must be an integer. Received nan',
        ),
        (
            {"type_of_service": 256},
            f'{RANGE}: The value of "options.type_of_service" is out of range. It must be >= 0 && <= 255. Received 256',
        ),
        (
            {"type_of_service": "1"},
            f"{TYPE}: The \"options.type_of_service\" property must be of type number. Received type string ('1')",
        ),
    ],
)
def test_bad_socket_options(options: Mapping[str, object], complaint: str) -> None:
    assert refusal(socket_options, options) == complaint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("allow_halfopen", ". Did you mean 'allow_half_open'?"),
        ("noDelay", ". Did you mean 'no_delay'?"),
        ("port", ""),  # connect() has it, Socket() doesn't
        ("qqq", ""),
    ],
)
def test_an_unknown_option_of_a_socket(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        socket_options({name: None})
    start, _, rest = str(caught.value).partition(f"'{name}'")
    assert start == "Socket() got an unexpected keyword argument "
    assert rest == hint or (not hint and "object_mode" not in rest)


def test_what_may_be_a_source() -> None:
    with open(os.devnull, "rb") as file:
        assert socket_options({"fd": file}).source is file
        assert socket_options({"handle": file}).source is file

    class Bound:
        def address(self) -> None: ...

    bound = Bound()
    assert socket_options({"handle": bound}).source is bound


def test_objects_come_through() -> None:
    signal, rules = AbortController().signal, BlockList()  # which is false while it is empty
    on_read = OnRead(bytearray(4), nothing)
    given = socket_options({"signal": signal, "block_list": rules, "on_read": on_read})
    assert given.signal is signal
    assert given.block_list is rules
    assert given.on_read is on_read


def test_on_read_may_be_a_mapping() -> None:
    buffer = bytearray(4)
    on_read = socket_options({"on_read": {"buffer": buffer, "callback": nothing}}).on_read
    assert on_read is not None
    assert on_read.buffer is buffer
    assert on_read.callback is nothing


@pytest.mark.covers("OnRead")
@pytest.mark.parametrize("buffer", [bytearray(1), memoryview(bytearray(2)), lambda: bytearray(1)])
def test_buffers_to_read_into_i10(buffer: Any) -> None:
    assert OnRead(buffer, nothing).buffer is buffer


@pytest.mark.covers("OnRead")
@pytest.mark.parametrize(
    ("buffer", "callback", "name"),
    [
        (b"constant", nothing, "buffer"),
        (bytearray(), nothing, "buffer"),
        (memoryview(bytearray(4))[::2], nothing, "buffer"),
        ("abc", nothing, "buffer"),
        (None, nothing, "buffer"),
        (bytearray(1), None, "callback"),
    ],
)
def test_a_bad_on_read_is_told_where_it_is_made(buffer: object, callback: Any, name: str) -> None:
    assert refusal(OnRead, buffer, callback).startswith(f'{TYPE}: The "{name}" argument must be ')


# ------------------------------------------------------------------------------------------------------------- server


def test_a_server_without_options() -> None:
    assert server_options((), {}) == (ServerOptions(), None)
    assert server_options((None,), {}) == (ServerOptions(), None)
    assert ServerOptions().high_water_mark == 65536


@pytest.mark.covers("Server(listener)")
@pytest.mark.covers("A-19", "create_server")
@pytest.mark.parametrize(
    ("args", "keywords", "found"),
    [
        ((nothing,), {}, nothing),
        ((), {"listener": nothing}, nothing),
        (({},), {"listener": nothing}, nothing),
        (({"listener": nothing},), {}, nothing),
        (({}, nothing), {}, nothing),  # Node's way to write it
        ((None, nothing), {}, nothing),
        (({}, 5), {}, None),
        (({}, None), {"listener": nothing}, nothing),
    ],
)
def test_the_listener_of_a_server(args: tuple[object, ...], keywords: Mapping[str, object], found: object) -> None:
    assert server_options(args, keywords) == (ServerOptions(), found)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"allow_half_open": True, "pause_on_connect": 1}, ServerOptions(allow_half_open=True, pause_on_connect=True)),
        ({"no_delay": True, "keep_alive": True}, ServerOptions(no_delay=True, keep_alive=True)),
        ({"keep_alive_initial_delay": 2.5}, ServerOptions(keep_alive_initial_delay=2)),
        ({"keep_alive_initial_delay": -1}, ServerOptions()),
        ({"high_water_mark": -1}, ServerOptions()),
        ({"high_water_mark": -math.inf}, ServerOptions()),
        ({"high_water_mark": 0}, ServerOptions(high_water_mark=0)),
        ({"high_water_mark": None, "block_list": None}, ServerOptions()),
    ],
)
def test_server_options(options: Mapping[str, object], expected: ServerOptions) -> None:
    assert server_options((), options) == (expected, None)
    assert server_options((options,), {}) == (expected, None)  # Node's way to write it


def test_keywords_win_over_a_mapping() -> None:
    options, _ = server_options(({"no_delay": True, "high_water_mark": 1},), {"high_water_mark": 2})
    assert options == ServerOptions(no_delay=True, high_water_mark=2)


@pytest.mark.parametrize(
    ("first", "options", "complaint"),
    [
        ("abc", {}, f"{TYPE}: The \"options\" argument must be of type object. Received type string ('abc')"),
        (5, {}, f'{TYPE}: The "options" argument must be of type object. Received type number (5)'),
        (
            None,
            {"high_water_mark": "x"},
            f"{TYPE}: The \"options.high_water_mark\" property must be of type number. Received type string ('x')",
        ),
        (
            None,
            {"high_water_mark": math.nan},
            f'{RANGE}: The value of "options.high_water_mark" is out of range. It must be an integer. Received nan',
        ),
        (
            None,
            {"keep_alive_initial_delay": "x"},
            f'{TYPE}: The "options.keep_alive_initial_delay" property must be of type number. '
            "Received type string ('x')",
        ),
        (
            None,
            {"block_list": {}},
            f'{TYPE}: The "options.block_list" property must be an instance of BlockList. Received an instance of dict',
        ),
        (
            None,
            {"paused_on_connect": 1},
            f"{VALUE}: Server() got an unexpected keyword argument 'paused_on_connect'. "
            "Did you mean 'pause_on_connect'?",
        ),
        (
            None,
            {"listener": 5},
            f'{TYPE}: The "listener" argument must be of type function. Received type number (5)',
        ),
        (nothing, {"listener": nothing}, f"{VALUE}: Server() got multiple values for argument 'listener'"),
    ],
)
def test_bad_server_options(first: object, options: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(TypeError if not complaint.startswith(RANGE) else ValueError) as caught:
        server_options((first,), options)
    assert f"{getattr(caught.value, 'code', '')}: {caught.value}" == complaint


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (None, None),
        (math.inf, None),
        (0, 0),
        (5, 5),
        (2.5, 3),
        (-1, 0),
        (-math.inf, 0),
        pytest.param(10**400, 10**400, id="too large for a float"),
    ],
)
def test_max_connections(value: object, limit: int | None) -> None:
    assert connection_limit(value) == limit


@pytest.mark.parametrize(("value", "code"), [("5", TYPE), (True, TYPE), (math.nan, RANGE)])
def test_bad_max_connections(value: object, code: str) -> None:
    assert refusal(connection_limit, value).startswith(f"{code}: The ")


# ------------------------------------------------------------------------------------------------ arguments of methods


@pytest.mark.parametrize("value", [0, 0.0, 0.001, 5, MAX_SECONDS])
def test_timeouts_j01(value: float) -> None:
    assert timeout_seconds("seconds", value) == value


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("x", f"{TYPE}: The \"seconds\" argument must be of type number. Received type string ('x')"),
        (None, f'{TYPE}: The "seconds" argument must be of type number. Received None'),
        (True, f'{TYPE}: The "seconds" argument must be of type number. Received type boolean (True)'),
        (
            -1,
            f'{RANGE}: The value of "seconds" is out of range. It must be a non-negative finite number. Received -1',
        ),
        (
            math.nan,
            f'{RANGE}: The value of "seconds" is out of range. It must be a non-negative finite number. Received nan',
        ),
        (
            math.inf,
            f'{RANGE}: The value of "seconds" is out of range. It must be a non-negative finite number. Received inf',
        ),
    ],
)
def test_bad_timeouts_j01(value: object, complaint: str) -> None:
    assert refusal(timeout_seconds, "seconds", value) == complaint


@pytest.mark.parametrize("value", [MAX_SECONDS + 1, 1e300, pytest.param(10**5000, id="too long to print")])
def test_a_timeout_that_no_timer_can_wait_j01(value: float) -> None:
    def set_timeout() -> float:  # stands for the method between the user and us
        return timeout_seconds("seconds", value)

    with pytest.warns(RuntimeWarning, match="a timer waits 2147483.647 seconds at most") as caught:
        assert set_timeout() == MAX_SECONDS == 2147483.647
    assert caught[0].filename == __file__  # the user's line is blamed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (False, 0, 1, 10)),  # Z-05
        ((True,), (True, 0, 1, 10)),
        ((True, 5.999), (True, 5, 1, 10)),  # K-03
        ((True, -5), (True, 0, 1, 10)),
        ((True, math.nan, math.inf, math.nan), (True, 0, 1, 10)),
        ((True, "garbage", [], {}), (True, 0, 1, 10)),
        ((1, 2, 3.9, 4.9), (True, 2, 3, 4)),
        ((True, 1, 0, 0), (True, 1, 1, 10)),
        (({"enable": True, "initial_delay": 2, "interval": 3, "count": 4},), (True, 2, 3, 4)),
        (({"enable": True}, 9), (True, 0, 1, 10)),
        (({},), (False, 0, 1, 10)),
        ((None, None, None, None), (False, 0, 1, 10)),
    ],
)
def test_keep_alive_arguments(arguments: tuple[Any, ...], expected: tuple[bool, int, int, int]) -> None:
    found = keep_alive_arguments(*arguments)
    assert found == expected
    assert type(found[0]) is bool


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.none(), max_size=1)
)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_keep_alive_arguments_never_raise_k01(enable: Any, delay: Any, interval: Any, count: Any) -> None:
    on, *numbers = keep_alive_arguments(enable, delay, interval, count)
    assert on is bool(enable)
    for number, least in zip(numbers, (0, 1, 1), strict=True):
        assert type(number) is int
        assert least <= number < 2**31


@pytest.mark.parametrize("value", [0, 16, 255, 5.0])
def test_type_of_service_k07(value: float) -> None:
    found = type_of_service(value)
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x", TYPE),
        (None, TYPE),
        (True, TYPE),
        (math.nan, TYPE),
        (math.inf, RANGE),
        (-1, RANGE),
        (256, RANGE),
        (1.5, RANGE),
    ],
)
def test_bad_type_of_service_k07(value: object, code: str) -> None:
    complaint = refusal(type_of_service, value)
    assert complaint.startswith(f"{code}: The ")
    assert '"tos"' in complaint
