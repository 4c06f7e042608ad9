"""Where listeners of the readiness family may be, other than at a port: paths, and sockets that exist."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.recorder import (
    DRIVERS,
    LOOPBACK,
    Recorder,
    call,
    descriptor_is_open,
    driver_over,
    listener,
    port_of,
    refusal,
    until,
)

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


# --------------------------------------------------------------------------------------------------------------- paths


def test_a_path_is_made_at_once_and_unlinked_at_close(driver: SelectorDriver, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    handle, recorder = listener(driver, Endpoint(str(path), None, 0))
    assert path.is_socket()
    assert handle.local_name() == Endpoint(str(path), None, 0)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        until(driver, recorder.has("accepted"))
        assert recorder.connections[0].remote_name() is None
        assert recorder.connections[0].local_name() == Endpoint(str(path), None, 0)
    handle.close()
    assert not path.exists()


@pytest.mark.covers("Q-01", "Q-04")
@pytest.mark.parametrize("kind", ["file", "socket", "dangling link"])
def test_whatever_is_there_is_in_the_way_and_stays(driver: SelectorDriver, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "file":
            path.write_text("mine")
        elif kind == "socket":
            other.bind(str(path))
        else:
            path.symlink_to(tmp_path / "nowhere")
        assert refusal(driver, Endpoint(str(path), None, 0)) == Fault(
            "EADDRINUSE", errno=errno.EADDRINUSE, syscall="listen", address=str(path)
        )
    assert os.path.lexists(path)


def test_a_directory_that_is_not_there_is_permission_denied(driver: SelectorDriver, tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "socket")
    assert refusal(driver, Endpoint(path, None, 0)) == Fault(
        "EACCES", errno=errno.EACCES, syscall="listen", address=path
    )


@pytest.mark.parametrize("name", ["x" * 200, "a\0b", "", "\0" + "x" * 108, "\ud800"])
def test_a_path_that_the_system_would_cut_is_refused(
    driver: SelectorDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(driver, Endpoint(name, None, 0)).code == "EINVAL"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.covers("Q-03")
def test_the_longest_path(driver: SelectorDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    handle, _ = listener(driver, Endpoint("x" * 107, None, 0))
    assert Path("x" * 107).is_socket()
    handle.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.covers("N-24")
@pytest.mark.parametrize(
    ("readable", "writable", "mode"),
    [(False, False, 0o755), (True, False, 0o444), (False, True, 0o222), (True, True, 0o666)],
)
def test_a_path_can_be_opened_up(
    driver: SelectorDriver, tmp_path: Path, readable: bool, writable: bool, mode: int
) -> None:
    path = tmp_path / "socket"
    umask = os.umask(0o022)
    try:
        listener(driver, Endpoint(str(path), None, 0), readable_all=readable, writable_all=writable)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == mode


def test_a_path_that_cannot_be_opened_up_is_given_back(
    driver: SelectorDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "chmod", refuse)
    assert refusal(driver, Endpoint(str(tmp_path / "socket"), None, 0), readable_all=True).code == "EPERM"
    assert list(tmp_path.iterdir()) == []


def test_only_the_file_that_listening_made_is_unlinked(driver: SelectorDriver, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    handle, recorder = listener(driver, Endpoint(str(path), None, 0))
    path.unlink()
    path.write_text("somebody else's")
    handle.close()
    assert path.read_text() == "somebody else's"
    handle, recorder = listener(driver, Endpoint(str(tmp_path / "gone"), None, 0))
    (tmp_path / "gone").unlink()
    handle.close()
    driver.run()
    assert recorder.names == ["listener_closed"]


def test_a_relative_path_is_found_again_from_elsewhere(
    driver: SelectorDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    handle, _ = listener(driver, Endpoint("socket", None, 0))
    monkeypatch.chdir("/")
    handle.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_the_driver_unlinks_as_well(tmp_path: Path) -> None:
    with SelectorDriver() as driver:
        listener(driver, Endpoint(str(tmp_path / "socket"), None, 0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["\0sansnet-listener", "\0sansnet\0more"])
def test_an_abstract_name(driver: SelectorDriver, name: str) -> None:
    handle, recorder = listener(driver, Endpoint(name, None, 0))
    assert handle.local_name() == Endpoint(name, None, 0)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(name.encode())
        until(driver, recorder.has("accepted"))
    handle.close()
    assert refusal_code_or_none(driver, name) is None


def refusal_code_or_none(driver: SelectorDriver, name: str) -> str | None:
    driver.run()
    answer = driver.listen(Endpoint(name, None, 0), ListenPlan(), Recorder())
    return answer.code if isinstance(answer, Fault) else None


@pytest.mark.covers("Q-07")
def test_without_unix_sockets_a_path_is_a_fault(driver: SelectorDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sansnet.drivers.system.HAS_PATHS", False)
    assert refusal(driver, Endpoint("socket", None, 0)).code == "ENOTSUP"


# -------------------------------------------------------------------------------------------------------------- handles


def test_a_listening_socket_can_be_taken_over(driver: SelectorDriver) -> None:
    theirs = socket.create_server((LOOPBACK, 0))
    port = theirs.getsockname()[1]
    handle, recorder = listener(driver, handle=theirs)
    assert theirs.fileno() == -1
    assert port_of(handle) == port
    with call(port):
        until(driver, recorder.has("accepted"))
    handle.close()
    with pytest.raises(ConnectionRefusedError):
        call(port)


def test_so_can_one_that_is_only_bound_and_a_bare_descriptor(driver: SelectorDriver) -> None:
    bound = socket.socket()
    bound.bind((LOOPBACK, 0))
    handle, recorder = listener(driver, handle=bound.detach())
    with call(port_of(handle)):
        until(driver, recorder.has("accepted"))


def test_a_path_that_was_taken_over_is_its_maker_s(driver: SelectorDriver, tmp_path: Path) -> None:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "socket"))
    handle, _ = listener(driver, handle=bound)
    handle.close()
    assert (tmp_path / "socket").exists()


def test_what_cannot_listen_is_refused_and_left_alone(driver: SelectorDriver) -> None:
    inside, outside = os.pipe()
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname()) as connected,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        for handle in (connected, connected.fileno(), datagrams, inside, -1, 99_999, "text", None):
            assert refusal(driver, None, handle=handle) == Fault("EINVAL", errno=errno.EINVAL, syscall="listen")
        assert connected.getpeername()
        assert datagrams.getsockname()
        assert descriptor_is_open(inside)
    os.close(inside)
    os.close(outside)
