"""Whose listener it was: exceptions that surface far from it say so."""

from __future__ import annotations

__all__ = ["name_source", "words_for"]


def words_for(source: object) -> str:
    """What to say of an exception that nobody has handled."""
    try:
        name = repr(source)
    except Exception:  # the user's own class
        name = object.__repr__(source)
    return f"Unhandled 'error', or exception in a listener, of {name}"


def name_source(error: BaseException, source: object) -> None:
    """Let its traceback name the socket or the server that was listened to, if there is one."""
    if source is not None and (words := words_for(source)) not in getattr(error, "__notes__", ()):
        error.add_note(words)
