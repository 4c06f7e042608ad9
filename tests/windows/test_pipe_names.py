"""Named pipes: who has to wait, names that are none, who may, and ends that exist already."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import sansnet
from sansnet import Server, Socket
from sansnet.drivers.overlapped_pipe import INSTANCES
from tests.loopback import Loopback, log_of, loopback, not_under_wine
from tests.windows.bench import (
    needs_windows,
    new_name,
    pair,
    plain_client,
    plain_server,
    read_all,
)

if TYPE_CHECKING or sys.platform == "win32":
    import _winapi

    from sansnet.drivers import windows

pytestmark = needs_windows


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


# ---------------------------------------------------------------------------------------------------------------- busy


def test_a_client_waits_until_an_instance_is_free(net: Loopback) -> None:
    name = new_name()
    busy = [plain_server(name), plain_client(name)]
    log = log_of(client := sansnet.connect(name))
    net.turn(5)
    assert log == []
    assert net.driver.alive
    busy.append(plain_server(name))
    net.run_until(lambda: "connect" in log)
    net.close(client)
    for handle in busy:
        _winapi.CloseHandle(handle)


def test_who_waits_can_be_destroyed(net: Loopback) -> None:
    name = new_name()
    handle = plain_server(name, instances=1)
    first = plain_client(name)
    client = sansnet.connect(name)
    log = log_of(client)
    net.turn(5)
    client.destroy()
    net.run()
    assert log == ["close(False)"]
    _winapi.CloseHandle(first)
    _winapi.CloseHandle(handle)


def test_a_storm_of_clients_on_one_instance(net: Loopback) -> None:
    """All but one find it busy, again and again; each has its turn, and none an error."""
    name, answers, errors = new_name(), list[bytes](), list[Any]()
    server = sansnet.create_server(lambda peer: peer.on("data", peer.write)).listen(path=name, backlog=1)

    def client(number: int) -> None:
        socket = sansnet.connect(name).on("error", errors.append)

        def done(data: bytes) -> None:
            answers.append(data)
            socket.destroy()

        socket.on("data", done).write(b"%d" % number)

    for number in range(60):
        client(number)
    net.run_until(lambda: len(answers) == 60)
    assert sorted(answers, key=int) == [b"%d" % number for number in range(60)]
    assert errors == []
    server.close()
    net.run()


def test_a_server_that_vanishes_while_clients_wait(net: Loopback) -> None:
    name = new_name()
    handle = plain_server(name, instances=1)
    first = plain_client(name)
    logs = [log_of(sansnet.connect(name)) for _ in range(20)]
    net.turn(3)
    _winapi.CloseHandle(first)
    _winapi.CloseHandle(handle)
    net.run()
    assert logs == [["error(ENOENT)", "close(True)"]] * 20


def test_a_server_that_vanishes_between_connect_and_read(net: Loopback) -> None:
    name = new_name()
    server = sansnet.create_server(lambda socket: socket.destroy()).listen(name)
    log = log_of(client := sansnet.connect(name))
    client.on("connect", server.close)
    net.run()
    assert [entry for entry in log if entry not in ("prefinish", "finish")] == [
        "connect",
        "ready",
        "end",
        "close(False)",
    ]


def test_a_paused_server_keeps_some_waiting_and_loses_none(net: Loopback) -> None:
    name, accepted = new_name(), list[Socket]()
    server = sansnet.create_server(accepted.append).listen(name)
    server.pause()
    clients = [sansnet.connect(name) for _ in range(INSTANCES + 3)]
    net.run_until(lambda: sum(client.ready_state == "open" for client in clients) >= INSTANCES)
    net.turn(5)
    assert len(accepted) <= 1  # one may have been on its way
    server.resume()
    net.run_until(lambda: len(accepted) == len(clients))
    net.run_until(lambda: all(client.ready_state == "open" for client in clients))
    server.close()
    net.close(*clients, *accepted)


def test_who_came_and_went_before_it_was_accepted(net: Loopback) -> None:
    name, accepted = new_name(), list[Socket]()
    server = sansnet.create_server(accepted.append).listen(name)
    for _ in range(20):
        _winapi.CloseHandle(plain_client(name))
        net.turn()
    log = log_of(sansnet.connect(name))
    net.run_until(lambda: "connect" in log)
    server.close()
    net.close(*accepted)


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.covers("Q-04", "Q-07")
@pytest.mark.parametrize(
    ("path", "listen", "connect"),
    [
        ("plain", "EACCES", "ENOENT"),
        ("C:\\Temp\\socket", "EACCES", "ENOENT"),
        ("\\\\.\\mailslot\\name", "EACCES", "ENOENT"),
        ("\\\\.\\pipe\\", "EACCES", "ENOENT"),
        ("\\\\elsewhere\\pipe\\name", "EACCES", None),
        ("\\\\.\\pipe\\" + "x" * 248, "EINVAL", "EINVAL"),
        ("\\\\.\\pipe\\a\0b", "EINVAL", "EINVAL"),
        ("\\\\.\\pipe\\\ud800", "EINVAL", "EINVAL"),
    ],
)
def test_paths_that_are_no_names_of_pipes(net: Loopback, path: str, listen: str, connect: str | None) -> None:
    errors: list[Any] = []
    server = sansnet.create_server().on("error", errors.append).listen(path)
    net.run()
    assert not server.listening
    assert [error.code for error in errors] == [listen]
    assert errors[0].address == path
    if connect is not None:
        sansnet.connect(path).on("error", errors.append)
        net.run()
        assert errors[1].code == connect


def test_the_longest_name(net: Loopback) -> None:
    name = new_name()
    client, peer = pair(net, name + "x" * (256 - len(name)))
    net.close(client, peer)


def test_an_error_has_windows_number(net: Loopback) -> None:
    errors: list[Any] = []
    sansnet.connect(new_name()).on("error", errors.append)
    net.run()
    assert (errors[0].code, errors[0].winerror) == ("ENOENT", 2)
    assert isinstance(errors[0], FileNotFoundError)
    with sansnet.BoundSocket() as bound:
        port = bound.address().port  # type: ignore[union-attr]
        sansnet.create_server().on("error", errors.append).listen(port, "0.0.0.0")
        net.run_until(lambda: len(errors) == 2)
    assert (errors[1].code, errors[1].winerror) == ("EADDRINUSE", 10048)
    with pytest.raises(RuntimeError) as told:
        sansnet.create_server().listen(bound)
    assert not hasattr(told.value, "winerror"), "Windows had no part in it"


@not_under_wine("it lets anyone create a first instance (FILE_FLAG_FIRST_PIPE_INSTANCE is not enforced)")
@pytest.mark.parametrize("whose", ["ours", "plain"])
def test_a_name_that_is_taken(net: Loopback, whose: str) -> None:
    name, errors = new_name(), list[Any]()
    if whose == "ours":
        first: Server | int = sansnet.create_server().listen(name)
    else:
        first = plain_server(name)
    sansnet.create_server().on("error", errors.append).listen(name)
    net.run_until(lambda: errors)
    assert errors[0].code == "EADDRINUSE"
    if isinstance(first, int):
        _winapi.CloseHandle(first)
    else:
        first.close()
    net.run()


def test_a_name_of_whose_pipe_there_can_be_no_more(net: Loopback) -> None:
    """It is somebody else's, who wants only one instance of it."""
    name, errors = new_name(), list[Any]()
    handle = plain_server(name, instances=1)
    server = sansnet.create_server().on("error", errors.append).listen(name)
    net.run_until(lambda: errors)
    assert (errors[0].code, errors[0].syscall, errors[0].address) == ("EADDRINUSE", "listen", name)
    assert errors[0].winerror in (5, 231)
    _winapi.CloseHandle(handle)
    server.on("listening", server.close).listen(name)  # now it is free
    net.run()
    assert len(errors) == 1


def test_a_pipe_that_does_not_let_us_read(net: Loopback) -> None:
    """Somebody else's, too. (Node would make a socket of it that can only be written to.)"""
    name, errors = new_name(), list[Any]()
    handle = plain_server(name, access=1)
    sansnet.connect(name).on("error", errors.append)
    net.run_until(lambda: errors)
    assert (errors[0].code, errors[0].winerror) == ("EACCES", 5)
    assert isinstance(errors[0], PermissionError)
    net.run()
    _winapi.CloseHandle(handle)


def test_a_plain_file_is_not_opened(net: Loopback, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_text("untouched")
    errors: list[Any] = []
    sansnet.connect(str(path)).on("error", errors.append)
    net.run()
    assert errors[0].code == "ENOENT"
    assert path.read_text() == "untouched"


def test_a_pipe_whose_operations_would_block_is_refused(net: Loopback) -> None:
    name = new_name()
    handle = plain_server(name)
    client = plain_client(name)
    with pytest.raises(TypeError, match="PIPE"):
        Socket(handle=client)
    _winapi.CloseHandle(client)  # it is still ours
    _winapi.CloseHandle(handle)


# -------------------------------------------------------------------------------------------------- access, and binding


@pytest.mark.covers("Server.listen(readable_all)", "Server.listen(writable_all)")
@pytest.mark.parametrize(("readable", "writable"), [(True, False), (False, True), (True, True)])
def test_a_pipe_for_all(net: Loopback, readable: bool, writable: bool) -> None:
    """That it can be made, and used by its owner; what others may do, two users would have to show."""
    name, accepted = new_name(), list[Socket]()
    server = sansnet.create_server(accepted.append).listen(path=name, readable_all=readable, writable_all=writable)
    client = sansnet.connect(name)
    net.run_until(lambda: accepted and client.ready_state == "open")
    server.close()
    net.close(client, *accepted)


def test_a_bound_pipe(net: Loopback) -> None:
    name, accepted = new_name(), list[Socket]()
    with sansnet.BoundSocket(path=name) as bound:
        assert bound.is_pipe
        assert bound.address() == name
        server = sansnet.create_server(accepted.append).listen(bound)
    client = sansnet.connect(name)
    net.run_until(lambda: accepted)
    server.close()
    net.close(client, *accepted)
    log = log_of(sansnet.connect(name))
    net.run()
    assert log == ["error(ENOENT)", "close(True)"]


def test_an_end_that_exists_already_is_taken_over(net: Loopback) -> None:
    name, accepted = new_name(), list[Socket]()
    server = sansnet.create_server(accepted.append).listen(name)
    client = Socket(handle=windows.open_pipe(name))
    heard: list[bytes] = []
    net.run_until(lambda: accepted)
    accepted[0].on("data", heard.append)
    client.write("hello")
    net.run_until(lambda: heard)
    server.close()
    net.close(client, *accepted)


def test_plain_ends_are_talked_to(net: Loopback) -> None:
    """Both ways, with ends that block."""
    name = new_name()
    server = sansnet.create_server(lambda socket: socket.end("from the server")).listen(name)

    def work() -> bytes:
        handle = plain_client(name)
        try:
            return read_all(handle)
        finally:
            _winapi.CloseHandle(handle)

    assert net.alongside(work) == b"from the server"
    server.close()
    net.run()
