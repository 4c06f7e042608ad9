"""What the sockets and the listeners of the completion family share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .completion import CompletionDriver

__all__ = ["CompletionHandle"]


class CompletionHandle:
    """What keeps its driver alive, as long as the system could still report something on it."""

    __slots__ = ("_closed", "_driver", "_holds", "_refd")

    def __init__(self, driver: CompletionDriver) -> None:
        self._driver: Final = driver
        self._holds = 0
        self._refd = True
        self._closed = False
        driver.handles[self] = None

    def ref(self) -> None:
        if not self._refd:
            self._refd = True
            self._driver.active += self._holds

    def unref(self) -> None:
        if self._refd:
            self._refd = False
            self._driver.active -= self._holds

    def _hold(self) -> None:
        self._holds += 1
        if self._refd:
            self._driver.active += 1

    def _drop(self) -> None:
        self._holds -= 1
        if self._refd:
            self._driver.active -= 1

    def abandon(self) -> None:
        """Give everything back to the system, and report nothing: the driver is being closed."""
        self._closed = True
        self._give_back()
        self._forget()

    def _give_back(self) -> None:
        """To the system, at once."""
        raise NotImplementedError

    def _forget(self) -> None:
        """There is nothing left to report."""
        self._driver.handles.pop(self, None)

    def _is_forgotten(self) -> bool:
        return self not in self._driver.handles
