"""What `listen()` makes of its arguments. The complaints are those of Node 26, with Python's names."""

from __future__ import annotations

import ipaddress
import math
import os
import pathlib
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from sansnet.abort import AbortController
from sansnet.address import SocketAddress
from sansnet.errors import NetError
from sansnet.state.endpoints import ListenPlan
from sansnet.targets import listen_options

TYPE, VALUE, PORT = "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_SOCKET_BAD_PORT"


def on_listening() -> None:
    """A callback."""


def refusal(args: tuple[object, ...], options: Mapping[str, object]) -> str:
    """Code and text of the exception that it raises, of the Python classes that go with the code."""
    with pytest.raises(NetError) as caught:
        listen_options(args, options)
    code, text = caught.value.code, str(caught.value)
    assert (ValueError if code == PORT else TypeError) in caught.type.__mro__
    return f"{code}: {text}"


def bad_port(received: str) -> str:
    return f"{PORT}: options.port should be >= 0 and < 65536. Received {received}."


def invalid(received: str) -> str:
    return f"{VALUE}: The argument 'options' is invalid. Received {received}"


def lacking(received: str) -> str:
    return f'{VALUE}: The argument \'options\' must have the property "port" or "path". Received {received}'


def at(host: str, literal: int, **rest: Any) -> ListenPlan:
    return ListenPlan(host=host, literal=literal, **rest)


@pytest.mark.covers("N-05", "N-06", "N-08", "Server.listen")
@pytest.mark.parametrize(
    ("args", "options", "plan"),
    [
        ((), {}, ListenPlan()),  # N-02
        ((None,), {}, ListenPlan()),
        ((), {"port": None}, ListenPlan()),
        (({"port": None},), {}, ListenPlan()),
        ((on_listening,), {}, ListenPlan()),
        ((None, on_listening), {}, ListenPlan()),
        ((), {"callback": on_listening}, ListenPlan()),
        ((None,), {"port": 80}, ListenPlan(port=80)),
        ((on_listening,), {"port": 80}, ListenPlan(port=80)),
        ((80,), {}, ListenPlan(port=80)),  # N-05
        (("80",), {}, ListenPlan(port=80)),
        (("+0",), {}, ListenPlan()),
        ((), {"port": "0x50"}, ListenPlan(port=80)),
        ((80, "127.0.0.1"), {}, at("127.0.0.1", 4, port=80)),
        ((80, "localhost"), {}, at("localhost", 0, port=80)),
        ((None, "::1"), {}, at("::1", 6)),
        ((80,), {"host": "::1"}, at("::1", 6, port=80)),
        ((80, ipaddress.ip_address("127.0.0.1")), {}, at("127.0.0.1", 4, port=80)),  # and not every address
        ((80,), {"host": ipaddress.ip_address("::1")}, at("::1", 6, port=80)),
        ((80,), {"host": ""}, ListenPlan(port=80)),
        ((80,), {"host": 0}, ListenPlan(port=80)),
        ((80,), {"ipv6_only": 1, "reuse_port": True}, ListenPlan(port=80, ipv6_only=True, reuse_port=True)),
        (("/a",), {}, ListenPlan(path="/a")),  # N-06
        (("-1",), {}, ListenPlan(path="-1")),
        (("/a", "ignored"), {}, ListenPlan(path="/a")),
        ((pathlib.PurePosixPath("/a"),), {}, ListenPlan(path="/a")),
        ((), {"path": "/a", "readable_all": 1}, ListenPlan(path="/a", readable_all=True)),
        ((), {"path": "/a", "writable_all": True}, ListenPlan(path="/a", writable_all=True)),
        (("\0a",), {}, ListenPlan(path="\0a")),  # N-25
        ((), {"path": "/a", "port": 80}, ListenPlan(port=80)),  # N-08
        (("/a",), {"port": 80}, ListenPlan(port=80)),
        ((), {"path": "/a", "port": None}, ListenPlan(path="/a")),
        ((), {"path": "/a", "port": True}, ListenPlan(path="/a")),
        ((), {"fd": 3}, ListenPlan(handle=3)),  # N-20
        ((), {"fd": 3.0, "port": 80}, ListenPlan(handle=3)),
        ((), {"handle": 3}, ListenPlan(handle=3)),
        ((80,), {"fd": -1}, ListenPlan(port=80)),  # N-07
        (({"port": 80}, on_listening), {"host": "::1"}, at("::1", 6, port=80)),
    ],
)
def test_listen(args: tuple[object, ...], options: Mapping[str, object], plan: ListenPlan) -> None:
    found = listen_options(args, options)
    assert found.plan == plan
    assert found.signal is None
    assert found.exclusive is bool(options.get("reuse_port"))  # N-23


@pytest.mark.covers("N-09")
@pytest.mark.parametrize(
    ("args", "options", "backlog"),
    [
        ((80, 5), {}, 5),  # N-09
        ((80, 1), {}, 1),
        ((80, "::1", 5), {}, 5),
        ((80, "", 5), {}, 5),
        ((80, None, 5), {}, 5),
        (("/a", 5), {}, 5),
        ((80,), {"backlog": 5}, 5),
        ((80, 6), {"backlog": 5}, 5),
        ((80, "::1", 5, on_listening), {}, 5),
        (({"port": 80}, 5), {}, 5),
        (({"fd": 3}, 5), {}, 5),
        ((80, 2.9), {}, 2),
        ((80, "::1", "junk"), {}, 511),
        ((80, 0), {}, 511),
        ((80, -1), {}, 511),
        ((80, math.nan), {}, 511),
        ((80, 0, 7), {}, 7),
        ((80,), {"backlog": -1}, 511),
        ((80,), {"backlog": None}, 511),
        ((80, math.inf), {}, 2**31 - 1),
    ],
)
def test_backlogs(args: tuple[object, ...], options: Mapping[str, object], backlog: int) -> None:
    assert listen_options(args, options).plan.backlog == backlog


@pytest.mark.covers("listen(callback)")
@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((on_listening,), {}),
        ((None, on_listening), {}),
        ((80, on_listening), {}),
        ((80, "::1", on_listening), {}),
        ((80, "::1", 5, on_listening), {}),
        (("/a", on_listening), {}),
        (({"port": 80}, on_listening), {}),
        (({"fd": 3}, 5, on_listening), {}),
        ((), {"callback": on_listening}),
        ((80,), {"callback": on_listening}),
    ],
)
def test_the_callback_of_listen_n01(args: tuple[object, ...], options: Mapping[str, object]) -> None:
    assert listen_options(args, options).callback is on_listening


@pytest.mark.covers("N-05", "N-06", "N-07", "N-18", "N-25")
@pytest.mark.parametrize(
    ("args", "options", "complaint"),
    [
        (("",), {}, bad_port("type string ('')")),  # N-05
        ((" ",), {}, bad_port("type string (' ')")),
        ((-1,), {}, bad_port("type number (-1)")),
        ((65536,), {}, bad_port("type number (65536)")),
        (("65536",), {}, bad_port("type string ('65536')")),
        ((1.5,), {}, bad_port("type number (1.5)")),
        ((math.nan,), {}, bad_port("type number (nan)")),
        ((), {"port": "x", "path": "/a"}, bad_port("type string ('x')")),
        ((True,), {}, invalid("{'port': True}")),
        ((b"/a",), {}, invalid("{'port': b'/a'}")),
        ((), {"port": {}}, invalid("{'port': {}}")),
        ((), {"path": "80"}, invalid("{'path': '80'}")),  # N-06
        ((), {"path": ""}, invalid("{'path': ''}")),
        ((), {"path": 123}, invalid("{'path': 123}")),
        ((), {"path": None}, invalid("{'path': None}")),
        (({},), {}, lacking("{}")),  # N-07
        (([],), {}, lacking("{}")),
        ((), {"host": "a"}, lacking("{'host': 'a'}")),
        ((), {"exclusive": True}, lacking("{'exclusive': True}")),
        ((), {"fd": -1}, lacking("{'fd': -1}")),
        ((), {"fd": "a"}, lacking("{'fd': 'a'}")),
        ((), {"fd": True}, lacking("{'fd': True}")),
        ((), {"fd": 1.5}, lacking("{'fd': 1.5}")),
        ((), {"handle": "a"}, lacking("{'handle': 'a'}")),
        (
            (80,),
            {"host": 5},
            f'{TYPE}: The "hostname" argument must be of type string. Received type number (5)',
        ),  # N-18
        (
            (80, "a\0b"),
            {},
            f"{VALUE}: The argument 'hostname' must be a string without null bytes. Received 'a\\x00b'",
        ),
        (
            (80,),
            {"signal": 5},
            f'{TYPE}: The "options.signal" property must be an instance of AbortSignal. Received type number (5)',
        ),
        (
            (80,),
            {"backlog": "x"},
            f"{TYPE}: The \"options.backlog\" property must be of type number. Received type string ('x')",
        ),
        (
            ("\0a",),
            {"readable_all": True},  # N-25
            f"{VALUE}: The argument 'options' can not set readable_all or writable_all to true when path is abstract "
            "unix socket. Received {'path': '\\x00a', 'readable_all': True}",
        ),
        ((80,), {"callback": 5}, f'{TYPE}: The "callback" argument must be of type function. Received type number (5)'),
        ((80,), {"port": 80}, f"{VALUE}: listen() got multiple values for argument 'port'"),
        ((80, on_listening), {"callback": len}, f"{VALUE}: listen() got multiple values for argument 'callback'"),
        (
            (80,),
            {"ipv6only": 1},
            f"{VALUE}: listen() got an unexpected keyword argument 'ipv6only'. Did you mean 'ipv6_only'?",
        ),
        ((1, "", 3, 4, 5), {}, f"{VALUE}: listen() takes at most 4 positional arguments, 5 were given"),
    ],
)
def test_bad_listen(args: tuple[object, ...], options: Mapping[str, object], complaint: str) -> None:
    assert refusal(args, options) == complaint


@pytest.mark.covers("N-21")
@pytest.mark.covers("listen(handle)")
def test_handles_n21() -> None:
    class Ours:
        def address(self) -> None: ...

    with socket.socket() as listener, open(os.devnull, "rb") as file:
        for handle in (listener, file, Ours()):
            for args, options in (
                ((handle,), {}),
                ((handle, on_listening), {}),
                ((), {"handle": handle}),
                ((), {"fd": handle}),
                (({"handle": handle},), {"port": 80, "fd": 3}),
            ):
                assert listen_options(args, options).plan == ListenPlan(handle=handle)
        found = listen_options((listener, 5, on_listening), {})
        assert (found.plan.backlog, found.callback) == (5, on_listening)


def test_an_address_is_no_handle() -> None:
    assert refusal((SocketAddress(port=80),), {}).startswith(f"{VALUE}: The argument 'options' is invalid.")


@pytest.mark.covers("N-23", "N-26")
@pytest.mark.covers("listen(exclusive)")
def test_the_signal_and_exclusive() -> None:
    signal = AbortController().signal
    found = listen_options((80,), {"signal": signal, "exclusive": 1})
    assert found.signal is signal
    assert found.exclusive is True
    assert listen_options((), {"fd": 3, "signal": signal}).signal is signal


@pytest.mark.covers("N-02")
def test_the_users_mapping_stays_as_it_was_n02() -> None:
    options: dict[str, object] = {"port": None}
    listen_options((options,), {})
    assert options == {"port": None}
