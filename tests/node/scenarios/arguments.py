"""Sections A and B once more: what constructors and connect() do with what they are given."""

from __future__ import annotations

from typing import Any

from ..words import (
    UNDEFINED,
    Steps,
    call,
    callback,
    connect,
    each,
    get,
    listening,
    lookup,
    new,
    number,
    obj,
    on,
    on_read,
    port,
    scenario,
    seconds,
    settle,
    signal,
)

LOOPBACK = "127.0.0.1"


def asked(name: str, **options: Any) -> Steps:
    """A socket that asks a lookup function, which says what it was asked, and never gets an answer."""
    mapping = {"port": 1, "lookup": lookup("held"), **options}
    return (new(name, "socket", watch=[], look=False), call(f"{name}.connect", mapping))


SCENARIOS = (
    scenario(
        "what stands in the place of a socket's options",
        "A-08 A-14",
        *[new("c", "socket", value, watch=[]) for value in ("text", True, False, None, UNDEFINED)],
        *[new("x", "socket", value, watch=[], look=False) for value in (-1, 1.5, 9999, {"fd": 9999})],
    ),
    scenario(
        "the delay of keep-alive, of a server",
        "A-10 A-21",
        *[
            (
                new("s", "server", {"keep_alive_initial_delay": value}),
                get("s.keep_alive_initial_delay"),
            )
            for value in (seconds(2.5), seconds(-1), 0)
        ],
    ),
    scenario(
        "what a server remembers of its options",
        "A-04",
        new("s", "server"),
        get("s.allow_half_open", "pause_on_connect", "no_delay", "keep_alive", "keep_alive_initial_delay"),
        get("s.high_water_mark"),
        new("t", "server", {"allow_half_open": True, "pause_on_connect": True, "no_delay": True, "high_water_mark": 7}),
        get("t.allow_half_open", "pause_on_connect", "no_delay", "keep_alive", "high_water_mark"),
    ),
    scenario(
        "a server's options are a matter of truth",
        "A-11",
        new("s", "server", {"allow_half_open": 1}),
        get("s.allow_half_open"),
    ),
    scenario(
        "the listener of a server",
        "A-19",
        *[
            (new("s", "server", *arguments), call("s.listener_count", "connection"))
            for arguments in each(
                (callback("f"),), ({}, callback("f")), (None, callback("f")), ({}, 5), ({}, "x"), ({}, None)
            )
        ],
    ),
    scenario(
        "timeouts of connect() that count for nothing",
        "A-18",
        listening(),
        *[connect(name, timeout=value) for name, value in (("c", 0), ("d", None), ("e", ""))],
        settle("c.ready", "d.ready", "e.ready"),
        get("c.timeout"),
        get("d.timeout"),
        get("e.timeout"),
    ),
    scenario(
        "nothing to connect to leaves the socket as it was",
        "B-01",
        new("c", "socket"),
        call("c.connect"),
        call("c.connect", {"host": LOOPBACK}),
        get("c.connecting"),
        settle(),
    ),
    scenario(
        "a listener, and nothing to connect to",
        "B-12 B-02",
        new("c", "socket"),
        call("c.connect", {}, callback("connected")),
        call("c.listener_count", "connect"),
        new("d", "socket", look=False),
        call("d.connect", callback("connected")),
        settle(),
    ),
    scenario(
        "None isn't given",
        "B-02",
        new("c", "socket", watch=[], look=False),
        call("c.connect", None),
        new("d", "socket", watch=[], look=False),
        call("d.connect", {"port": None}),
    ),
    scenario(
        "port 0 can be asked for",
        "B-04",
        new("c", "socket"),
        call("c.connect", 0, LOOPBACK),
        settle("c.close"),
    ),
    scenario(
        "texts that stand for a port, or for a path",
        "B-04 B-05",
        *[
            (new(name, "socket", watch=["error", "close"], look=False), call(f"{name}.connect", text, LOOPBACK))
            for name, text in (("a", "1"), ("b", " 1 "), ("d", "0x1"), ("e", "1e0"))
        ],
        *[
            (new(name, "socket", watch=["error", "close"], look=False), call(f"{name}.connect", text))
            for name, text in (("f", "abc"), ("g", "0x"), ("h", "-0x1"))
        ],
        settle(*[f"{name}.close" for name in "abdefgh"]),
    ),
    scenario(
        "an empty path is none",
        "B-06",
        new("c", "socket"),
        call("c.connect", {"path": "", "host": LOOPBACK}),
        settle("c.close"),
        asked("d", path="", port=UNDEFINED),
    ),
    scenario(
        "who is nobody is localhost",
        "B-07",
        *[asked(f"c{at}", host=value) for at, value in enumerate(each("", None, UNDEFINED))],
    ),
    scenario(
        "where to connect from, wrong before any lookup",
        "B-08",
        asked("c", host="a.name", local_address="nobody"),
        asked("d", host="a.name", local_port="80"),
        asked("e", host="a.name", local_port=0.5),
    ),
    scenario(
        "local ports that are passed on",
        "B-08 C-11",
        listening(),
        *[
            (connect(name, local_address=LOOPBACK, local_port=value), settle(f"{name}.{end}"))
            for name, value, end in each(("c", 70000, "close"), ("d", -1, "ready"), ("e", number("NaN"), "ready"))
        ],
    ),
    scenario(
        "half a local port",
        "B-08",
        listening(watch_accepted=[]),
        new("c", "connect", {"port": port("s"), "host": LOOPBACK, "local_port": 0.5}, watch=["connect", "error"]),
        settle(),
        get("c.destroyed"),
    ),
    scenario(
        "None for family selection",
        "B-09 B-10",
        asked("c", host="a.name", auto_select_family=None, auto_select_family_attempt_timeout=None),
        asked("d", host="a.name", auto_select_family=UNDEFINED),
        listening(),
        new("e", "connect", {"port": port("s"), "host": "localhost", "family": 4, "lookup": None}),
        settle("e.ready"),
    ),
    scenario(
        "more options of a constructor that connect() passes over",
        "B-13 E-14",
        listening(),
        new("a", "controller"),
        new("b", "block_list"),
        call("b.add_address", LOOPBACK),
        new("c", "socket"),
        call(
            "c.connect",
            {
                "port": port("s"),
                "host": LOOPBACK,
                "signal": signal("a"),
                "block_list": obj("b"),
                "on_read": on_read(2),
            },
        ),
        settle("c.ready", "s1.resume"),
        call("s1.write", "data"),
        settle("c.data*4"),
        call("a.abort"),
        settle(),
    ),
    scenario(
        "the listener of connect() is called once",
        "B-14",
        listening(),
        new("c", "socket"),
        call("c.connect", port("s"), LOOPBACK, callback("connected")),
        call("c.listener_count", "connect"),
        settle("c.ready", "s1.resume"),
        call("c.listener_count", "connect"),
        call("c.end"),
        settle("c.close"),
        call("c.connect", port("s"), LOOPBACK),
        settle("c.ready*2"),
    ),
    scenario(
        "the listener of connect() is the last argument",
        "B-14 B-15",
        listening(),
        *[
            (new(name, "connect", *arguments), settle(f"{name}.connected"))
            for name, arguments in each(
                ("c", (port("s"), LOOPBACK, callback("connected"))),
                ("d", ({"port": port("s"), "host": LOOPBACK}, callback("connected"))),
            )
        ],
        new("e", "connect", port("s"), LOOPBACK, "no function"),
        settle("e.ready"),
    ),
    scenario(
        "listeners of a fresh socket",
        "A-06",
        new("c", "socket", watch=[]),
        *[call("c.listener_count", event) for event in ("end", "connect", "data", "close", "error", "timeout")],
        on("c.end"),
        call("c.listener_count", "end"),
    ),
)
