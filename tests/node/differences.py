"""What differs and is known to: read from the pages that tell people of it.

`docs/differences.md` has what is deliberate, `pending.md` beside this file what is to be mended. Both show, under each
of their headings, what the traces of a scenario look like, as a block that begins with

    ```diff the name of the scenario

and has the lines that differ: Node's with -, ours with +. The comparison demands exactly that block.

What can't be shown by a scenario is a line of a list that begins with its id in the catalogue, or with several:

    - **A-23**, **A-25**: the reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["DELIBERATE", "PENDING", "Known", "Told", "known_differences", "told_differences"]

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


_ITEM: Final = re.compile(
    r"^- (?P<ids>\*\*[A-Z]-\d\d\*\*(?:(?:, | and )\*\*[A-Z]-\d\d\*\*)*)(?P<reason>.*(?:\n  .*)*)", re.MULTILINE
)


class Told(NamedTuple):
    """Why an item of the catalogue is otherwise here, or isn't here at all."""

    heading: str
    reason: str


def told_differences(page: Path) -> dict[str, Told]:
    """By the id of the item. An id that is told of twice is an error."""
    found: dict[str, Told] = {}
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        for item in _ITEM.finditer(text):
            reason = " ".join(item["reason"].split()).lstrip(" :,")
            for identifier in re.findall(r"[A-Z]-\d\d", item["ids"]):
                assert identifier not in found, f"{page.name} tells of {identifier} twice"
                found[identifier] = Told(heading, reason)
    return found
