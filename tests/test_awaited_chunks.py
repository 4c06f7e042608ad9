"""`async for chunk in socket`: what it gives, how it ends, and what becomes of the socket when it is left."""

from __future__ import annotations

import contextlib
import gc
import threading
from typing import Any

import pytest

import sansnet
from sansnet import NetConnectionError, NetConnectionResetError, Socket
from tests.loopback import port_of
from tests.tasks import (
    ENDINGS,
    Cancelled,
    Tasks,
    all_of,
    events_of,
    listeners_of,
    pair,
    serve,
    start,
    tasks,
    time_limit,
    turns,
)

__all__ = ["tasks"]

MIB = 1 << 20


# ------------------------------------------------------------------------------------------------------------ iterating


@pytest.mark.covers("Socket.__aiter__", "I-06", "H-25", "X-11")
def test_the_end_of_the_file_ends_the_loop_and_the_socket(tasks: Tasks) -> None:
    """Our half was ended when the task heard of the end, and the socket is destroyed as soon as that is finished."""

    async def main() -> None:
        async with pair() as (client, peer):
            log = events_of(peer)
            client.write("one")
            chunks: list[bytes] = []
            async for chunk in peer:
                chunks.append(chunk)
                client.end("two") if len(chunks) == 1 else None
            assert b"".join(chunks) == b"onetwo"
            assert peer.writable_ended
            await peer.finished()
            await peer.wait_closed()
            assert log == ["end", "prefinish", "finish", "close"]
            await peer.end().finished()  # it is, and to end again does no harm

    tasks.run(main())


@pytest.mark.covers("I-06")
def test_a_reset_is_raised(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            reading = start(anext(aiter(peer)))
            await turns()
            client.reset_and_destroy()
            with pytest.raises(NetConnectionResetError) as caught:
                await reading
            assert caught.value is peer.errored
            with pytest.raises(NetConnectionResetError):
                [chunk async for chunk in peer]  # also to those who come late
            assert listeners_of(peer) == 0

    tasks.run(main())


@pytest.mark.covers("I-06")
@pytest.mark.parametrize("error", [None, LookupError("the user's")])
def test_a_socket_that_is_destroyed_here(tasks: Tasks, error: Exception | None) -> None:
    async def main() -> None:
        async with pair() as (_, peer):
            reading = start(anext(aiter(peer)))
            await turns()
            peer.destroy(error)
            with pytest.raises(LookupError if error else NetConnectionError) as caught:
                await reading
            if error is None:
                assert str(caught.value) == "Premature close"
                assert getattr(caught.value, "code", "") == "ERR_STREAM_PREMATURE_CLOSE"

    tasks.run(main())


def test_what_fails_to_connect_is_raised(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve() as server:
            port = port_of(server)
        with pytest.raises(ConnectionRefusedError):
            [chunk async for chunk in sansnet.connect(port, "127.0.0.1")]

    tasks.run(main())


def test_a_socket_that_has_ended_already_has_nothing_to_say(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            client.end()
            await peer.resume().wait_closed()
            assert [chunk async for chunk in peer] == []

    tasks.run(main())


def test_while_the_consumer_is_busy_the_peer_has_to_wait(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair(server_options={"high_water_mark": 4096}) as (client, peer):
            iterator = aiter(peer)
            client.end(bytes(32 * MIB))
            first = await anext(iterator)
            most = 0
            for _ in range(50):
                await turns(20)
                most = max(most, peer.readable_length)
            assert 0 < most < 4096 + 65536, "one read above the mark at most"
            assert client.writable_length, "the system has all it wants, and the rest waits here"
            assert len(first) + sum([len(chunk) async for chunk in iterator]) == 32 * MIB

    tasks.run(main())


def test_text(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            peer.set_encoding("utf-8")
            client.set_no_delay()
            for byte in "€uro".encode():
                client.write(bytes([byte]))
                await turns()
            client.end()
            assert "".join([text async for text in peer]) == "€uro"

    tasks.run(main())


def test_what_was_written_goes_out_before_the_socket_is_destroyed(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair(allow_half_open=True) as (client, peer):
            client.end("question")
            async for _ in peer:
                assert not peer.write(bytes(16 * MIB))
            assert not peer.destroyed
            assert sum([len(chunk) async for chunk in client]) == 16 * MIB
            await peer.wait_closed()

    tasks.run(main())


def test_a_slow_reader_gets_the_tail(tasks: Tasks) -> None:
    """What `drained()` leaves in our buffer goes out, although the loop and the block end before that."""

    async def main() -> None:
        async with pair(allow_half_open=True) as (client, peer):
            client.end("question")
            async with peer:
                async for _ in peer:
                    assert not peer.write(bytes(16 * MIB))
                assert peer.writable_length
                received = start(count(client))
            assert peer.closed
            assert await received == 16 * MIB

    async def count(socket: Socket) -> int:
        return sum([len(chunk) async for chunk in socket])

    tasks.run(main())


def test_an_echo_may_wait_for_drain_when_its_socket_is_over(tasks: Tasks) -> None:
    """All that it wrote went out while it waited, and the socket finished and closed before the task had its turn."""

    async def main() -> None:
        async with pair(allow_half_open=True) as (client, peer):
            client.end("question")
            receiving = start(client.resume().wait_closed())
            async with peer:
                async for _ in peer:
                    assert not peer.write(bytes(16 * MIB))
                    await peer.wait_closed()
                    await peer.drained()
            client.end()
            await receiving

    tasks.run(main())


def test_a_half_open_socket_can_answer_after_the_loop(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair({"allow_half_open": True}, allow_half_open=True) as (client, peer):
            client.end("question")
            question = b"".join([chunk async for chunk in peer])
            assert not peer.destroyed
            await all_of(peer.end(question.upper()).finished(), peer.wait_closed(), client.resume().wait_closed())

    tasks.run(main())


# ----------------------------------------------------------------------------------------------------- leaving the loop


@pytest.mark.covers("I-07")
def test_break_destroys_the_socket_and_nobody_hears_an_error(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            log = events_of(peer)
            client.write("one")
            async for chunk in peer:
                assert chunk == b"one"
                break
            await turns(1)
            assert peer.destroyed
            await peer.wait_closed()
            assert log == ["close"]
            assert listeners_of(peer) == len(ENDINGS)

    tasks.run(main())


@pytest.mark.covers("I-07")
def test_so_do_an_exception_and_a_return(tasks: Tasks) -> None:
    async def fail(socket: Socket) -> None:
        async for _ in socket:
            raise LookupError("in the loop")

    async def first(socket: Socket) -> Any:
        async for chunk in socket:
            return chunk
        return None

    async def main() -> None:
        async with pair() as (client, peer):
            client.write("to the peer")
            peer.write("to the client")
            try:
                await fail(peer)
            except LookupError:
                await turns(1)
                assert peer.destroyed, "although the exception, and its traceback, are still there"
            assert await first(client) == b"to the client"
            await turns(1)
            assert client.destroyed

    tasks.run(main())


def test_so_does_a_task_that_is_cancelled_in_it(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (_, peer):

            async def read() -> None:
                async for _ in peer:
                    pass

            try:
                async with time_limit(0.001):
                    await read()
            except TimeoutError:
                await turns(1)
                assert peer.destroyed

    tasks.run(main())


@pytest.mark.covers("Socket.iterator")
def test_a_loop_can_be_left_without_harm(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            client.write("one")
            async for chunk in peer.iterator(destroy_on_return=False):
                assert chunk == b"one"
                break
            await turns(1)
            assert not peer.destroyed
            assert listeners_of(peer) == 0
            client.end("two")
            assert [chunk async for chunk in peer.iterator(destroy_on_return=False)] == [b"two"]
            log = events_of(peer)
            await peer.wait_closed()
            assert log == ["prefinish", "finish", "close"]

    tasks.run(main())


def test_an_iterator_that_is_kept_is_closed_by_hand(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            client.write("one")
            async with contextlib.aclosing(aiter(peer)) as chunks:
                async for _ in chunks:
                    break
                assert peer.ready_state == "open"
            assert peer.ready_state == "closed"
            with pytest.raises(StopAsyncIteration):
                await anext(chunks)

    tasks.run(main())


def test_an_iterator_may_be_let_go_of_on_another_thread(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (_, peer):
            kept = [aiter(peer)]
            thread = threading.Thread(target=kept.clear)
            thread.start()
            thread.join()
            assert not peer.destroyed, "not on a thread that isn't the loop's"
            await peer.wait_closed()

    tasks.run(main())


def test_the_garbage_collector_may_let_go_of_one_inside_of_anything(tasks: Tasks) -> None:
    """Here it is inside a listener; it may as well be in the middle of a transition of the socket's."""

    async def main() -> None:
        async with pair() as (client, peer), contextlib.AsyncExitStack() as stack:
            gc.disable()  # or it may come of its own accord, before that
            stack.callback(gc.enable)
            cycle: list[Any] = [aiter(peer)]
            cycle.append(cycle)
            del cycle
            seen: list[bool] = []

            def collect() -> None:
                gc.collect()
                seen.append(peer.destroyed)

            peer.once("readable", collect)
            client.write("x")
            await peer.wait_closed()
            assert seen == [False]

    tasks.run(main())


def test_a_cancelled_wait_loses_nothing(tasks: Tasks) -> None:
    """However the cancellation meets the data: before it, with it, or when the task was woken by it already."""

    async def main() -> None:
        async with pair() as (client, peer):
            chunks, got, cancelled = aiter(peer), bytearray(), 0
            for number in range(200):
                waiting = start(anext(chunks))
                await turns(1)
                client.write(bytes([number]))
                await turns(number % 4)
                waiting.cancel()
                try:
                    got += await waiting
                except Cancelled:
                    cancelled += 1
            client.end()
            async for chunk in chunks:
                got += chunk
            assert got == bytes(range(200))
            assert cancelled, "or this has shown nothing"

    tasks.run(main())


def test_two_tasks_are_one_too_many(tasks: Tasks) -> None:
    async def main() -> None:
        async with pair() as (client, peer):
            chunks = aiter(peer)
            waiting = start(anext(chunks))
            await turns()
            with pytest.raises(RuntimeError, match="another task"):
                await anext(chunks)
            client.write("one")
            assert await waiting == b"one"

    tasks.run(main())


def test_an_iteration_ends_with_the_life_that_it_began_in(tasks: Tasks) -> None:
    async def main() -> None:
        async with serve(lambda peer: peer.end("bye")) as server:
            socket = sansnet.connect(port_of(server), "127.0.0.1")
            chunks = aiter(socket)
            assert await anext(chunks) == b"bye"
            socket.once("close", lambda _had_error: socket.connect(port_of(server), "127.0.0.1"))
            await socket.wait_closed()
            assert not socket.destroyed
            assert [chunk async for chunk in chunks] == []
            assert [chunk async for chunk in socket] == [b"bye"]

    tasks.run(main())
