"""Timers of the user's own, which `run()` waits for as a Node program does for those of `setTimeout()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .arguments import seconds_of_timer
from .default import default_driver
from .errors import invalid_arg_type

if TYPE_CHECKING:
    from .drivers.contract import Cancellable

__all__ = ["call_later"]


def call_later(seconds: float, callback: Callable[..., object], *args: object) -> Cancellable:
    """Call `callback(*args)` from the loop in so many seconds, once. `cancel()` of what is returned calls that off.

    `run()` doesn't return before that. What the callback raises is raised from there, as from a listener.

    Raises TypeError (ERR_INVALID_ARG_TYPE) or ValueError (ERR_OUT_OF_RANGE).
    """
    wait = seconds_of_timer("seconds", seconds)
    if not callable(callback):
        raise invalid_arg_type("callback", "of type function", callback)

    def call() -> None:
        callback(*args)

    return default_driver().call_later(wait, call, ref=True)
