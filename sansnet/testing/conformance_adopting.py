"""Checks of sockets that exist already: what can be adopted, and which options reach the system."""

from __future__ import annotations

import errno
import functools
import os
import socket
import unittest
from typing import Any, Final

from ..drivers.contract import ListenerHandle, SocketHandle
from ..state.faults import Fault
from .conformance_bench import LOOPBACK, Bench, Check, check, expect, same
from .conformance_system import duplicate, is_open, plain_pair, stream_pair, v4

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS, needs="system")


def option_of(handle: SocketHandle | ListenerHandle, level: int, name: int) -> int:
    with socket.socket(fileno=duplicate(handle.fileno())) as view:
        return view.getsockopt(level, name)


# ------------------------------------------------------------------------------------------------------------- adopting


@_check()
def a_socket_that_is_adopted_is_given_up_by_its_owner(bench: Bench) -> None:
    mine, theirs = stream_pair(bench)
    end = bench.end(bench.driver.adopt(mine))
    same(mine.fileno(), -1, "the descriptor of who had it")
    same(end.handle.unconnected(), None, "what it could be connected to")
    end.handle.start_read()
    theirs.sendall(b"x")
    bench.until(end.has("received"), "received")


@_check()
def a_bare_descriptor_can_be_adopted(bench: Bench) -> None:
    mine, theirs = stream_pair(bench)
    end = bench.end(bench.driver.adopt(mine.detach()))
    same(end.handle.send((b"x",)), None, "the answer to a small send")
    same(theirs.recv(1), b"x", "what the peer receives")


@_check()
def of_an_owner_that_cannot_let_go_a_duplicate_is_taken(bench: Bench) -> None:
    mine, theirs = stream_pair(bench)

    class Owner:
        fileno = staticmethod(mine.fileno)

    end = bench.end(bench.driver.adopt(Owner()))
    expect(end.handle.fileno() not in (-1, mine.fileno()), "a descriptor of its own")
    mine.close()
    end.handle.send((b"x",))
    same(theirs.recv(1), b"x", "what the peer receives")


@_check()
def a_plain_socket_that_is_only_bound_is_the_one_that_connects(bench: Bench) -> None:
    bound = bench.stack.enter_context(socket.socket())
    bound.bind((LOOPBACK, 0))
    name, door = v4(bound.getsockname()), bench.listen()
    client = bench.end(bench.driver.adopt(bound))
    same(client.handle.unconnected(), "tcp", "what it could be connected to")
    client.handle.connect(1, door.endpoint)
    bench.until(client.has("connected"), "connected")
    same(client.handle.local_name(), name, "its name")


@_check(7, each=("datagrams", "a pipe", "minus one", "nobody's", "text"))
def what_is_no_stream_socket_is_refused_and_left_alone(bench: Bench, what: str) -> None:
    inside, outside = os.pipe()
    bench.stack.callback(os.close, inside)
    bench.stack.callback(os.close, outside)
    datagrams = bench.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    cases: dict[str, tuple[Any, str]] = {
        "datagrams": (datagrams, "UDP"),
        "a pipe": (inside, "PIPE"),
        "minus one": (-1, "UNKNOWN"),
        "nobody's": (99_999, "UNKNOWN"),
        "text": ("socket", "UNKNOWN"),
    }
    source, kind = cases[what]
    try:
        bench.driver.adopt(source)
    except OSError as error:
        same(error.strerror, kind, "what it is")
    else:
        expect(False, "adopt() raises OSError")
    same(bench.refusal(None, handle=source), Fault("EINVAL", errno=errno.EINVAL, syscall="listen"), "listen's answer")
    expect(is_open(inside) and datagrams.fileno() >= 0, "what was refused is left alone")


@_check()
def a_listening_socket_can_be_taken_over(bench: Bench) -> None:
    plain = bench.stack.enter_context(socket.create_server((LOOPBACK, 0)))
    name = plain.getsockname()
    door = bench.listen(handle=plain)
    same(door.endpoint, v4(name), "where it listens")
    bench.stack.enter_context(socket.create_connection(name))
    bench.until(door.has("accepted"), "accepted")


@_check()
def so_can_a_bare_descriptor_that_is_only_bound(bench: Bench) -> None:
    bound = bench.stack.enter_context(socket.socket())
    bound.bind((LOOPBACK, 0))
    door = bench.listen(handle=bound.detach())
    bench.stack.enter_context(socket.create_connection((LOOPBACK, door.endpoint.port)))
    bench.until(door.has("accepted"), "accepted")


# -------------------------------------------------------------------------------------------------------------- options


@_check()
def options_reach_the_system(bench: Bench) -> None:
    near, _ = plain_pair(bench)
    for on in (True, False):
        near.handle.set_no_delay(on)
        same(bool(option_of(near.handle, socket.IPPROTO_TCP, socket.TCP_NODELAY)), on, "TCP_NODELAY")
        near.handle.set_keep_alive(on, 42, 7, 3)
        same(bool(option_of(near.handle, socket.SOL_SOCKET, socket.SO_KEEPALIVE)), on, "SO_KEEPALIVE")
    near.handle.set_type_of_service(0x10)
    same(near.handle.get_type_of_service(), 0x10, "the type of service")


@_check(7)
def options_that_a_handle_cannot_have_are_left_alone(bench: Bench) -> None:
    mine, _ = stream_pair(bench)
    near, _ = plain_pair(bench)
    near.handle.set_keep_alive(True, 2**40, 2**40, 2**40)  # no system has that
    for handle in (bench.end(bench.driver.adopt(mine)).handle, bench.end().handle):
        handle.set_no_delay(True)
        handle.set_keep_alive(True, 10, 10, 10)
        handle.set_type_of_service(0x10)
        handle.get_type_of_service()


@_check()
def a_port_can_be_shared_if_both_agree(bench: Bench) -> None:
    if not hasattr(socket, "SO_REUSEPORT"):
        raise unittest.SkipTest("this system can't share ports")
    one = bench.listen(reuse_port=True)
    same(bench.refusal(one.endpoint).code, "EADDRINUSE", "the code, if one doesn't agree")
    two = bench.listen(one.endpoint, reuse_port=True)
    same(two.endpoint, one.endpoint, "where the other listens")
