"""No handle is leaked: each kind of program, over and over, ends with as many as before."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import Loopback, loopback, port_of
from tests.windows.bench import handles, needs_windows, new_name, pair, plain_client, plain_server

if TYPE_CHECKING or sys.platform == "win32":
    import _winapi

    from sansnet.drivers import windows

pytestmark = needs_windows

TIMES: Final = 6

Program = Callable[[Loopback], None]


def a_pipe_server(net: Loopback) -> None:
    """Whose clients do as they like."""
    name = new_name()
    server = sansnet.create_server(lambda peer: peer.resume().end("x")).listen(name)
    for _ in range(5):
        client = plain_client(name)
        net.turn(2)
        _winapi.CloseHandle(client)
    server.close()
    net.run()


def a_pipe_client(net: Loopback) -> None:
    """Of a server that answers, and goes."""
    name = new_name()
    handle = plain_server(name)
    client = sansnet.connect(name).resume()
    net.run_until(lambda: client.ready_state == "open")
    _winapi.WriteFile(handle, b"x")
    _winapi.CloseHandle(handle)
    net.run()


def clients_that_wait(net: Loopback) -> None:
    """For an instance that they get, or give up to wait for."""
    name = new_name()
    busy = [plain_server(name), plain_client(name)]
    first, second = sansnet.connect(name), sansnet.connect(name)
    net.turn(3)
    second.destroy()
    busy.append(plain_server(name))
    net.run_until(lambda: first.ready_state == "open")
    net.close(first)
    for handle in busy:
        _winapi.CloseHandle(handle)


def a_client_that_goes_while_it_waits(net: Loopback) -> None:
    """What the thread opens for it then is closed."""
    name = new_name()
    busy = [plain_server(name), plain_client(name)]
    client = sansnet.connect(name)
    net.run_until(somebody_waits)
    client.destroy()
    busy.append(plain_server(name))
    net.run_until(lambda: not somebody_waits())
    net.turn(2)
    for handle in busy:
        _winapi.CloseHandle(handle)


def somebody_waits() -> bool:
    return any(thread.name == "sansnet-pipe" for thread in threading.enumerate())


def what_fails(net: Loopback) -> None:
    errors: list[Exception] = []
    for where in (new_name(), "plain", "\\\\.\\pipe\\" + "x" * 300):
        sansnet.connect(where).on("error", errors.append)
    sansnet.create_server().on("error", errors.append).listen("plain")
    net.run()
    assert len(errors) == 4


def pipes_that_end_each_in_its_way(net: Loopback) -> None:
    for finish in (Socket.end, Socket.destroy, Socket.destroy_soon):
        client, peer = pair(net)
        peer.resume()
        client.resume().write(bytes(300_000))
        finish(client)
        net.run()


def pipes_that_are_taken_over(net: Loopback) -> None:
    accepted: list[Socket] = []
    name = new_name()
    server = sansnet.create_server(accepted.append).listen(name)
    client = Socket(handle=windows.open_pipe(name))
    net.run_until(lambda: accepted)
    server.close()
    net.close(client, *accepted)


def bound_and_never_used(net: Loopback) -> None:
    for bound in (sansnet.BoundSocket(path=new_name()), sansnet.BoundSocket()):
        bound.close()


def tcp(net: Loopback) -> None:
    client, peer = net.pair()
    peer.pipe(peer)
    client.resume().end(bytes(300_000))
    net.run()
    client, peer = net.pair()
    client.reset_and_destroy()
    net.close(peer)
    net.run()


def servers_that_share(net: Loopback) -> None:
    for where in (0, new_name()):
        accepted: list[Socket] = []
        first = sansnet.create_server(accepted.append).listen(where)
        second = sansnet.create_server(accepted.append).listen(first)
        client = sansnet.connect(where or port_of(first))
        net.run_until(partial(len, accepted))
        first.close()
        second.close()
        net.close(client, *accepted)


PROGRAMS: Final[list[Program]] = [
    a_pipe_server,
    a_pipe_client,
    clients_that_wait,
    a_client_that_goes_while_it_waits,
    what_fails,
    pipes_that_end_each_in_its_way,
    pipes_that_are_taken_over,
    bound_and_never_used,
    tcp,
    servers_that_share,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_leaks_no_handle(program: Program) -> None:
    """Neither while its driver lives, nor with it."""

    def once() -> None:
        with loopback() as net:
            program(net)
            program(net)

    assert_no_more(once)


def assert_no_more(once: Callable[[], None]) -> None:
    """Doing it many times leaves no more handles than doing it twice: what is loaded and made once isn't counted."""
    counts: list[int] = []
    for _ in range(TIMES):
        once()
        gc.collect()
        counts.append(handles())
    assert counts[-1] <= counts[1], counts


def test_within_one_driver_none_is_left() -> None:
    with loopback() as net:
        for program in PROGRAMS:
            assert_no_more(partial(program, net))


@pytest.mark.parametrize("left_open", [False, True])
def test_asyncio_leaks_no_handle(left_open: bool) -> None:
    """TCP and pipes in asyncio's default loop, which closes what is left open when it ends."""

    async def talk(where: Any) -> None:
        server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(where)
        await server.wait_listening()
        client = sansnet.connect(where or port_of(server))
        client.write(bytes(100_000))
        heard = 0
        async for chunk in client.iterator(destroy_on_return=False):
            heard += len(chunk)
            if heard == 100_000:
                break
        if not left_open:
            client.destroy()
            server.close_all_connections()
            server.close()
            await server.wait_closed()

    async def main() -> None:
        await talk(0)
        await talk(new_name())

    assert_no_more(lambda: asyncio.run(main()))
