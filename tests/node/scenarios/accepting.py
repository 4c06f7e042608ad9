"""Sections O and P: closing a server that has connections, and accepting."""

from __future__ import annotations

from ..words import (
    Steps,
    assign,
    call,
    callback,
    connect,
    connected,
    get,
    listening,
    new,
    obj,
    on,
    port,
    scenario,
    settle,
    throw,
)

LOOPBACK = "127.0.0.1"

UNWATCHED: Steps = (
    listening(),
    new("c", "connect", {"port": port("s"), "host": LOOPBACK}, watch=[], look=False),
    settle("s1.resume"),
)
"""A server with a connection, whose other end isn't recorded: where the order of everything else counts."""

SCENARIOS = (
    scenario(
        "in which tick a server closes",
        "O-02 X-10",
        listening(),
        new("before", "socket"),
        new("after", "socket"),
        call("before.destroy"),
        call("s.close", callback("closed")),
        call("after.destroy"),
        settle("s.close", "after.close"),
        order="all",
    ),
    scenario(
        "a server closes before its last socket does",
        "O-02 O-08",
        UNWATCHED,
        call("s.close"),
        call("s1.destroy"),
        settle("s.close", "s1.close"),
        order="all",
    ),
    scenario(
        "a port where nobody listens any more",
        "O-06",
        connected(),
        call("s.close"),
        connect("d"),
        settle("d.close"),
        call("c.write", "still works"),
        settle("s1.data*11"),
    ),
    scenario(
        "close() after 'close'",
        "O-03 O-04",
        listening(),
        call("s.close", callback("first")),
        settle("s.close"),
        call("s.close", callback("second")),
        call("s.close"),
        settle("s.close*3"),
        order="all",
    ),
    scenario(
        "an accepted socket",
        "P-01",
        listening(),
        on("s.connection", call("s1.address"), get("s1.remote_address", "remote_family", "remote_port")),
        on("s.connection", get("s1.local_address", "local_family", "local_port", "server")),
        connect(local_address="127.0.0.2"),
        settle("c.ready", "s1.resume"),
    ),
    scenario(
        "an exception where a connection is told",
        "P-02",
        listening(),
        on("s.connection", throw("the listener of connection")),
        connect(),
        settle("c.ready", "s1.resume"),
        call("c.write", "still open"),
        settle("s1.data*10"),
    ),
    scenario(
        "dropped rather than blocked",
        "P-03 P-08",
        new("b", "block_list"),
        call("b.add_address", LOOPBACK),
        listening(block_list=obj("b")),
        assign("s.max_connections", 0),
        connect(),
        settle("s.drop", "c.close"),
        call("s.get_connections", callback("count")),
        settle("s.count"),
    ),
    scenario(
        "a peer that is blocked by its mapped address",
        "P-08 S-07",
        new("b", "block_list"),
        call("b.add_address", LOOPBACK),
        new("s", "server", {"block_list": obj("b")}),
        call("s.listen", 0),
        settle("s.listening"),
        connect("c"),
        settle("c.close"),
    ),
)
