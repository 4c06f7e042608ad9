"""Write docs/states.md from the tables of `sansnet.state`: the diagrams, the coupling rules, the inputs.

python docs/make_states.py          writes the page
python docs/make_states.py --check  says whether it is stale (exit code 1)
"""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sansnet.state import SERVER_INPUTS, SOCKET_INPUTS, SocketMachine
from sansnet.state.inputs import Input, Owes
from sansnet.state.phases import MOVES, Flight, Flow, Link, Listen, Read, Write
from sansnet.testing.annotated import as_written

PAGE = Path(__file__).resolve().parent / "states.md"

SOCKET_PARTS: tuple[tuple[type[enum.Enum], str], ...] = (
    (Link, "The link: is there a connection?"),
    (Read, "The read half"),
    (Write, "The write half"),
    (Flow, "Who moves data out of the read buffer"),
    (Flight, "The bytes that left the write queue"),
)
SERVER_PARTS: tuple[tuple[type[enum.Enum], str], ...] = ((Listen, "The listener"),)


def page() -> str:
    """The whole page, as it should be."""
    return "\n".join(
        [
            *_head(),
            *_parts(SOCKET_PARTS),
            *_coupling(),
            *_inputs("socket", SOCKET_INPUTS, Link),
            "",
            "# The states of a server",
            "",
            *_parts(SERVER_PARTS),
            *_inputs("server", SERVER_INPUTS, Listen),
            "",
        ]
    )


def _head() -> Iterator[str]:
    yield "<!-- Made by docs/make_states.py from sansnet/state; don't edit. -->"
    yield ""
    yield "# The states of a socket"
    yield ""
    yield "A socket is a product of small machines. The moves of each are a table (`sansnet/state/phases.py`); what"
    yield "couples them is one function (`_settle()` in `sansnet/state/socket.py`)."
    yield ""


def _parts(parts: tuple[tuple[type[enum.Enum], str], ...]) -> Iterator[str]:
    for phases, title in parts:
        yield f"## {title}"
        yield ""
        yield "```mermaid"
        yield "stateDiagram-v2"
        yield from (f"    {phase.name}: {phase.value}" for phase in phases)
        yield f"    [*] --> {_first(phases).name}"
        for phase in phases:
            yield from (f"    {phase.name} --> {to.name}" for to in MOVES[phase])
            if not MOVES[phase]:
                yield f"    {phase.name} --> [*]"
        yield "```"
        yield ""


def _first(phases: type[enum.Enum]) -> enum.Enum:
    """Where a fresh machine is: the first phase, but for the halves, whose first is "there is no such half"."""
    members = list(phases)
    return members[1] if phases in (Read, Write) else members[0]


def _coupling() -> Iterator[str]:
    yield "## What couples them"
    yield ""
    yield inspect.cleandoc(inspect.getdoc(as_written(vars(SocketMachine)["_settle"])) or "")
    yield ""


def _inputs(machine: str, inputs: Mapping[str, Input], phases: type[enum.Enum]) -> Iterator[str]:
    yield f"## The inputs of a {machine}"
    yield ""
    yield 'A report that answers nothing is misuse in every phase; "answers" says what it must answer.'
    yield ""
    yield f"| input | by | answers | {' | '.join(phase.value for phase in phases)} |"
    yield f"|---|---|---|{'---|' * len(phases)}"
    for name, given in inputs.items():
        answers = "" if given.owes is Owes.NOTHING else given.owes.value
        verdicts = " | ".join(given.verdicts[phase].value for phase in phases)
        yield f"| `{name}` | {given.by.value} | {answers} | {verdicts} |"
    yield ""


def main() -> int:
    """Write the page, or check it."""
    if "--check" in sys.argv[1:]:
        stale = not PAGE.exists() or PAGE.read_text() != page()
        if stale:
            print(f"{PAGE.name} is stale: run python docs/make_states.py")
        return int(stale)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
