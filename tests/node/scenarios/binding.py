"""Sockets that are bound before it is known what they are for: BoundSocket."""

from __future__ import annotations

from ..words import LOOPBACK, call, callback, each, get, listening, new, obj, path, port, scenario, settle, text

SCENARIOS = (
    scenario(
        "a bound socket, and a server",
        "Z-06",
        new("p", "bound_socket", {"host": "127.0.0.1", "port": 0}),
        get("p.is_pipe"),
        new("s", "server"),
        call("s.listen", obj("p")),
        get("s.listening"),
        settle("s.listening"),
        call("p.address"),
        call("p.close"),
        new("t", "server"),
        call("t.listen", obj("p")),
    ),
    scenario(
        "a bound socket, and a client",
        "Z-06",
        listening(),
        new("p", "bound_socket", {"host": "127.0.0.1", "port": 0}),
        new("c", "socket", {"handle": obj("p")}),
        call("c.connect", port("s"), "127.0.0.1"),
        settle("c.ready"),
    ),
    scenario(
        "bound sockets that can't be",
        "Z-06",
        listening(),
        *[
            new("x", "bound_socket", options)
            for options in (
                {"host": "localhost", "port": 0},
                {"host": "127.0.0.1", "port": 65536},
                {"host": "192.0.2.1", "port": 0},
                {"host": "127.0.0.1", "port": port("s")},
                {"path": "/x", "port": 0},
                5,
            )
        ],
    ),
    scenario(
        "bound sockets with odd options",
        "Z-06",
        *[
            new("x", "bound_socket", options)
            for options in each(
                {"path": "/no-such-folder/x"},
                {"path": 5},
                {"path": text("/x", 100)},
                {"host": 5},
                {"host": ""},
                {"ipv6_only": 1},
                {"reuse_port": 0},
                {"port": "80a"},
            )
        ],
        *[
            (new("x", "bound_socket", options), get("x.is_pipe"), call("x.close"), call("x.close"), call("x.address"))
            for options in ({}, {"port": "0"}, {"ipv6_only": True}, {"host": "::1"}, {"path": path("p")})
        ],
    ),
    scenario(
        "a bound socket before it is connected",
        "Z-06 F-08 G-05",
        *[
            (
                new(f"p{label}", "bound_socket", {"host": "127.0.0.1"}),
                new(f"c{label}", "socket", {"handle": obj(f"p{label}")}),
                get(f"c{label}.local_address", "pending", "ready_state"),
                call(f"c{label}.{method}", *args),
                settle(),
            )
            for label, (method, *args) in enumerate(
                each(
                    ("destroy",),
                    ("reset_and_destroy",),
                    ("end", callback("ended")),
                    ("write", "x", callback("written")),
                )
            )
        ],
    ),
    scenario(
        "a bound socket knows where it connects from",
        "Z-06",
        new("p", "bound_socket", {}),
        new("c", "socket", {"handle": obj("p")}),
        call("c.connect", {"port": 1, "host": LOOPBACK, "local_port": 5}),
        call("c.connect", {"port": 1, "host": LOOPBACK, "local_address": LOOPBACK}),
        new("q", "bound_socket", {"path": path("client")}),
        new("d", "socket", {"handle": obj("q")}),
        call("d.connect", port("refusing"), LOOPBACK),
    ),
    scenario(
        "a bound socket of another family",
        "Z-06",
        new("p", "bound_socket", {"host": LOOPBACK}),
        new("c", "socket", {"handle": obj("p")}),
        call("c.connect", port("refusing"), "::1"),
        settle("c.close"),
    ),
    scenario(
        "paths that are bound before they are used",
        "Z-06 L-02",
        new("p", "bound_socket", {"path": path("server")}),
        new("s", "server", {}),
        call("s.listen", {"handle": obj("p"), "backlog": 5}, callback("listening")),
        call("s.address"),
        settle("s.listening"),
        new("q", "bound_socket", {"path": path("client")}),
        new("c", "socket", {"handle": obj("q")}),
        get("c.local_address", "local_port", "pending"),
        call("c.connect", {"path": path("server")}),
        settle("c.ready", "s.connection"),
        get("c.local_address", "remote_address"),
        call("s1.end", "bye"),
        call("c.end"),
        settle("c.close", "s1.close"),
        call("s.close"),
        settle("s.close"),
        new("r", "bound_socket", {"path": path("server")}),
        new("t", "bound_socket", {"path": path("client")}),
    ),
)
