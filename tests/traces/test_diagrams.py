"""Diagrams: what is drawn is what happened, and a picture needs nothing but itself."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from sansnet.state import Event, Fault
from sansnet.state.effects import TOUCH, Taken
from sansnet.state.endpoints import Endpoint
from sansnet.state.notices import Data, Failed
from sansnet.state.ops import Lookup
from sansnet.testing import Fed, Made, Opened, Trace, diagram
from sansnet.testing.trace_diagram import FORMATS, VIEWS, drawing
from sansnet.testing.trace_svg import STYLES, Drawing, Message, html_of, svg_of
from tests.traces.stage import PROGRAMS, echo, trace_of

ECHO = trace_of(echo)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('&')</script> \x1b[2J \u202e #; \ud800 \0"


def hostile() -> Trace:
    """A trace, all of whose texts would do harm if they could."""
    fed = Fed(0.0, "socket 1", Event("destroy", (Fault(HOSTILE),)), (Failed(Fault(HOSTILE)), Data(HOSTILE * 50)))
    place = Endpoint(HOSTILE, None, 0)
    return Trace((Made(0.0, "socket 1"), fed, fed._replace(crash=HOSTILE), Opened(0.0, "socket 1", place, None)))


# ----------------------------------------------------------------------------------------------------- what is drawn


def test_who_says_what_to_whom() -> None:
    lines = diagram(ECHO, names=["socket 1"]).splitlines()
    assert lines[:4] == [
        "sequenceDiagram",
        "    participant p0 as user",
        "    participant p1 as socket 1",
        "    participant p2 as driver",
    ]
    told = [line.strip() for line in lines[4:]]
    in_order = [
        "p0->>p1: end(1, b'hello', 5 B)",
        "p2->>p1: connected(0)",
        "p1-->>p0: Connected()",
        "p1-)p2: Send(b'hello', 5 B)",
        "p2->>p1: sent(True)",
        "p1-)p2: Shutdown()",
        "p2->>p1: received(b'hello', 5 B)",
        "p1-->>p0: Data(b'hello', 5 B)",
        "p2->>p1: eof()",
        "p1-)p2: Close()",
        "p1-->>p0: Closed()",
    ]
    assert [line for line in told if line in in_order] == in_order
    assert not any("ticked" in line or "AUTO_END" in line for line in told)


def test_what_was_said_stands_in_quotes_and_names_do_not() -> None:
    """Text comes from a socket that has an encoding."""
    fed = [
        Fed(0.0, "socket 1", Event("received", ("None", 4)), (Data("None"), Taken(("x" * 30, "ü\n")))),
        Fed(0.0, "socket 1", Event("recode", (("a", "b", "c", "d"),)), (Lookup("None", 0, 0, False),)),
    ]
    told = [message.text for message in drawing(Trace((Made(0.0, "socket 1"), *fed))).messages][1:]
    assert told == [
        "received('None', 4)",
        "Data('None')",
        f"Taken('{'x' * 24}'…, 30 characters, 'ü\\n')",
        "recode('a', … 4 of them)",
        "Lookup(None)",
    ]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((b"ab", 2, 0, False), "write(b'ab', 2 B)"),
        ((b"ab", 2, 0, True), "write(b'ab', 2 B, gather=True)"),
        ((b"ab", 2, 7, True), "write(b'ab', 2 B, 7, gather=True)"),
        ((b"ab", 3, 0, True), "write(b'ab', 2 B, 3, gather=True)"),
    ],
)
def test_what_a_listener_writes_is_told_so(args: tuple[object, ...], told: str) -> None:
    trace = Trace((Made(0.0, "socket 1"), Fed(0.0, "socket 1", Event("write", args))))
    assert drawing(trace).messages[-1].text == told


def test_every_machine_has_a_lane() -> None:
    picture = drawing(ECHO)
    assert picture.lanes == ("user", "server 1", "socket 1", "socket 2", "driver")
    [born] = [message for message in picture.messages if "accepted by" in message.text]
    assert (picture.lanes[born.source], picture.lanes[born.target]) == ("server 1", "socket 2")


def test_the_two_ends_of_a_connection() -> None:
    picture = drawing(ECHO, view="ends")
    assert picture.lanes == ("user of socket 1", "socket 1", "socket 2", "user of socket 2")
    wire = [
        (message.source, message.text) for message in picture.messages if {message.source, message.target} == {1, 2}
    ]
    assert [entry for entry in wire if "Connect" not in entry[1]] == [
        (1, "Send(b'hello', 5 B)"),
        (1, "Shutdown()"),
        (2, "Send(b'hello', 5 B)"),
        (2, "Shutdown()"),
        *[entry for entry in wire if entry[1] == "Close()"],
    ]
    assert all(abs(message.source - message.target) < 2 for message in picture.messages)  # nobody speaks over another


@pytest.mark.parametrize("name", ["over_a_path", "accepted"])
def test_ends_are_found_by_their_names(name: str) -> None:
    assert drawing(trace_of(PROGRAMS[name]), view="ends").lanes[1] == "socket 1"


def test_one_name_is_enough_for_both_ends() -> None:
    for name in ("socket 1", "socket 2"):
        assert drawing(ECHO, view="ends", names=[name]) == drawing(ECHO, view="ends")


def _opened(*ends: tuple[Endpoint, Endpoint]) -> Trace:
    """Sockets that are connected, each from its first end to its second."""
    made = [Made(0.0, f"socket {number}") for number in range(1, len(ends) + 1)]
    return Trace((*made, *(Opened(0.0, one.who, *end) for one, end in zip(made, ends, strict=True))))


def test_a_socket_of_both_families_knows_ipv4_by_another_name() -> None:
    """A server that listens on [::] is told ::ffff:127.0.0.1 where its client says 127.0.0.1."""
    client, server = Endpoint("127.0.0.1", 49152, 4), Endpoint("127.0.0.1", 80, 4)
    mapped = [Endpoint("::ffff:127.0.0.1", port, 6) for port in (80, 49152)]
    trace = _opened((mapped[0], mapped[1]), (client, server))
    assert drawing(trace, view="ends").lanes[1:3] == ("socket 1", "socket 2")


def test_those_who_are_not_connected_to_one_another_are_no_ends() -> None:
    """Or what one sends would be drawn as going to somebody who never got it."""
    a, b, c, d = [Endpoint("127.0.0.1", port, 4) for port in range(1, 5)]
    trace = _opened((a, b), (b, a), (c, d))
    assert drawing(trace, view="ends", names=["socket 2", "socket 1"]).lanes[1] == "socket 2"
    with pytest.raises(
        ValueError, match="'socket 1' and 'socket 3' aren't the two ends of one connection; 'socket 1' and"
    ):
        drawing(trace, view="ends", names=["socket 1", "socket 3"])
    with pytest.raises(ValueError, match=r"there is no other end of 'socket 3' in the trace; .* give two names"):
        drawing(trace, view="ends", names=["socket 3"])
    unopened = Trace((*trace.entries, Made(0.0, "socket 4")))  # a connection that never came about: nobody knows better
    assert drawing(unopened, view="ends", names=["socket 3", "socket 4"]).lanes[2] == "socket 4"


def test_on_a_path_each_may_be_the_other_end_of_each() -> None:
    path, nameless = Endpoint("/run/it", None, 0), Endpoint("", None, 0)
    trace = _opened((nameless, path), (path, nameless), (nameless, path))
    with pytest.raises(ValueError, match="one of socket 1, socket 3 is the other end of 'socket 2'"):
        drawing(trace, view="ends", names=["socket 2"])
    assert drawing(trace, view="ends", names=["socket 2", "socket 3"]).lanes[1] == "socket 2"


def test_turns_and_touches_are_drawn_for_those_who_want_them() -> None:
    touched = Fed(0.0, "socket 1", Event("cork"), (TOUCH,))
    trace = Trace((*ECHO.of("socket 1").entries, touched))
    few, all_ = (drawing(trace, turns=turns).messages for turns in (False, True))
    assert {message.style for message in all_} - {message.style for message in few} == {"turn", "timing"}
    assert "END: tell 'end'" in [message.text for message in all_]


def test_what_went_wrong_is_drawn() -> None:
    made = Made(0.0, "socket 1")
    misuse = Fed(0.0, "socket 1", Event("adopt", (False, False)), misuse=Fault("EISCONN"))
    crash = Fed(0.0, "socket 1", Event("closed"), crash="AssertionError: no")
    texts = [message.text for message in drawing(Trace((made, misuse, crash))).messages if message.style == "wrong"]
    assert texts == ["misuse: EISCONN", "breaks: AssertionError: no"]


def test_no_more_is_drawn_than_was_asked_for() -> None:
    assert "and 3 more entries" in diagram(ECHO, limit=len(ECHO.entries) - 3)
    assert "more entries" in diagram(ECHO, "svg", limit=3)
    assert "more entries are not drawn" in diagram(ECHO, "html", limit=3)
    assert "more entries" not in diagram(ECHO, limit=None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"format": "png"}, "no format 'png'; there are mermaid, svg, html"),
        ({"view": "above"}, "no view 'above'"),
        ({"names": ["socket 9"]}, "no 'socket 9' in the trace; there are server 1, socket 1, socket 2"),
        ({"view": "ends", "names": ["socket 1", "socket 1"]}, "two ends, and not 'socket 1', 'socket 1'"),
        ({"view": "ends", "names": ["socket 1", "server 1"]}, "'server 1' is no end of a connection; sockets are"),
    ],
)
def test_what_there_is_not_is_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        diagram(ECHO, **options)  # type: ignore[arg-type]


def test_where_nobody_is_connected_there_are_no_ends() -> None:
    with pytest.raises(ValueError, match="no two sockets"):
        diagram(trace_of(PROGRAMS["refused"]), view="ends")


# ----------------------------------------------------------------------------------------------------- the pictures


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("form", FORMATS)
def test_the_same_trace_is_drawn_the_same(form: str, view: str) -> None:
    assert diagram(ECHO, form, view=view) == diagram(ECHO, form, view=view)


@pytest.mark.parametrize("trace", [ECHO, Trace(), hostile(), Trace((Made(0.0, "server 1"),))])
def test_a_picture_is_well_formed_and_needs_nothing(trace: Trace) -> None:
    root = ElementTree.fromstring(diagram(trace, "svg", turns=True))
    assert root.tag == f"{SVG}svg"
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "style", "rect", "defs", "marker", "path", "line", "g", "text", "circle"}
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.endswith("href")
            assert "url(" not in value or value.startswith("url(#to-")
    style = "".join(element.text or "" for element in root.iter(f"{SVG}style"))
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("trace", [ECHO, hostile()])
def test_a_page_needs_nothing_and_runs_nothing(trace: Trace) -> None:
    page = diagram(trace, "html")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert page.count("<svg") == page.count("</svg>") == 1
    assert page.encode("utf-8")


def test_mermaid_has_no_text_that_is_syntax() -> None:
    for line in diagram(hostile()).splitlines()[1:]:
        text = line.partition(": ")[2]
        assert "<" not in text
        assert ";" not in re.sub(r"#\d+;", "", text)
        assert line.isprintable()


def test_arrows_begin_and_end_at_their_lanes_and_texts_fit() -> None:
    picture = Drawing(
        ("user", "socket 1", "driver"),
        (
            Message(0, 0.0, 0, 1, "user", "x" * 60),
            Message(0, 0.0, 1, 0, "notice", "back"),
            Message(1, 1.0, 2, 0, "driver", "y" * 64),
            Message(1, 1.0, 2, 2, "turn", "z" * 40),
        ),
    )
    root = ElementTree.fromstring(svg_of(picture))
    lanes = {element.get("x1") for element in root.iter(f"{SVG}line") if element.get("class") == "life"}
    left, middle, right = sorted(float(lane or 0) for lane in lanes)
    arrows = [element for element in root.iter(f"{SVG}line") if element.get("marker-end")]
    ends = [(float(one.get("x1", 0)), float(one.get("x2", 0))) for one in arrows]
    assert ends == [(left, middle - 2), (middle, left + 2), (right, left + 2)]
    assert middle - left > 60 * 7
    assert float(root.get("width", 0)) - right > 40 * 7


def test_each_style_has_its_colours_and_its_word() -> None:
    messages = tuple(Message(0, 0.0, 0, 0, style, style) for style in STYLES)
    for text in (svg_of(Drawing(("user",), messages)), html_of(Drawing(("user",), messages))):
        for style, (words, light, dark) in STYLES.items():
            assert f"to-{style}" in text
            assert words in text
            assert light in text
            assert dark in text
