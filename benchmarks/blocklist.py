"""What a check against a `BlockList` costs, by the number of its rules, and what it costs to add one.

The numbers of rules, their types and the operations are those of Node's own benchmark (benchmark/net/net-blocklist.js);
beyond it there are IPv6, ranges, subnets of all sizes, and hits spread over the list.
"""

from __future__ import annotations

import ipaddress
import random
import time
import timeit
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, Protocol

from sansnet import BlockList, SocketAddress

from .tables import Table

COUNTS: Final = (10, 100, 1000, 10_000)
CHECKS: Final = 2_000
ADDED: Final = 10_000
"""So many rules are added in a round: to one list, or to many short ones."""
SPREAD: Final = 10
"""So many addresses are checked in turn."""


class Family(NamedTuple):
    """Where the rules of a family lie, and an address that none of them holds."""

    name: str
    bits: int
    address: Callable[[int], ipaddress.IPv4Address | ipaddress.IPv6Address]
    free: str


FAMILIES: Final = (
    Family("ipv4", 32, ipaddress.IPv4Address, "9.9.9.9"),
    Family("ipv6", 128, ipaddress.IPv6Address, "9::9"),
)
TYPES: Final = ("address", "subnet", "range", "mixed")


class _Work(Protocol):
    def nanoseconds(self) -> float:
        """The time of one operation."""


def measure(rounds: int) -> Table:
    """Nanoseconds of a check, of addresses that are held (hit) and of one that isn't (miss), and of adding a rule."""
    columns = [f"{count:,} rules" for count in COUNTS]
    table = Table("blocklist", "BlockList", "ns", columns[0])
    for family in FAMILIES:
        for row, work in _rows(family).items():
            works = dict(zip(columns, map(work, COUNTS), strict=True))
            for _ in range(rounds):
                for column, each in works.items():  # in turn: a slow moment meets all
                    table.add(f"{row}, {family.name}", column, each.nanoseconds())
    return table


def _rows(family: Family) -> dict[str, Callable[[int], _Work]]:
    """What to do with a list of so many rules."""
    rows: dict[str, Callable[[int], _Work]] = {}
    for type_ in TYPES:
        for held in (True, False):
            name = f"{type_}, {'hit' if held else 'miss'}"
            rows[f"check, {name}"] = partial(Checks, family, type_, held=held)
            if type_ == "mixed":
                rows[f"check a SocketAddress, {name}"] = partial(Checks, family, type_, held=held, ready=True)
    rows["add_address"] = partial(_Additions, family)
    return rows


class Checks:
    """A list of so many rules, and addresses to check against it: texts, or with `ready` the objects."""

    def __init__(self, family: Family, type_: str, count: int, *, held: bool, ready: bool = False) -> None:
        self._list = BlockList()
        self._family = family.name
        starts = _fill(self._list, family, type_, count)
        chosen = random.Random(1).choices(starts, k=SPREAD) if held else [family.free] * SPREAD
        self._addresses: list[str | SocketAddress] = [str(each) for each in chosen]
        for address in self._addresses:
            assert self._list.check(address, family.name) is held
        if ready:
            self._addresses = [SocketAddress(address=str(each), family=family.name) for each in chosen]

    def run(self) -> None:
        """Check each address once."""
        check, family = self._list.check, self._family
        for address in self._addresses:
            check(address, family)

    def nanoseconds(self) -> float:
        """The time of one check."""
        return timeit.timeit(self.run, timer=time.process_time, number=CHECKS // SPREAD) / CHECKS * 1e9


class _Additions:
    """Addresses, and new lists that they are added to."""

    def __init__(self, family: Family, count: int) -> None:
        self._family = family.name
        self._addresses = [str(_start(family, number)) for number in range(count)]

    def run(self) -> None:
        block_list, family = BlockList(), self._family
        for address in self._addresses:
            block_list.add_address(address, family)

    def nanoseconds(self) -> float:
        """The time of one addition, with its part of a new list."""
        lists = ADDED // len(self._addresses)
        return timeit.timeit(self.run, timer=time.process_time, number=lists) / ADDED * 1e9


def _start(family: Family, number: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The first address of a rule."""
    return family.address((10 << family.bits - 8) + (number << family.bits - 24))


def _fill(
    block_list: BlockList, family: Family, type_: str, count: int
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Add the rules; an address that each of them holds. Subnets are of all sizes: that is what lists have."""
    choose = random.Random(count)
    starts = [_start(family, number) for number in range(count)]
    for number, start in enumerate(starts):
        match type_ if type_ != "mixed" else TYPES[number % 3]:
            case "address":
                block_list.add_address(start)
            case "subnet":
                block_list.add_subnet(start, choose.randint(25, family.bits))
            case _:
                block_list.add_range(start, start + choose.randint(0, 200))
    return starts
