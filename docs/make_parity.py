"""Write docs/node-parity.md: what shows that each member of node:net, and each behaviour of Node, is here.

The members are those of `tests/parity/members.py`, the behaviours those of `tests/node/catalogue.py`; scenarios, tests
and the listed differences are read from the repository. Nothing is run.

python docs/make_parity.py          writes the page
python docs/make_parity.py --check  says whether it is stale (exit code 1)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.node.catalogue import IDS, SECTIONS, TITLES, all_scenarios
from tests.node.differences import DELIBERATE, PENDING, known_differences, told_differences
from tests.node.words import Scenario
from tests.parity.evidence import ALWAYS_LOOKED_AT, Mark, evidence
from tests.parity.members import MEMBERS, OWNERS, Member

PAGE = Path(__file__).resolve().parent / "node-parity.md"

TITLE_OF = {
    "": "The package",
    "connect": "Options of connect()",
    "Emitter": "Listeners, of sockets and servers",
    "listen": "Options of listen()",
}

MOST = 3
"""So many scenarios and tests are named in a row; the others are counted."""

NOTHING = "**nothing yet**"


def page() -> str:
    """The whole page, as it should be."""
    return "\n".join([*_head(), *_members(), *_behaviours(), ""])


def _head() -> Iterator[str]:
    counted = len(all_scenarios())
    yield "<!-- Made by docs/make_parity.py from the tests; don't edit. -->"
    yield ""
    yield "# Parity with Node"
    yield ""
    yield f"What node:net has, and what shows that it is here. A *scenario* is one of the {counted} in"
    yield "`tests/node/scenarios`, which are played on Node 26 and on sansnet and have to tell the same; where one"
    yield "tells something else, that stands word for word in [differences.md](differences.md), and the row says under"
    yield "which heading. A *test* is one in Python: `file::name`, from the folder `tests`. No row may be empty, and"
    yield "every public name has one: `tests/test_parity.py` sees to it."
    yield ""


# -------------------------------------------------------------------------------------------------------------- members


def _members() -> Iterator[str]:
    yield "## Member by member"
    yield ""
    yield "A scenario shows the members that its steps use: what it calls, reads, sets and gives, and the events that"
    yield "it waits for. Those that use the least else are named first. *Beyond Node* is what its `net` doesn't have."
    for owner in OWNERS:
        rows = [member for member in MEMBERS if member.owner == owner]
        yield ""
        yield f"### {TITLE_OF.get(owner, owner)}"
        yield ""
        yield "| member | | shown by |"
        yield "|---|---|---|"
        yield from (f"| {_name(member)} | {_remark(member)} | {_shown(member)} |" for member in rows)


def _name(member: Member) -> str:
    return (
        f"`'{member.name}'`" if member.kind == "event" else f"`{member.name}{'()' if member.kind == 'method' else ''}`"
    )


def _remark(member: Member) -> str:
    kind = member.kind if member.kind in ("event", "option") else ""
    return ", ".join(filter(None, [kind, "beyond Node" if member.beyond else ""]))


def _shown(member: Member) -> str:
    shown = evidence()[member.spelled]
    if member.spelled in ALWAYS_LOOKED_AT:
        return _row(["every scenario, at every entry", *_tests(shown.tests)])
    return _row([*_scenarios(shown.scenarios), *_tests(shown.tests)])


# ----------------------------------------------------------------------------------------------------------- behaviours


def _behaviours() -> Iterator[str]:
    yield ""
    yield "## Behaviour by behaviour"
    yield ""
    yield "The ids are those that scenarios and tests name; the titles say only what each is about."
    for letter, (title, _) in SECTIONS.items():
        yield ""
        yield f"### {letter}: {title}"
        yield ""
        yield "| | behaviour | shown by |"
        yield "|---|---|---|"
        for identifier in IDS:
            if identifier[0] == letter:
                yield f"| {identifier} | {_escaped(TITLES[identifier])} | {_behaviour(identifier)} |"


def _behaviour(identifier: str) -> str:
    shown = evidence()[identifier]
    told = told_differences(DELIBERATE).get(identifier)
    reason = [f"[{told.heading}](differences.md#{_anchor(told.heading)}): {_escaped(told.reason)}"] if told else []
    return _row([*_scenarios(shown.scenarios), *_tests(shown.tests), *reason])


# ----------------------------------------------------------------------------------------------------------------- rows


def _row(parts: Iterable[str]) -> str:
    return "; ".join(parts) or NOTHING


def _scenarios(scenarios: list[Scenario]) -> Iterator[str]:
    deliberate, pending = known_differences(DELIBERATE), known_differences(PENDING)
    for scenario in scenarios[:MOST]:
        known = deliberate.get(scenario.name)
        heading = f" ([{known.heading}](differences.md#{_anchor(known.heading)}))" if known else ""
        mending = " (differs, and is to be mended)" if scenario.name in pending else ""
        yield f"“{_escaped(scenario.name)}”{heading}{mending}"
    if len(scenarios) > MOST:
        yield f"{len(scenarios) - MOST} more scenarios" if len(scenarios) > MOST + 1 else "another scenario"


def _tests(marks: list[Mark]) -> Iterator[str]:
    names = list(dict.fromkeys(f"`{mark.file}::{mark.test}`" if mark.test else f"`{mark.file}`" for mark in marks))
    yield from names[:MOST]
    if len(names) > MOST:
        yield f"{len(names) - MOST} more tests" if len(names) > MOST + 1 else "another test"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main() -> int:
    """Write the page, or check it."""
    if "--check" in sys.argv[1:]:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page()
        if stale:
            print(f"{PAGE.name} is stale: run python docs/make_parity.py")
        return int(stale)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
