"""Sections B and C: the arguments of connect(), and how a connection comes to be."""

from __future__ import annotations

from typing import Any

from ..words import (
    UNDEFINED,
    Steps,
    call,
    callback,
    connect,
    connected,
    each,
    error,
    get,
    listening,
    lookup,
    new,
    number,
    on,
    path,
    port,
    scenario,
    settle,
    throw,
)

LOOPBACK = "127.0.0.1"


def refused(*arguments: Any) -> Steps:
    """Calls of connect() that raise, each on a fresh socket."""
    return tuple(
        (new(f"c{at}", "socket", watch=[], look=False), call(f"c{at}.connect", *each))
        for at, each in enumerate(arguments)
    )


def options(**changes: Any) -> tuple[dict[str, Any]]:
    return ({"port": 80, "host": LOOPBACK, **changes},)


SCENARIOS = (
    scenario(
        "nothing to connect to",
        "B-01",
        refused((), (UNDEFINED,), ({},), ([],), ({"port": UNDEFINED},), ({"port": UNDEFINED, "path": None},)),
    ),
    scenario(
        "a port of the wrong type",
        "B-02",
        refused(({"port": True},), ({"port": False},), ({"port": []},), ({"port": {"a": 1}},), (True,), (False,)),
    ),
    scenario(
        "a port out of range",
        "B-03",
        refused((-1,), (65536,), (1.5,), (number("NaN"),), (number("Infinity"),), ("65536",), ("",), (" ",)),
        refused(*[({"port": value},) for value in (-1, 65536, 1.5, "65536", "", " ", "0x", "-1", "abc")]),
    ),
    scenario(
        "a text that is a port",
        "B-04 B-05",
        new("c", "socket", watch=["connection_attempt", "error", "close"]),
        call("c.connect", " 0x1 ", LOOPBACK),
        settle("c.close"),
        new("d", "socket", watch=["connection_attempt", "error", "close"]),
        call("d.connect", "1e0", LOOPBACK),
        settle("d.close"),
    ),
    scenario(
        "a text that is a path",
        "B-05 Q-04",
        new("c", "socket", watch="path"),
        call("c.connect", path("nobody")),
        settle("c.close"),
        new("d", "socket", watch="path"),
        call("d.connect", "-1"),
        settle("d.close"),
    ),
    scenario(
        "a path wins over a port",
        "B-06",
        new("c", "socket", watch="path"),
        call("c.connect", {"path": path("nobody"), "port": 1, "host": LOOPBACK}),
        settle("c.close"),
        refused(({"path": 5},), ({"path": True},)),
    ),
    scenario(
        "a host of the wrong type",
        "B-07",
        refused(options(host=5), options(host=True), options(host=["127.0.0.1"])),
    ),
    scenario(
        "a host that isn't a text is passed over",
        "B-07",
        listening(),
        new("c", "socket"),
        call("c.connect", port("s"), 5, callback("connected")),
        settle("c.connected"),
    ),
    scenario(
        "where to connect from, wrong",
        "B-08",
        refused(options(local_address="nobody"), options(local_address="1.2.3"), options(local_port="80")),
        refused(options(local_port=True)),
    ),
    scenario(
        "family selection, wrong",
        "B-09",
        refused(options(auto_select_family="yes"), options(auto_select_family=1)),
        refused(*[options(auto_select_family_attempt_timeout=value) for value in each("10", {})]),
    ),
    scenario(
        "a time of an attempt that is none",
        "B-09",
        refused(
            *[
                options(auto_select_family_attempt_timeout=value)
                for value in each(0, -1, number("NaN"), number("Infinity"))
            ]
        ),
    ),
    scenario(
        "a lookup that is no function",
        "B-10",
        refused(*[options(host="name.invalid", lookup=value) for value in each(False, 0, "x", {})]),
    ),
    scenario(
        "a lookup that isn't needed is not looked at",
        "B-10 D-13",
        listening(),
        connect("c", lookup="no function"),
        settle("c.ready"),
    ),
    scenario(
        "family and hints, wrong",
        "B-11",
        refused(options(host="name.invalid", family=5), options(host="name.invalid", family="x")),
        refused(options(host="name.invalid", hints=-1), options(host="name.invalid", hints="x")),
    ),
    scenario(
        "a custom lookup gets family and hints unchecked",
        "B-11 D-02 D-03 D-04",
        new("c", "socket"),
        call("c.connect", {"port": 1, "host": "a", "family": 5, "hints": 7, "lookup": lookup("held")}),
        new("d", "socket"),
        call("d.connect", {"port": 1, "host": "a", "family": "IPv6", "lookup": lookup("held")}),
        new("e", "socket"),
        call("e.connect", {"port": 1, "host": "a", "local_address": LOOPBACK, "lookup": lookup("held")}),
        new("f", "socket"),
        call("f.connect", {"port": 1, "host": "a", "lookup": lookup("held")}),
    ),
    scenario(
        "after a call that raised the socket is as before",
        "B-12",
        new("c", "socket"),
        call("c.connect", {"port": 65536, "host": LOOPBACK}, callback("connected")),
        get("c.connecting"),
        call("c.listener_count", "connect"),
        call("c.destroy"),
        settle("c.close"),
    ),
    scenario(
        "options of a constructor are passed over by connect()",
        "B-13 B-15",
        listening(),
        new("c", "socket"),
        call(
            "c.connect",
            {
                "port": port("s"),
                "host": LOOPBACK,
                "allow_half_open": True,
                "timeout": {"$seconds": 9},
                "no_delay": True,
            },
        ),
        get("c.allow_half_open", "timeout"),
        settle("c.ready"),
    ),
    scenario(
        "the course of a connection to an address",
        "C-01 C-02 C-03 C-04 L-01 L-02 L-03",
        listening(),
        new("c", "socket"),
        call("c.address"),
        get("c.remote_address", "local_address", "buffer_size", "bytes_read"),
        on("c.connect", call("c.address"), get("c.remote_address", "remote_port", "remote_family")),
        on("c.connect", get("c.local_address", "local_port", "local_family", "server")),
        call("c.connect", port("s"), LOOPBACK),
        call("c.address"),
        get("c.remote_address", "local_port", "auto_select_family_attempted_addresses"),
        settle("c.ready"),
        call("s1.address"),
        get("s1.remote_address", "remote_port", "local_address", "local_port", "local_family", "server"),
    ),
    scenario(
        "destroyed in a listener of connect",
        "C-06",
        listening(),
        connect(),
        on("c.connect", call("c.destroy")),
        settle("c.close", "s1.close"),
    ),
    scenario(
        "refused",
        "C-07 C-08 V-06",
        connect(server="refusing"),
        settle("c.connection_attempt_failed", "c.error", "c.close"),
    ),
    scenario(
        "refused, with a local address and no port",
        "C-09",
        connect(server="refusing", local_address=LOOPBACK, local_port=0),
        settle("c.close"),
    ),
    scenario(
        "a local address that isn't ours",
        "C-10",
        listening(),
        connect(local_address="192.0.2.1"),
        settle("c.close"),
    ),
    scenario(
        "a local address of the other family",
        "C-10",
        listening(),
        connect(local_address="::1"),
        settle("c.close"),
    ),
    scenario(
        "a local port that is taken",
        "C-10",
        listening(),
        connect(local_address=LOOPBACK, local_port=port("s")),
        settle("c.close"),
    ),
    scenario(
        "local ports that are none",
        "C-11",
        listening(),
        connect("c", local_port=70000),
        settle("c.close"),
        connect("d", local_port=-1),
        settle("d.ready"),
    ),
    scenario(
        "destroyed in the tick of connect()",
        "C-12 F-01",
        listening(),
        new("c", "socket"),
        call("c.connect", {"port": port("s"), "host": LOOPBACK}, callback("connected")),
        call("c.destroy"),
        settle("c.close"),
        new("d", "socket"),
        call("d.connect", {"port": port("s"), "host": LOOPBACK}, callback("connected")),
        call("d.destroy", error("boom")),
        settle("d.close"),
    ),
    scenario(
        "destroyed while an attempt is made",
        "C-13",
        connect(server="hanging"),
        settle("c.connection_attempt"),
        call("c.destroy"),
        settle("c.close"),
    ),
    scenario(
        "connect() while connecting",
        "C-16",
        listening(watch_accepted=[]),
        new("c", "socket", look=False),
        call("c.connect", {"port": port("s"), "host": LOOPBACK}, callback("first")),
        call("c.connect", {"port": port("s"), "host": LOOPBACK}, callback("second")),
        settle("c.close"),
    ),
    scenario(
        "connect() on an open socket",
        "C-17",
        connected(),
        call("c.connect", port("s"), LOOPBACK, callback("again")),
        settle(),
    ),
    scenario(
        "connect() right after destroy()",
        "C-18 B-16",
        connected(),
        call("c.destroy"),
        call("c.connect", port("s"), LOOPBACK),
        settle("c.close", "c.ready*2", "s2.resume"),
        call("c.end"),
        settle(),
    ),
    scenario(
        "an error that nobody listens to",
        "C-20",
        connect(server="refusing", watch=["close"]),
        settle("c.close"),
    ),
    scenario(
        "an exception in a listener",
        "C-21 P-02",
        connected(),
        on("c.data", throw("in data")),
        on("c.data", call("c.write", "never")),
        call("s1.write", "x"),
        settle("c.data"),
        call("c.end"),
        settle("c.close"),
    ),
    scenario(
        "end() while connecting",
        "C-22 G-06",
        listening(),
        connect(),
        call("c.end", "all there is", callback("ended")),
        settle("c.close", "s1.close"),
    ),
    scenario(
        "paused while connecting",
        "C-23 I-05",
        listening(),
        new("c", "socket", watch=["ready", "pause", "resume"]),
        call("c.connect", port("s"), LOOPBACK),
        call("c.pause"),
        on("s.connection", call("s1.write", "early")),
        settle("c.ready", "s1.resume"),
        call("c.resume"),
        settle(),
    ),
    scenario(
        "resumed while connecting",
        "C-23",
        listening(),
        new("c", "socket", watch=["ready"]),
        call("c.connect", port("s"), LOOPBACK),
        call("c.pause"),
        call("c.resume"),
        on("s.connection", call("s1.write", "early")),
        settle("c.ready", "s1.resume"),
    ),
)
