"""What a long `BlockList` costs: a check, and a change between checks, about as much as with a short one."""

from __future__ import annotations

import ipaddress
import random
import timeit
from collections.abc import Callable

import pytest

from sansnet.blocklist import BlockList

KINDS = ["addresses", "subnets", "subnets of all sizes", "ranges"]


def with_many(kind: str, count: int, version: int = 4) -> BlockList:
    """A list of `count` rules of one kind, none of which holds 9.9.9.9 or 9::9."""
    bits, make = (32, ipaddress.IPv4Address) if version == 4 else (128, ipaddress.IPv6Address)
    first, step, sizes = 10 << bits - 8, 1 << bits - 24, random.Random(count)
    block_list = BlockList()
    for number in range(count):
        start = make(first + number * step)
        match kind:
            case "addresses":
                block_list.add_address(start)
            case "subnets":
                block_list.add_subnet(start, 25)
            case "subnets of all sizes":
                block_list.add_subnet(start, sizes.randint(25, bits))
            case _:
                block_list.add_range(start, start + 9)
    return block_list


def cost_ratio(many: Callable[[], object], few: Callable[[], object]) -> float:
    """How many times longer the one takes at its best than the other; in turns, so that a slow moment meets both."""
    pairs = [(timeit.timeit(many, number=20), timeit.timeit(few, number=20)) for _ in range(50)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


@pytest.mark.covers("Z-04", "BlockList.check")
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_rules_cost_about_what_ten_cost(kind: str, version: int) -> None:
    few, many = with_many(kind, 10, version), with_many(kind, 10_000, version)
    address, family = ("9.9.9.9", "ipv4") if version == 4 else ("9::9", "ipv6")
    assert not few.check(address, family)
    assert not many.check(address, family)
    assert cost_ratio(lambda: many.check(address, family), lambda: few.check(address, family)) < 2
    last = (10 << 24) + 9_999 * 256
    assert ipaddress.IPv4Address(last) in many or ipaddress.IPv6Address(last << 96) in many


@pytest.mark.parametrize("kind", KINDS)
def test_changing_a_long_list_between_checks_does_not_start_over(kind: str) -> None:
    """What is added goes away again, so that no list grows."""

    def change_and_check(block_list: BlockList) -> None:
        block_list.add_cidr("9.9.9.8/31")
        block_list.add_range("9.9.9.7", "9.9.9.8")
        assert block_list.check("9.9.9.9")
        block_list.remove_cidr("9.9.9.8/31")
        assert not block_list.check("9.9.9.9")
        block_list.remove_range("9.9.9.7", "9.9.9.8")

    few, many = with_many(kind, 10), with_many(kind, 10_000)
    assert cost_ratio(lambda: change_and_check(many), lambda: change_and_check(few)) < 10  # starting over, it is 1000
