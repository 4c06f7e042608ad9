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
    """`contract.ListenerHandle` over a door: one accept after the other."""

    __slots__ = ("_accepting", "_door", "_sink", "_waits")

    def __init__(self, driver: CompletionDriver, door: Door, sink: ListenerSink) -> None:
        super().__init__(driver)
        self._door: Door | None = door
        self._sink: Final = sink
        self._accepting = False
        self._waits = False  # an accept is in flight
        self._hold()

    def start_accept(self) -> None:
        if not self._accepting and not self._closed:
            self._accepting = True
            if not self._waits:
                self._accept()

    def stop_accept(self) -> None:
        self._accepting = False

    def _accept(self) -> None:
        assert self._door is not None
        self._waits = True
        self._door.accept(self._has_accepted)

    def _has_accepted(self, answer: Channel | Fault) -> None:
        goes_on = self._driver.begin()
        self._waits = False
        if self._closed or not goes_on:
            if not isinstance(answer, Fault):
                answer.close(False)
            self._end()
            return
        if isinstance(answer, Fault):
            self._sink.accept_failed(answer)
        else:
            self._sink.accepted(CompletionSocket(self._driver, answer))
        if self._accepting and not self._waits and not self._closed:
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

    def local_name(self) -> Endpoint | None:
        return None if self._door is None else self._door.local_name()

    def fileno(self) -> int:
        return -1 if self._door is None else self._door.fileno()
