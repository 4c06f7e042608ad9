"""Random texts that are nearly addresses, and random block lists: Node and sansnet say the same about them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from .stage import Stage
from .test_generated import wanted_number
from .words import Step, Steps, call, get, new, scenario

TEXTS: Final = (
    "1.2.3.4:81", "255.255.255.255", "0x7f.1:5", "192.168.257:1", "0377.0.0.1:9", "10.0.0.0/8", "u:p@1.2.3.4:5/x?y#z",
    "[::1]:81", "[2001:db8::1]:443", "[::ffff:1.2.3.4]:9", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "fe80::1%eth0",
    "fe80::/10",
)  # fmt: skip
LETTERS: Final = "0123456789.:abfxX[]%/ @-+?#~"

# Close together, on both sides of where the mapped addresses begin, so that rules meet.
ADDRESSES: Final = (
    *((text, "ipv4") for text in ("0.0.0.0", "1.2.3.4", "1.2.3.5", "1.2.4.0", "129.0.0.0", "255.255.255.255")),
    *((text, "ipv6") for text in ("::", "::1", "::fffe:ffff:ffff", "::ffff:1.2.3.4", "::ffff:1.2.4.0", "2001:db8::")),
)


# What differs in parse(), see docs/differences.md; port 80 is the other thing.
_ESCAPED: Final = re.compile("%[0-9A-Fa-f]{2}")


@st.composite
def nearly_addresses(draw: st.DrawFn) -> str:
    """One of the texts, with up to three letters more, fewer or other."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["", *LETTERS])) + text[at + draw(st.integers(0, 1)) :]
    return text


def questions(text: str) -> Steps:
    """All that can be asked about a text."""
    return (
        *[call(f"net.{function}", text) for function in ("is_ip", "is_ipv4", "is_ipv6")],
        call("SocketAddress.parse", text),
        new("b", "block_list"),
        call("b.add_address", text),
        call("b.add_address", text, "ipv6"),
        call("b.add_cidr", text),
        call("b.check", text),
        call("b.check", text, "ipv6"),
        call("b.from_json", [f"Address: IPv4 {text}"]),
        call("b.from_json", [f"Subnet: IPv6 {text}"]),
        get("b.rules"),
    )


@st.composite
def changes(draw: st.DrawFn) -> Step:
    """Something that is done to a block list."""
    verb = draw(st.sampled_from(["add", "add", "remove"]))
    (address, family), (other, _) = draw(st.sampled_from(ADDRESSES)), draw(st.sampled_from(ADDRESSES))
    kind = draw(st.sampled_from(["address", "subnet", "range", "cidr"]))
    prefix = draw(st.sampled_from([0, 1, 8, 23, 31, 32, *([96, 97, 120, 127, 128] if family == "ipv6" else [])]))
    match kind:
        case "address":
            return call(f"b.{verb}_address", address, family)
        case "subnet":
            return call(f"b.{verb}_subnet", address, prefix, family)
        case "range":
            return call(f"b.{verb}_range", address, other, family)
        case _:
            return call(f"b.{verb}_cidr", f"{address}/{prefix}")


def sort_addresses(entry: dict[str, Any]) -> None:
    """In Node the order of addresses is that of a table that hashes them."""
    if entry["name"] == "rules" and isinstance(entry.get("result"), list):
        entry["result"].sort(key=lambda rule: rule if rule.startswith("Address") else "B")


@pytest.mark.timeout(0)  # as many as were asked for
@pytest.mark.covers("U-01", "U-02", "U-03", "T-08", "S-02", "S-05", "S-11", "Z-03")
def test_texts_that_are_nearly_addresses(node_stage: Stage, request: pytest.FixtureRequest) -> None:
    @settings(max_examples=wanted_number(request.config), deadline=None, suppress_health_check=list(HealthCheck))
    @given(nearly_addresses())
    def play(text: str) -> None:
        assume(not _ESCAPED.search(text))
        outcome = node_stage.play(scenario("generated", "", *questions(text)), sort_addresses)
        assume(not any("parse()" in line and "port: 80," in line for line in outcome.ours))
        assert outcome.differences == []

    play()


@pytest.mark.timeout(0)  # as many as were asked for
@pytest.mark.covers("S-03", "S-04", "S-07", "S-09", "Z-01", "Z-02", "Z-04")
def test_block_lists(node_stage: Stage, request: pytest.FixtureRequest) -> None:
    @settings(max_examples=wanted_number(request.config), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(changes(), min_size=1, max_size=12))
    def play(done: list[Step]) -> None:
        note(json.dumps(done))
        checks = [call("b.check", address, family) for address, family in ADDRESSES]
        steps = [step for change in done for step in (change, get("b.rules", "size"), *checks)]
        assert (
            node_stage.play(scenario("generated", "", new("b", "block_list"), *steps), sort_addresses).differences == []
        )

    play()
