"""`BlockList`: addresses, ranges and subnets that nobody shall connect to, or come from.

A check may run for every connection, so what it costs must not depend on how many rules there are:

- an address is one look into a dictionary;
- subnets and ranges are merged into spans that don't overlap, and one bisection finds the span.

A look for each prefix *length* in use would do for subnets too, and beat the bisection while there are few of them; but
a list of IPv6 networks may have a hundred.

Which addresses a rule is about
-------------------------------
An IPv4 address and its mapped IPv6 address (::ffff:1.2.3.4) are the same address: a rule for one is a rule for the
other. Both have one *number* (see address.py), and addresses and subnets are compared by it alone: the subnet ::/0
holds every IPv4 address, the IPv4 subnet 0.0.0.0/0 no IPv6 address but the mapped ones.

Ranges have Node's own rule: two addresses of different families can be compared only where the IPv6 one is mapped. So a
range whose ends are not both IPv4 or mapped holds no IPv4 address, and a range with an IPv4 end holds, of IPv6, only
mapped addresses. That is why there are two sets of spans: what IPv4 addresses see, and what IPv6 addresses do.
"""

from __future__ import annotations

import ipaddress
import json
import re
import reprlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final, Generic, NamedTuple, TypeVar, final

from .address import MAPPED, Family, SocketAddress, family_of, format_address, is_mapped, parse_address, whole_number
from .errors import invalid_arg_type, invalid_arg_value

__all__ = ["Address", "BlockList", "Network"]

Address = str | SocketAddress | ipaddress.IPv4Address | ipaddress.IPv6Address
"""What is taken for an address. Only a `str` needs a `family` beside it."""

Network = str | ipaddress.IPv4Network | ipaddress.IPv6Network | ipaddress.IPv4Interface | ipaddress.IPv6Interface
"""What is taken for a subnet in CIDR notation."""

_LABELS: Final[dict[Family, str]] = {"ipv4": "IPv4", "ipv6": "IPv6"}
_MAPPED_END: Final = MAPPED | 0xFFFFFFFF

_Interval = tuple[int, int]
"""Two numbers and all between them."""


# -------------------------------------------------------------------------------------------------------------- rules


class _Place(NamedTuple):
    """An address, and which family it was written in."""

    number: int
    family: Family

    def __str__(self) -> str:
        return format_address(self.number, self.family)


class _Subnet(NamedTuple):
    """The bits of `network` behind the prefix are kept for its text, and count for nothing else."""

    network: _Place
    prefix: int

    def seen(self, _family: Family) -> _Interval:
        """The numbers that it holds, to addresses of either family."""
        rest = (1 << (32 if self.network.family == "ipv4" else 128) - self.prefix) - 1
        return self.network.number & ~rest, self.network.number | rest

    def __str__(self) -> str:
        return f"Subnet: {_LABELS[self.network.family]} {self.network}/{self.prefix}"


class _Range(NamedTuple):
    start: _Place
    end: _Place

    def seen(self, family: Family) -> _Interval | None:
        """The numbers that it holds, to addresses of that family."""
        start, end = self.start.number, self.end.number
        if family == "ipv4":
            return (start, end) if is_mapped(start) and is_mapped(end) else None
        if "ipv4" in (self.start.family, self.end.family):
            return max(start, MAPPED), min(end, _MAPPED_END)
        return start, end

    def __str__(self) -> str:
        return f"Range: {_LABELS[self.start.family]} {self.start}-{self.end}"


_Rule = TypeVar("_Rule", _Subnet, _Range)


class _Bag(Generic[_Rule]):
    """Rules and when they came. Equal ones are kept; a removal takes the newest of them, as in Node."""

    __slots__ = ("_arrivals", "_clock", "_size")

    def __init__(self) -> None:
        self._arrivals: dict[_Rule, list[int]] = {}
        self._clock = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, rule: _Rule) -> None:
        """Once more."""
        self._arrivals.setdefault(rule, []).append(self._clock)
        self._clock += 1
        self._size += 1

    def discard(self, rule: _Rule) -> bool:
        """Was it there?"""
        arrivals = self._arrivals.get(rule)
        if arrivals is None:
            return False
        arrivals.pop()
        self._size -= 1
        if not arrivals:
            del self._arrivals[rule]
        return True

    def clear(self) -> None:
        """Forget every rule."""
        self._arrivals.clear()
        self._size = 0

    def newest_first(self) -> list[_Rule]:
        """Every copy in its place."""
        came = [(arrival, rule) for rule, arrivals in self._arrivals.items() for arrival in arrivals]
        return [rule for _, rule in sorted(came, key=itemgetter(0), reverse=True)]


class _Spans:
    """Numbers, as what lies in intervals that come and go; spans are what they are when all that overlap are one."""

    __slots__ = ("_ends", "_intervals", "_starts")

    def __init__(self) -> None:
        self._intervals: list[tuple[int, int]] = []  # in order
        self._starts: list[int] = []  # of the spans, in order
        self._ends: list[int] = []

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]

    def add(self, start: int, end: int) -> None:
        """Put an interval in."""
        insort(self._intervals, (start, end))
        self._cover(start, end)

    def remove(self, start: int, end: int) -> None:
        """Take out an interval that is there. No more is made anew than the one span that it was in."""
        del self._intervals[bisect_left(self._intervals, (start, end))]
        span = bisect_right(self._starts, start) - 1
        first = bisect_left(self._intervals, (self._starts[span],))
        last = bisect_left(self._intervals, (self._ends[span] + 1,))
        del self._starts[span]
        del self._ends[span]
        for interval in self._intervals[first:last]:
            self._cover(*interval)

    def clear(self) -> None:
        """Take out all."""
        for each in (self._intervals, self._starts, self._ends):
            each.clear()

    def _cover(self, start: int, end: int) -> None:
        """Put a span in, in the place of all that it overlaps."""
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]


# ---------------------------------------------------------------------------------------------------------- BlockList


@final
class BlockList:
    """Rules about addresses. An address may be a `str` of `family`, a `SocketAddress` or an object of `ipaddress`.

    `family` is 'ipv4' or 'ipv6' in any case, and is about a `str` only; ports don't matter. An empty list is false, as
    every empty collection is.

    All that take an address raise ERR_INVALID_ARG_TYPE for what is none, ERR_INVALID_ADDRESS for a text that is not one
    of that family, and ERR_INVALID_ARG_VALUE for an unknown family. Nothing has changed then.

    A `copy.copy()` has the same rules, now and later, as a clone has in Node; a `copy.deepcopy()` has its own.
    """

    __slots__ = ("_addresses", "_ranges", "_spans", "_subnets")

    PRIVATE_RANGES: Final = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
        "fc00::/7",
    )
    """What isn't of the public Internet: private, loopback, link-local and unique local; for `add_cidrs()`."""

    def __init__(self) -> None:
        self._addresses: Final[dict[int, _Place]] = {}
        self._subnets: Final[_Bag[_Subnet]] = _Bag()
        self._ranges: Final[_Bag[_Range]] = _Bag()
        self._spans: Final[dict[Family, _Spans]] = {"ipv4": _Spans(), "ipv6": _Spans()}

    # -- asking --------------------------------------------------------------------------------------------------------

    def check(self, address: Address, family: str = "ipv4") -> bool:
        """Does a rule hold `address`? False for a text that is no address of `family`, and for an unknown family.

        Raises ERR_INVALID_ARG_TYPE for what is no address at all.
        """
        if not isinstance(address, str):
            return self._holds(*_place("address", address, family))
        known = _known_family(family)
        number = parse_address(address, known) if known else None
        return number is not None and known is not None and self._holds(number, known)

    def __contains__(self, address: Address) -> bool:
        """As `check()`, of the family that the text has."""
        return self.check(address, family_of(address) if isinstance(address, str) else "ipv4")

    def _holds(self, number: int, family: Family) -> bool:
        return number in self._addresses or number in self._spans[family]

    @property
    def size(self) -> int:
        """How many rules there are, copies of ranges and subnets included."""
        return len(self)

    def __len__(self) -> int:
        return len(self._addresses) + len(self._subnets) + len(self._ranges)

    @property
    def rules(self) -> list[str]:
        """The rules as text, addresses first, then subnets, then ranges, of each the newest first."""
        addresses = [f"Address: {_LABELS[place.family]} {place}" for place in reversed(self._addresses.values())]
        return [*addresses, *map(str, self._subnets.newest_first()), *map(str, self._ranges.newest_first())]

    def __repr__(self) -> str:
        return f"BlockList(rules={reprlib.repr(self.rules)})"

    @staticmethod
    def is_block_list(value: object) -> bool:
        """Is it one of these?"""
        return isinstance(value, BlockList)

    # -- adding --------------------------------------------------------------------------------------------------------

    def add_address(self, address: Address, family: str = "ipv4") -> None:
        """Block one address. One that is there already stays one, and is written as it was written last."""
        self._add_place(_place("address", address, family))

    def add_addresses(self, addresses: Sequence[Address], family: str = "ipv4") -> None:
        """Block each of a list, or none if one is bad. Raises ERR_INVALID_ARG_TYPE for what is no list."""
        for place in [_place(name, address, family) for name, address in _entries("addresses", addresses)]:
            self._add_place(place)

    def add_range(self, start: Address, end: Address, family: str = "ipv4") -> None:
        """Block what lies between two addresses, and both. Raises ERR_INVALID_ARG_VALUE if `end` comes first."""
        rule = _range(start, end, family)
        if rule.start.number > rule.end.number:
            raise invalid_arg_value("start", start, "must come before end")
        self._add_range(rule)

    def add_subnet(self, network: Address, prefix: int, family: str = "ipv4") -> None:
        """Block every address whose first `prefix` bits are the network's.

        Raises ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for a prefix that isn't 0 to 32, or to 128 for IPv6.
        """
        self._add_subnet(_subnet(network, prefix, family))

    def add_cidr(self, cidr: Network) -> None:
        """Block a subnet given as '10.0.0.0/8', 'fc00::/7' or a network of `ipaddress`.

        Raises ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE without a prefix in plain digits, ERR_OUT_OF_RANGE for a
        prefix that is too long, and ERR_INVALID_ADDRESS.
        """
        self._add_subnet(_parse_cidr("cidr", cidr))

    def add_cidrs(self, cidrs: Sequence[Network]) -> None:
        """Block each subnet of a list, or none if one is bad. Raises ERR_INVALID_ARG_TYPE for what is no list."""
        for subnet in [_parse_cidr(name, cidr) for name, cidr in _entries("cidrs", cidrs)]:
            self._add_subnet(subnet)

    def _add_place(self, place: _Place) -> None:
        self._addresses[place.number] = place

    def _add_range(self, rule: _Range) -> None:
        self._ranges.add(rule)
        self._show(rule)

    def _add_subnet(self, rule: _Subnet) -> None:
        self._subnets.add(rule)
        self._show(rule)

    def _show(self, rule: _Subnet | _Range) -> None:
        for family, spans in self._spans.items():
            interval = rule.seen(family)
            if interval is not None:
                spans.add(*interval)

    # -- removing ------------------------------------------------------------------------------------------------------

    def remove_address(self, address: Address, family: str = "ipv4") -> None:
        """Forget one address, in whichever of the two families it was added. Ranges and subnets may still hold it."""
        self._addresses.pop(_place("address", address, family).number, None)

    def remove_range(self, start: Address, end: Address, family: str = "ipv4") -> None:
        """Forget exactly this range, as it was written. Of one that was added twice, one is left."""
        rule = _range(start, end, family)
        if self._ranges.discard(rule):
            self._hide(rule)

    def remove_subnet(self, network: Address, prefix: int, family: str = "ipv4") -> None:
        """Forget exactly this network and prefix, as it was written. Of one that was added twice, one is left.

        Raises what `add_subnet()` does.
        """
        self._remove_subnet(_subnet(network, prefix, family))

    def remove_cidr(self, cidr: Network) -> None:
        """As `remove_subnet()`. Raises what `add_cidr()` does."""
        self._remove_subnet(_parse_cidr("cidr", cidr))

    def clear(self) -> None:
        """Forget every rule."""
        self._addresses.clear()
        self._subnets.clear()
        self._ranges.clear()
        for spans in self._spans.values():
            spans.clear()

    def _remove_subnet(self, rule: _Subnet) -> None:
        if self._subnets.discard(rule):
            self._hide(rule)

    def _hide(self, rule: _Subnet | _Range) -> None:
        for family, spans in self._spans.items():
            interval = rule.seen(family)
            if interval is not None:
                spans.remove(*interval)

    # -- as JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> list[str]:
        """The rules, for `json.dumps()`."""
        return self.rules

    def from_json(self, data: str | Sequence[str]) -> None:
        """Add rules as `to_json()` gives them, or the JSON text of those. Lines that are no rule are passed over.

        Unlike Node's it reads each rule that it writes, and adds none of them if one is bad.

        Raises ERR_INVALID_ARG_TYPE for another kind of data, `json.JSONDecodeError`, and what adding the rule raises.
        """
        lines = json.loads(data) if isinstance(data, str) else data
        if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
            raise invalid_arg_type("data", "of type string or string[]", lines)
        read = BlockList()
        for line in lines:
            read._read(line)
        for place in read._addresses.values():
            self._add_place(place)
        for subnet in reversed(read._subnets.newest_first()):
            self._add_subnet(subnet)
        for rule in reversed(read._ranges.newest_first()):
            self._add_range(rule)

    def _read(self, line: str) -> None:
        rule = _RULE4.search(line) or _RULE6.search(line)
        if rule is None:
            return
        family = "ipv4" if rule.re is _RULE4 else "ipv6"
        kind, first, prefix, end = rule.groups()
        if kind == "Address":
            self.add_address(first, family)
        elif kind == "Subnet" and prefix is not None:
            self.add_subnet(first, int(prefix), family)
        elif kind == "Range" and end is not None:
            start = SocketAddress(address=first, family=family)
            self.add_range(start, SocketAddress(address=end, family=family_of(end)))


_REST: Final = r"(?:/([0-9]{1,9})|-([0-9A-Fa-f:.]+))?"
_RULE4: Final = re.compile(rf"(Address|Subnet|Range): IPv4 ([0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}){_REST}")
_RULE6: Final = re.compile(rf"(Address|Subnet|Range): IPv6 ([0-9A-Fa-f:.]+){_REST}")
_PREFIX: Final = re.compile("0|-?[1-9][0-9]{0,15}")


# -------------------------------------------------------------------------------------------------- reading arguments


def _known_family(family: object) -> Family | None:
    if not isinstance(family, str):
        raise invalid_arg_type("family", "of type string", family)
    match family.lower():
        case "ipv4":
            return "ipv4"
        case "ipv6":
            return "ipv6"
        case _:
            return None


def _place(name: str, address: object, family: object) -> _Place:
    if isinstance(address, SocketAddress):
        return _Place(address.number, address.family)
    if isinstance(address, ipaddress.IPv4Address):
        return _Place(MAPPED | int(address), "ipv4")
    if isinstance(address, ipaddress.IPv6Address):
        return _Place(int(address), "ipv6")
    if not isinstance(address, str):
        raise invalid_arg_type(name, "of type string", address)
    if not isinstance(family, str):
        raise invalid_arg_type("family", "of type string", family)
    return _place(name, SocketAddress(address=address, family=family), family)


def _range(start: object, end: object, family: object) -> _Range:
    return _Range(_place("start", start, family), _place("end", end, family))


def _subnet(network: object, prefix: object, family: object) -> _Subnet:
    place = _place("network", network, family)
    return _Subnet(place, whole_number("prefix", prefix, 0, 32 if place.family == "ipv4" else 128))


def _parse_cidr(name: str, cidr: object) -> _Subnet:
    if not isinstance(cidr, str):
        if not isinstance(cidr, Network):
            raise invalid_arg_type(name, "of type string", cidr)
        cidr = str(cidr)
    address, slash, prefix = cidr.rpartition("/")
    if not slash:
        raise invalid_arg_value("cidr", cidr, 'must contain a prefix length (e.g. "10.0.0.0/8")')
    if not _PREFIX.fullmatch(prefix):
        raise invalid_arg_value("cidr", cidr, "prefix length must be a valid integer")
    return _subnet(address, int(prefix), family_of(address))


def _entries(name: str, values: object) -> Iterator[tuple[str, object]]:
    """The values of a list, each with its name for a complaint."""
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Sequence):
        raise invalid_arg_type(name, "an instance of list", values)
    return ((f"{name}[{index}]", value) for index, value in enumerate(values))
