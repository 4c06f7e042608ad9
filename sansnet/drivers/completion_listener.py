"""The listeners of the completion family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..state.endpoints import Endpoint
from ..state.faults import Fault
from .completion_handle import CompletionHandle
from .completion_socket import CompletionSocket

if TYPE_CHECKING:
    from .completion import CompletionDriver
    from .contract import ListenerSink
    from .proactor import Channel, Door

__all__ = ["CompletionListener"]


@final
class CompletionListener(CompletionHandle):
    """`contract.ListenerHandle` over a door: one accept after the other.

    A connection that comes although nobody wants one any more is kept for the time when somebody does: to the peer it
    is one that waits in the backlog.
    """

    __slots__ = ("_accepting", "_door", "_kept", "_sink", "_waits")

    def __init__(self, driver: CompletionDriver, door: Door, sink: ListenerSink) -> None:
        super().__init__(driver)
        self._door: Door | None = door
        self._sink: Final = sink
        self._accepting = False
        self._waits = False  # an accept is in flight
        self._kept: Channel | None = None
        self._hold()

    def start_accept(self) -> None:
        if not self._accepting and not self._closed:
            self._accepting = True
            if self._kept is not None:
                self._driver.call_soon(self._hand_over)
            elif not self._waits:
                self._accept()

    def stop_accept(self) -> None:
        self._accepting = False

    def _accept(self) -> None:
        assert self._door is not None
        self._waits = True
        self._door.accept(self._has_accepted)

    def _has_accepted(self, answer: Channel | Fault) -> None:
        was_closed = self._closed
        goes_on = self._driver.begin()
        self._waits = False
        if self._closed or not goes_on:
            if not isinstance(answer, Fault):
                answer.close(True)
            if was_closed:
                self._end()
            elif goes_on:
                self._driver.call_soon(self._end)
        elif isinstance(answer, Fault):
            try:
                if self._accepting:
                    self._sink.accept_failed(answer)
            finally:  # an interrupt must not end the accepting
                self._go_on()
        else:
            self._kept = answer
            self._hand_over()

    def _hand_over(self) -> None:
        """The connection that came, if it is still there and wanted."""
        if self._kept is not None and self._accepting:
            kept, self._kept = self._kept, None
            try:
                self._sink.accepted(CompletionSocket(self._driver, kept))
            finally:
                self._go_on()

    def _go_on(self) -> None:
        if self._accepting and not (self._closed or self._waits or self._kept):
            self._accept()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._accepting = False
        self._give_back()
        if not self._waits:
            self._driver.call_soon(self._end)

    def _end(self) -> None:
        if self._is_forgotten():
            return
        self._forget()
        self._drop()
        self._sink.listener_closed()

    def _give_back(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._kept is not None:
            self._kept.close(True)
            self._kept = None

    def local_name(self) -> Endpoint | None:
        return None if self._door is None else self._door.local_name()

    def fileno(self) -> int:
        return -1 if self._door is None else self._door.fileno()
