"""Checks of sending, and of the end of a direction."""

from __future__ import annotations

import functools
from typing import Final

from .conformance_bench import MEGABYTE, Bench, Check, check, expect, same

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)


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
    for _ in range(10_000):  # sends go well until the system has heard of it
        answer = near.handle.send((b"x", b"y"))
        if isinstance(answer, int):
            bench.until(near.has("send_failed"), "send_failed")
            answer = near.fault("send_failed")
        if answer is not None:
            codes.append(answer.code)
            same(answer.syscall, "write", "its syscall")
        if len(codes) == 2:
            break
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
    bench.settle()  # on a busy machine the system may find room for the rest even now
    expect("sent" in near.names or "shut_down" not in near.names, "not shut down before all is sent")
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
