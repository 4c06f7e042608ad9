"""Section S, and what Node 26 adds to it: block lists in depth. Their basics are in values.py."""

from __future__ import annotations

from typing import Any

from ..words import Step, call, each, get, keywords, new, number, obj, scenario

MAPPED = "::ffff:"


def checks(*texts: str) -> list[Step]:
    """Each address, and each IPv4 address also as an IPv6 one."""
    return [
        step
        for text in texts
        for step in (
            [call("b.check", text, "ipv6")]
            if ":" in text
            else [call("b.check", text), call("b.check", MAPPED + text, "ipv6")]
        )
    ]


def no_address(method: str, *rest: Any) -> list[Step]:
    """What is no address, or no family, for a method whose other arguments are `rest`."""
    values = each(5, None, {}, True, "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/8", "localhost", "::1")
    families = each("ipv5", "", 6, True, {}, "IPV4")
    return [
        *[call(f"b.{method}", value, *rest) for value in values],
        *[call(f"b.{method}", "1.2.3.4", *rest, family) for family in families],
        call(f"b.{method}", "1.2.3.4", *rest, "ipv6"),
    ]


SCENARIOS = (
    scenario(
        "arguments of a block list that are none",
        "S-01 S-02 S-05 Z-02",
        new("b", "block_list"),
        no_address("add_address"),
        no_address("remove_address"),
        no_address("add_subnet", 8),
        no_address("remove_subnet", 8),
        no_address("add_range", "1.2.3.9"),
        no_address("remove_range", "1.2.3.9"),
        no_address("check"),
        *[call("b.add_range", "1.2.3.4", value) for value in each(5, None, {}, "", "x", "::1")],
        *[call("b.remove_range", "1.2.3.4", value) for value in each(5, None, {}, "", "x", "::1")],
        get("b.rules", "size"),
    ),
    scenario(
        "prefixes of a block list",
        "S-04 Z-02",
        new("b", "block_list"),
        *[
            call(f"b.{method}", "10.0.0.0", value)
            for method in ("add_subnet", "remove_subnet")
            for value in each(-1, 33, 1.5, number("NaN"), number("Infinity"), "8", None, True, {}, 2**31)
        ],
        *[call("b.add_subnet", "::", value, "ipv6") for value in each(-1, 129, 1.5, "8")],
        *[call("b.add_subnet", "::", value, "ipv6") for value in (0, 128, 33)],
        get("b.rules"),
    ),
    scenario(
        "prefixes that are no whole bytes",
        "S-04 S-07",
        new("b", "block_list"),
        call("b.add_subnet", "10.255.255.255", 9),
        call("b.add_subnet", "192.168.7.9", 31),
        call("b.add_subnet", "2001:db8:ffff::", 37, "ipv6"),
        checks("10.127.255.255", "10.128.0.0", "10.255.255.255", "11.0.0.0"),
        checks("192.168.7.7", "192.168.7.8", "192.168.7.9", "192.168.7.10"),
        checks("2001:db8:f7ff::", "2001:db8:f800::", "2001:db8:ffff::1", "2001:db9::"),
        get("b.rules"),
    ),
    scenario(
        "rules of IPv4, and mapped addresses",
        "S-07",
        new("b", "block_list"),
        call("b.add_address", "1.1.1.1"),
        call("b.add_range", "2.2.2.2", "2.2.2.4"),
        call("b.add_subnet", "3.3.0.0", 16),
        checks("1.1.1.1", "1.1.1.2", "2.2.2.1", "2.2.2.2", "2.2.2.4", "2.2.2.5", "3.3.3.3", "3.4.0.0"),
        checks("::1.1.1.1", "::2.2.2.3", "::3.3.3.3", "::ffff:0:3.3.3.3"),
    ),
    scenario(
        "mapped rules, and IPv4 addresses",
        "S-07",
        new("b", "block_list"),
        call("b.add_address", "::ffff:1.1.1.1", "ipv6"),
        call("b.add_range", "::ffff:2.2.2.2", "::ffff:2.2.2.4", "ipv6"),
        call("b.add_subnet", "::ffff:3.3.0.0", 112, "ipv6"),
        checks("1.1.1.1", "1.1.1.2", "2.2.2.1", "2.2.2.2", "2.2.2.4", "2.2.2.5", "3.3.3.3", "3.4.0.0"),
        get("b.rules"),
    ),
    scenario(
        "rules of IPv6 that hold all of IPv4",
        "S-07",
        new("b", "block_list"),
        call("b.add_subnet", "::ffff:0:0", 96, "ipv6"),
        checks("0.0.0.0", "255.255.255.255", "::1"),
        call("b.clear"),
        call("b.add_subnet", "::", 0, "ipv6"),
        checks("1.2.3.4", "::1", "ffff::"),
        call("b.clear"),
        call("b.add_range", "::", "ffff::", "ipv6"),
        checks("1.2.3.4", "::1", "ffff::", "ffff::1"),
    ),
    scenario(
        "a range of both families",
        "S-03",
        new("low", "socket_address", keywords(address="1.2.3.4", port=1)),
        new("high", "socket_address", keywords(address="::ffff:1.2.3.9", family="ipv6")),
        new("six", "socket_address", keywords(address="::1", family="ipv6")),
        new("b", "block_list"),
        call("b.add_range", obj("low"), obj("high")),
        checks("1.2.3.3", "1.2.3.4", "1.2.3.9", "1.2.3.10"),
        call("b.add_range", obj("high"), obj("low")),
        call("b.add_range", obj("six"), obj("six")),
        call("b.add_range", obj("low"), "1.2.3.4"),
        get("b.rules"),
        call("b.remove_range", obj("low"), obj("high")),
        get("b.rules"),
        call("b.clear"),
        call("b.add_range", obj("six"), obj("low")),
        checks("::1", "::5", "::fffe:ffff:ffff", "0.0.0.0", "1.2.3.4", "1.2.3.5"),
        get("b.rules"),
    ),
    scenario(
        "one of several equal rules",
        "Z-01 Z-02",
        new("b", "block_list"),
        *[call("b.add_subnet", "10.1.2.3", 8)] * 2,
        call("b.add_subnet", "10.0.0.0", 8),
        *[call("b.add_range", "1.1.1.1", "1.1.1.9")] * 2,
        *[call("b.add_address", "9.9.9.9")] * 2,
        get("b.rules", "size"),
        call("b.remove_subnet", "10.1.2.3", 8),
        call("b.remove_range", "1.1.1.1", "1.1.1.9"),
        call("b.remove_address", "9.9.9.9"),
        get("b.rules", "size"),
        checks("10.9.9.9", "1.1.1.5", "9.9.9.9"),
        call("b.remove_subnet", "10.1.2.3", 8),
        call("b.remove_range", "1.1.1.1", "1.1.1.9"),
        get("b.rules"),
        checks("10.9.9.9", "1.1.1.5"),
        call("b.remove_cidr", "10.0.0.0/8"),
        checks("10.9.9.9"),
    ),
    scenario(
        "removing what is nearly there",
        "Z-02",
        new("b", "block_list"),
        call("b.add_range", "1.1.1.1", "1.1.1.9"),
        call("b.add_subnet", "10.1.2.3", 8),
        call("b.add_address", "1.2.3.4"),
        call("b.remove_range", "1.1.1.1", "1.1.1.8"),
        call("b.remove_range", "1.1.1.9", "1.1.1.1"),
        call("b.remove_range", "::ffff:1.1.1.1", "::ffff:1.1.1.9", "ipv6"),
        call("b.remove_subnet", "10.0.0.0", 8),
        call("b.remove_subnet", "10.1.2.3", 9),
        call("b.remove_subnet", "::ffff:10.1.2.3", 104, "ipv6"),
        call("b.remove_cidr", "11.0.0.0/8"),
        call("b.remove_address", "1.1.1.1"),
        get("b.rules", "size"),
        call("b.remove_address", "::ffff:1.2.3.4", "ipv6"),
        get("b.rules"),
        call("b.clear"),
        call("b.clear"),
        get("b.size"),
    ),
    scenario(
        "lists for a block list",
        "Z-02 Z-03",
        new("b", "block_list"),
        *[
            call("b.add_cidrs", value)
            for value in each(5, None, {}, "10.0.0.0/8", [5], ["10.0.0.0"], ["10.0.0.0/8", "10.0.0.0/33x"])
        ],
        *[call("b.add_addresses", value) for value in each(5, None, {}, "1.1.1.1", [5], ["1.1.1.1", "::1"])],
        call("b.add_addresses", ["1.1.1.1"], "ipv5"),
        call("b.add_addresses", ["1.1.1.1"], 4),
        get("b.rules"),
        call("b.add_addresses", ["::1", "::2"], "ipv6"),
        call("b.add_cidrs", []),
        call("b.add_addresses", []),
        get("b.size"),
        checks("::1", "::2", "::3"),
    ),
    scenario(
        "a list of CIDRs with one bad address",
        "Z-02",
        new("b", "block_list"),
        call("b.add_cidrs", ["10.0.0.0/8", "x/8"]),
        call("b.add_cidrs", ["11.0.0.0/8", "11.0.0.0/33"]),
        get("b.rules"),
    ),
    scenario(
        "CIDRs that are none, to add and to remove",
        "Z-03",
        new("b", "block_list"),
        *[
            call(f"b.{method}", value)
            for method in ("add_cidr", "remove_cidr")
            for value in each(
                5,
                None,
                {},
                "",
                "/",
                "/8",
                "10.0.0.0",
                "10.0.0.0/",
                "10.0.0.0/08",
                "10.0.0.0/+8",
                "10.0.0.0/8 ",
                "10.0.0.0/x",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/1.5",
                "::/129",
                "::1",
                "x/8",
                "10.0.0.0/8/8",
            )
        ],
        call("b.add_cidr", "::ffff:10.0.0.0/104"),
        call("b.add_cidr", "FE80::/10"),
        get("b.rules"),
        checks("10.1.1.1", "fe80::1"),
    ),
    scenario(
        "the private ranges",
        "Z-02",
        get("BlockList.PRIVATE_RANGES"),
        new("b", "block_list"),
        call("b.add_cidrs", ["10.0.0.0/8", "172.16.0.0/12", "fc00::/7"]),
        checks("10.0.0.1", "172.31.255.255", "172.32.0.0", "fdff::1", "fe00::"),
    ),
    scenario(
        "lines of JSON that are no rules",
        "S-11 S-13",
        new("b", "block_list"),
        call("b.from_json", ["address: IPv4 1.1.1.1", "Address: IPv4", "Subnet: IPv4 1.1.1.1", "Range: IPv4 1.1.1.1"]),
        call("b.from_json", "[]"),
        *[call("b.from_json", value) for value in ("", "{}", "5", '"x"', "[5]", "null")],
        get("b.rules"),
    ),
    scenario(
        "a list of JSON with one bad rule",
        "S-11",
        new("b", "block_list"),
        call("b.from_json", ["Address: IPv4 1.1.1.1", "Address: IPv4 999.1.1.1"]),
        get("b.rules"),
    ),
    scenario(
        "mapped addresses as JSON",
        "S-13",
        new("b", "block_list"),
        call("b.add_address", "::ffff:9.9.9.9", "ipv6"),
        call("b.to_json"),
        new("d", "block_list"),
        call("d.from_json", ["Address: IPv6 ::ffff:9.9.9.9"]),
        get("d.rules"),
    ),
)
