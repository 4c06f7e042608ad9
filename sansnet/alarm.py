"""A timer that is pushed back often and fires seldom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .drivers.contract import Cancellable, Driver

__all__ = ["Alarm"]


class Alarm:
    """Calls back once `seconds` have passed since it was armed or touched.

    A touch only notes the new deadline: the driver's timer is left where it is, and when it comes too early it is set
    anew for what is left. An idle timeout that is touched with every read costs no timer traffic that way.
    """

    __slots__ = ("_callback", "_deadline", "_driver", "_number", "_scheduled", "_scheduled_for", "_seconds")

    def __init__(self, driver: Driver, callback: Callable[[], None]) -> None:
        self._driver = driver
        self._callback = callback
        self._seconds = 0.0
        self._deadline = 0.0
        self._scheduled: Cancellable | None = None
        self._scheduled_for = 0.0
        self._number = 0  # of the scheduling; what an older one brings is not heard

    def arm(self, seconds: float) -> None:
        """Fire after so many seconds, unless it is touched or disarmed before."""
        self._seconds = seconds
        self._deadline = self._driver.now() + seconds
        if self._scheduled_for > self._deadline:
            self.disarm()
        if self._scheduled is None:
            self._schedule(seconds)

    def touch(self) -> None:
        """Start the time anew."""
        self._deadline = self._driver.now() + self._seconds

    def disarm(self) -> None:
        """Never mind."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
            self._number += 1

    def _schedule(self, seconds: float) -> None:
        self._scheduled_for = self._driver.now() + seconds
        self._number += 1
        self._scheduled = self._driver.call_later(seconds, partial(self._due, self._number))

    def _due(self, number: int) -> None:
        if number != self._number:
            return  # disarmed while it was on its way
        self._scheduled = None
        left = self._deadline - self._driver.now()
        if left > 0:
            self._schedule(left)
        else:
            self._callback()
