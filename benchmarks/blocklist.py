"""What a check against a `BlockList` costs: with 10,000 rules beside 10, and how many times as long it takes."""

from __future__ import annotations

import ipaddress
import random
import time
import timeit
from collections.abc import Callable
from typing import NamedTuple

from sansnet import BlockList

from .tables import Table

FEW, MANY = 10, 10_000
CHECKS = 2_000


class Family(NamedTuple):
    """Where the rules of a family lie, and an address that none of them holds."""

    name: str
    bits: int
    address: Callable[[int], ipaddress.IPv4Address | ipaddress.IPv6Address]
    free: str


FAMILIES = (
    Family("ipv4", 32, ipaddress.IPv4Address, "9.9.9.9"),
    Family("ipv6", 128, ipaddress.IPv6Address, "9::9"),
)
KINDS = ("addresses", "subnets", "ranges", "mixed")


def measure(rounds: int) -> Table:
    """Nanoseconds of a check with few rules and with many; of addresses that are held, and of one that isn't."""
    few, many = f"{FEW} rules", f"{MANY:,} rules"
    table = Table("blocklist", "BlockList.check()", "ns", few)
    for family in FAMILIES:
        for kind in KINDS:
            for held in (True, False):
                lists = {few: Checks(family, kind, FEW, held), many: Checks(family, kind, MANY, held)}
                for _ in range(rounds):
                    for column, checks in lists.items():  # in turn: a slow moment meets both
                        row = f"{family.name} {kind}, {'held' if held else 'not held'}"
                        table.add(row, column, checks.nanoseconds())
    return table


class Checks:
    """A list of so many rules, and addresses to check against it."""

    def __init__(self, family: Family, kind: str, count: int, held: bool) -> None:
        self._list = BlockList()
        self._family = family.name
        starts = _fill(self._list, family, kind, count)
        chosen = random.Random(1).choices(starts, k=FEW) if held else [family.free] * FEW
        self._addresses = [str(each) for each in chosen]
        for address in self._addresses:
            assert self._list.check(address, family.name) is held

    def run(self) -> None:
        """Check each address once."""
        check, family = self._list.check, self._family
        for address in self._addresses:
            check(address, family)

    def nanoseconds(self) -> float:
        """The time of one check."""
        return timeit.timeit(self.run, timer=time.process_time, number=CHECKS // FEW) / CHECKS * 1e9


def _fill(
    block_list: BlockList, family: Family, kind: str, count: int
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Add the rules; an address that each of them holds. Subnets are of all sizes: that is what lists have."""
    choose = random.Random(count)
    starts = []
    for number in range(count):
        start = family.address((10 << family.bits - 8) + (number << family.bits - 24))
        starts.append(start)
        match kind if kind != "mixed" else KINDS[number % 3]:
            case "addresses":
                block_list.add_address(start)
            case "subnets":
                block_list.add_subnet(start, choose.randint(25, family.bits))
            case _:
                block_list.add_range(start, start + choose.randint(0, 200))
    return starts
