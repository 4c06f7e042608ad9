"""Checks of listeners, of sockets that are bound before anybody knows what for, and of many connections at once."""

from __future__ import annotations

import functools
import importlib
import unittest
from typing import Any, Final

from ..drivers.contract import BoundHandle
from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .conformance_bench import LOOPBACK, Bench, Check, Door, End, check, expect, same

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)


def _call(bench: Bench, door: Door, count: int = 1) -> list[End]:
    """So many clients, connected; whether they were accepted is another question."""
    clients = [bench.end() for _ in range(count)]
    for client in clients:
        client.handle.connect(1, door.endpoint)
    bench.until(lambda: all(client.log for client in clients), "connections")
    same([client.names for client in clients], [["connected"]] * count, "the reports to the clients")
    return clients


# ----------------------------------------------------------------------------------------------------------- listening


@_check()
def a_listener_has_a_port_at_once(bench: Bench) -> None:
    door = bench.listen()
    same((door.endpoint.address, door.endpoint.family), (LOOPBACK, 4), "address and family")
    expect((door.endpoint.port or 0) > 0, "a port")


@_check(7)
def an_address_that_is_taken_is_a_fault(bench: Bench) -> None:
    door = bench.listen()
    fault = bench.refusal(door.endpoint)
    same((fault.code, fault.address, fault.port), ("EADDRINUSE", LOOPBACK, door.endpoint.port), "the fault")


@_check(7, 8, each=((4, "192.0.2.1"), (6, "2001:db8::1")))
def an_address_that_is_not_ours_is_a_fault(bench: Bench, where: tuple[int, str]) -> None:
    fault = bench.refusal(Endpoint(where[1], 0, where[0]))
    expect(fault.code in ("EADDRNOTAVAIL", "EAFNOSUPPORT"), f"EADDRNOTAVAIL, not {fault.code}")
    expect(not bench.alive, "a listener that there isn't doesn't count")


@_check(needs="paths")
def a_path_can_be_listened_at_and_is_free_afterwards(bench: Bench) -> None:
    path = bench.path()
    for _ in range(2):
        door = bench.listen(path)
        same(door.endpoint, path, "where it listens")
        same(bench.refusal(path).code, "EADDRINUSE", "the code, when the path is taken")
        _call(bench, door)
        bench.until(door.has("accepted"), "accepted")
        door.handle.close()
        bench.until(door.has("listener_closed"), "listener_closed")


@_check(needs="ipv6")
def the_ipv6_wildcard_serves_both_families_unless_told_otherwise(bench: Bench) -> None:
    for only in (False, True):
        door = bench.listen(Endpoint("::", 0, 6), ipv6_only=only)
        clients = [bench.end() for _ in range(2)]
        clients[0].handle.connect(1, Endpoint("::1", door.endpoint.port, 6))
        clients[1].handle.connect(1, Endpoint(LOOPBACK, door.endpoint.port, 4))
        bench.until(lambda clients=clients: all(client.log for client in clients), "the ends of the attempts")  # type: ignore[misc]
        same(clients[0].names, ["connected"], "over IPv6")
        same(clients[1].names, ["attempt_failed" if only else "connected"], f"over IPv4, with ipv6_only={only}")


# ----------------------------------------------------------------------------------------------------------- accepting


@_check(6)
def connections_are_handles_that_do_nothing_yet(bench: Bench) -> None:
    door = bench.listen()
    [client] = _call(bench, door)
    client.handle.send((b"early",))
    bench.until(door.has("accepted"), "accepted")
    server = bench.end(door.connections[0])
    bench.settle()
    same(server.log, [], "the reports before anything was asked for")
    same(server.handle.local_name(), door.endpoint, "the local name")
    same(server.handle.remote_name(), client.handle.local_name(), "the peer's name")
    server.handle.start_read()
    bench.until(lambda: server.data == b"early", "received")


@_check(8)
def connections_wait_until_accepting_starts(bench: Bench) -> None:
    door = bench.listen(accept=False)
    expect(bench.alive, "a listener counts, also while it doesn't accept")
    _call(bench, door, 3)
    bench.settle()
    bench.rests()
    same(door.log, [], "the reports")
    door.handle.start_accept()
    door.handle.start_accept()
    bench.until(lambda: len(door.connections) >= 3, "three connections")
    bench.settle()
    same(door.names, ["accepted"] * 3, "the reports")


@_check(2)
def after_a_stop_connections_wait_with_the_system(bench: Bench) -> None:
    door = bench.listen()
    bench.settle()
    door.handle.stop_accept()
    door.handle.stop_accept()
    _call(bench, door, 5)
    bench.settle()
    expect(len(door.connections) <= 1, "what was taken already may come, and no more")
    bench.rests()
    door.handle.start_accept()
    bench.until(lambda: len(door.connections) == 5, "five connections")


@_check(2)
def a_stop_from_inside_accepted_leaves_the_rest_with_the_system(bench: Bench) -> None:
    door = bench.listen(accept=False)
    _call(bench, door, 5)

    def stop_at_two(_: object) -> None:
        if len(door.connections) == 2:
            door.handle.stop_accept()

    door.then["accepted"] = stop_at_two
    door.handle.start_accept()
    bench.until(lambda: len(door.connections) >= 2, "two connections")
    bench.settle()
    expect(len(door.connections) <= 3, "one more may come (obligation 2)")
    bench.rests()
    door.then.clear()
    door.handle.start_accept()
    bench.until(lambda: len(door.connections) == 5, "five connections")


@_check(1, 3, 6)
def a_close_from_inside_accepted_is_the_end(bench: Bench) -> None:
    door = bench.listen(accept=False)
    _call(bench, door, 5)
    door.then["accepted"] = lambda _: door.handle.close()
    door.handle.start_accept()
    bench.until(door.has("listener_closed"), "listener_closed")
    bench.settle()
    same(door.names, ["accepted", "listener_closed"], "the reports")


@_check(9)
def of_two_that_can_accept_in_one_turn_one_may_close_the_other(bench: Bench) -> None:
    doors = [bench.listen(accept=False) for _ in range(2)]
    for door in doors:
        _call(bench, door)
    heard: list[int] = []
    for index, door in enumerate(doors):

        def hear(_: object, index: int = index) -> None:
            heard.append(index)
            bench.driver.call_first(doors[1 - index].handle.close)

        door.then["accepted"] = hear
        door.handle.start_accept()
    bench.until(lambda: heard, "accepted")
    bench.settle()
    same(len(heard), 1, "how many were heard")
    same(doors[1 - heard[0]].names, ["listener_closed"], "the reports to the other")


@_check()
def a_connection_that_nobody_wants_is_closed_without_a_word(bench: Bench) -> None:
    door = bench.listen()
    door.then["accepted"] = lambda connection: connection.close()
    [client] = _call(bench, door)
    client.handle.start_read()
    bench.until(lambda: client.has("eof")() or client.has("read_failed")(), "the end, at the client")


@_check(7)
def a_connection_that_is_gone_before_it_is_accepted_harms_nothing(bench: Bench) -> None:
    door = bench.listen(accept=False)
    [client] = _call(bench, door)
    client.handle.reset()
    bench.until(client.has("closed"), "closed")
    bench.settle()
    door.handle.start_accept()
    bench.settle()
    for connection in door.connections:
        server = bench.end(connection)
        server.handle.start_read()
        bench.until(lambda server=server: server.log, "the end")  # type: ignore[misc]
    count = len(door.connections)
    _call(bench, door)
    bench.until(lambda: len(door.connections) == count + 1, "the next connection")


@_check()
def a_server_may_answer_from_inside_accepted(bench: Bench) -> None:
    door = bench.listen()
    door.then["accepted"] = lambda connection: connection.send((b"welcome",))
    [client] = _call(bench, door)
    client.handle.start_read()
    bench.until(lambda: client.data == b"welcome", "the welcome")


# ------------------------------------------------------------------------------------------------------------- closing


@_check(3, 6, 8)
def a_listener_s_close_is_told_in_a_later_turn(bench: Bench) -> None:
    door = bench.listen()
    endpoint = door.endpoint
    door.handle.close()
    same(door.log, [], "what was reported inside close")
    expect(bench.alive, "a close in flight counts")
    bench.idle()
    same(door.names, ["listener_closed"], "the reports when the driver rests")
    for act in (door.handle.close, door.handle.start_accept, door.handle.stop_accept):
        act()
    same((door.handle.local_name(), door.handle.fileno()), (None, -1), "name and descriptor")
    client = bench.end()
    client.handle.connect(1, endpoint)
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "ECONNREFUSED", "connect")
    same(door.names, ["listener_closed"], "the reports")


@_check()
def a_port_can_be_had_again_at_once(bench: Bench) -> None:
    door = bench.listen()
    endpoint = door.endpoint
    [client] = _call(bench, door)
    bench.until(door.has("accepted"), "accepted")
    server = bench.end(door.connections[0])
    server.handle.close()  # ours is the end that lingers
    bench.until(server.has("closed"), "closed")
    client.handle.close()
    door.handle.close()
    bench.until(door.has("listener_closed"), "listener_closed")
    same(bench.listen(endpoint).endpoint, endpoint, "where one can listen again")


@_check(3)
def closing_a_listener_leaves_its_connections_alone(bench: Bench) -> None:
    near, far = bench.pair()  # which closes the listener
    far.handle.send((b"still here",))
    near.handle.start_read()
    bench.until(lambda: near.data == b"still here", "received")


@_check(8)
def only_a_ref_d_listener_counts(bench: Bench) -> None:
    door = bench.listen()
    expect(bench.alive, "a listener counts")
    door.handle.unref()
    door.handle.unref()
    expect(not bench.alive, "unless it is unref'd")
    door.handle.stop_accept()
    door.handle.ref()
    expect(bench.alive, "a ref'd one does, also if it doesn't accept")
    door.handle.start_accept()
    expect(bench.alive, "and if it does")
    door.handle.close()
    bench.idle()


@_check()
def an_unref_d_listener_still_accepts(bench: Bench) -> None:
    door = bench.listen()
    door.handle.unref()
    _call(bench, door)
    bench.until(door.has("accepted"), "accepted")


# --------------------------------------------------------------------------------------------------------------- bound


def _bind(bench: Bench, endpoint: Endpoint | None = None) -> BoundHandle:
    bound = bench.driver.bind(endpoint or Endpoint(LOOPBACK, 0, 4), False, False)
    expect(not isinstance(bound, Fault), f"bind is not refused: {bound}")
    assert not isinstance(bound, Fault)
    return bound


def _name(bound: BoundHandle) -> Endpoint:
    name = bound.local_name()
    expect(name is not None, "a bound socket has a name")
    assert name is not None
    return name


@_check(8)
def a_bound_socket_holds_its_address(bench: Bench) -> None:
    bound = _bind(bench)
    name = _name(bound)
    expect((name.port or 0) > 0, "a port")
    expect(not bench.alive, "a bound socket doesn't count")
    bound.close()
    _bind(bench, name).close()


@_check(7)
def an_address_that_cannot_be_bound_is_a_fault(bench: Bench) -> None:
    taken = bench.listen().endpoint
    for endpoint, code in ((taken, "EADDRINUSE"), (Endpoint("192.0.2.1", 0, 4), "EADDRNOTAVAIL")):
        fault = bench.driver.bind(endpoint, False, False)
        expect(isinstance(fault, Fault), "a fault")
        assert isinstance(fault, Fault)
        same((fault.code, fault.syscall), (code, "bind"), "the fault")


@_check()
def a_bound_socket_can_listen(bench: Bench) -> None:
    bound = _bind(bench)
    name = _name(bound)
    door = bench.listen(handle=bound)
    same(door.endpoint, name, "where it listens")
    _call(bench, door)
    bench.until(door.has("accepted"), "accepted")


@_check()
def a_bound_socket_can_connect(bench: Bench) -> None:
    bound, door = _bind(bench), bench.listen()
    name = _name(bound)
    client = bench.end(bench.driver.adopt(bound))
    same(client.handle.unconnected(), "tcp", "what it could be connected to")
    same(client.handle.local_name(), name, "its name")
    client.handle.connect(1, door.endpoint)
    bench.until(lambda: client.log and door.log, "the connection")
    same(client.handle.local_name(), name, "its name, connected")
    same(door.connections[0].remote_name(), name, "the name that the server sees")


@_check(3)
def a_bound_socket_that_was_adopted_can_be_closed(bench: Bench) -> None:
    bound = _bind(bench)
    name = _name(bound)
    client = bench.end(bench.driver.adopt(bound))
    client.handle.close()
    bench.until(client.has("closed"), "closed")
    same(client.names, ["closed"], "the reports")
    _bind(bench, name).close()


@_check(needs="paths")
def a_path_can_be_bound(bench: Bench) -> None:
    path = bench.path()
    bound = _bind(bench, path)
    same(_name(bound), path, "its name")
    door = bench.listen(handle=bound)
    _call(bench, door)
    door.handle.close()
    bench.until(door.has("listener_closed"), "listener_closed")
    _bind(bench, path).close()
    _bind(bench, path).close()


# ---------------------------------------------------------------------------------------------------------------- many


@_check()
def a_hundred_connections_in_one_backlog(bench: Bench) -> None:
    door = bench.listen(accept=False)
    _call(bench, door, 100)
    door.handle.start_accept()
    bench.until(lambda: len(door.connections) >= 100, "a hundred connections")
    bench.settle()
    same(door.names, ["accepted"] * 100, "the reports")
    bench.rests()


def _enough_descriptors(count: int) -> bool:
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:
        return True  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
        soft = count
    return bool(soft >= count)


@_check(1, 3, needs="many")
def a_thousand_connections_say_a_word_each(bench: Bench) -> None:
    if not _enough_descriptors(2200):
        raise unittest.SkipTest("this process may not have 2,200 descriptors")
    door = bench.listen()
    servers: list[End] = []

    def serve(connection: object) -> None:
        server = bench.end(door.connections[-1])
        server.then["received"] = lambda _: server.handle.send((b"pong",))
        server.then["eof"] = server.handle.close
        server.handle.start_read()
        servers.append(server)

    door.then["accepted"] = serve
    clients = []
    for _ in range(10):
        clients += _call(bench, door, 100)
    for client in clients:
        client.handle.start_read()
        client.handle.send((b"ping",))
    bench.until(lambda: all(client.data == b"pong" for client in clients), "a thousand answers")
    for client in clients:
        client.handle.shutdown()
    bench.until(lambda: all(client.has("eof")() for client in clients), "a thousand ends")
    same({tuple(client.names) for client in clients}, {("connected", "received", "shut_down", "eof")}, "the reports")
    same({tuple(server.names) for server in servers}, {("received", "eof", "closed")}, "the reports to the server")
