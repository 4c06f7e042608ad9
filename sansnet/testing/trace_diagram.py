"""Drawing a trace: a sequence diagram, as Mermaid text, as an SVG picture, or as a page with the picture in it.

    print(diagram(trace))                                    # for a Markdown file
    Path("trace.html").write_text(diagram(trace, "html"))    # for a browser, and no network

Two views. "machines" has the user on the left, the driver on the right, and the machines in between: what each was
asked, what it told whom. "ends" has the two ends of one connection, each with its user beside it: what one end sends
goes over to the other, where it arrives later, in pieces of its own.

A trace becomes a `Drawing`, lanes and messages between them; the formats differ in how they write that down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..state.effects import Effect, Notice, Op, Reply, Step, Timing, Turn
from ..state.inputs import By
from ..state.machine import Event
from ..state.ops import Close, Connect, Reset, Send, Shutdown
from .trace import Changed, Entry, Fed, Made, Opened, Trace
from .trace_ends import ends_of
from .trace_svg import Drawing, Message, html_of, svg_of
from .trace_words import place, printable, short, words_of, words_of_event

__all__ = ["FORMATS", "VIEWS", "diagram", "drawing"]

VIEWS: Final = ("machines", "ends")
_LIMIT: Final = 500
_LONGEST: Final = 64
_OVER_THE_WIRE: Final = (Connect, Send, Shutdown, Close, Reset)


def diagram(
    trace: Trace,
    format: str = "mermaid",
    *,
    view: str = "machines",
    names: Sequence[str] = (),
    turns: bool = False,
    limit: int | None = _LIMIT,
) -> str:
    """A sequence diagram.

    format: "mermaid", "svg" or "html". view: "machines" or "ends".
    names: the machines to draw; default all. For "ends" the two, or one of them, if the trace knows of the other;
    default the first two sockets that are connected to one another.
    turns: draw also how the machines go on by themselves, and the touching of the idle timer.
    limit: draw so many entries at most; None: all.

    Raises ValueError for a format, a view or a name that there isn't, and where no two ends are to be found.
    """
    if format not in _WRITERS:
        raise ValueError(f"no format {format!r}; there are {', '.join(FORMATS)}")
    return _WRITERS[format](drawing(trace, view=view, names=names, turns=turns, limit=limit))


def drawing(
    trace: Trace, *, view: str = "machines", names: Sequence[str] = (), turns: bool = False, limit: int | None = _LIMIT
) -> Drawing:
    """What is to be drawn; the arguments are those of `diagram`."""
    if view not in VIEWS:
        raise ValueError(f"no view {view!r}; there are {', '.join(VIEWS)}")
    for name in names:
        if name not in trace.names:
            raise ValueError(f"no {name!r} in the trace; there are {', '.join(trace.names) or 'none'}")
    if view == "ends":
        chosen: Sequence[str] = ends_of(trace, list(names))
        stage: _Machines = _Ends(tuple(chosen), turns)
    else:
        chosen = names or trace.names
        stage = _Machines(tuple(chosen), turns)
    entries = trace.of(*chosen).entries
    shown = entries if limit is None else entries[: max(0, limit)]
    messages = [message for number, entry in enumerate(shown) for message in stage.messages(number, entry)]
    return Drawing(tuple(map(_clean, stage.lanes)), tuple(messages), len(entries) - len(shown))


# ------------------------------------------------------------------------------------------------------------ the views


class _Machines:
    """The user, the machines, the driver."""

    def __init__(self, names: tuple[str, ...], turns: bool) -> None:
        self.lanes: tuple[str, ...] = ("user", *names, "driver")
        self._turns = turns

    def messages(self, group: int, entry: Entry) -> Iterator[Message]:
        """What one entry brings about; `group` tells the entries apart."""
        lane = self.lanes.index(entry.who)
        for source, target, style, text in self._arrows(lane, entry):
            yield Message(group, entry.at, source, target, style, _clean(text))

    def _arrows(self, lane: int, entry: Entry) -> Iterator[tuple[int, int, str, str]]:
        match entry:
            case Made():
                yield (self._maker(entry, lane), lane, "note", _beginning(entry))
            case Opened(_, _, local, remote):
                yield (lane, lane, "note", f"{place(local)} to {place(remote)}")
            case Changed(_, _, name, value):
                yield (self._user(lane), lane, "user", f"{name} = {short(value)}")
            case Fed():
                yield from self._input(lane, entry)
                yield from self._outcome(lane, entry)

    def _input(self, lane: int, fed: Fed) -> Iterator[tuple[int, int, str, str]]:
        text = words_of_event(fed.event)
        match fed.by:
            case By.USER:
                yield (self._user(lane), lane, "user", text)
            case By.DRIVER:
                yield (self._driver(lane), lane, "driver", text)
            case By.LOOP:
                if self._turns:
                    yield (lane, lane, "turn", _turn(fed.event) or text)

    def _outcome(self, lane: int, fed: Fed) -> Iterator[tuple[int, int, str, str]]:
        user = self._user(lane)
        if fed.crash:
            yield (lane, lane, "wrong", f"breaks: {fed.crash}")
        elif fed.misuse is not None:
            yield (lane, user if fed.by is By.USER else lane, "wrong", f"misuse: {short(fed.misuse)}")
        for effect in fed.effects:
            match effect:
                case Notice():
                    yield (lane, user, "notice", words_of(effect))
                case Reply():
                    yield (lane, user, "reply", words_of(effect))
                case Op() | Timing():
                    yield from self._op(lane, effect)
                case Turn():
                    pass  # it is seen when it comes
                case _:
                    raise AssertionError(f"an effect of no family: {effect!r}")

    def _op(self, lane: int, effect: Effect) -> Iterator[tuple[int, int, str, str]]:
        if isinstance(effect, Op):
            yield (lane, self._driver(lane), "op", words_of(effect))
        elif self._turns or type(effect).__name__ != "Touch":
            yield (lane, self._driver(lane), "timing", words_of(effect))

    def _maker(self, made: Made, lane: int) -> int:
        return self.lanes.index(made.server) if made.server in self.lanes else lane

    def _user(self, _lane: int) -> int:
        return 0

    def _driver(self, _lane: int) -> int:
        return len(self.lanes) - 1


def _turn(event: Event) -> str:
    """What a turn of the machine's own is for, in words."""
    step = event.args[0] if event.args else None
    return f"{step.name}: {step.value}" if isinstance(step, Step) else ""


class _Ends(_Machines):
    """A user, one end; the other end, its user."""

    def __init__(self, names: tuple[str, ...], turns: bool) -> None:
        super().__init__(names, turns)
        self.lanes = (f"user of {names[0]}", *names, f"user of {names[1]}")

    def _op(self, lane: int, effect: Effect) -> Iterator[tuple[int, int, str, str]]:
        if isinstance(effect, _OVER_THE_WIRE):
            yield (lane, 3 - lane, "op", words_of(effect))
        elif self._turns:
            yield (lane, lane, "timing" if isinstance(effect, Timing) else "op", words_of(effect))

    def _maker(self, made: Made, lane: int) -> int:
        return lane

    def _user(self, lane: int) -> int:
        return 0 if lane == 1 else 3

    def _driver(self, lane: int) -> int:
        return lane


def _beginning(made: Made) -> str:
    facts = [f"{name}={short(value)}" for name, value in made.state.items()]
    if made.server:
        facts.insert(0, f"accepted by {made.server}")
    if made.after:
        facts.insert(0, f"takes up after {made.after}")
    return f"begins: {', '.join(facts)}" if facts else "begins"


def _clean(text: str) -> str:
    """In one line, without what no picture can show, and not too long."""
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# ---------------------------------------------------------------------------------------------------------- the formats

_MERMAID_ARROWS: Final = {"user": "->>", "driver": "->>", "reply": "-->>", "notice": "-->>", "note": "-->>"}


def _mermaid_of(picture: Drawing) -> str:
    """Mermaid's own syntax: https://mermaid.js.org/syntax/sequenceDiagram.html."""
    lines = ["sequenceDiagram"]
    lines += [f"    participant p{number} as {_escaped(lane)}" for number, lane in enumerate(picture.lanes)]
    for message in picture.messages:
        if message.source == message.target and message.style in ("note", "wrong"):
            lines.append(f"    Note over p{message.source}: {_escaped(message.text)}")
        else:
            arrow = _MERMAID_ARROWS.get(message.style, "-)")
            lines.append(f"    p{message.source}{arrow}p{message.target}: {_escaped(message.text)}")
    if picture.left_out:
        last = len(picture.lanes) - 1
        lines.append(f"    Note over p0,p{last}: and {picture.left_out} more entries")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"[#;<>]", lambda match: f"#{ord(match[0])};", text)


_WRITERS: Final[dict[str, Callable[[Drawing], str]]] = {"mermaid": _mermaid_of, "svg": svg_of, "html": html_of}
FORMATS: Final = tuple(_WRITERS)
