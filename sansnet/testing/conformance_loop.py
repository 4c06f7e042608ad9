"""Checks of the loop: what is put off, timers, what runs first."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Final

from .conformance_bench import Bench, Check, check, expect, same

__all__ = ["CHECKS", "Trouble", "fail"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)


class Trouble(Exception):
    """What listeners raise here."""


def fail() -> None:
    """Raise it."""
    raise Trouble


# ------------------------------------------------------------------------------------------------------ what is put off


@_check(8)
def a_new_driver_has_nothing_to_wait_for(bench: Bench) -> None:
    same(bench.driver.pump, None, "pump of a new driver")
    expect(not bench.alive, "a new driver is not alive")


@_check(6)
def call_soon_calls_back_later_and_in_order(bench: Bench) -> None:
    order: list[int] = []
    for number in range(100):
        bench.driver.call_soon(functools.partial(order.append, number))
    same(order, [], "what was called back inside call_soon")
    bench.until(lambda: len(order) >= 100, "all callbacks")
    same(order, list(range(100)), "the order of callbacks")


@_check()
def what_a_callback_puts_off_comes_after_what_waited_already(bench: Bench) -> None:
    order: list[str] = []
    bench.driver.call_soon(lambda: bench.driver.call_soon(lambda: order.append("later")))
    bench.driver.call_soon(lambda: order.append("now"))
    bench.until(lambda: len(order) == 2, "both callbacks")
    same(order, ["now", "later"], "the order")


@_check()
def a_callback_that_puts_itself_off_starves_nobody(bench: Bench) -> None:
    near, far = bench.pair()
    again = [True]

    def over_and_over() -> None:
        if again:
            bench.driver.call_soon(over_and_over)

    near.handle.start_read()
    over_and_over()
    far.handle.send((b"x",))
    bench.until(near.has("received"), "received")
    again.clear()


@_check(8)
def call_soon_counts_for_alive_until_it_was_called(bench: Bench) -> None:
    seen: list[str] = []
    bench.driver.call_soon(lambda: seen.append("called"))
    expect(bench.alive, "a driver with a callback that waits is alive")
    bench.idle()
    same(seen, ["called"], "callbacks when the driver rests")


@_check()
def what_a_callback_raises_surfaces_and_costs_the_others_nothing(bench: Bench) -> None:
    seen: list[str] = []
    bench.driver.call_soon(fail)
    bench.driver.call_soon(lambda: seen.append("not lost"))
    bench.errors(bench.turn, Trouble)
    bench.until(lambda: seen, "the callback after the one that raised")


@_check()
def several_exceptions_all_surface_in_order(bench: Bench) -> None:
    def other() -> None:
        raise LookupError

    for act in (fail, other, fail):
        bench.driver.call_soon(act)
    bench.errors(bench.turn, Trouble, LookupError, Trouble)


@_check()
def what_is_reported_surfaces(bench: Bench) -> None:
    bench.driver.call_soon(lambda: bench.driver.report(Trouble("a listener's"), bench))
    bench.errors(bench.turn, Trouble)


@_check()
def what_a_timer_or_a_report_raises_surfaces_too(bench: Bench) -> None:
    near, far = bench.pair()
    bench.driver.call_later(0, fail)
    bench.errors(bench.turn, Trouble)
    near.then["received"] = lambda _: fail()
    near.handle.start_read()
    far.handle.send((b"one",))
    bench.errors(bench.turn, Trouble)
    near.then.clear()
    far.handle.send((b"two",))
    bench.until(lambda: near.data == b"onetwo", "what came after the listener that raised")


# --------------------------------------------------------------------------------------------------------------- timers


@_check()
def now_never_goes_back(bench: Bench) -> None:
    before = bench.driver.now()
    for _ in range(100):
        bench.turn()
        now = bench.driver.now()
        expect(now >= before, "now() doesn't go back")
        before = now


@_check()
def a_timer_of_no_number_of_seconds_is_refused(bench: Bench) -> None:
    for ref in (False, True):
        try:
            bench.driver.call_later(math.nan, fail, ref=ref)
        except ValueError:
            continue
        expect(False, "call_later refuses NaN")
    expect(not bench.alive, "a timer that was refused doesn't count")


@_check()
def a_timer_fires_once_from_the_loop_and_never_early(bench: Bench) -> None:
    fired: list[float] = []
    due = bench.driver.now() + 0.02
    bench.driver.call_later(0.02, lambda: fired.append(bench.driver.now()))
    same(fired, [], "what fired inside call_later")
    bench.until(lambda: fired, "the timer")
    bench.settle()
    same(len(fired), 1, "how often it fired")
    expect(fired[0] >= due - 0.001, "a timer isn't early by more than a millisecond")


@_check()
def a_timer_of_no_time_is_for_a_later_turn(bench: Bench) -> None:
    fired: list[str] = []
    bench.driver.call_later(0, lambda: fired.append("timer"))
    same(fired, [], "what fired inside call_later")
    bench.until(lambda: fired, "the timer")


@_check()
def timers_fire_by_deadline(bench: Bench) -> None:
    fired: list[int] = []
    for number in (3, 1, 2, 0):
        bench.driver.call_later(0.01 + number * 0.02, functools.partial(fired.append, number))
    bench.until(lambda: len(fired) == 4, "four timers")
    same(fired, [0, 1, 2, 3], "the order of timers")


@_check()
def a_thousand_timers_all_fire(bench: Bench) -> None:
    fired: list[int] = []
    for number in range(1000):
        bench.driver.call_later(number % 7 / 1000, functools.partial(fired.append, number))
    bench.until(lambda: len(fired) >= 1000, "a thousand timers")
    same(sorted(fired), list(range(1000)), "those that fired")


@_check()
def a_timer_that_is_cancelled_does_not_fire(bench: Bench) -> None:
    fired: list[str] = []
    timer = bench.driver.call_later(0, lambda: fired.append("cancelled"))
    bench.driver.call_later(0.01, lambda: fired.append("not cancelled"))
    timer.cancel()
    timer.cancel()
    bench.until(lambda: fired, "the other timer")
    timer.cancel()
    same(fired, ["not cancelled"], "the timers that fired")


@_check()
def a_timer_may_cancel_itself_and_another_that_is_due(bench: Bench) -> None:
    fired: list[str] = []

    def fire(name: str) -> None:
        fired.append(name)
        for timer in timers:
            timer.cancel()

    timers = [bench.driver.call_later(0, functools.partial(fire, name)) for name in ("a", "b")]
    bench.settle()
    bench.until(lambda: fired, "a timer")
    bench.settle()
    same(len(fired), 1, "how many timers fired")


@_check()
def a_timer_may_set_another(bench: Bench) -> None:
    fired: list[str] = []

    def set_another() -> None:
        bench.driver.call_later(0, lambda: fired.append("second"))

    bench.driver.call_later(0, set_another)
    bench.until(lambda: fired, "the second timer")


@_check(8)
def a_timer_does_not_count_for_alive(bench: Bench) -> None:
    timer = bench.driver.call_later(1000, lambda: None)
    expect(not bench.alive, "a timer alone doesn't keep a driver alive")
    timer.cancel()


@_check(8)
def a_kept_timer_counts_until_it_fires(bench: Bench) -> None:
    seen: list[bool] = []
    timer = bench.driver.call_later(0.01, lambda: seen.append(True), ref=True)
    expect(bench.alive, "a timer with ref=True keeps its driver alive")
    bench.idle()
    same(seen, [True], "the timers that fired when the driver rests")
    timer.cancel()
    expect(not bench.alive, "cancelled after it fired it counts no more")


@_check(8)
def a_kept_timer_counts_until_it_is_cancelled(bench: Bench) -> None:
    fired: list[str] = []
    one = bench.driver.call_later(1000, lambda: fired.append("one"), ref=True)
    two = bench.driver.call_later(1000, lambda: fired.append("two"), ref=True)
    one.cancel()
    one.cancel()
    expect(bench.alive, "the other timer keeps the driver alive")
    two.cancel()
    expect(not bench.alive, "cancelled timers don't")
    bench.settle()
    same(fired, [], "the timers that fired")


# ------------------------------------------------------------------------------------------------------ what runs first


@_check(9)
def what_runs_first_runs_before_what_waited_already(bench: Bench) -> None:
    order: list[str] = []
    bench.driver.call_soon(lambda: order.append("soon"))
    bench.driver.call_first(lambda: order.append("first"))
    same(order, [], "what ran inside call_first")
    expect(bench.alive, "a callback that waits keeps the driver alive")
    bench.idle()
    same(order, ["first", "soon"], "the order")
    bench.settle()
    same(order.count("first"), 1, "how often it ran")


@_check(9, each=("soon", "later", "kept"))
def it_runs_between_two_callbacks(bench: Bench, how: str) -> None:
    order: list[str] = []

    def callback(name: str) -> Callable[[], None]:
        def called() -> None:
            order.append(name)
            bench.driver.call_first(lambda: order.append(f"first after {name}"))

        return called

    for name in ("a", "b"):
        if how == "soon":
            bench.driver.call_soon(callback(name))
        else:
            bench.driver.call_later(0, callback(name), ref=how == "kept")
    bench.until(lambda: len(order) >= 4, "two callbacks and what runs first after each")
    same(sorted(order[::2]), ["a", "b"], "the callbacks")
    same(order[1::2], [f"first after {name}" for name in order[::2]], "what ran first after each")


@_check(9)
def what_it_raises_surfaces_and_costs_nothing(bench: Bench) -> None:
    seen: list[str] = []
    bench.driver.call_first(fail)
    bench.driver.call_soon(lambda: seen.append("not lost"))
    bench.errors(bench.turn, Trouble)
    bench.until(lambda: seen, "the callback after what ran first")


@_check(9)
def it_may_cancel_the_timer_that_fires(bench: Bench) -> None:
    fired: list[str] = []
    timer = bench.driver.call_later(0, lambda: fired.append("cancelled"))
    bench.driver.call_first(timer.cancel)
    bench.driver.call_later(0.01, lambda: fired.append("another"))
    bench.until(lambda: fired, "the other timer")
    same(fired, ["another"], "the timers that fired")


def _make_ready(bench: Bench, what: str) -> tuple[Callable[[], object], Callable[[Callable[..., object]], None]]:
    """Something that will be called back: a function that starts it, and one that has a function called then."""
    if what in ("connected", "attempt_failed"):
        client = bench.end()
        endpoint = bench.listen(accept=False).endpoint if what == "connected" else bench.free()
        return lambda: client.handle.connect(1, endpoint), lambda act: client.then.update({what: act})
    if what in ("accepted", "listener_closed"):
        door = bench.listen()
        client = bench.end()
        start = door.handle.close if what == "listener_closed" else lambda: client.handle.connect(1, door.endpoint)
        return start, lambda act: door.then.update({what: act})
    near, far = bench.pair()
    starts: dict[str, Callable[[], object]] = {
        "received": lambda: far.handle.send((b"x",)),
        "eof": far.handle.shutdown,
        "read_failed": far.handle.reset,
        "sent": far.handle.start_read,
        "shut_down": near.handle.shutdown,
        "closed": near.handle.close,
    }
    if what in ("received", "eof", "read_failed"):
        near.handle.start_read()
    if what == "sent":
        bench.fill(near)
    return starts[what], lambda act: near.then.update({what: act})


_REPORTS: Final = (
    "received",
    "eof",
    "read_failed",
    "sent",
    "shut_down",
    "closed",
    "connected",
    "attempt_failed",
    "accepted",
    "listener_closed",
)


@_check(9, each=_REPORTS)
def it_runs_before_a_report(bench: Bench, what: str) -> None:
    order: list[str] = []
    start, when_told = _make_ready(bench, what)
    when_told(lambda *_: order.append(what))
    start()
    bench.driver.call_first(lambda: order.append("first"))
    bench.until(lambda: what in order, what)
    same(order[:2], ["first", what], "the order")


@_check(6, each=_REPORTS)
def an_exception_of_its_listener_surfaces(bench: Bench, what: str) -> None:
    start, when_told = _make_ready(bench, what)
    when_told(lambda *_: fail())
    start()
    bench.errors(bench.turn, Trouble)
