"""Checks of attempts to connect: how they end, how they are given up, how they race, where they come from."""

from __future__ import annotations

import functools
from typing import Final

from ..state.endpoints import Endpoint
from .conformance_bench import LOOPBACK, Bench, Check, End, check, expect, same

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)


def _talk(bench: Bench, one: End, other: End) -> None:
    """Let both ends say something to each other."""
    same(one.handle.send((b"ping",)), None, "the answer to a small send")
    other.handle.start_read()
    bench.until(lambda: other.data == b"ping", "the arrival of a ping")
    other.handle.send((b"pong",))
    one.handle.start_read()
    bench.until(lambda: one.data == b"pong", "the arrival of a pong")


@_check(1, 6, 8)
def a_connection_is_made(bench: Bench) -> None:
    door, client = bench.listen(), bench.end()
    door.handle.unref()
    client.handle.connect(7, door.endpoint)
    same(client.log, [], "what was reported inside connect")
    expect(bench.alive, "a connect in flight keeps the driver alive")
    bench.until(lambda: client.log and door.log, "the connection")
    same(client.log, [("connected", 7)], "the reports")
    expect(not bench.alive, "a connection that neither reads nor sends doesn't")
    same(client.handle.remote_name(), door.endpoint, "the peer's name")
    server = bench.end(door.connections[0])
    same(server.handle.remote_name(), client.handle.local_name(), "the client's name, at the server")
    _talk(bench, client, server)


@_check(needs="ipv6")
def a_connection_over_ipv6(bench: Bench) -> None:
    near, far = bench.pair(Endpoint("::1", 0, 6))
    name = near.handle.remote_name()
    expect(name is not None and (name.address, name.family) == ("::1", 6), "the peer's name is one of IPv6")
    _talk(bench, near, far)


@_check(6, needs="paths")
def a_connection_by_path(bench: Bench) -> None:
    path = bench.path()
    near, far = bench.pair(path)
    same(near.handle.remote_name(), path, "the peer's name")
    same(near.handle.local_name(), None, "the name of who connected to a path")
    same(far.handle.local_name(), path, "the name of who was connected to")
    _talk(bench, near, far)


@_check(1, 6, 7, 8)
def a_refused_connection_fails_in_a_later_turn(bench: Bench) -> None:
    client, endpoint = bench.end(), bench.free()
    client.handle.connect(3, endpoint)
    same(client.log, [], "what was reported inside connect")
    expect(bench.alive, "a connect in flight keeps the driver alive")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "ECONNREFUSED", "connect")
    fault = client.fault("attempt_failed")
    same((client.log[0][1], fault.address, fault.port), (3, LOOPBACK, endpoint.port), "attempt, address and port")
    expect(not bench.alive, "nothing is left")
    bench.rests()
    same(client.names, ["attempt_failed"], "the reports")


@_check(6, 7, needs="paths")
def a_path_that_is_not_there_fails_in_a_later_turn(bench: Bench) -> None:
    client, path = bench.end(), bench.path()
    client.handle.connect(1, path)
    same(client.log, [], "what was reported inside connect")
    expect(bench.alive, "a failure that isn't told yet keeps the driver alive")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "ENOENT", "connect")


@_check(6, 7, each=((LOOPBACK, 6), ("localhost", 4), ("", 4)), needs="system")
def an_address_that_is_none_fails_in_a_later_turn(bench: Bench, address: tuple[str, int]) -> None:
    client = bench.end()
    client.handle.connect(1, Endpoint(address[0], 80, address[1]))
    same(client.log, [], "what was reported inside connect")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "EINVAL", "connect")


@_check(6)
def a_new_attempt_may_follow_from_inside_the_failure(bench: Bench) -> None:
    door, client, nowhere = bench.listen(), bench.end(), bench.free()
    client.then["attempt_failed"] = lambda *_: client.handle.connect(2, door.endpoint)
    client.handle.connect(1, nowhere)
    bench.until(client.has("connected"), "connected")
    same([entry[:2] for entry in client.log], [("attempt_failed", 1), ("connected", 2)], "the reports")


@_check(1)
def a_hundred_attempts_at_once_each_end_once(bench: Bench) -> None:
    door, nowhere = bench.listen(), bench.free()
    clients = [bench.end() for _ in range(100)]
    for number, client in enumerate(clients):
        client.handle.connect(number, nowhere if number % 4 == 0 else door.endpoint)
    bench.until(lambda: all(client.log for client in clients), "the end of all attempts")
    bench.settle()
    expected = [["attempt_failed" if number % 4 == 0 else "connected"] for number in range(100)]
    same([client.names for client in clients], expected, "the reports")
    bench.until(lambda: len(door.connections) == 75, "75 connections")


# --------------------------------------------------------------------------------------------------------- giving up


@_check(1, 6)
def an_attempt_that_is_given_up_fails(bench: Bench) -> None:
    door, client = bench.listen(accept=False), bench.end()
    client.handle.connect(1, door.endpoint)
    client.handle.cancel_connect(1)
    same(client.log, [], "what was reported inside cancel_connect")
    expect(bench.alive, "what is not told yet keeps the driver alive")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    bench.settle()
    client.failed("attempt_failed", "ECANCELED", "connect")
    same(client.names, ["attempt_failed"], "the reports")
    same((client.log[0][1], client.handle.remote_name()), (1, None), "attempt, and the peer's name")


@_check(1)
def giving_up_twice_is_told_once(bench: Bench) -> None:
    door, client = bench.listen(accept=False), bench.end()
    client.handle.connect(1, door.endpoint)
    for _ in range(2):
        client.handle.cancel_connect(1)
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.handle.cancel_connect(1)
    bench.settle()
    same(client.names, ["attempt_failed"], "the reports")


@_check(1)
def giving_up_what_was_never_begun_does_nothing(bench: Bench) -> None:
    client = bench.end()
    client.handle.cancel_connect(5)
    bench.settle()
    same(client.log, [], "the reports")


@_check(1, 6)
def an_attempt_that_was_refused_unheard_is_told_once(bench: Bench) -> None:
    client, nowhere = bench.end(), bench.free()
    client.handle.connect(1, nowhere)
    client.handle.cancel_connect(1)
    bench.until(client.has("attempt_failed"), "attempt_failed")
    bench.settle()
    client.failed("attempt_failed", "ECANCELED", "connect")


@_check(1)
def an_attempt_that_has_just_won_can_be_given_up(bench: Bench) -> None:
    door, client = bench.listen(), bench.end()
    client.handle.connect(1, door.endpoint)
    bench.until(lambda: client.log and door.log, "the connection")
    client.handle.cancel_connect(1)
    server = bench.end(door.connections[0])
    server.handle.start_read()
    bench.until(client.has("attempt_failed"), "attempt_failed")
    same(client.names, ["connected", "attempt_failed"], "the reports")
    client.failed("attempt_failed", "ECANCELED", "connect")
    bench.until(lambda: server.log, "the end, at the peer")
    expect(server.names[0] in ("eof", "read_failed"), "the peer hears of the end")
    client.handle.connect(2, door.endpoint)
    bench.until(client.has("connected", 2), "the next connection")


@_check(1, 3, each=("close", "reset"))
def the_end_of_a_handle_gives_every_attempt_up(bench: Bench, how: str) -> None:
    door, client = bench.listen(accept=False), bench.end()
    for attempt in (1, 2):
        client.handle.connect(attempt, door.endpoint)
    getattr(client.handle, how)()
    same(client.log, [], f"what was reported inside {how}")
    bench.until(client.has("closed"), "closed")
    bench.settle()
    same(client.names, ["attempt_failed", "attempt_failed", "closed"], "the reports")
    same(sorted(entry[1] for entry in client.log[:2]), [1, 2], "the attempts")
    same([entry[2].code for entry in client.log[:2]], ["ECANCELED"] * 2, "the codes")


@_check(1, 3)
def giving_up_and_closing_are_told_in_that_order(bench: Bench) -> None:
    door, client = bench.listen(accept=False), bench.end()
    client.handle.connect(1, door.endpoint)
    client.handle.cancel_connect(1)
    client.handle.close()
    client.handle.cancel_connect(1)
    bench.until(client.has("closed"), "closed")
    same(client.names, ["attempt_failed", "closed"], "the reports")


@_check(9, each=("cancel", "close", "reset"))
def of_two_that_win_in_one_turn_one_may_call_off_the_other(bench: Bench, how: str) -> None:
    door = bench.listen(accept=False)
    clients = [bench.end() for _ in range(2)]
    heard: list[int] = []

    def call_off(index: int) -> None:
        handle = clients[index].handle
        handle.cancel_connect(1) if how == "cancel" else getattr(handle, how)()

    for index, client in enumerate(clients):

        def hear(_: int, index: int = index) -> None:
            heard.append(index)
            bench.driver.call_first(lambda: call_off(1 - index))

        client.then["connected"] = hear
        client.handle.connect(1, door.endpoint)
    bench.until(lambda: heard, "a connection")
    bench.settle()
    same(len(heard), 1, "how many have won")
    clients[1 - heard[0]].failed("attempt_failed", "ECANCELED", "connect")


# ------------------------------------------------------------------------------------------------------------- racing


@_check(1)
def attempts_race_and_the_loser_is_given_up(bench: Bench) -> None:
    door, client = bench.listen(), bench.end()

    def give_up(winner: int) -> None:
        client.handle.cancel_connect(3 - winner)

    client.then["connected"] = give_up
    client.handle.connect(1, door.endpoint)
    client.handle.connect(2, door.endpoint)
    bench.until(client.has("attempt_failed"), "attempt_failed")
    same(client.names, ["connected", "attempt_failed"], "the reports")
    same(sorted(entry[1] for entry in client.log), [1, 2], "the attempts")
    client.failed("attempt_failed", "ECANCELED", "connect")
    bench.settle()
    expect(client.handle.remote_name() == door.endpoint, "the winner stays connected")


@_check(1)
def an_attempt_that_fails_leaves_the_other_alone(bench: Bench) -> None:
    door, client, nowhere = bench.listen(), bench.end(), bench.free()
    client.handle.connect(1, nowhere)
    client.handle.connect(2, door.endpoint)
    bench.until(lambda: len(client.log) == 2, "the end of both")
    same(sorted(entry[:2] for entry in client.log), [("attempt_failed", 1), ("connected", 2)], "the reports")
    bench.until(lambda: door.connections, "the connection")
    _talk(bench, client, bench.end(door.connections[0]))


@_check(8)
def every_attempt_counts_and_only_while_ref_d(bench: Bench) -> None:
    door, client = bench.listen(accept=False), bench.end()
    door.handle.unref()
    client.handle.connect(1, door.endpoint)
    client.handle.connect(2, door.endpoint)
    client.handle.unref()
    expect(not bench.alive, "an unref'd handle doesn't count")
    client.handle.ref()
    client.handle.ref()
    expect(bench.alive, "a ref'd one does")
    client.handle.unref()
    expect(not bench.alive, "unref() undoes two ref() as well as one")
    client.handle.ref()
    client.handle.close()
    expect(bench.alive, "a close in flight counts")
    bench.idle()
    same(client.names[-1], "closed", "the last report when the driver rests")


@_check(8)
def an_attempt_of_an_unref_d_handle_still_ends(bench: Bench) -> None:
    door, client = bench.listen(), bench.end()
    client.handle.unref()
    client.handle.connect(1, door.endpoint)
    bench.until(client.has("connected"), "connected")


# ------------------------------------------------------------------------------------------------- where it comes from


@_check(each=(None, 0, -1))
def any_local_port_will_do(bench: Bench, port: int | None) -> None:
    door, client = bench.listen(), bench.end()
    same(client.handle.bind_local(1, 4, None, port), None, "the answer to bind_local")
    client.handle.connect(1, door.endpoint)
    bench.until(client.has("connected"), "connected")
    name = client.handle.local_name()
    expect(name is not None and name.address == LOOPBACK and (name.port or 0) > 0, "a local name")


@_check()
def an_attempt_comes_from_the_port_that_was_asked_for(bench: Bench) -> None:
    door, client, free = bench.listen(), bench.end(), bench.free()
    same(client.handle.bind_local(1, 4, LOOPBACK, free.port), None, "the answer to bind_local")
    client.handle.connect(1, door.endpoint)
    bench.until(lambda: client.log and door.log, "the connection")
    same(client.handle.local_name(), free, "the local name")
    same(door.connections[0].remote_name(), free, "the name that the server sees")


@_check(7, each=("a port that is taken", "a port that there is not", "an address of another machine"))
def what_cannot_be_bound_is_a_fault_and_leaves_the_attempt_free(bench: Bench, what: str) -> None:
    door, client = bench.listen(), bench.end()
    cases: dict[str, tuple[str | None, int | None, str]] = {
        "a port that is taken": (LOOPBACK, door.endpoint.port, "EADDRINUSE"),
        "a port that there is not": (None, 70_000, "EADDRINUSE"),
        "an address of another machine": ("192.0.2.1", None, "EADDRNOTAVAIL"),
    }
    address, port, code = cases[what]
    fault = client.handle.bind_local(1, 4, address, port)
    expect(fault is not None, "a fault")
    assert fault is not None
    same((fault.code, fault.syscall), (code, "bind"), "the fault")
    bench.settle()
    same(client.log, [], "the reports")
    client.handle.connect(1, door.endpoint)
    bench.until(client.has("connected"), "connected")


@_check()
def a_path_is_never_bound(bench: Bench) -> None:
    client = bench.end()
    same(client.handle.bind_local(1, 0, LOOPBACK, 1), None, "the answer to bind_local")


@_check(1)
def a_bound_attempt_that_was_never_dialled_can_be_given_up(bench: Bench) -> None:
    client = bench.end()
    same(client.handle.bind_local(1, 4, LOOPBACK, None), None, "the answer to bind_local")
    client.handle.cancel_connect(1)
    same(client.log, [], "what was reported inside cancel_connect")
    bench.until(client.has("attempt_failed"), "attempt_failed")
    client.failed("attempt_failed", "ECANCELED", "connect")


@_check(3)
def closing_one_that_was_only_bound_gives_the_port_back(bench: Bench) -> None:
    client, free = bench.end(), bench.free()
    same(client.handle.bind_local(1, 4, LOOPBACK, free.port), None, "the answer to bind_local")
    client.handle.close()
    bench.until(client.has("closed"), "closed")
    same(bench.listen(free).endpoint, free, "where one can listen again")
