"""Checks of how handles end: by close and by reset, in every situation, and from inside every listener."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from .conformance_bench import Bench, Check, End, check, expect, same

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)

_ENDS: Final = ("close", "reset")


@_check(3, 6, 8, each=_ENDS)
def an_end_is_told_in_a_later_turn(bench: Bench, how: str) -> None:
    near, _ = bench.pair()
    near.handle.start_read()
    getattr(near.handle, how)()
    same(near.log, [], f"what was reported inside {how}")
    expect(bench.alive, "a close in flight counts")
    bench.idle()
    same(near.log, [("closed",)], "the reports when the driver rests")


@_check(8)
def an_unref_d_handle_is_told_as_well(bench: Bench) -> None:
    near, _ = bench.pair()
    near.handle.unref()
    near.handle.close()
    bench.until(near.has("closed"), "closed")
    expect(not bench.alive, "nothing is left")


@_check()
def the_peer_hears_of_a_close_as_an_end(bench: Bench) -> None:
    near, far = bench.pair()
    near.handle.send((b"bye",))
    near.handle.close()
    far.handle.start_read()
    bench.until(far.has("eof"), "eof")
    same(bytes(far.data), b"bye", "what the peer received")


@_check()
def the_peer_hears_of_a_reset_as_an_error(bench: Bench) -> None:
    near, far = bench.pair()
    far.handle.start_read()
    near.handle.reset()
    bench.until(far.has("read_failed"), "read_failed")
    far.failed("read_failed", "ECONNRESET", "read")
    same(far.names, ["read_failed"], "the reports to the peer")


@_check(1, 3, each=_ENDS)
def what_is_being_sent_is_cancelled_before_closed(bench: Bench, how: str) -> None:
    near, _ = bench.pair()
    bench.fill(near)
    near.handle.start_read()
    getattr(near.handle, how)()
    bench.until(near.has("closed"), "closed")
    bench.settle()
    names = [name for name in near.names if name != "progressed"]
    same(names, ["send_failed", "closed"], "the reports")
    near.failed("send_failed", "ECANCELED", "write")


@_check(1, 3, each=_ENDS)
def a_shutdown_that_waits_is_cancelled_before_closed(bench: Bench, how: str) -> None:
    near, _ = bench.pair()
    bench.fill(near)
    near.handle.shutdown()
    getattr(near.handle, how)()
    bench.until(near.has("closed"), "closed")
    bench.settle()
    names = [name for name in near.names if name != "progressed"]
    same((sorted(names[:2]), names[2:]), (["send_failed", "shutdown_failed"], ["closed"]), "the reports")
    near.failed("shutdown_failed", "ECANCELED", "shutdown")


@_check(1, 3, each=_ENDS)
def a_shutdown_that_is_done_or_not_is_told_before_closed(bench: Bench, how: str) -> None:
    near, _ = bench.pair()
    near.handle.shutdown()
    getattr(near.handle, how)()
    bench.until(near.has("closed"), "closed")
    bench.settle()
    expect(near.names in (["shut_down", "closed"], ["shutdown_failed", "closed"]), f"one end each, not {near.names}")


@_check(3, each=_ENDS)
def what_arrives_after_it_is_not_told(bench: Bench, how: str) -> None:
    near, far = bench.pair()
    near.handle.start_read()
    far.handle.send((b"unheard",))
    getattr(near.handle, how)()
    bench.until(near.has("closed"), "closed")
    far.handle.send((b"unheard as well",))
    bench.settle()
    same(near.names, ["closed"], "the reports")


@_check(3, 7)
def after_it_calls_do_nothing(bench: Bench) -> None:
    near, _ = bench.pair()
    handle = near.handle
    handle.close()
    for when in ("before closed()", "after it"):
        for act in (handle.close, handle.reset, handle.start_read, handle.stop_read, handle.ref):
            act()
        handle.cancel_connect(1)
        handle.limit_read(10)
        handle.set_no_delay(True)
        handle.set_keep_alive(True, 1, 1, 1)
        handle.set_type_of_service(16)
        answer = handle.send((b"x",))
        expect(answer is not None and not isinstance(answer, int), f"a send is refused {when}")
        same((handle.local_name(), handle.fileno()), (None, -1), f"name and descriptor {when}")
        bench.until(near.has("closed"), "closed")
        bench.settle()
    same(near.names, ["closed"], "the reports")
    expect(not bench.alive, "nothing is left")


@_check(3, each=_ENDS)
def a_handle_that_never_had_a_socket_ends_as_well(bench: Bench, how: str) -> None:
    client = bench.end()
    getattr(client.handle, how)()
    same(client.log, [], f"what was reported inside {how}")
    bench.until(client.has("closed"), "closed")
    bench.settle()
    same(client.names, ["closed"], "the reports")


@_check(3)
def closing_twice_is_told_once(bench: Bench) -> None:
    near, _ = bench.pair()
    near.handle.close()
    near.handle.close()
    near.handle.reset()
    bench.until(near.has("closed"), "closed")
    bench.settle()
    same(near.names, ["closed"], "the reports")


# -------------------------------------------------------------------------------------- from inside every listener

_REPORTS: Final = (
    "received",
    "eof",
    "read_failed",
    "progressed",
    "sent",
    "send_failed",
    "shut_down",
    "connected",
    "attempt_failed",
    "closed",
)


def _bring_about(bench: Bench, report: str) -> tuple[End, Callable[[], object]]:
    """A handle, and what makes that be reported to it."""
    if report in ("connected", "attempt_failed"):
        client = bench.end()
        endpoint = bench.listen(accept=False).endpoint if report == "connected" else bench.free()
        return client, lambda: client.handle.connect(1, endpoint)
    near, far = bench.pair()
    if report in ("received", "eof", "read_failed"):
        near.handle.start_read()
    if report in ("progressed", "sent", "send_failed"):
        bench.fill(near)
    acts: dict[str, Callable[[], object]] = {
        "received": lambda: far.handle.send((bytes(30_000),)),
        "eof": far.handle.shutdown,
        "read_failed": far.handle.reset,
        "progressed": far.handle.start_read,
        "sent": far.handle.start_read,
        "send_failed": far.handle.reset,
        "shut_down": near.handle.shutdown,
        "closed": near.handle.close,
    }
    return near, acts[report]


@_check(1, 3, 6, each=tuple((report, how) for report in _REPORTS for how in _ENDS))
def a_listener_may_end_its_handle(bench: Bench, case: tuple[str, str]) -> None:
    report, how = case
    end, act = _bring_about(bench, report)
    end.log.clear()  # of what was sent to fill the way some may have progressed
    end.then[report] = lambda *_: getattr(end.handle, how)()
    act()
    if report == "progressed":  # which is optional
        end.then["sent"] = end.then["progressed"]
    bench.until(end.has("closed"), "closed")
    bench.settle()
    after = end.names[end.names.index(report) + 1 :] if report in end.names else end.names[-1:]
    if report == "progressed":
        expect(after in (["send_failed", "closed"], ["closed"]), f"the end of the send, and closed, not {after}")
    elif report == "closed":
        same(after, [], "what came after closed")
    else:
        same(after, ["closed"], f"what came after {report}")


@_check(3, 6, each=("received", "eof", "sent", "shut_down"))
def a_listener_may_end_another_handle(bench: Bench, report: str) -> None:
    end, act = _bring_about(bench, report)
    other, other_far = bench.pair()
    other.handle.start_read()
    other_far.handle.send((b"perhaps unheard",))
    end.then[report] = lambda *_: other.handle.close()
    act()
    bench.until(other.has("closed"), "closed")
    bench.settle()
    index = [who for who, _ in bench.order].index(end)
    later = [name for who, name in bench.order[index:] if who is other]
    expect(later[-1] == "closed", "closed is the last report")
    expect(end.has(report)(), report)


@_check(6)
def a_listener_may_do_all_at_once(bench: Bench) -> None:
    near, far = bench.pair()
    door = bench.listen()
    client = bench.end()

    def everything(_: int) -> None:
        near.handle.stop_read()
        near.handle.send((b"answer",))
        near.handle.shutdown()
        near.handle.start_read()
        client.handle.connect(1, door.endpoint)

    near.then["received"] = everything
    near.handle.start_read()
    far.handle.start_read()
    far.handle.send((b"question",))
    bench.until(lambda: far.has("eof")() and client.log and near.has("shut_down")(), "the answer, and a connection")
    same((bytes(far.data), client.names), (b"answer", ["connected"]), "what came of it")
