"""Files that are there whole, or not at all."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

__all__ = ["collected_file", "new_file"]

_numbers: Final = itertools.count(1)


@contextlib.contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Write a text file under another name beside it, and give it its own when the block is done.

    A block that raises leaves what was there before. What is no regular file (a pipe, a terminal) is written to as it
    is. Raises OSError.

    A process that is killed leaves the other file behind, with what had been written by then.
    """
    target = Path(path).resolve()  # of a link, what it leads to
    if _is_special(target):
        with target.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        return
    part = _beside(target)
    try:
        with part.open("x", encoding="utf-8", newline="\n") as out:
            yield out
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def collected_file(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """The same for what isn't long, and takes long to be found out: it is kept in memory until the block is done.

    So a process that is killed meanwhile leaves nothing behind. That there can be no such file is told at once.
    """
    target = Path(path).resolve()
    if _is_special(target):
        with new_file(target) as special:
            yield special
        return
    attempt = _beside(target)
    attempt.open("x", encoding="utf-8").close()
    attempt.unlink()
    collected = io.StringIO()
    yield collected
    with new_file(target) as out:
        out.write(collected.getvalue())


def _is_special(target: Path) -> bool:
    return target.exists() and not target.is_file()


def _beside(target: Path) -> Path:
    """A name that nobody has, in the same folder."""
    return target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")
