"""The simulated network against the system's: one program on both, and both ends have to be told the same.

What is compared is what each end hears, in order; the data put together, since its pieces are nobody's promise.
"""

from __future__ import annotations

import ast
import itertools
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import HAS_PATHS, Loopback, log_of, loopback, port_of, simulated_loopback

MIB = 1 << 20
Told = dict[str, list[str]]
Program = Callable[[Loopback], Told]

PROGRAMS: Final[dict[str, Program]] = {}


def program(function: Program) -> Program:
    PROGRAMS[function.__name__.replace("_", " ")] = function
    return function


def told(log: list[str]) -> list[str]:
    """A log, with its data put together."""
    merged: list[str] = []
    for is_data, entries in itertools.groupby(log, key=lambda entry: entry.startswith("data(")):
        if is_data:
            whole = b"".join([ast.literal_eval(entry[5:-1]) for entry in entries])
            merged.append(f"data {len(whole)} {crc32(whole):08x}")
        else:
            merged += entries
    return merged


class Pair:
    """A client and its peer, and what they are told."""

    def __init__(self, net: Loopback, server_options: dict[str, Any] | None = None, **options: Any) -> None:
        self.net = net
        self.client, self.peer = net.pair(server_options, **options)
        self.logs = {"client": log_of(self.client), "peer": log_of(self.peer)}

    def settle(self) -> Told:
        """Until nothing is left to happen. What they were told."""
        self.net.run_until(lambda: all("close" in log[-1] for log in self.logs.values() if log) and self.is_over)
        self.net.run()
        return {name: told(log) for name, log in self.logs.items()}

    @property
    def is_over(self) -> bool:
        return self.client.closed and self.peer.closed


# ----------------------------------------------------------------------------------------------------- ends and halves


@program
def one_ends(net: Loopback) -> Told:
    pair = Pair(net)
    pair.client.end("bye")
    return pair.settle()


@program
def both_end(net: Loopback) -> Told:
    pair = Pair(net)
    pair.client.end("bye")
    pair.peer.end("bye bye")
    return pair.settle()


@program
def half_open(net: Loopback) -> Told:
    pair = Pair(net, {"allow_half_open": True}, allow_half_open=True)
    pair.client.end("question")
    net.run_until(lambda: pair.peer.readable_ended)
    pair.peer.end("answer")
    return pair.settle()


@program
def half_open_and_written_for_long(net: Loopback) -> Told:
    pair = Pair(net, {"allow_half_open": True}, allow_half_open=True)
    pair.client.end()
    net.run_until(lambda: pair.peer.readable_ended)
    for _ in range(20):
        pair.peer.write(bytes(100_000))
    pair.peer.end()
    return pair.settle()


@program
def destroyed_after_data(net: Loopback) -> Told:
    pair = Pair(net)
    pair.client.write("last words")
    net.run_until(lambda: pair.logs["peer"])
    pair.client.destroy()
    return pair.settle()


# -------------------------------------------------------------------------------------------------------------- resets


@program
def reset_by_one(net: Loopback) -> Told:
    pair = Pair(net)
    pair.client.reset_and_destroy()
    return pair.settle()


@program
def closed_with_unread_data(net: Loopback) -> Told:
    pair = Pair(net, {"pause_on_connect": True, "high_water_mark": 1})
    pair.peer.pause()
    pair.client.write(bytes(1000))
    pair.client.write(bytes(1000))
    net.turn(20)
    pair.peer.destroy()
    return pair.settle()


@program
def written_after_the_peer_was_destroyed(net: Loopback) -> Told:
    """The first write goes out and is answered with RST, the next finds out."""
    pair = Pair(net, None, allow_half_open=True)
    pair.peer.destroy()
    net.run_until(lambda: pair.client.readable_ended)
    pair.client.write("one")
    net.turn(20)
    pair.client.write("two")
    return pair.settle()


@program
def reset_after_the_end_was_heard(net: Loopback) -> Told:
    pair = Pair(net, {"allow_half_open": True}, allow_half_open=True)
    pair.client.end()
    net.run_until(lambda: pair.peer.readable_ended)
    pair.client.destroy()
    pair.peer.write("one")
    net.turn(20)
    pair.peer.write("two")
    return pair.settle()


@program
def reset_of_one_that_is_writing(net: Loopback) -> Told:
    pair = Pair(net)
    pair.peer.pause()
    for _ in range(8):
        pair.client.write(bytes(MIB))
    net.turn(20)
    pair.peer.reset_and_destroy()
    return pair.settle()


@program
def destroyed_while_writing(net: Loopback) -> Told:
    """What the system has taken arrives; how much that is, is its own affair."""
    pair = Pair(net)
    pair.peer.pause()
    for _ in range(8):
        pair.client.write(bytes(MIB))
    net.turn(20)
    pair.client.destroy()
    pair.peer.resume()
    return {name: [entry for entry in log if "data" not in entry] for name, log in pair.settle().items()}


@program
def both_reset(net: Loopback) -> Told:
    pair = Pair(net)
    pair.client.reset_and_destroy()
    pair.peer.reset_and_destroy()
    return pair.settle()


# -------------------------------------------------------------------------------------------------------- backpressure


@program
def a_slow_reader(net: Loopback) -> Told:
    pair = Pair(net)
    pair.peer.pause()
    assert pair.client.write(bytes(16 * MIB)) is False
    net.turn(20)
    assert pair.client.writable_length > 0
    pair.peer.resume()
    pair.client.end()
    return pair.settle()


@program
def data_that_nobody_reads_and_an_end(net: Loopback) -> Told:
    pair = Pair(net, {"high_water_mark": 1})
    pair.peer.pause()
    pair.client.end(bytes(1000))
    net.turn(20)
    before = list(pair.logs["peer"])
    pair.peer.resume()
    return {"before": before, **pair.settle()}


# ---------------------------------------------------------------------------------------------------------- connecting


def alone(net: Loopback, *args: Any, **options: Any) -> Told:
    """A client that isn't expected to get a connection."""
    client = Socket()
    log = log_of(client)
    errors: list[Any] = []
    client.on("error", errors.append)
    client.connect(*args, **options)
    net.run_until(lambda: client.closed)
    [error] = errors
    return {"client": log, "error": [error.code, error.syscall, str(error.errno), type(error).__name__]}


@program
def refused(net: Loopback) -> Told:
    return alone(net, net.free_port(), "127.0.0.1")


@program
def no_such_local_address(net: Loopback) -> Told:
    server = net.serve()
    said = alone(net, port_of(server), "127.0.0.1", local_address="203.0.113.7")
    server.close()
    net.run()
    return said


@program
def destroyed_while_connecting(net: Loopback) -> Told:
    peers: list[list[str]] = []
    server = net.serve(lambda peer: peers.append(log_of(peer)))
    client = Socket()
    log = log_of(client)
    client.connect(port_of(server), "127.0.0.1")
    client.destroy()
    net.run_until(lambda: client.closed)
    server.close()
    net.run()
    return {"client": log}


@program
def a_server_that_closes_while_somebody_waits(net: Loopback) -> Told:
    server = net.serve()
    server.pause()
    client = sansnet.connect(port_of(server), "127.0.0.1")
    log = log_of(client)
    net.run_until(lambda: client.ready_state == "open")
    net.turn(5)
    server.close()
    net.run_until(lambda: client.closed)
    net.run()
    return {"client": log}


@program
def a_port_that_is_taken(net: Loopback) -> Told:
    server = net.serve()
    codes: list[str] = []
    other = sansnet.create_server().on("error", lambda error: codes.extend([error.code, error.syscall]))
    other.listen(port_of(server), "127.0.0.1")
    net.run_until(lambda: codes)
    server.close()
    net.run()
    return {"error": codes}


# --------------------------------------------------------------------------------------------------------------- paths


def somewhere() -> str:
    """A path that isn't there, short enough."""
    return str(Path(tempfile.mkdtemp(prefix="sansnet-")) / "s")


def path_pair(net: Loopback, **options: Any) -> Pair:
    """As a pair, over a path."""
    pair = Pair.__new__(Pair)
    accepted: list[Socket] = []
    server = sansnet.create_server(accepted.append, **options).listen(somewhere())
    pair.net = net
    pair.client = sansnet.connect(str(server.address()), **options)
    net.run_until(lambda: accepted and pair.client.ready_state == "open")
    server.close()
    pair.peer = accepted[0]
    pair.logs = {"client": log_of(pair.client), "peer": log_of(pair.peer)}
    return pair


@program
def a_path_that_is_missing(net: Loopback) -> Told:
    return alone(net, somewhere())


@program
def a_path_that_is_too_long(net: Loopback) -> Told:
    return alone(net, somewhere() + "x" * 108)


@program
def a_path_that_is_taken(net: Loopback) -> Told:
    path = somewhere()
    server = sansnet.create_server().listen(path)
    codes: list[str] = []
    sansnet.create_server().on("error", lambda error: codes.extend([error.code, error.syscall])).listen(path)
    net.run_until(lambda: codes)
    server.close()
    net.run()
    return {"error": codes}


@program
def a_path_whose_backlog_is_full(net: Loopback) -> Told:
    server = sansnet.create_server().listen(somewhere(), backlog=1)
    server.pause()
    path = str(server.address())
    waiting = [sansnet.connect(path) for _ in range(2)]
    net.run_until(lambda: all(client.ready_state == "open" for client in waiting))
    clients = [sansnet.connect(path) for _ in range(2)]
    errors: list[str] = []
    for client in clients:
        client.on("error", lambda error: errors.append(error.code))
    net.run_until(lambda: errors)
    for client in (*waiting, *clients):
        client.destroy()
    server.close()
    net.run()
    return {"errors": errors[:1]}


@program
def a_path_end(net: Loopback) -> Told:
    pair = path_pair(net)
    pair.client.end("bye")
    return pair.settle()


@program
def a_path_half_open(net: Loopback) -> Told:
    pair = path_pair(net, allow_half_open=True)
    pair.client.end("question")
    net.run_until(lambda: pair.peer.readable_ended)
    pair.peer.end("answer")
    return pair.settle()


@program
def a_path_written_after_the_peer_was_destroyed(net: Loopback) -> Told:
    pair = path_pair(net, allow_half_open=True)
    pair.peer.destroy()
    net.run_until(lambda: pair.client.readable_ended)
    pair.client.write("one")
    return pair.settle()


@program
def a_path_closed_with_unread_data(net: Loopback) -> Told:
    pair = path_pair(net, high_water_mark=1)
    pair.peer.pause()
    pair.client.write(bytes(1000))
    net.turn(20)
    pair.client.write(bytes(1000))
    net.turn(20)
    pair.peer.destroy()
    return pair.settle()


# ------------------------------------------------------------------------------------------------------------- compare


def play(network: Callable[[], AbstractContextManager[Loopback]], name: str) -> Told:
    with network() as net:
        return PROGRAMS[name](net)


@pytest.mark.skipif(sys.platform != "linux", reason="the model is of Linux")
@pytest.mark.parametrize("name", PROGRAMS)
def test_both_ends_are_told_the_same(name: str) -> None:
    assert HAS_PATHS
    assert play(simulated_loopback, name) == play(loopback, name)
