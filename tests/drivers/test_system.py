"""Addresses in the system's form and back; the system's errors as faults."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from sansnet.drivers.faults import canceled, fault_of
from sansnet.drivers.system import HAS_PATHS, PATHS, Door, endpoint_of, endpoint_of_kept, kept_name, system_address
from sansnet.state.endpoints import Endpoint
from sansnet.state.faults import Fault


@pytest.mark.parametrize(
    ("address", "port", "family", "expected"),
    [
        ("192.0.2.1", 80, 4, ("192.0.2.1", 80)),
        ("2001:db8::1", 80, 6, ("2001:db8::1", 80, 0, 0)),
        ("fe80::1%7", 80, 6, ("fe80::1", 80, 0, 7)),
        ("fe80::1%99999999999", 80, 6, ("fe80::1", 80, 0, 0xFFFFFFFF)),
        ("/tmp/söcket", None, 0, "/tmp/söcket".encode()),
        ("relative", None, 0, b"relative"),
        ("\udcff", None, 0, b"\xff"),
    ],
)
def test_an_address_as_the_system_takes_it(address: str, port: int | None, family: int, expected: object) -> None:
    assert system_address(address, port or 0, family) == expected


def test_a_scope_may_be_named() -> None:
    index, name = socket.if_nameindex()[0]
    assert system_address(f"fe80::1%{name}", 80, 6) == ("fe80::1", 80, 0, index)


@pytest.mark.parametrize(
    ("address", "family"),
    [
        ("localhost", 4),
        ("127.1", 4),
        ("<broadcast>", 4),
        ("", 4),
        ("::1", 4),
        ("localhost", 6),
        ("127.0.0.1", 6),
        ("", 6),
        ("[::1]", 6),
        ("", 0),
        ("nul\0inside", 0),
        ("\ud800", 0),
    ],
)
def test_what_is_no_address_is_never_looked_up(monkeypatch: pytest.MonkeyPatch, address: str, family: int) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a lookup blocks")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is what counts, and may be missing
        system_address(address, 80, family)
    assert fault_of(caught.value, "connect").code == "EINVAL"


def test_an_abstract_name_elsewhere_than_on_linux_would_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_address("\0name", 0, 0) == b"\0name"
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(OSError, match="not the path"):
        system_address("\0name", 0, 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (("192.0.2.1", 80), Endpoint("192.0.2.1", 80, 4)),
        (("2001:db8::1", 80, 0, 0), Endpoint("2001:db8::1", 80, 6)),
        (("fe80::1", 80, 0, 999_999), Endpoint("fe80::1%999999", 80, 6)),
        (("fe80::1%eth9", 80, 0, 999_999), Endpoint("fe80::1%eth9", 80, 6)),
        ("/tmp/socket", Endpoint("/tmp/socket", None, 0)),
        (b"\0abstract\xff", Endpoint("\0abstract\udcff", None, 0)),
        ("", None),
    ],
)
def test_a_name_as_an_endpoint(name: object, expected: Endpoint | None) -> None:
    assert endpoint_of(name) == expected
    kept = kept_name(name)
    assert (endpoint_of_kept(kept) if isinstance(kept, bytes) else kept) == expected


@pytest.mark.parametrize("name", [("192.0.2.1", 65535), ("2001:db8:0:1:2:3:4:5", 65535, 0, 0)])
def test_a_name_that_is_kept_takes_less_memory_than_its_parts(name: tuple[Any, ...]) -> None:
    assert sys.getsizeof(kept_name(name)) < sum(map(sys.getsizeof, (name, name[0], name[1]))) / 2


def test_a_scope_has_its_interface_s_name() -> None:
    index, name = socket.if_nameindex()[0]
    assert endpoint_of(("fe80::1", 80, 0, index)) == Endpoint(f"fe80::1%{name}", 80, 6)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ECONNREFUSED, ""), "ECONNREFUSED"),
        (OSError(errno.EWOULDBLOCK, ""), "EAGAIN"),
        (OSError(errno.EOPNOTSUPP, ""), "ENOTSUP"),
        (OSError(99_999, ""), "UNKNOWN"),
        (OSError("AF_UNIX path too long"), "EINVAL"),
        (TimeoutError("timed out"), "ETIMEDOUT"),
    ],
)
def test_errors_have_node_s_names(error: OSError, code: str) -> None:
    number = getattr(errno, code, 99_999)
    assert fault_of(error, "connect", "a", 1) == Fault(code, errno=number, syscall="connect", address="a", port=1)


@pytest.mark.parametrize(("number", "code"), [(64, "ECONNRESET"), (231, "EBUSY"), (995, "ECANCELED"), (87, "EINVAL")])
def test_errors_of_windows_that_python_does_not_tell_apart(number: int, code: str) -> None:
    error = OSError(errno.EINVAL, "")
    error.winerror = number  # type: ignore[attr-defined]
    assert fault_of(error, "read") == Fault(code, errno=getattr(errno, code), syscall="read", cause=number)


def test_local_address_and_port_are_passed_on() -> None:
    fault = fault_of(OSError(errno.EPERM, ""), "connect", "a", 1, local_address="b", local_port=2)
    assert (fault.local_address, fault.local_port) == ("b", 2)


def test_canceled() -> None:
    assert canceled("write") == Fault("ECANCELED", errno=errno.ECANCELED, syscall="write")
    assert os.strerror(errno.ECANCELED)


@pytest.mark.parametrize("family", [socket.AF_INET, *([socket.AF_UNIX] if HAS_PATHS else [])])
def test_a_door_accepts_as_the_socket_in_whose_place_it_is(family: socket.AddressFamily, tmp_path: Path) -> None:
    made = socket.socket(family)
    made.bind(str(tmp_path / "s") if family == PATHS else ("127.0.0.1", 0))
    made.listen()
    number, name = made.fileno(), made.getsockname()
    with socket.socket(family) as ours, Door(made) as door:
        assert (door.fileno(), door.getsockname(), made.fileno()) == (number, name, -1)
        assert door.gettimeout() == 0
        ours.connect(name)
        accepted, _ = door.accept()
        with accepted:
            assert type(accepted) is socket.socket
            assert (accepted.family, accepted.type, accepted.proto) == (ours.family, ours.type, ours.proto)
            assert accepted.getsockname() == name


def test_a_door_looks_nothing_up_when_it_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = socket.create_server(("127.0.0.1", 0))
    with socket.create_connection(made.getsockname()), Door(made) as door:

        def look_up(_of: socket.socket) -> int:
            raise AssertionError("it was looked up")

        for name in ("family", "type"):
            monkeypatch.setattr(socket.socket, name, property(look_up))
        door.accept()[0].close()
