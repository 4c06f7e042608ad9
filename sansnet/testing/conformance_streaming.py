"""Checks of what goes through a connection: reading, sending, the end of each direction."""

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
    far.handle.send((bytes(100_000),))
    far.handle.send((bytes(100_000),))
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


# ------------------------------------------------------------------------------------------------------------- sending


@_check(6, 8)
def what_the_system_takes_at_once_is_no_completion(bench: Bench) -> None:
    near, far = bench.pair()
    same(near.handle.send((b"one",)), None, "the answer to a small send")
    same(near.handle.send((b"", bytearray(b"two"), memoryview(b"three"), b"")), None, "the answer to several")
    expect(not bench.alive, "nothing is in flight")
    bench.drain(far, 11)
    same(bytes(far.data), b"onetwothree", "what arrived")
    same(near.log, [], "the reports")


@_check(
    6,
    each=(
        (),
        (b"",),
        (b"", b""),
    ),
)
def sending_nothing_is_done_at_once(bench: Bench, payloads: tuple[bytes, ...]) -> None:
    near, _ = bench.pair()
    same(near.handle.send(payloads), None, "the answer")
    bench.settle()
    same(near.log, [], "the reports")


@_check(1, 4, 5, each=(bytes, bytearray, memoryview))
def what_the_peer_does_not_read_stays_in_flight(bench: Bench, kind: type) -> None:
    near, far = bench.pair()
    count = bench.fill(near)
    bench.drain(far, count)
    bench.until(near.has("sent"), "sent")
    near.log.clear()
    payload = kind(MEGABYTE)
    answer = near.handle.send((payload, payload))
    bench.until(lambda: len(far.data) == count + 2 * len(MEGABYTE), "all of it")
    bench.settle()
    same(near.names.count("sent"), 0 if answer is None else 1, "how often sent() was told")
    same(bytes(far.data[count:]) == MEGABYTE * 2, True, "is what arrived what was sent?")
    same(bytes(payload) == MEGABYTE, True, "is the payload untouched?")


@_check(1, 4, 5)
def progress_is_told_in_parts_and_the_last_one_by_sent(bench: Bench) -> None:
    near, far = bench.pair()
    count = bench.fill(near)
    bench.drain(far, count)
    bench.until(near.has("sent"), "sent")
    parts = [entry[1] for entry in near.log if entry[0] == "progressed"]
    expect(all(part > 0 for part in parts), "progress is more than nothing")
    expect(sum(parts) < len(MEGABYTE), "the last bytes are told by sent() alone")
    bench.settle()
    same((near.names[-1], near.names.count("sent")), ("sent", 1), "the last report, and how often it was told")
    same(bytes(far.data) == MEGABYTE * (count // len(MEGABYTE)), True, "is what arrived what was sent?")


@_check(8)
def a_handle_counts_while_it_sends(bench: Bench) -> None:
    near, far = bench.pair()
    count = bench.fill(near)
    expect(bench.alive, "a send in flight counts")
    near.handle.unref()
    expect(not bench.alive, "unless it is unref'd")
    near.handle.ref()
    far.handle.start_read()
    bench.idle()
    same(near.names[-1], "sent", "the last report when the driver rests")
    bench.drain(far, count)


@_check(5)
def ten_thousand_payloads_keep_their_order(bench: Bench) -> None:
    near, far = bench.pair()
    payloads = tuple(b"%d," % number * (number % 3) * 20 for number in range(10_000))  # some are empty
    if near.handle.send(payloads) is None:
        near.handle.shutdown()
    else:
        near.then["sent"] = near.handle.shutdown
    far.handle.start_read()
    bench.until(far.has("eof"), "eof")
    same(bytes(far.data) == b"".join(payloads), True, "is what arrived what was sent?")


@_check(5)
def the_driver_keeps_what_it_is_sending(bench: Bench) -> None:
    near, far = bench.pair()
    count = bench.fill(near)
    bench.drain(far, count)
    bench.until(near.has("sent"), "sent")
    far.handle.stop_read()
    size, total = 100_003, count
    while near.handle.send(tuple([bytearray([number]) * size for number in range(20)])) is None:
        total += 20 * size
    total += 20 * size
    others = [bytearray(b"?") * size for _ in range(40)]  # where the payloads would be if nobody had kept them
    bench.drain(far, total)
    one = b"".join([bytes([number]) * size for number in range(20)])
    same(bytes(far.data[count:]) == one * ((total - count) // len(one)), True, "is what arrived what was sent?")
    same(len(others), 40, "others")


@_check(4)
def one_send_may_follow_from_inside_sent(bench: Bench) -> None:
    near, far = bench.pair()
    left = [MEGABYTE] * 4

    def more() -> None:
        while left:
            if near.handle.send((left.pop(),)) is not None:
                return
        near.handle.shutdown()

    near.then["sent"] = more
    count = bench.fill(near)
    far.handle.start_read()
    bench.until(far.has("eof"), "eof")
    same(len(far.data), count + 4 * len(MEGABYTE), "bytes that arrived")
    bench.until(near.has("shut_down"), "shut_down")


@_check()
def both_directions_go_at_once(bench: Bench) -> None:
    near, far = bench.pair()
    for one, other in ((near, far), (far, near)):
        if one.handle.send((MEGABYTE,)) is None:
            one.handle.shutdown()
        else:
            one.then["sent"] = one.handle.shutdown
        other.handle.start_read()
    bench.until(lambda: near.has("eof")() and far.has("eof")(), "the end of both")
    same((bytes(near.data) == MEGABYTE, bytes(far.data) == MEGABYTE), (True, True), "did all arrive?")


@_check(1)
def reading_goes_on_while_a_send_is_in_flight(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    count = bench.fill(near)
    far.handle.send((b"while you talk",))
    bench.until(near.has("received"), "received")
    bench.drain(far, count)
    bench.until(near.has("sent"), "sent")
    far.handle.send((b", and after",))
    bench.until(lambda: near.data == b"while you talk, and after", "what came after")


@_check(1, 7)
def a_send_in_flight_fails_when_the_peer_goes(bench: Bench) -> None:
    near, far = bench.pair()
    bench.fill(near)
    far.handle.reset()
    bench.until(near.has("send_failed"), "send_failed")
    bench.settle()
    near.failed("send_failed", "ECONNRESET EPIPE", "write")
    expect("sent" not in near.names, "it wasn't sent")
    expect(not bench.alive, "nothing is left")
    bench.rests()


@_check(7)
def a_send_to_a_peer_that_is_gone_fails_without_raising(bench: Bench) -> None:
    near, far = bench.pair()
    far.handle.reset()
    bench.until(far.has("closed"), "closed")
    bench.settle()
    codes: list[str] = []
    for _ in range(3):
        answer = near.handle.send((b"x", b"y"))
        if isinstance(answer, int):
            bench.until(near.has("send_failed"), "send_failed")
            answer = near.fault("send_failed")
        if answer is not None:
            codes.append(answer.code)
            same(answer.syscall, "write", "its syscall")
        bench.settle()
    expect(codes, "a fault")
    expect(set(codes) <= {"ECONNRESET", "EPIPE", "ECONNABORTED"}, f"a fault of the connection, not {codes}")


# ----------------------------------------------------------------------------------------------- the end of a direction


@_check(1, 6, 8)
def a_shutdown_is_told_in_a_later_turn(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.shutdown()
    same(near.log, [], "what was reported inside shutdown")
    expect(bench.alive, "a shutdown in flight counts")
    bench.idle()
    same(near.log, [("shut_down",)], "the reports")
    far.handle.start_read()
    bench.until(far.has("eof"), "eof")
    bench.settle()
    same((near.names, far.names), (["shut_down"], ["eof"]), "the reports")


@_check(1)
def a_shutdown_waits_for_what_is_being_sent(bench: Bench) -> None:
    near, far = bench.pair()
    count = bench.fill(near)
    near.handle.shutdown()
    bench.settle()
    expect("shut_down" not in near.names, "not shut down before all is sent")
    bench.drain(far, count)
    bench.until(lambda: far.has("eof")() and near.has("shut_down")(), "the end")
    same(near.names[-2:], ["sent", "shut_down"], "the last reports")
    same(far.names[-1], "eof", "the last report to the peer")


@_check()
def the_end_of_one_direction_leaves_the_other_open(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.shutdown()
    far.handle.start_read()
    bench.until(far.has("eof"), "eof")
    near.handle.start_read()
    for text in (b"still ", b"here"):
        same(far.handle.send((text,)), None, "the answer to a small send")
        bench.settle()
    bench.until(lambda: near.data == b"still here", "what came after the end of the other direction")
    far.handle.shutdown()
    bench.until(near.has("eof"), "eof")
    same(near.names.count("eof"), 1, "how often eof() was told")


@_check(7)
def a_connection_that_is_gone_counts_as_shut(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    far.handle.reset()
    bench.until(near.has("read_failed"), "read_failed")
    near.handle.shutdown()
    bench.until(near.has("shut_down"), "shut_down")
    same(near.names, ["read_failed", "shut_down"], "the reports")


@_check(1, 7)
def so_does_one_that_never_was(bench: Bench) -> None:
    client = bench.end()
    client.handle.shutdown()
    same(client.log, [], "what was reported inside shutdown")
    bench.until(client.has("shut_down"), "shut_down")
