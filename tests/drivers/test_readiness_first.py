"""`call_first`: what is given to it runs before anything else is called back, and may take back what was asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from sansnet.drivers.selector import SelectorDriver
from tests.drivers.recorder import (
    DRIVERS,
    Recorder,
    call,
    driver_over,
    is_alive,
    listener,
    port_of,
    settle,
)


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[SelectorDriver]:
    with driver_over(request.param) as made:
        yield made


# ----------------------------------------------------------------------------------------- what the loop itself calls


def test_nothing_is_called_back_once_the_driver_is_closed(driver: SelectorDriver) -> None:
    order: list[str] = []
    driver.call_soon(lambda: order.append("soon"))
    driver.call_soon_threadsafe(lambda: order.append("posted"))
    driver.call_later(0, lambda: order.append("timer"))
    driver.call_first(lambda: order.append("first"))
    driver.close()
    with pytest.raises(RuntimeError, match="closed"):
        driver.call_first(lambda: order.append("too late"))
    for _ in range(2):
        with contextlib.suppress(RuntimeError):  # the loop of another goes on to turn
            driver.step(0)
    driver.run_first()
    assert order == []


@pytest.mark.parametrize("ref", [False, True])
def test_a_time_that_is_no_number_is_refused(driver: SelectorDriver, ref: bool) -> None:
    with pytest.raises(ValueError, match="not NaN"):
        driver.call_later(float("nan"), lambda: None, ref=ref)
    assert not is_alive(driver)


@pytest.mark.parametrize("how", ["returns", "raises"])
def test_it_may_close_the_driver(driver: SelectorDriver, how: str) -> None:
    order: list[str] = []

    def close() -> None:
        order.append("first")
        driver.close()
        if how == "raises":
            raise KeyboardInterrupt

    driver.call_soon(lambda: order.append("soon"))
    driver.call_first(close)
    with pytest.raises(KeyboardInterrupt) if how == "raises" else contextlib.nullcontext():
        driver.step(0)
    assert order == ["first"]


@pytest.mark.parametrize("driver", ["own", "select"], indirect=True)  # others have another order
def test_it_runs_before_what_was_asked_for_earlier(driver: SelectorDriver) -> None:
    order: list[str] = []
    driver.call_soon(lambda: order.append("soon"))
    driver.call_later(0, lambda: order.append("timer"))
    driver.call_first(lambda: order.append("first"))
    assert is_alive(driver)
    driver.run()
    assert order == ["first", "timer", "soon"]
    assert not is_alive(driver)


@pytest.mark.parametrize("driver", ["own", "select"], indirect=True)  # others have another order
def test_it_runs_between_two_callbacks_of_one_turn(driver: SelectorDriver) -> None:
    order: list[str] = []

    def callback(name: str) -> Callable[[], None]:
        def called() -> None:
            order.append(name)
            driver.call_first(lambda: order.append(f"first after {name}"))

        return called

    names = ["timer a", "timer b", "soon a", "soon b"]
    for name in names:
        if name.startswith("timer"):
            driver.call_later(0, callback(name))
        else:
            driver.call_soon(callback(name))
    driver.run()
    assert order == [entry for name in names for entry in (name, f"first after {name}")]


# -------------------------------------------------------------------------------------------------- what events call

Pair = tuple[Recorder, str, Callable[[], None]]


def one_calls_off_the_other(driver: SelectorDriver, pairs: list[Pair]) -> list[int]:
    """Two things are ready in one turn. Whichever comes first has the other one's act called first of all.

    Each is a recorder, the completion that it is about to hear, and how it can be kept from that. Returns the order of
    those that heard it: one only, if all is well.
    """
    heard: list[int] = []

    def hear(index: int) -> Callable[..., None]:
        def completion(*_: object) -> None:
            heard.append(index)
            driver.call_first(pairs[1 - index][2])

        return completion

    for index, (recorder, name, _) in enumerate(pairs):
        recorder.then[name] = hear(index)
    driver.step(10)
    settle(driver)
    return heard


@pytest.mark.parametrize("act", ["stop_accept", "close"])
def test_accepting_can_be_called_off(driver: SelectorDriver, act: str) -> None:
    listeners = [listener(driver) for _ in range(2)]
    with call(port_of(listeners[0][0])), call(port_of(listeners[1][0])):
        [winner] = one_calls_off_the_other(
            driver, [(recorder, "accepted", getattr(handle, act)) for handle, recorder in listeners]
        )
    assert listeners[winner][1].names == ["accepted"]
    assert listeners[1 - winner][1].names == ([] if act == "stop_accept" else ["listener_closed"])
