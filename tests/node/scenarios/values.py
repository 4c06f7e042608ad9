"""Sections A, S, T, U and Z: constructors, and the values: BlockList, SocketAddress, is_ip()."""

from __future__ import annotations

from typing import Any

from ..words import (
    UNDEFINED,
    Step,
    assign,
    call,
    each,
    get,
    keywords,
    listening,
    new,
    number,
    obj,
    on,
    port,
    scenario,
    settle,
)

BAD_PREFIXES = (-1, 33, 1.5, number("NaN"), "8")


def sockets(*each: Any) -> list[Step]:
    """Sockets with these options, whose state is of no interest."""
    return [new(f"x{at}", "socket", options, watch=[], look=False) for at, options in enumerate(each)]


def servers(*each: Any) -> list[Step]:
    return [new(f"x{at}", "server", options, watch=[], look=False) for at, options in enumerate(each)]


def addresses(*each: dict[str, Any]) -> list[Step]:
    """Socket addresses, and what each of them is."""
    made = [(f"a{at}", options) for at, options in enumerate(each)]
    return [
        step
        for name, options in made
        for step in (
            new(name, "socket_address", keywords(**options)),
            get(f"{name}.address", "port", "family", "flowlabel"),
        )
    ]


SCENARIOS = (
    scenario(
        "a fresh socket",
        "A-06 A-13 C-01 W-01",
        new("c", "socket", watch=[]),
        call("c.listener_count", "end"),
        call("c.listener_count", "connect"),
        get("c.readable_high_water_mark", "writable_high_water_mark", "allow_half_open", "timeout", "errored"),
        get("c.readable_encoding", "writable_corked", "auto_select_family_attempted_addresses"),
    ),
    scenario(
        "connect() of the module",
        "A-07 B-15",
        listening(),
        new("c", "connect", port("s"), "127.0.0.1"),
        settle("c.ready"),
        call("c.write", "x"),
        settle("s1.data"),
    ),
    scenario(
        "object modes",
        "A-09",
        sockets({"object_mode": True}, {"readable_object_mode": 1}, {"writable_object_mode": "x"}),
    ),
    scenario(
        "a delay of keep-alive that is none",
        "A-10",
        sockets({"keep_alive_initial_delay": "1"}, {"keep_alive_initial_delay": -1}),
        servers({"keep_alive_initial_delay": "1"}, {"keep_alive_initial_delay": -1}),
    ),
    scenario(
        "half-open is a matter of truth",
        "A-11",
        new("c", "socket", {"allow_half_open": 1}, watch=[]),
        get("c.allow_half_open"),
        new("d", "socket", {"allow_half_open": ""}, watch=[]),
        get("d.allow_half_open"),
    ),
    scenario(
        "high-water marks",
        "A-13",
        new("c", "socket", {"high_water_mark": 7, "readable_high_water_mark": 9}, watch=[]),
        get("c.readable_high_water_mark", "writable_high_water_mark"),
        new("d", "socket", {"readable_high_water_mark": 9, "writable_high_water_mark": 11}, watch=[]),
        get("d.readable_high_water_mark", "writable_high_water_mark"),
        sockets({"high_water_mark": -1}, {"readable_high_water_mark": "7"}, {"writable_high_water_mark": 1.5}),
    ),
    scenario(
        "descriptors that are none",
        "A-14",
        sockets({"fd": -1}, {"fd": 1.5}, {"fd": "0"}, {"fd": True}),
    ),
    scenario(
        "on_read of a wrong shape",
        "A-16",
        sockets({"on_read": 5}, {"on_read": {}}, {"on_read": {"buffer": 5, "callback": 5}}),
    ),
    scenario(
        "sockets without a half",
        "A-17",
        new("r", "socket", {"writable": False}, watch=[]),
        get("r.writable_ended", "writable_finished"),
        new("w", "socket", {"readable": False}, watch=[]),
        get("w.readable_ended"),
        new("n", "socket", {"readable": False, "writable": False}, watch=[]),
    ),
    scenario(
        "servers of many kinds",
        "A-19",
        servers(UNDEFINED, None, {}, 5, "abc", True),
    ),
    scenario(
        "the server's mark, wrong",
        "A-20",
        servers({"high_water_mark": "7"}, {"high_water_mark": -1}, {"high_water_mark": 0}),
    ),
    scenario(
        "block lists that are none",
        "A-22",
        sockets({"block_list": 5}, {"block_list": {}}),
        servers({"block_list": 5}, {"block_list": []}),
    ),
    scenario(
        "adding to a block list",
        "S-01 S-02 S-03 S-04 Z-01",
        new("b", "block_list"),
        *[call("b.add_address", value) for value in (5, None, "nobody", "::1", "1.2.3.4", "1.2.3.4")],
        call("b.add_address", "::1", "IPv6"),
        call("b.add_address", "::1", "ipv5"),
        call("b.add_address", "::1", 6),
        call("b.add_range", "10.0.0.9", "10.0.0.1"),
        call("b.add_range", "10.0.0.1", "10.0.0.9"),
        call("b.add_range", "10.0.0.1", "10.0.0.1"),
        *[call("b.add_subnet", "10.1.2.3", prefix) for prefix in (*BAD_PREFIXES, 8, 0, 32, 13)],
        call("b.add_subnet", "FE80::1", 10, "ipv6"),
        call("b.add_subnet", "fe80::1", 129, "ipv6"),
        get("b.size"),
    ),
    scenario(
        "the rules of a block list",
        "S-09 S-10 Z-01",
        new("b", "block_list"),
        call("b.add_subnet", "10.1.2.3", 8),
        call("b.add_range", "10.0.0.1", "10.0.0.9"),
        call("b.add_address", "1.2.3.4"),
        call("b.add_subnet", "FE80:0:0::1", 10, "ipv6"),
        call("b.add_subnet", "10.1.2.3", 8),
        call("b.add_range", "::1", "::f", "ipv6"),
        get("b.rules", "size"),
        call("b.to_json"),
    ),
    scenario(
        "checking against a block list",
        "S-05 S-06 S-07 Z-04",
        new("b", "block_list"),
        call("b.add_address", "1.2.3.4"),
        call("b.add_range", "10.0.0.1", "10.0.0.9"),
        call("b.add_subnet", "10.1.2.3", 13),
        call("b.add_subnet", "fe80::", 10, "ipv6"),
        call("b.add_address", "::ffff:9.9.9.9", "ipv6"),
        *[
            call("b.check", text)
            for text in ("1.2.3.4", "1.2.3.5", "10.0.0.5", "10.0.0.10", "10.7.255.255", "10.8.0.0")
        ],
        *[call("b.check", text) for text in ("nonsense", "::1", "9.9.9.9", "")],
        *[call("b.check", text, "ipv6") for text in ("fe80::7", "fec0::7", "::ffff:1.2.3.4", "::ffff:10.0.0.5", "x")],
        call("b.check", "1.2.3.4", "IPV4"),
        call("b.check", "1.2.3.4", "ipv5"),
        call("b.check", 5),
        call("b.check", "1.2.3.4", 5),
    ),
    scenario(
        "everything of one family",
        "S-07",
        new("b", "block_list"),
        call("b.add_subnet", "0.0.0.0", 0),
        call("b.check", "255.255.255.255"),
        call("b.check", "::ffff:1.2.3.4", "ipv6"),
        call("b.check", "::1", "ipv6"),
    ),
    scenario(
        "a block list and socket addresses",
        "S-08",
        new("a", "socket_address", keywords(address="1.2.3.4", port=80)),
        new("a2", "socket_address", keywords(address="1.2.3.4", port=81)),
        new("b", "block_list"),
        call("b.add_address", obj("a")),
        call("b.check", obj("a2")),
        call("b.check", "1.2.3.4"),
        get("b.rules"),
    ),
    scenario(
        "block lists as JSON",
        "S-11 S-13",
        new("b", "block_list"),
        call("BlockList.is_block_list", obj("b")),
        call("BlockList.is_block_list", {}),
        *[call("b.from_json", value) for value in each(5, None, {}, "no json", [5])],
        call("b.from_json", ["nonsense", "Subnet: IPv4 10.0.0.0/8", "Range: IPv4 1.1.1.1-1.1.1.9"]),
        call("b.from_json", '["Address: IPv6 ::1", "Subnet: IPv4 11.0.0.0/8"]'),
        get("b.rules"),
        call("b.from_json", ["Address: IPv4 999.1.1.1"]),
        call("b.from_json", ["Range: IPv4 1.1.1.9-1.1.1.1"]),
    ),
    scenario(
        "removing from a block list",
        "Z-01 Z-02",
        new("b", "block_list"),
        call("b.add_cidr", "10.0.0.0/8"),
        call("b.add_cidr", "10.0.0.0/8"),
        call("b.add_cidrs", ["11.0.0.0/8", "fe80::/10"]),
        call("b.add_addresses", ["1.1.1.1"]),
        call("b.add_range", "2.2.2.1", "2.2.2.9"),
        get("b.size"),
        call("b.remove_cidr", "10.0.0.0/8"),
        call("b.remove_address", "1.1.1.1"),
        call("b.remove_address", "1.1.1.2"),
        call("b.remove_range", "2.2.2.1", "2.2.2.8"),
        call("b.remove_range", "2.2.2.1", "2.2.2.9"),
        call("b.remove_subnet", "fe80::", 10, "ipv6"),
        get("b.rules"),
        call("b.clear"),
        get("b.rules", "size"),
    ),
    scenario(
        "what is no CIDR",
        "Z-02 Z-03",
        new("b", "block_list"),
        *[call("b.add_cidr", text) for text in (5, "10.0.0.0", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/33", "x/8")],
        call("b.add_cidrs", ["10.0.0.0/8", "nonsense"]),
        call("b.add_cidrs", "10.0.0.0/8"),
        call("b.add_addresses", 5),
        call("b.add_addresses", ["1.1.1.1", "x"]),
        get("b.rules"),
        get("BlockList.PRIVATE_RANGES"),
    ),
    scenario(
        "socket addresses",
        "T-01 T-03 T-04 T-05",
        addresses({}, {"family": "ipv6"}, {"family": "IPV6"}, {"address": "::0001", "family": "ipv6"}),
        addresses({"address": "1.2.3.4", "port": 80}, {"port": "0x50"}, {"flowlabel": 7}),
        addresses({"address": "::1", "family": "ipv6", "flowlabel": 7}),
    ),
    scenario(
        "socket addresses that are none",
        "T-03 T-04 T-06",
        *[
            new("x", "socket_address", keywords(**options))
            for options in (
                {"address": "x"},
                {"address": 5},
                {"family": "ipv5"},
                {"family": 6},
                {"address": "1.2.3.4", "family": "ipv6"},
                {"port": 65536},
                {"port": -1},
                {"port": "x"},
                {"flowlabel": -1},
                {"flowlabel": 1.5},
            )
        ],
    ),
    scenario(
        "texts of socket addresses",
        "T-07 T-08",
        new("a", "socket_address", keywords()),
        call("SocketAddress.is_socket_address", obj("a")),
        call("SocketAddress.is_socket_address", {}),
        *[
            step
            for text in ("1.2.3.4:5", "[::1]:5", "1.2.3.4", "192.168.257:1", "256", "::1", "a.name:1", "1.2.3.4:99999")
            for step in (call("SocketAddress.parse", text),)
        ],
        call("SocketAddress.parse", 5),
    ),
    scenario(
        "is it an address?",
        "U-01 U-02 U-03 U-04",
        *[
            call(f"net.{function}", text)
            for text in (
                "127.0.0.1",
                "127.0.0.01",
                " 127.0.0.1",
                "127.0.0.1\n",
                "1.2.3",
                "256.1.1.1",
                "::",
                "::1",
                "1:2:3:4:5:6:7::",
                "::2:3:4:5:6:7:8",
                "1:2:3:4:5:6:7:8:9",
                "::ffff:1.2.3.4",
                "1::2::3",
                "12345::",
                "[::1]",
                "fe80::1%eth0",
                "fe80::1%",
                "fe80::1%a b",
                "",
                None,
                5,
            )
            for function in ("is_ip", "is_ipv4", "is_ipv6")
        ],
    ),
    scenario(
        "listeners of events",
        "A-06 B-14",
        new("c", "socket", watch=[]),
        on("c.close", call("c.listener_count", "close")),
        on("c.close", get("c.destroyed"), first=True),
        call("c.listener_count", "close"),
        call("c.destroy"),
        settle(),
        assign("c.allow_half_open", True),
        get("c.allow_half_open"),
    ),
)
