"""Timers that keep their driver alive, as those of a Node program do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from .contract import Cancellable

__all__ = ["KeptTimer"]


@final
class KeptTimer:
    """A timer that counts for `alive` until it has fired or was cancelled."""

    __slots__ = ("_callback", "_driver", "_timer")

    def __init__(self, driver: Any, seconds: float, callback: Callable[[], None]) -> None:
        self._driver: Final = driver
        self._callback: Callable[[], None] | None = callback
        self._timer: Final[Cancellable] = driver.call_later(seconds, self._fire)
        driver.active += 1

    def cancel(self) -> None:
        """Don't call back. May be called at any time."""
        if self._callback is not None:
            self._callback = None
            self._driver.active -= 1
            self._timer.cancel()

    def _fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            self._driver.active -= 1
            callback()
