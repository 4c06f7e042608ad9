"""Sections T and U: socket addresses and `is_ip()` in depth. Their basics are in values.py."""

from __future__ import annotations

from typing import Any

from ..words import Step, call, each, get, keywords, new, number, scenario


def made(**options: Any) -> list[Step]:
    """A socket address with these options, and what it is."""
    return [new("a", "socket_address", keywords(**options)), get("a.address", "port", "family", "flowlabel")]


SCENARIOS = (
    scenario(
        "ports of socket addresses",
        "T-04 T-05",
        *[made(port=value) for value in each(0, 65535, "80", " 80 ", "0x50", "1e2", "+5")],
        *[
            new("x", "socket_address", keywords(port=value))
            for value in each("", " ", "x", True, {}, 1.5, number("NaN"))
        ],
    ),
    scenario(
        "flow labels",
        "T-06",
        made(flowlabel=1048575, family="ipv6"),
        made(flowlabel=2147483647),
        *[new("x", "socket_address", keywords(flowlabel=value)) for value in each(4294967296, -1, 1.5, "1", True, {})],
    ),
    scenario(
        "how addresses are written",
        "T-04",
        *[
            made(address=address, family="ipv6")
            for address in ("FE80:0:0::1", "0:0:0:0:0:0:0:0", "1:0:0:2:0:0:0:3", "::FFFF:102:304", "::1.2.3.4", "1::")
        ],
        made(address="0.0.0.0", family="IPV4"),
        made(address="::", family="IPv6"),
    ),
    scenario(
        "a family in capitals, and no address",
        "T-03",
        new("x", "socket_address", keywords(family="IPv4")),
        made(family="IPv6"),
    ),
    scenario(
        "texts that parse as socket addresses",
        "T-08",
        *[
            call("SocketAddress.parse", text)
            for text in (
                "1.2.3.4:",
                "0x7f.1:3",
                "2130706433:3",
                "user:word@1.2.3.4:5",
                "1.2.3.4:5/path?query#part",
                "[::1]",
                "[::ffff:1.2.3.4]:5",
                "1.2.3.4:65535",
                "1.2.3.4:443",
                "1.2.3.4.:1",
            )
        ],
        *[
            call("SocketAddress.parse", text)
            for text in (
                "",
                "1.2.3.4:65536",
                "1.2.3.4:x",
                "1.2.3.4:-1",
                "1.2.3.256",
                "::1:5",
                "[::1",
                "a.name",
                "1.2.3.4.5",
            )
        ],
        *[call("SocketAddress.parse", value) for value in each(None, True, {}, [])],
    ),
    scenario(
        "port 80 of a socket address",
        "T-08",
        call("SocketAddress.parse", "1.2.3.4:80"),
        call("SocketAddress.parse", "[::1]:80"),
    ),
    scenario(
        "more of what is an address, and isn't",
        "U-01 U-02 U-03 U-04",
        *[
            call(f"net.{function}", text)
            for text in each(
                "0.0.0.0",
                "255.255.255.255",
                "00.0.0.0",
                "1.2.3.4 ",
                "1.2.3.4/8",
                "1.2.3.4.5",
                "1.2.3.-4",
                "0x1.2.3.4",
                "1:2:3:4:5:6:7:8",
                "1:2:3:4:5:6:7",
                "1::2:3:4:5:6:7:8",
                ":1::",
                ":::",
                "::g",
                "::00001",
                "::1.2.3.256",
                "1:2:3:4:5:6:1.2.3.4",
                "1.2.3.4::",
                "ABCD::abcd",
                " ::1",
                "::1 ",
                "::1/128",
                "fe80::1%eth0.1",
                "fe80::1%a-b:c",
                "fe80::1%é",
                "fe80::1%a%b",
                "fe80::1%_",
                "1.2.3.4%eth0",
                True,
                False,
            )
            for function in ("is_ip", "is_ipv4", "is_ipv6")
        ],
    ),
)
