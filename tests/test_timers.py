"""Timers of the user's own: `call_later()`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import sansnet
from tests.loopback import Loopback, loopback


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.mark.covers("call_later")
def test_run_waits_for_it(net: Loopback) -> None:
    heard: list[object] = []
    sansnet.call_later(0.001, heard.append, "in time")
    net.run()
    assert heard == ["in time"]


def test_one_that_is_called_off_is_not_waited_for(net: Loopback) -> None:
    heard: list[object] = []
    sansnet.call_later(60, heard.append, "too late").cancel()
    net.run()
    assert heard == []


def test_what_it_raises_comes_out_of_the_loop(net: Loopback) -> None:
    sansnet.call_later(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        net.run()
    net.run()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("1", print), "ERR_INVALID_ARG_TYPE"),
        ((-1, print), "ERR_OUT_OF_RANGE"),
        ((1, None), "ERR_INVALID_ARG_TYPE"),
    ],
)
def test_what_is_no_timer(net: Loopback, arguments: tuple[Any, ...], code: str) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        sansnet.call_later(*arguments)
    assert getattr(raised.value, "code", None) == code
    assert not net.driver.alive
