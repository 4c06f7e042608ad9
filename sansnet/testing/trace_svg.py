"""Sequence diagrams as SVG, and as a page around it: no script, no font, no picture from elsewhere.

Layout: a column for the time, then the lanes. Each gap between two lanes is as wide as the longest text on an arrow
across it; an arrow over several gaps shares its width among them. Text is set in a fixed pitch, so its width is known.
A row is a message; the rows of one entry stand on one band.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["Drawing", "Message", "html_of", "svg_of"]


class Message(NamedTuple):
    """An arrow from lane to lane, by their numbers. `group` is the entry that it belongs to, `at` when that was."""

    group: int
    at: float
    source: int
    target: int
    style: str  # one of STYLES
    text: str


class Drawing(NamedTuple):
    """Lanes, and messages from top to bottom. `left_out` is the number of entries that there were too many."""

    lanes: tuple[str, ...]
    messages: tuple[Message, ...]
    left_out: int = 0


STYLES: Final[dict[str, tuple[str, str, str]]] = {
    # what it is called, its colour on white, and on black
    "user": ("the user asks", "#1d4ed8", "#7aa2f7"),
    "notice": ("the user is told", "#7e22ce", "#c792ea"),
    "reply": ("a call returns", "#64748b", "#94a3b8"),
    "op": ("the driver is asked", "#b45309", "#e0a050"),
    "timing": ("a timer is set", "#a8741a", "#c9a96a"),
    "driver": ("the driver reports", "#15803d", "#7fc98b"),
    "turn": ("the machine goes on", "#94a3b8", "#64748b"),
    "note": ("it begins, it is open", "#64748b", "#94a3b8"),
    "wrong": ("misuse, or it breaks", "#dc2626", "#ff7b72"),
}
_DASHED: Final = ("notice", "reply", "note")

_PITCH: Final = 7.25  # pixels a character, at 12 pixels
_ROW: Final = 24
_TOP: Final = 70
_TIMES: Final = 100
_NARROWEST: Final = 120
_LOOP: Final = 34  # how far an arrow to its own lane reaches out
_MONO: Final = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def svg_of(picture: Drawing) -> str:
    """The picture, as a file of its own."""
    return _svg(picture, standalone=True)


def html_of(picture: Drawing) -> str:
    """A page that shows the picture."""
    machines = ", ".join(picture.lanes)
    count = f"{len(picture.messages)} messages between {len(picture.lanes)} parties"
    return "\n".join([
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # Nothing may be loaded, so nothing is.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Trace: {escape(machines)}</title>",
        f"<style>{_PAGE_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>Trace</h1><p>{escape(count)}: {escape(machines)}.{_left_out(picture)}</p>",
        f'<p class="legend">{_html_legend(picture)}</p>',
        f"<main>{_svg(picture, standalone=False)}</main>",
        "</body>",
        "</html>",
        "",
    ])  # fmt: skip


def _left_out(picture: Drawing) -> str:
    return f" {picture.left_out} more entries are not drawn." if picture.left_out else ""


def _html_legend(picture: Drawing) -> str:
    return " ".join(f'<span class="{style}">{escape(words)}</span>' for style, words in _legend(picture))


def _legend(picture: Drawing) -> list[tuple[str, str]]:
    """The styles that are in the picture, and what each means."""
    used = {message.style for message in picture.messages}
    return [(style, words) for style, (words, _, _) in STYLES.items() if style in used]


# ---------------------------------------------------------------------------------------------------------- the picture


def _svg(picture: Drawing, *, standalone: bool) -> str:
    columns, width = _columns(picture)
    bottom = _TOP + _ROW * len(picture.messages) + 10
    height = bottom + (80 if standalone else 46)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}"'
        ' role="img">',
        f"<title>Sequence diagram: {escape(', '.join(picture.lanes))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width:g}" height="{height}"/>',
        f"<defs>{''.join(_markers())}</defs>",
        *_bands(picture, width),
        *_lifelines(picture, columns, bottom),
        *_rows(picture, columns),
        *_notes_below(picture, bottom, standalone),
        "</svg>",
    ]) + ("\n" if standalone else "")  # fmt: skip


def _columns(picture: Drawing) -> tuple[list[float], float]:
    """Where each lane is, and the width of the whole."""
    gaps = [max(_NARROWEST, _box(one) / 2 + _box(other) / 2 + 20) for one, other in pairwise(picture.lanes)]
    gaps.append(_box(picture.lanes[-1]) / 2 + 20)  # right of the last lane
    for message in sorted(picture.messages, key=lambda message: abs(message.source - message.target)):
        first, last = sorted((message.source, message.target))
        need = len(message.text) * _PITCH + (36 if first != last else _LOOP + 20)
        span = range(first, max(last, first + 1))
        missing = need - sum(gaps[number] for number in span)
        for number in span:
            gaps[number] += max(0.0, missing) / len(span)
    columns = [_TIMES + _box(picture.lanes[0]) / 2]
    for gap in gaps:
        columns.append(round(columns[-1] + gap, 1))
    return columns[:-1], columns[-1]


def _box(lane: str) -> float:
    return len(lane) * _PITCH * 1.1 + 28


def _markers() -> Iterator[str]:
    for style in STYLES:
        yield (
            f'<marker id="to-{style}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
            f' orient="auto-start-reverse"><path class="head {style}" d="M0 1 10 5 0 9z"/></marker>'
        )


def _bands(picture: Drawing, width: float) -> Iterator[str]:
    """Every other entry stands on a darker band."""
    parity, last = False, None
    for row, message in enumerate(picture.messages):
        parity, last = (parity if message.group == last else not parity), message.group
        if parity:
            yield f'<rect class="band" y="{_TOP + row * _ROW}" width="{width:g}" height="{_ROW}"/>'


def _lifelines(picture: Drawing, columns: list[float], bottom: int) -> Iterator[str]:
    for lane, x in zip(picture.lanes, columns, strict=True):
        kind = "outer" if lane in ("user", "driver") or lane.startswith("user of") else "machine"
        yield f'<line class="life" x1="{x:g}" y1="50" x2="{x:g}" y2="{bottom}"/>'
        for y in (20, bottom) if len(picture.messages) > 20 else (20,):
            yield (
                f'<g class="lane {kind}"><rect x="{x - _box(lane) / 2:.1f}" y="{y}" width="{_box(lane):.1f}"'
                f' height="30" rx="7"/><text x="{x:g}" y="{y + 20}">{escape(lane)}</text></g>'
            )


def _rows(picture: Drawing, columns: list[float]) -> Iterator[str]:
    shown = None
    for row, message in enumerate(picture.messages):
        y = _TOP + row * _ROW + _ROW - 7
        if message.at != shown:
            shown = message.at
            yield f'<text class="time" x="{_TIMES - 26}" y="{y}">{message.at:.6f}</text>'
        yield _arrow(message, columns, y)


def _arrow(message: Message, columns: list[float], y: int) -> str:
    start, end = columns[message.source], columns[message.target]
    dashed = " dashed" if message.style in _DASHED else ""
    if message.source != message.target:
        middle = (start + end) / 2
        stop = end + (-2 if end > start else 2)
        line = f'<line x1="{start:g}" y1="{y}" x2="{stop:g}" y2="{y}" marker-end="url(#to-{message.style})"/>'
        text = f'<text x="{middle:g}" y="{y - 5}" text-anchor="middle">{escape(message.text)}</text>'
    elif message.style == "note":
        line = f'<circle cx="{start:g}" cy="{y - 4}" r="3.5"/>'
        text = f'<text x="{start + 12:g}" y="{y}">{escape(message.text)}</text>'
    else:
        line = (
            f'<path d="M{start:g} {y - 10}h{_LOOP - 12}a5 5 0 0 1 0 10h-{_LOOP - 14}"'
            f' marker-end="url(#to-{message.style})"/>'
        )
        text = f'<text x="{start + _LOOP:g}" y="{y - 1}">{escape(message.text)}</text>'
    return f'<g class="{message.style}{dashed}">{line}{text}</g>'


def _notes_below(picture: Drawing, bottom: int, standalone: bool) -> Iterator[str]:
    y = bottom + 64
    if picture.left_out:
        yield f'<text class="time start" x="20" y="{bottom + 42}">and {picture.left_out} more entries</text>'
    if standalone:
        x = 20.0
        for style, words in _legend(picture):
            yield f'<g class="{style}"><circle cx="{x + 4:g}" cy="{y - 4}" r="4"/>'
            yield f'<text x="{x + 14:g}" y="{y}">{escape(words)}</text></g>'
            x += len(words) * _PITCH + 34


def _colours(number: int) -> str:
    rules = []
    for style, colours in STYLES.items():
        colour = colours[number]
        rules.append(f".{style}{{color:{colour}}}")
    return "".join(rules)


_STYLE: Final = (
    f"svg{{font:12px {_MONO}}}"
    ".paper{fill:#fff}.band{fill:#f5f7fa}.life{stroke:#cbd5e1;stroke-dasharray:2 4}"
    ".lane rect{fill:#eef2f7;stroke:#94a3b8}.lane.machine rect{fill:#1e293b;stroke:#1e293b}"
    ".lane text{text-anchor:middle;font-weight:600;fill:#1e293b}.lane.machine text{fill:#fff}"
    ".time{fill:#94a3b8;font-size:11px;text-anchor:end}.time.start{text-anchor:start}"
    f"{_colours(1)}"
    "g>line,g>path{stroke:currentColor;stroke-width:1.4;fill:none}g>circle{fill:currentColor}"
    "g>text{fill:currentColor}.dashed>line{stroke-dasharray:5 3}.head{fill:currentColor}"
    "@media (prefers-color-scheme:dark){.paper{fill:#12161c}.band{fill:#191f28}.life{stroke:#3b4656}"
    ".lane rect{fill:#232b36;stroke:#56657a}.lane text{fill:#dbe3ec}.lane.machine rect{fill:#dbe3ec;stroke:#dbe3ec}"
    f".lane.machine text{{fill:#12161c}}.time{{fill:#64748b}}{_colours(2)}}}"
)
_PAGE_STYLE: Final = (
    "body{margin:1.5rem;font:15px/1.5 system-ui,sans-serif;color:#1e293b;background:#fff}"
    "h1{font-size:1.3rem;margin:0}main{overflow-x:auto}"
    f".legend span{{margin-right:1.2em;white-space:nowrap}}.legend span::before{{content:'● '}}{_colours(1)}"
    f"@media (prefers-color-scheme:dark){{body{{color:#dbe3ec;background:#12161c}}{_colours(2)}}}"
)
