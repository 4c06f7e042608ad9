"""What differs and is known to: read from the pages that tell people of it.

`docs/differences.md` has what is deliberate, `pending.md` beside this file what is to be mended. Both show, under each
of their headings, what the traces of a scenario look like, as a block that begins with

    ```diff the name of the scenario

and has the lines that differ: Node's with -, ours with +. The comparison demands exactly that block.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["DELIBERATE", "PENDING", "Known", "known_differences"]

_HERE: Final = Path(__file__).resolve().parent
DELIBERATE: Final = _HERE.parent.parent / "docs" / "differences.md"
PENDING: Final = _HERE / "pending.md"

_PART: Final = re.compile(r"^## (?P<heading>.+)$|^```diff (?P<scenario>.+)\n(?P<lines>(?:.*\n)*?)```$", re.MULTILINE)


class Known(NamedTuple):
    """The differences of one scenario."""

    heading: str
    lines: list[str]


def known_differences(page: Path) -> dict[str, Known]:
    """By the name of the scenario."""
    found: dict[str, Known] = {}
    heading = ""
    for part in _PART.finditer(page.read_text(encoding="utf-8")):
        if part["heading"]:
            heading = part["heading"]
        else:
            name = part["scenario"].strip()
            assert name not in found, f"{page.name} has two blocks for {name!r}"
            found[name] = Known(heading, part["lines"].splitlines())
    return found
