"""Whose fault it is that a search can't go on: the model's, and not that of the machines in it."""

from __future__ import annotations

import traceback
from collections.abc import Callable

__all__ = ["BadModel", "blame", "blame_law", "truth"]


class BadModel(TypeError):
    """It can't be explored: something is missing, or raises, or can't be sent to where it should be explored."""

    def __init__(self, message: str, trouble: str = "") -> None:
        super().__init__(message, trouble)  # both, so that it can be sent from where a worker met it
        self.trouble = trouble
        """The traceback of what the model raised, from its own code on; empty if it raised nothing."""

    def __str__(self) -> str:
        return str(self.args[0])


def blame(what: str, error: Exception) -> BadModel:
    """What to raise where a part of a model, such as "package.MODEL.key()", or a law, has raised.

    A machine that raises refutes a law; but these are asked about worlds, and do nothing to a machine. To be called
    where the exception is caught, right around the call.
    """
    if isinstance(error, BadModel):
        return error
    theirs = error.__traceback__.tb_next if error.__traceback__ is not None else None
    trouble = "".join(traceback.format_exception(type(error), error, theirs)).rstrip()
    return BadModel(f"{what} raises {type(error).__name__}: {error}".rstrip(": "), trouble)


def truth(function: Callable[..., object], *arguments: object) -> object:
    """What a function of a law says. Raises BadModel if it raises: a law that is broken says False."""
    try:
        return function(*arguments)
    except Exception as error:
        raise blame_law(function, error) from error


def blame_law(function: Callable[..., object], error: Exception) -> BadModel:
    """What to raise where a function of a law has raised; to be called as `blame` is."""
    return blame(f"the law {_name_of(function)}", error)


def _name_of(function: Callable[..., object]) -> str:
    """What a function is called; of one without a name, where it is."""
    name: str = getattr(function, "__name__", "") or f"{function!r:.80}"
    code = getattr(function, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if name == "<lambda>" and code is not None else name
