"""Sections D and E: names, and the choice among several addresses."""

from __future__ import annotations

from typing import Any

from ..words import (
    Step,
    call,
    callback,
    connect,
    get,
    listening,
    lookup,
    new,
    on,
    port,
    release,
    scenario,
    seconds,
    settle,
)

V4 = ["127.0.0.1", 4]
V4B = ["127.0.0.2", 4]
V4C = ["127.0.0.3", 4]
V6 = ["::1", 6]


def named(look_up: Step, server: str = "s", **options: Any) -> Step:
    """A client of a server that it knows by name."""
    return new("c", "connect", {"port": port(server), "host": "a.name", "lookup": look_up, **options})


def single(look_up: Step, server: str = "s") -> Step:
    return named(look_up, server, auto_select_family=False)


SCENARIOS = (
    scenario(
        "a name, looked up by the system",
        "D-01 D-14",
        new("s", "server"),
        call("s.listen", {"port": 0, "host": "localhost"}, callback("listening")),
        settle("s.listening"),
        new("c", "connect", {"port": port("s"), "host": "localhost", "family": 4}),
        settle("c.ready"),
    ),
    scenario(
        "a name that doesn't exist",
        "D-01 N-18",
        new("c", "connect", {"port": 1, "host": "name.invalid"}),
        settle("c.close"),
        new("s", "server"),
        call("s.listen", {"port": 0, "host": "name.invalid"}),
        settle("s.error"),
    ),
    scenario(
        "a lookup that fails",
        "D-01",
        named(lookup("soon", fails="no such name"), "refusing"),
        settle("c.lookup", "c.error", "c.close"),
    ),
    scenario(
        "one answer",
        "D-02 D-05 E-08",
        listening(),
        single(lookup("soon", *V4)),
        settle("c.lookup", "c.ready"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "an answer that is no address",
        "D-05",
        single(lookup("soon", "nowhere", 4), "refusing"),
        settle("c.close"),
    ),
    scenario(
        "an answer with a family that is none",
        "D-05",
        single(lookup("soon", "127.0.0.1", 5), "refusing"),
        settle("c.close"),
    ),
    scenario(
        "one answer is asked for, and a list comes",
        "D-06",
        single(lookup("soon", ["127.0.0.1"], 4), "refusing"),
        settle("c.close"),
    ),
    scenario(
        "answers that can't be used are skipped",
        "D-07 E-04",
        listening(),
        named(lookup("soon", entries=[["x", 4], V4B, ["127.0.0.1", 9], V4B, V4])),
        settle("c.ready"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "no answer that can be used",
        "D-08",
        named(lookup("soon", entries=[["127.0.0.1", 9], ["x", 4]]), "refusing"),
        settle("c.close"),
    ),
    scenario(
        "all answers are asked for, and a text comes",
        "D-08",
        named(lookup("soon", entries="127.0.0.1"), "refusing"),
        settle("c.close"),
    ),
    scenario(
        "one answer among those asked for that can be used",
        "D-10",
        named(lookup("soon", entries=[V4, ["x", 4]]), "refusing"),
        settle("c.close"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "a lookup that answers at once",
        "D-11 X-01",
        listening(),
        new("c", "socket"),
        settle(),
        call("c.connect", {"port": port("s"), "host": "a.name", "lookup": lookup("now", *V4)}),
        call("c.set_no_delay"),
        settle("c.ready"),
    ),
    scenario(
        "a lookup that raises",
        "D-11",
        new("c", "socket"),
        call("c.connect", {"port": 1, "host": "a.name", "lookup": lookup("throw")}),
        call("c.destroy"),
        settle("c.close"),
    ),
    scenario(
        "destroyed during the lookup of one answer",
        "D-12",
        single(lookup("held", *V4), "refusing"),
        settle(),
        call("c.destroy"),
        settle("c.close"),
        release(),
        settle(),
    ),
    scenario(
        "destroyed during the lookup of all answers",
        "D-12",
        named(lookup("held", entries=[V4, V6]), "refusing"),
        settle(),
        call("c.destroy"),
        settle("c.close"),
        release(),
        settle(),
    ),
    scenario(
        "destroyed in lookup",
        "C-15",
        named(lookup("soon", entries=[V4, V4B]), "refusing"),
        on("c.lookup", call("c.destroy")),
        settle("c.close"),
    ),
    scenario(
        "the families in turn",
        "E-01 E-03 E-05 V-08",
        named(lookup("soon", entries=[V4, V4B, V4C, V6, ["::ffff:127.0.0.5", 6]]), "refusing"),
        settle("c.close"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "an attempt fails, and the next one works",
        "E-03 E-04 E-06",
        listening(),
        named(lookup("soon", entries=[V6, V4])),
        settle("c.ready"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "an attempt takes too long, and the next one fails",
        "E-02 E-05",
        named(lookup("soon", entries=[V4, V4B]), "hanging", auto_select_family_attempt_timeout=seconds(0.02)),
        settle("c.connection_attempt_timeout", "c.close"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "destroyed while one of several attempts is made",
        "E-07",
        named(lookup("soon", entries=[V4, V6]), "hanging", auto_select_family_attempt_timeout=seconds(60)),
        settle("c.connection_attempt"),
        call("c.destroy"),
        settle("c.close"),
    ),
    scenario(
        "a block list, and an address",
        "E-13 E-14 A-22",
        new("b", "block_list"),
        call("b.add_address", "127.0.0.1"),
        connect(server="refusing", block_list={"$object": "b"}),
        settle("c.close"),
    ),
    scenario(
        "a block list, and several addresses",
        "E-13",
        new("b", "block_list"),
        call("b.add_subnet", "127.0.0.0", 8),
        named(lookup("soon", entries=[V4, V6, V4B]), "refusing", block_list={"$object": "b"}),
        settle("c.close"),
        get("c.auto_select_family_attempted_addresses"),
    ),
    scenario(
        "the defaults of family selection",
        "A-24",
        call("net.get_default_auto_select_family"),
        call("net.set_default_auto_select_family", "yes"),
        call("net.set_default_auto_select_family", False),
        call("net.get_default_auto_select_family"),
        call("net.set_default_auto_select_family", True),
    ),
    scenario(
        "the idle timeout doesn't care about attempts",
        "E-12 J-09",
        named(
            lookup("soon", entries=[V4, V6]),
            "hanging",
            auto_select_family_attempt_timeout=seconds(60),
            timeout=seconds(0.03),
        ),
        settle("c.timeout"),
        call("c.destroy"),
        settle("c.close"),
    ),
)
