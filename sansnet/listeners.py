"""What the listeners of each event are given, for type checkers. At run time sockets and servers are plain `Emitter`s.

A listener that doesn't fit its event is an error then, and so is an event that doesn't exist. A listener that takes
whatever comes (`*args`) fits every event, and every text: one that logs, or one of an event of your own.

Listeners of 'error' may expect exceptions of any class, those of 'data' bytes or text, those of 'close' a bool: it is
None only for a socket that never had a connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar, overload

from .events import Emitter

if TYPE_CHECKING:
    from .server import DropInfo
    from .signatures import typed_as
    from .socket import Socket

__all__ = ["AnyListener", "ServerListeners", "SocketListeners"]


class AnyListener(Protocol):
    """Takes whatever it is given."""

    def __call__(self, *args: object) -> object: ...


if TYPE_CHECKING:
    _AnyEvent = TypeVar("_AnyEvent", bound=AnyListener)

    SocketEvent = Literal[
        "connect", "ready", "readable", "end", "prefinish", "finish", "drain", "timeout", "pause", "resume"
    ]

    # A listener may take fewer arguments than it is offered. And of each number there are two, for the sake of mypy: of
    # a single Callable it takes the parameters of a lambda, and refuses one that has more, such as a loop's
    # `lambda name=name: …`.
    OnEvent = Callable[[], object] | Callable[[], None]
    OnData = Callable[[bytes], object] | Callable[[str], object] | OnEvent
    OnError = Callable[[Exception], object] | Callable[[Any], object] | OnEvent
    OnClose = Callable[[bool | None], object] | Callable[[bool], object] | OnEvent
    OnLookup = (
        Callable[[Exception | None, str | None, int | None, str], object]
        | Callable[[Exception | None, str | None, int | None, str], None]
        | Callable[[Exception | None, str | None, int | None], object]
        | Callable[[Exception | None, str | None], object]
        | Callable[[Exception | None], object]
        | OnEvent
    )
    OnPlace = Callable[[str], object] | Callable[[str, int | None], object] | Callable[[str, int], object] | OnEvent
    # Of a path there is neither port nor family.
    OnAttempt = Callable[[str, int | None, int | None], object] | Callable[[str, int, int], object] | OnPlace
    OnAttemptFailed = (
        Callable[[str, int | None, int | None, Any], object] | Callable[[str, int, int, Any], object] | OnAttempt
    )

    _OnEvent = TypeVar("_OnEvent", bound=OnEvent)
    _OnData = TypeVar("_OnData", bound=OnData)
    _OnError = TypeVar("_OnError", bound=OnError)
    _OnClose = TypeVar("_OnClose", bound=OnClose)
    _OnLookup = TypeVar("_OnLookup", bound=OnLookup)
    _OnAttempt = TypeVar("_OnAttempt", bound=OnAttempt)
    _OnAttemptFailed = TypeVar("_OnAttemptFailed", bound=OnAttemptFailed)

    class SocketListeners(Emitter):
        """The events of a socket. (An `Emitter` that knows its events takes less than any emitter.)"""

        __slots__ = ()

        @overload  # type: ignore[override]
        def on(self, event: SocketEvent, listener: OnEvent, /) -> Self: ...
        @overload
        def on(self, event: Literal["data"], listener: OnData, /) -> Self: ...
        @overload
        def on(self, event: Literal["error"], listener: OnError, /) -> Self: ...
        @overload
        def on(self, event: Literal["close"], listener: OnClose, /) -> Self: ...
        @overload
        def on(self, event: Literal["lookup"], listener: OnLookup, /) -> Self: ...
        @overload
        def on(
            self, event: Literal["connection_attempt", "connection_attempt_timeout"], listener: OnAttempt, /
        ) -> Self: ...
        @overload
        def on(self, event: Literal["connection_attempt_failed"], listener: OnAttemptFailed, /) -> Self: ...
        @overload
        def on(self, event: str, listener: AnyListener, /) -> Self: ...
        @overload
        def on(self, event: SocketEvent, /) -> Callable[[_OnEvent], _OnEvent]: ...
        @overload
        def on(self, event: Literal["data"], /) -> Callable[[_OnData], _OnData]: ...
        @overload
        def on(self, event: Literal["error"], /) -> Callable[[_OnError], _OnError]: ...
        @overload
        def on(self, event: Literal["close"], /) -> Callable[[_OnClose], _OnClose]: ...
        @overload
        def on(self, event: Literal["lookup"], /) -> Callable[[_OnLookup], _OnLookup]: ...
        @overload
        def on(
            self, event: Literal["connection_attempt", "connection_attempt_timeout"], /
        ) -> Callable[[_OnAttempt], _OnAttempt]: ...
        @overload
        def on(
            self, event: Literal["connection_attempt_failed"], /
        ) -> Callable[[_OnAttemptFailed], _OnAttemptFailed]: ...
        @overload
        def on(self, event: str, /) -> Callable[[_AnyEvent], _AnyEvent]: ...
        def on(self, event: str, /, *listener: Any) -> Any: ...

        @overload
        def prepend_listener(self, event: SocketEvent, listener: OnEvent, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["data"], listener: OnData, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["error"], listener: OnError, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["close"], listener: OnClose, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["lookup"], listener: OnLookup, /) -> Self: ...
        @overload
        def prepend_listener(
            self, event: Literal["connection_attempt", "connection_attempt_timeout"], listener: OnAttempt, /
        ) -> Self: ...
        @overload
        def prepend_listener(
            self, event: Literal["connection_attempt_failed"], listener: OnAttemptFailed, /
        ) -> Self: ...
        @overload
        def prepend_listener(self, event: str, listener: AnyListener, /) -> Self: ...
        def prepend_listener(self, event: str, listener: Any, /) -> Self: ...

        @typed_as(on)
        def once(self, event: str, /, *listener: Any) -> Any: ...  # type: ignore[override]

        @typed_as(prepend_listener)
        def prepend_once_listener(self, event: str, listener: Any, /) -> Self: ...

    ServerEvent = Literal["listening", "close"]
    OnConnection = Callable[[Socket], object] | Callable[[Socket], None] | OnEvent
    OnDrop = Callable[[DropInfo | None], object] | Callable[[DropInfo], object] | OnEvent  # None on a path only

    _OnConnection = TypeVar("_OnConnection", bound=OnConnection)
    _OnDrop = TypeVar("_OnDrop", bound=OnDrop)

    class ServerListeners(Emitter):
        """The events of a server."""

        __slots__ = ()

        @overload  # type: ignore[override]
        def on(self, event: ServerEvent, listener: OnEvent, /) -> Self: ...
        @overload
        def on(self, event: Literal["connection"], listener: OnConnection, /) -> Self: ...
        @overload
        def on(self, event: Literal["drop"], listener: OnDrop, /) -> Self: ...
        @overload
        def on(self, event: Literal["error"], listener: OnError, /) -> Self: ...
        @overload
        def on(self, event: str, listener: AnyListener, /) -> Self: ...
        @overload
        def on(self, event: ServerEvent, /) -> Callable[[_OnEvent], _OnEvent]: ...
        @overload
        def on(self, event: Literal["connection"], /) -> Callable[[_OnConnection], _OnConnection]: ...
        @overload
        def on(self, event: Literal["drop"], /) -> Callable[[_OnDrop], _OnDrop]: ...
        @overload
        def on(self, event: Literal["error"], /) -> Callable[[_OnError], _OnError]: ...
        @overload
        def on(self, event: str, /) -> Callable[[_AnyEvent], _AnyEvent]: ...
        def on(self, event: str, /, *listener: Any) -> Any: ...

        @overload
        def prepend_listener(self, event: ServerEvent, listener: OnEvent, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["connection"], listener: OnConnection, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["drop"], listener: OnDrop, /) -> Self: ...
        @overload
        def prepend_listener(self, event: Literal["error"], listener: OnError, /) -> Self: ...
        @overload
        def prepend_listener(self, event: str, listener: AnyListener, /) -> Self: ...
        def prepend_listener(self, event: str, listener: Any, /) -> Self: ...

        @typed_as(on)
        def once(self, event: str, /, *listener: Any) -> Any: ...  # type: ignore[override]

        @typed_as(prepend_listener)
        def prepend_once_listener(self, event: str, listener: Any, /) -> Self: ...

else:
    SocketListeners = ServerListeners = Emitter
