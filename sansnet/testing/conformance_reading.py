"""Checks of reading."""

from __future__ import annotations

import functools
from typing import Any, Final

from .conformance_bench import MEGABYTE, Bench, Check, check, expect, same

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)

_MOST_AT_ONCE: Final = 65536
"""Bytes that one `received()` brings at most: Node's size."""


# ------------------------------------------------------------------------------------------------------------- reading


@_check(1)
def what_arrives_is_received_and_then_the_end(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    same(near.log, [], "what was reported inside start_read")
    far.handle.send((b"hello",))
    bench.until(near.has("received"), "received")
    far.handle.send((b" world",))
    far.handle.shutdown()
    bench.until(near.has("eof"), "eof")
    bench.settle()
    same(bytes(near.data), b"hello world", "what was received")
    same((set(near.names[:-1]), near.names[-1]), ({"received"}, "eof"), "the reports")


@_check(5)
def payloads_are_bytes_of_their_own(bench: Bench) -> None:
    near, far = bench.pair()
    payloads: list[Any] = []

    class Keeper:
        received = staticmethod(payloads.append)

        def __getattr__(self, name: str) -> Any:
            return getattr(near, name)

    near.handle.attach(Keeper())
    near.handle.start_read()
    for text in (b"first", b"other"):
        far.handle.send((text,))
        bench.until(lambda text=text: text in payloads, "received")  # type: ignore[misc]
    same(payloads, [b"first", b"other"], "the payloads, when more has arrived")
    near.handle.attach(near)


@_check()
def a_megabyte_comes_whole_and_in_bites(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    if far.handle.send((MEGABYTE,)) is None:
        far.handle.shutdown()
    else:
        far.then["sent"] = far.handle.shutdown
    bench.until(near.has("eof"), "eof")
    same(bytes(near.data) == MEGABYTE, True, "is what arrived what was sent?")
    sizes = [entry[1] for entry in near.log if entry[0] == "received"]
    expect(min(sizes) > 0, "received() brings a byte at least")
    expect(max(sizes) <= _MOST_AT_ONCE, "received() brings 64 KiB at most")


@_check()
def the_bites_can_be_made_smaller(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.limit_read(5)
    far.handle.send((b"hello, world",))
    bench.settle()
    near.handle.start_read()
    bench.until(lambda: len(near.data) == 12, "twelve bytes")
    same(bytes(near.data), b"hello, world", "what was received")
    expect(max(entry[1] for entry in near.log) <= 5, "no more than five bytes at a time")


@_check()
def nothing_is_read_before_it_is_asked_for(bench: Bench) -> None:
    near, far = bench.pair()
    far.handle.send((b"early",))
    bench.settle()
    bench.rests()
    same(near.log, [], "the reports")
    near.handle.start_read()
    bench.until(near.has("received"), "received")
    same(bytes(near.data), b"early", "what was received")


@_check(2)
def after_a_stop_one_more_at_most_comes_and_nothing_is_lost(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    bench.settle()
    near.handle.stop_read()
    for _ in range(5):
        far.handle.send((b"held ",))
        bench.settle()
    expect(len(near.log) <= 1, "one more received() at most")
    bench.rests()
    near.handle.start_read()
    bench.until(lambda: len(near.data) == 25, "what was held back")
    same(bytes(near.data), b"held " * 5, "what was received")


@_check(2)
def a_stop_from_inside_received_holds_the_rest_back(bench: Bench) -> None:
    near, far = bench.pair()
    far.handle.send((bytes(100_000), bytes(100_000)))
    bench.settle()
    near.then["received"] = lambda _: near.handle.stop_read()
    near.handle.start_read()
    bench.until(near.has("received"), "received")
    bench.settle()
    expect(len(near.log) <= 2, "one more received() at most")
    bench.rests()
    near.then.clear()
    bench.drain(near, 200_000)


@_check(2, 8)
def starting_and_stopping_twice_is_the_same_as_once(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    near.handle.start_read()
    far.handle.send((b"x",))
    bench.until(near.has("received"), "received")
    near.handle.stop_read()
    near.handle.stop_read()
    expect(not bench.alive, "who doesn't read doesn't count")
    near.handle.start_read()
    far.handle.send((b"y",))
    bench.until(lambda: near.data == b"xy", "more")


@_check(2)
def stopping_and_starting_in_one_go_reads_on(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    bench.settle()
    near.handle.stop_read()
    near.handle.start_read()
    far.handle.send((b"x",))
    bench.until(near.has("received"), "received")
    bench.settle()
    same(near.log, [("received", 1)], "the reports")


@_check(1)
def after_the_end_nothing_comes_of_reading(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    far.handle.shutdown()
    bench.until(near.has("eof"), "eof")
    near.handle.stop_read()
    near.handle.start_read()
    bench.settle()
    same(near.names, ["eof"], "the reports")
    bench.rests()
    expect(not bench.alive, "past the end nothing is waited for")


@_check()
def a_connection_with_much_to_say_does_not_starve_another(bench: Bench) -> None:
    (loud, loud_far), (quiet, quiet_far) = bench.pair(), bench.pair()
    total = bench.fill(loud_far)
    quiet_far.handle.send((b"x",))
    bench.settle()
    loud.handle.start_read()
    quiet.handle.start_read()
    bench.until(lambda: len(loud.data) >= total, "all of it")
    heard = [who for who, name in bench.order if name == "received"]
    expect(quiet in heard, "the quiet one is heard")
    expect(heard.index(quiet) < len(heard) - 1, "the quiet one is heard before the loud one is through")


@_check(8)
def a_handle_counts_while_it_reads(bench: Bench) -> None:
    near, far = bench.pair()
    expect(not bench.alive, "a handle that does nothing doesn't count")
    near.handle.start_read()
    expect(bench.alive, "one that reads does")
    near.handle.unref()
    expect(not bench.alive, "unless it is unref'd")
    near.handle.ref()
    expect(bench.alive, "or ref'd again")
    near.handle.stop_read()
    expect(not bench.alive, "one that has stopped doesn't")
    near.handle.start_read()
    far.handle.shutdown()
    bench.until(near.has("eof"), "eof")
    expect(not bench.alive, "nor one that is past the end")


@_check(8)
def what_an_unref_d_handle_reads_is_told_all_the_same(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.unref()
    near.handle.start_read()
    far.handle.send((b"x",))
    bench.until(near.has("received"), "received")


@_check(1, 7, 8)
def a_reset_by_the_peer_is_a_read_that_failed(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    far.handle.reset()
    bench.until(near.has("read_failed"), "read_failed")
    near.failed("read_failed", "ECONNRESET", "read")
    near.handle.start_read()
    bench.settle()
    same(near.names, ["read_failed"], "the reports")
    expect(not bench.alive, "a connection that is gone is not waited for")
    bench.rests()


@_check()
def a_reset_that_nobody_reads_keeps_nothing_spinning(bench: Bench) -> None:
    near, far = bench.pair()
    far.handle.reset()
    bench.settle()
    bench.rests()
    near.handle.close()
    bench.until(near.has("closed"), "closed")
    same(near.names, ["closed"], "the reports")


@_check()
def a_hang_up_after_both_ends_keeps_nothing_spinning(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    near.handle.shutdown()
    far.handle.close()
    bench.until(lambda: {"eof", "shut_down"} <= set(near.names), "eof and shut_down")
    bench.settle()
    bench.rests()


@_check(9, each=("close", "reset"))
def of_two_that_can_read_in_one_turn_one_may_call_off_the_other(bench: Bench, how: str) -> None:
    pairs = [bench.pair() for _ in range(2)]
    heard: list[int] = []
    for index, (near, far) in enumerate(pairs):

        def hear(_: int, index: int = index) -> None:
            heard.append(index)
            bench.driver.call_first(getattr(pairs[1 - index][0].handle, how))

        near.then["received"] = hear
        near.handle.start_read()
        far.handle.send((b"x",))
    bench.until(lambda: heard, "received")
    bench.settle()
    same(len(heard), 1, "how many were heard")
    same(pairs[1 - heard[0]][0].names, ["closed"], "the reports to the other")
