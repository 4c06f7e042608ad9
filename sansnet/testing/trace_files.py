"""Files that are there whole, or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

__all__ = ["new_file"]

_numbers: Final = itertools.count(1)


@contextlib.contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Write a text file under another name beside it, and give it its own when the block is done.

    A block that raises leaves what was there before. What is no regular file (a pipe, a terminal) is written to as it
    is. Raises OSError.
    """
    target = Path(path).resolve()  # of a link, what it leads to
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as out:
            yield out
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
