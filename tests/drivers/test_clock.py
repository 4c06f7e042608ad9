from __future__ import annotations

import gc

import pytest

from sansnet.drivers.clock import Timer, TimerQueue


def take_all(queue: TimerQueue, now: float) -> int:
    """Call what is due, in order; how many there were."""
    count, before = 0, queue.added
    while (callback := queue.take(now, before)) is not None:
        callback()
        count += 1
    return count


def test_timers_fire_by_deadline_and_equal_ones_in_the_order_they_were_added() -> None:
    queue, fired = TimerQueue(), list[str]()
    for deadline, name in ((3.0, "c"), (1.0, "a1"), (2.0, "b"), (1.0, "a2"), (1.0, "a3")):
        queue.add(deadline, lambda name=name: fired.append(name))  # type: ignore[misc]
    assert take_all(queue, 0.999) == 0
    assert take_all(queue, 2.0) == 4
    assert fired == ["a1", "a2", "a3", "b"]
    assert take_all(queue, 99.0) == 1
    assert fired[-1] == "c"
    assert len(queue) == 0


def test_a_cancelled_timer_never_fires() -> None:
    queue, fired = TimerQueue(), list[str]()
    first = queue.add(1.0, lambda: fired.append("first"))
    queue.add(2.0, lambda: fired.append("second"))
    assert len(queue) == 2
    first.cancel()
    first.cancel()
    assert len(queue) == 1
    assert not first.waits
    assert queue.next_deadline() == 2.0
    assert take_all(queue, 9.0) == 1
    assert fired == ["second"]


def test_cancelling_a_timer_that_fired_does_nothing() -> None:
    queue = TimerQueue()
    timer = queue.add(1.0, lambda: None)
    queue.add(2.0, lambda: None)
    assert take_all(queue, 1.0) == 1
    assert not timer.waits
    timer.cancel()
    assert len(queue) == 1
    assert queue.next_deadline() == 2.0


def test_a_timer_may_cancel_the_next_one() -> None:
    queue, fired = TimerQueue(), list[str]()

    def cancel_the_second() -> None:
        fired.append("first")
        second.cancel()

    queue.add(1.0, cancel_the_second)
    second = queue.add(1.0, lambda: fired.append("second"))
    assert take_all(queue, 1.0) == 1
    assert fired == ["first"]


def test_a_timer_that_is_added_by_a_timer_waits_for_the_next_turn() -> None:
    queue, rounds = TimerQueue(), list[int]()

    def again() -> None:
        rounds.append(1)
        queue.add(1.0, again)

    again()
    assert take_all(queue, 1.0) == 1
    assert take_all(queue, 1.0) == 1
    assert len(rounds) == 3


def test_without_timers_there_is_no_deadline() -> None:
    queue = TimerQueue()
    assert queue.next_deadline() is None
    assert queue.take(1e9, 1) is None
    queue.add(1.0, lambda: None).cancel()
    assert queue.next_deadline() is None
    assert len(queue) == 0


def test_a_deadline_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        TimerQueue().add(float("nan"), lambda: None)


def test_cancelled_timers_do_not_pile_up() -> None:
    queue, fired = TimerQueue(), list[int]()
    kept = [queue.add(float(number), lambda n=number: fired.append(n)) for number in range(10)]  # type: ignore[misc]
    for number in range(10_000):
        queue.add(1000.0 + number, lambda: None).cancel()
    assert sum(type(thing) is Timer for thing in gc.get_objects()) < 200
    assert len(queue) == 10
    kept[3].cancel()
    assert take_all(queue, 1e9) == 9
    assert fired == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_cleared_timers_are_as_if_cancelled() -> None:
    queue = TimerQueue()
    timer = queue.add(1.0, lambda: None)
    queue.clear()
    timer.cancel()
    assert not timer.waits
    assert len(queue) == 0
    queue.add(2.0, lambda: None)
    assert len(queue) == 1
    assert queue.next_deadline() == 2.0
