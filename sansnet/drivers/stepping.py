"""Drivers that own their loop: a turn at a time, or turns for as long as anything ref'd is left."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self

from ..state.compiled import mypyc_attr
from .interrupt import interruptible
from .naming import name_source

__all__ = ["Stepping"]

_this_thread: Final = threading.get_ident
"""At hand, since everything that is asked for begins with it: a compiled module looks no Final up in its dictionary."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Stepping:
    """`step()` and `run()`, for one thread, and what listeners raise meanwhile.

    Stands before a driver's class among the bases. Who inherits it brings `turn()`, `wake_up_fd()` and `close()`.
    """

    active: int
    closed: bool

    def __init__(self) -> None:
        self._errors: list[BaseException] = []
        self._own_thread: object = None
        self._turning: bool | None = None  # not yet, ever

    @property
    def has_turned(self) -> bool:
        """Did anybody ever call `step()` or `run()`?"""
        return self._turning is not None

    @property
    def alive(self) -> bool:
        """As the contract has it."""
        raise NotImplementedError

    def turn(self, timeout: float | None) -> None:
        """One turn, which waits for at most `timeout` seconds; with None as long as it takes, if that is `alive`."""
        raise NotImplementedError

    def wake_up_fd(self) -> int:
        """A socket that wakes the loop when something is written to it (`signal.set_wakeup_fd`)."""
        raise NotImplementedError

    def complaint(self) -> RuntimeError:
        """What to raise when the driver is closed."""
        return RuntimeError(f"this {type(self).__name__} is closed")

    def close(self) -> None:
        """Close everything."""
        raise NotImplementedError

    def report(self, error: BaseException, source: object = None) -> None:
        """Let `error` be raised by `step()` or `run()` once the turn is over, with a note that names the source."""
        name_source(error, source)
        self._errors.append(error)

    def step(self, timeout: float | None = None) -> bool:
        """Do one turn, and say whether anything ref'd is left (`alive`).

        Waits for at most `timeout` seconds for something to happen; with None for as long as it takes, but not at all
        when nothing ref'd is left. A timer, or a callback that was put off, is something that happens.

        What listeners raised comes out when the turn is over: one exception as itself, several as an ExceptionGroup in
        the order they came. A KeyboardInterrupt or SystemExit comes out at once; what was not called back by then is in
        the next turn.
        """
        if self.closed or self._own_thread != _this_thread():
            self.check()
        if self._turning:
            raise RuntimeError("step() and run() can't be called from a callback of the same driver")
        self._turning = True
        try:
            self.turn(timeout)
        finally:
            self._turning = False
        if self._errors:
            self._raise_reported()
        return self.active > 0 or self.alive  # what is mostly so, without a detour

    def run(self) -> None:
        """Turn until nothing ref'd is left.

        Ctrl-C lets the turn come to its end, and then raises KeyboardInterrupt; a second one, for a listener that
        doesn't return, raises it on the spot. That is so on the main thread, unless the program has a handler of its
        own for SIGINT.
        """
        self.check()
        with interruptible(self.wake_up_fd) as interrupted:
            while self.step() and not interrupted():
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used. The first who comes here brings the driver its thread."""
        here: object = _this_thread()  # an object: compiled, an int is taken apart
        if self._own_thread != here or self.closed:
            if self.closed:
                raise self.complaint()
            if self._own_thread is not None:
                raise RuntimeError(
                    f"this {type(self).__name__} is used on another thread; call_soon_threadsafe() is how to reach it "
                    "from here"
                )
            self._own_thread = here

    def _raise_reported(self) -> None:
        errors, self._errors = self._errors, []
        if len(errors) == 1:
            raise errors[0]
        raise BaseExceptionGroup("several listeners failed in one turn", errors)
