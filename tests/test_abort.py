"""Abort signals: they abort once or never, everybody is told, and who is over is forgotten."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from sansnet.abort import AbortController, AbortSignal
from sansnet.errors import AbortError, NetError


class Clock:
    """What is scheduled, for a test to let it happen."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self.waiting.append((seconds, callback))

    def fire(self) -> None:
        self.waiting.pop(0)[1]()


class Listener:
    """A listener that can be told from others, and be collected."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.called = 0
        self.then = then

    def __call__(self) -> None:
        self.called += 1
        self.then()


# ------------------------------------------------------------------------------------------------------ controller


@pytest.mark.covers(
    "AbortController",
    "AbortController.abort",
    "AbortController.signal",
    "AbortSignal",
    "AbortSignal.aborted",
    "AbortSignal.reason",
    "AbortSignal.add_listener",
)
def test_a_signal_aborts_once_and_keeps_its_reason() -> None:
    controller, listener = AbortController(), Listener()
    signal = controller.signal
    assert (signal.aborted, signal.reason) == (False, None)
    assert repr(signal) == "AbortSignal(aborted=False)"
    signal.add_listener(listener)
    controller.abort("why")
    controller.abort("why not")
    assert (signal.aborted, signal.reason, listener.called) == (True, "why", 1)
    assert controller.signal is signal


@pytest.mark.covers("AbortError")
def test_the_reason_is_an_abort_error_if_none_is_given() -> None:
    controller = AbortController()
    controller.abort()
    assert isinstance(controller.signal.reason, AbortError)
    assert controller.signal.reason.code == "ABORT_ERR"
    assert str(controller.signal.reason) == "This operation was aborted"


def test_a_listener_sees_the_signal_aborted() -> None:
    controller, seen = AbortController(), list[object]()
    controller.signal.add_listener(lambda: seen.append((controller.signal.aborted, controller.signal.reason)))
    controller.abort("why")
    assert seen == [(True, "why")]


# ------------------------------------------------------------------------------------------------------- listeners


def test_listeners_are_called_in_order_each_once() -> None:
    controller, log = AbortController(), list[int]()
    listeners = [Listener(lambda number=number: log.append(number)) for number in range(3)]  # type: ignore[misc]
    for listener in [*listeners, listeners[0]]:
        controller.signal.add_listener(listener)
    assert controller.signal.listener_count() == 3
    controller.abort()
    assert log == [0, 1, 2]
    assert controller.signal.listener_count() == 0


@pytest.mark.covers("AbortSignal.remove_listener")
def test_a_listener_that_was_removed_is_not_called_even_if_it_happens_meanwhile() -> None:
    controller, gone = AbortController(), Listener()
    before = Listener(lambda: controller.signal.remove_listener(gone))
    for listener in (before, gone):
        controller.signal.add_listener(listener)
    controller.signal.remove_listener(print)
    controller.abort()
    assert (before.called, gone.called) == (1, 0)


def test_a_listener_that_comes_after_the_abort_is_neither_called_nor_kept() -> None:
    controller, late = AbortController(), Listener()
    controller.signal.add_listener(lambda: controller.signal.add_listener(late))
    controller.abort()
    controller.signal.add_listener(late)
    assert (late.called, controller.signal.listener_count()) == (0, 0)


def test_what_cannot_be_called_is_no_listener() -> None:
    with pytest.raises(TypeError, match='The "listener" argument must be of type function'):
        AbortSignal().add_listener(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt()])
def test_one_listener_that_raises_keeps_no_other_from_being_called(error: BaseException) -> None:
    controller, after = AbortController(), Listener()

    def fail() -> None:
        raise error

    controller.signal.add_listener(fail)
    controller.signal.add_listener(after)
    with pytest.raises(type(error)) as caught:
        controller.abort()
    assert caught.value is error
    assert after.called == 1


def test_several_listeners_that_raise_make_a_group() -> None:
    controller = AbortController()
    controller.signal.add_listener(lambda: 1 / 0)
    controller.signal.add_listener(lambda: int("x"))
    with pytest.raises(ExceptionGroup) as caught:
        controller.abort()
    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError, ValueError]


# --------------------------------------------------------------------------------------------------------- timeout


@pytest.mark.covers("AbortSignal.timeout")
def test_a_timeout_aborts_when_the_time_has_passed() -> None:
    clock, listener = Clock(), Listener()
    signal = AbortSignal.timeout(2.5, schedule=clock.call_later)
    signal.add_listener(listener)
    assert [seconds for seconds, _ in clock.waiting] == [2.5]
    assert not signal.aborted
    clock.fire()
    assert listener.called == 1
    assert isinstance(signal.reason, TimeoutError)
    assert isinstance(signal.reason, NetError)
    assert str(signal.reason) == "The operation was aborted due to timeout"


def test_no_time_at_all_is_a_time() -> None:
    clock = Clock()
    signal = AbortSignal.timeout(0, schedule=clock.call_later)
    assert not signal.aborted
    clock.fire()
    assert signal.aborted


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        ("1", "ERR_INVALID_ARG_TYPE"),
        (True, "ERR_INVALID_ARG_TYPE"),
        (None, "ERR_INVALID_ARG_TYPE"),
        (-1, "ERR_OUT_OF_RANGE"),
        (math.nan, "ERR_OUT_OF_RANGE"),
        (math.inf, "ERR_OUT_OF_RANGE"),
    ],
)
def test_what_is_no_time_is_told(seconds: float, code: str) -> None:
    clock = Clock()
    with pytest.raises(NetError, match='"seconds"') as caught:
        AbortSignal.timeout(seconds, schedule=clock.call_later)
    assert caught.value.code == code
    assert clock.waiting == []


def test_a_timeout_goes_by_the_driver_that_new_sockets_are_made_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("sansnet.default.default_driver", lambda: clock)
    signal = AbortSignal.timeout(1)
    clock.fire()
    assert signal.aborted


# ------------------------------------------------------------------------------------------------------------- any


@pytest.mark.covers("AbortSignal.any")
def test_any_aborts_with_the_first_of_its_sources() -> None:
    one, other, listener = AbortController(), AbortController(), Listener()
    signal = AbortSignal.any([one.signal, other.signal])
    signal.add_listener(listener)
    assert not signal.aborted
    other.abort("other")
    assert (signal.aborted, signal.reason, listener.called) == (True, "other", 1)
    one.abort("one")
    assert (signal.reason, listener.called) == ("other", 1)


def test_any_knows_who_was_first_though_nobody_listened() -> None:
    one, other = AbortController(), AbortController()
    signal = AbortSignal.any([one.signal, other.signal])
    other.abort("other")
    one.abort("one")
    assert signal.reason == "other"


def test_any_of_what_has_aborted_has_aborted() -> None:
    one, other, listener = AbortController(), AbortController(), Listener()
    one.abort("one")
    signal = AbortSignal.any([other.signal, one.signal])
    assert signal.reason == "one"
    signal.add_listener(listener)
    other.abort("other")
    assert (signal.reason, listener.called, signal.listener_count()) == ("one", 0, 0)


def test_any_of_any() -> None:
    controller, listener = AbortController(), Listener()
    signal = AbortSignal.any([AbortSignal(), AbortSignal.any(iter([AbortSignal(), controller.signal]))])
    signal.add_listener(listener)
    controller.abort("why")
    assert (signal.reason, listener.called) == ("why", 1)


def test_any_of_nothing_never_aborts() -> None:
    signal = AbortSignal.any([])
    signal.add_listener(Listener())
    assert (signal.aborted, signal.reason) == (False, None)


def test_a_listener_of_the_source_sees_any_aborted_too() -> None:
    controller, seen = AbortController(), list[bool]()
    controller.signal.add_listener(lambda: seen.append(signal.aborted))
    signal = AbortSignal.any([controller.signal])
    controller.abort()
    assert seen == [True]


@pytest.mark.covers("AbortSignal.listener_count")
def test_any_listens_to_its_sources_only_while_somebody_listens_to_it() -> None:
    one, other, first, second = AbortController(), AbortController(), Listener(), Listener()
    signal = AbortSignal.any([one.signal, other.signal])
    add, remove = signal.add_listener, signal.remove_listener
    counts = [one.signal.listener_count()]
    for change, listener in ((add, first), (add, second), (remove, first), (remove, first), (remove, second)):
        change(listener)
        counts.append(one.signal.listener_count())
    assert counts == [0, 1, 1, 1, 1, 0]
    signal.add_listener(first)
    other.abort()
    assert (first.called, second.called) == (1, 0)
    assert one.signal.listener_count() == 0


@pytest.mark.parametrize(
    ("signals", "text"),
    [
        (5, 'The "signals" argument must be an iterable of AbortSignal. Received type number (5)'),
        ([AbortSignal(), 5], 'The "signals[1]" argument must be an instance of AbortSignal. Received type number (5)'),
    ],
)
def test_any_wants_signals(signals: object, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        AbortSignal.any(signals)  # type: ignore[arg-type]
    assert str(caught.value) == text
