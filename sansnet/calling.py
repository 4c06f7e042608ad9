"""Calling what users gave us: a function may take fewer arguments than it is offered, as in JavaScript.

`server.close(lambda: print("closed"))` is what a Node programmer writes, and `socket.on("close", stop)`; neither cares
for the argument that there would be.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_COROUTINE, CO_VARARGS
from types import FunctionType, MethodType
from typing import Any, Final, final

__all__ = ["Fewer", "fitted", "is_async"]


def fitted(function: Callable[..., object], offered: int) -> Callable[..., object]:
    """`function`, or, if it plainly takes fewer positional arguments than `offered`, one that drops the rest.

    Plainly: functions and methods written in Python, without `*args`. Of others it isn't known, and they get all.
    """
    bound, plain = 0, function
    if isinstance(function, MethodType):
        bound, plain = 1, function.__func__
    if not isinstance(plain, FunctionType):
        return function
    code = plain.__code__
    taken = code.co_argcount - bound
    return function if code.co_flags & CO_VARARGS or taken >= offered else Fewer(function, max(taken, 0))


def is_async(function: object) -> bool:
    """Is it plainly an `async def`?"""
    plain = function.__func__ if isinstance(function, MethodType) else function
    return isinstance(plain, FunctionType) and bool(plain.__code__.co_flags & CO_COROUTINE)


@final
class Fewer:
    """Calls `function` with the first of its arguments only."""

    __slots__ = ("_count", "function")

    def __init__(self, function: Callable[..., object], count: int) -> None:
        self.function: Final = function
        self._count: Final = count

    def __call__(self, *args: Any) -> None:
        """So many of them."""
        self.function(*args[: self._count])
