"""What a demonstration writes: headings, what happens as it happens, progress, and a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, TextIO

__all__ = ["Progress", "Screen", "table"]

_WIDTH: Final = 40
_REDRAW: Final = 0.1  # seconds


class Screen:
    """A terminal, a file, or nothing at all.

    On a terminal a bar may stand in the last line; whatever is said next takes its place.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._in_bar = False
        self.is_tty: Final = out is not None and out.isatty()

    def title(self, text: str) -> None:
        """Begin a part."""
        self.say(f"\n== {text}")

    def say(self, text: str) -> None:
        """One line."""
        self._write(f"{text}\n")
        self._in_bar = False

    def bar(self, text: str) -> None:
        """Put `text` into the last line, in the place of what stood there."""
        self._write(text)
        self._in_bar = True

    def clear_bar(self) -> None:
        """Take the bar away."""
        self._write("")
        self._in_bar = False

    def _write(self, text: str) -> None:
        print(f"\r\033[K{text}" if self._in_bar else text, end="", file=self._out, flush=True)


class Progress:
    """How far something is: a bar on a terminal, a line for each quarter elsewhere."""

    def __init__(self, screen: Screen, total: int) -> None:
        self._screen = screen
        self._total = total
        self._drawn = time.monotonic()
        self._quarter = 0

    def at(self, done: int) -> None:
        """So much is done."""
        if self._screen.is_tty:
            self._draw(done)
        elif done * 4 // self._total > self._quarter:
            self._quarter = done * 4 // self._total
            self._screen.say(f"   {self._quarter * 25:3} %")

    def over(self) -> None:
        """All of it is."""
        if self._screen.is_tty:
            self._screen.clear_bar()

    def _draw(self, done: int) -> None:
        now = time.monotonic()
        if now - self._drawn >= _REDRAW:
            self._drawn = now
            filled = _WIDTH * done // self._total
            bar = "#" * filled + "-" * (_WIDTH - filled)
            self._screen.bar(f"   [{bar}] {100 * done // self._total:3} %")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[str]) -> list[str]:
    """The rows as lines, in columns; those of `numeric` are flush right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        placed = [
            cell.rjust(width) if name in numeric else cell.ljust(width)
            for name, cell, width in zip(head, cells, widths, strict=True)
        ]
        return "  ".join(placed).rstrip()

    return [line(head), "  ".join("-" * width for width in widths), *map(line, rows)]
