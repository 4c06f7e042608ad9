"""`BlockList` against a slow one that asks `ipaddress` about each rule in turn, and against what Node 26 answered.

The law: whatever was added and removed, in whatever order, `check()` is true exactly when one of the rules that are
left holds the address, and `rules` are the rules that are left.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import pickle
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sansnet.address import SocketAddress
from sansnet.blocklist import BlockList
from sansnet.errors import NetError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Subnet = tuple[IPAddress, int]
Range = tuple[IPAddress, IPAddress]
T = TypeVar("T")

# Few numbers, close together, and on both sides of where the mapped addresses begin and end, so that rules meet.
MAPPED = 0xFFFF << 32
NEAR = [*range(7), 255, 256, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
FAR = [0, 1, 2, MAPPED - 1, MAPPED + 2**32, 2**127, 2**128 - 1]
EVERY_IPV4 = [ipaddress.IPv4Address(number) for number in NEAR]
EVERY_IPV6 = [ipaddress.IPv6Address(number) for number in [*FAR, *map(MAPPED.__or__, NEAR)]]
EVERYBODY: list[IPAddress] = [*EVERY_IPV4, *EVERY_IPV6]

ADDRESSES = st.sampled_from(EVERYBODY)
SUBNETS = st.tuples(st.sampled_from(EVERY_IPV4), st.integers(0, 32)) | st.tuples(
    st.sampled_from(EVERY_IPV6), st.sampled_from([0, 1, 64, 80, 95, 96, 97, 104, 127, 128])
)
RANGES = st.tuples(ADDRESSES, ADDRESSES).map(lambda ends: ends if to_ipv6(ends[0]) <= to_ipv6(ends[1]) else ends[::-1])


# ------------------------------------------------------------------------------------------------------ the slow way


def to_ipv6(address: IPAddress) -> ipaddress.IPv6Address:
    return address if isinstance(address, ipaddress.IPv6Address) else ipaddress.IPv6Address(MAPPED | int(address))


def to_ipv4(address: IPAddress) -> ipaddress.IPv4Address | None:
    return address if isinstance(address, ipaddress.IPv4Address) else address.ipv4_mapped


def in_subnet(address: IPAddress, subnet: Subnet) -> bool:
    network, prefix = subnet
    if network.version == 4:
        ipv4 = to_ipv4(address)
        return ipv4 is not None and ipv4 in ipaddress.IPv4Network((int(network), prefix), strict=False)
    return to_ipv6(address) in ipaddress.IPv6Network((int(network), prefix), strict=False)


def not_after(a: IPAddress, b: IPAddress) -> bool:
    """Is a <= b? Addresses of different families can only be compared as IPv4 addresses."""
    if a.version == b.version:
        return int(a) <= int(b)
    low, high = to_ipv4(a), to_ipv4(b)
    return low is not None and high is not None and low <= high


def in_range(address: IPAddress, ends: Range) -> bool:
    return not_after(ends[0], address) and not_after(address, ends[1])


def remove_newest(rules: list[T], rule: T) -> None:
    if rule in rules:
        del rules[len(rules) - 1 - rules[::-1].index(rule)]


def family(address: IPAddress) -> str:
    return f"ipv{address.version}"


def written(address: IPAddress) -> str:
    return SocketAddress(address=str(address), family=family(address)).address


def spellings(address: IPAddress) -> list[tuple[Any, ...]]:
    """The arguments that an address may be given by."""
    endpoint = SocketAddress(address=str(address), family=family(address), port=80)
    return [(str(address), family(address)), (address.exploded, family(address).upper()), (address,), (endpoint,)]


@pytest.mark.covers("BlockList.__contains__", "BlockList.__len__")
class AgainstTheSlowOne(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.block_list = BlockList()
        self.addresses: dict[ipaddress.IPv6Address, IPAddress] = {}
        self.subnets: list[Subnet] = []
        self.ranges: list[Range] = []

    @rule(address=ADDRESSES, data=st.data())
    def add_address(self, address: IPAddress, data: st.DataObject) -> None:
        self.block_list.add_address(*data.draw(st.sampled_from(spellings(address))))
        self.addresses[to_ipv6(address)] = address

    @rule(address=ADDRESSES, data=st.data())
    def remove_address(self, address: IPAddress, data: st.DataObject) -> None:
        self.block_list.remove_address(*data.draw(st.sampled_from(spellings(address))))
        self.addresses.pop(to_ipv6(address), None)

    @rule(subnet=SUBNETS)
    def add_subnet(self, subnet: Subnet) -> None:
        self.block_list.add_subnet(*subnet)
        self.subnets.append(subnet)

    @rule(subnet=SUBNETS)
    def add_cidr(self, subnet: Subnet) -> None:
        self.block_list.add_cidr(f"{subnet[0]}/{subnet[1]}")
        self.subnets.append(subnet)

    @precondition(lambda self: self.subnets)
    @rule(data=st.data())
    def remove_subnet(self, data: st.DataObject) -> None:
        subnet = data.draw(st.sampled_from(self.subnets) | SUBNETS)
        if data.draw(st.booleans()):
            self.block_list.remove_subnet(str(subnet[0]), subnet[1], family(subnet[0]))
        else:
            self.block_list.remove_cidr(f"{subnet[0]}/{subnet[1]}")
        remove_newest(self.subnets, subnet)

    @rule(ends=RANGES)
    def add_range(self, ends: Range) -> None:
        self.block_list.add_range(*ends)
        self.ranges.append(ends)

    @precondition(lambda self: self.ranges)
    @rule(data=st.data())
    def remove_range(self, data: st.DataObject) -> None:
        ends = data.draw(st.sampled_from(self.ranges) | RANGES)
        self.block_list.remove_range(*ends)
        remove_newest(self.ranges, ends)

    @rule()
    def through_json(self) -> None:
        data = json.dumps(self.block_list.to_json()[::-1])
        self.block_list = BlockList()
        self.block_list.from_json(data)

    @rule()
    def clear(self) -> None:
        self.block_list.clear()
        self.addresses, self.subnets, self.ranges = {}, [], []

    @invariant()
    def check_is_true_for_what_is_held(self) -> None:
        for address in EVERYBODY:
            held = (
                to_ipv6(address) in self.addresses
                or any(in_subnet(address, subnet) for subnet in self.subnets)
                or any(in_range(address, ends) for ends in self.ranges)
            )
            assert self.block_list.check(str(address), family(address)) is held, address
            assert (address in self.block_list) is held, address

    @invariant()
    def rules_are_what_is_left_the_newest_first(self) -> None:
        assert self.block_list.rules == [
            *(f"Address: IPv{address.version} {written(address)}" for address in [*self.addresses.values()][::-1]),
            *(f"Subnet: IPv{net.version} {written(net)}/{prefix}" for net, prefix in self.subnets[::-1]),
            *(f"Range: IPv{start.version} {written(start)}-{written(end)}" for start, end in self.ranges[::-1]),
        ]
        assert self.block_list.size == len(self.block_list) == len(self.block_list.rules)


TestAgainstTheSlowOne = pytest.mark.covers("S-07", "Z-02", "BlockList")(AgainstTheSlowOne.TestCase)
TestAgainstTheSlowOne.settings = settings(max_examples=60, stateful_step_count=25)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 15), st.integers(0, 7))))
@settings(max_examples=400)
def test_ranges_and_subnets_that_overlap_or_touch_come_and_go(rules: list[tuple[bool, int, int]]) -> None:
    """Removed one after the other, in the order in which they came, each leaves exactly what the others hold."""
    block_list = BlockList()
    everybody = [ipaddress.IPv4Address(number) for number in range(24)]
    intervals = []
    for is_range, start, length in rules:
        if is_range:
            block_list.add_range(everybody[start], everybody[start + length])
            intervals.append(range(start, start + length + 1))
        else:
            size = 1 << length % 4
            block_list.add_subnet(everybody[start], 32 - length % 4)
            intervals.append(range(start // size * size, start // size * size + size))
    for count, (is_range, start, length) in enumerate(rules):
        for number, address in enumerate(everybody):
            assert block_list.check(address) is any(number in interval for interval in intervals[count:])
        if is_range:
            block_list.remove_range(everybody[start], everybody[start + length])
        else:
            block_list.remove_subnet(everybody[start], 32 - length % 4)
    assert not any(map(block_list.check, everybody))


# --------------------------------------------------------------------------------------------------- what Node says


def rules_after(*calls: tuple[str, Any]) -> list[str]:
    """The rules of a new list after methods were called with these arguments."""
    block_list = BlockList()
    for name, arguments in calls:
        getattr(block_list, name)(*arguments)
    return block_list.rules


def test_rules_come_in_three_groups_of_each_the_newest_first() -> None:
    assert rules_after(
        ("add_range", ("1.0.0.0", "1.0.0.1")),
        ("add_subnet", ("2.0.0.0", 8)),
        ("add_address", ("3.3.3.3",)),
        ("add_range", ("1.0.0.2", "1.0.0.3")),
        ("add_subnet", ("3.1.2.3", 8)),
        ("add_address", ("FE80::1%eth0", "IPv6")),
        ("add_subnet", ("3.1.2.3", 8)),
        ("add_range", ("1.0.0.2", "1.0.0.3")),
        ("add_address", ("3.3.3.3",)),
    ) == [
        "Address: IPv6 fe80::1",
        "Address: IPv4 3.3.3.3",
        "Subnet: IPv4 3.1.2.3/8",
        "Subnet: IPv4 3.1.2.3/8",
        "Subnet: IPv4 2.0.0.0/8",
        "Range: IPv4 1.0.0.2-1.0.0.3",
        "Range: IPv4 1.0.0.2-1.0.0.3",
        "Range: IPv4 1.0.0.0-1.0.0.1",
    ]


def test_an_address_and_its_mapped_one_are_one_rule_written_as_it_was_last() -> None:
    assert rules_after(("add_address", ("1.2.3.4",)), ("add_address", ("::ffff:1.2.3.4", "ipv6"))) == [
        "Address: IPv6 ::ffff:1.2.3.4"
    ]
    assert rules_after(("add_address", ("1.2.3.4",)), ("remove_address", ("::ffff:1.2.3.4", "ipv6"))) == []


def test_of_two_equal_rules_a_removal_leaves_one() -> None:
    assert rules_after(
        ("add_subnet", ("3.0.0.0", 8)),
        ("add_subnet", ("4.0.0.0", 8)),
        ("add_subnet", ("3.0.0.0", 8)),
        ("remove_subnet", ("3.0.0.0", 8)),
    ) == ["Subnet: IPv4 4.0.0.0/8", "Subnet: IPv4 3.0.0.0/8"]


@pytest.mark.parametrize(
    "removal",
    [
        ("remove_subnet", ("3.0.0.0", 8)),
        ("remove_subnet", ("3.1.2.3", 9)),
        ("remove_subnet", ("::ffff:3.1.2.3", 104, "ipv6")),
        ("remove_range", ("1.0.0.2", "1.0.0.4")),
        ("remove_range", ("::ffff:1.0.0.2", "::ffff:1.0.0.3", "ipv6")),
        ("remove_range", ("1.0.0.3", "1.0.0.2")),
        ("remove_address", ("1.0.0.2",)),
    ],
)
def test_only_the_very_rule_is_removed(removal: tuple[str, Any]) -> None:
    added = (("add_subnet", ("3.1.2.3", 8)), ("add_range", ("1.0.0.2", "1.0.0.3")))
    assert rules_after(*added, removal) == rules_after(*added)


def test_a_range_of_both_families_holds_what_can_be_compared_with_both_ends() -> None:
    block_list = BlockList()
    block_list.add_range(ipaddress.ip_address("1.2.3.4"), ipaddress.ip_address("2001::"))
    block_list.add_range(ipaddress.ip_address("::1"), ipaddress.ip_address("1.2.3.0"))
    assert [block_list.check("1.2.3.5"), block_list.check("::ffff:1.2.3.5", "ipv6")] == [False, True]
    assert [block_list.check("::1", "ipv6"), block_list.check("1000::", "ipv6")] == [False, False]


def test_check_is_false_for_what_it_does_not_understand() -> None:
    block_list = BlockList()
    block_list.add_subnet("0.0.0.0", 0)
    block_list.add_subnet("::", 0, "ipv6")
    assert block_list.check("1.2.3.4")
    for text, name in [("1.2.3", "ipv4"), ("::1", "ipv4"), ("1.2.3.4", "ipv6"), ("x", "ipv6"), ("1.2.3.4", "ipv5")]:
        assert not block_list.check(text, name)
    assert "localhost" not in block_list


@pytest.mark.covers("BlockList.__contains__")
def test_a_text_in_the_list_is_of_the_family_that_it_looks_like() -> None:
    block_list = BlockList()
    block_list.add_cidrs(["10.0.0.0/8", "fe80::/10"])
    assert "10.1.2.3" in block_list
    assert "fe80::1%br_lan" in block_list
    assert "fec0::1" not in block_list


def test_the_families_of_objects_are_their_own() -> None:
    block_list = BlockList()
    block_list.add_address(ipaddress.ip_address("::1"), "ipv4")
    block_list.add_subnet(SocketAddress(address="fc00::", family="ipv6"), 7)
    block_list.add_cidrs([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_interface("fe80::1/10")])
    block_list.add_address(ipaddress.ip_interface("1.2.3.4/8"))
    assert block_list.rules == [
        "Address: IPv4 1.2.3.4",
        "Address: IPv6 ::1",
        "Subnet: IPv6 fe80::1/10",
        "Subnet: IPv4 10.0.0.0/8",
        "Subnet: IPv6 fc00::/7",
    ]
    assert block_list.check(SocketAddress(address="fdff::", family="ipv6"))


@pytest.mark.covers("Z-02", "BlockList.PRIVATE_RANGES")
def test_private_ranges() -> None:
    block_list = BlockList()
    block_list.add_cidrs(BlockList.PRIVATE_RANGES)
    assert block_list.size == 8
    for address in ("10.9.9.9", "172.31.0.1", "192.168.1.1", "127.0.0.1", "::1", "169.254.1.1", "fe80::1", "fd00::1"):
        assert ipaddress.ip_address(address).is_private
        assert address in block_list
    for address in ("172.32.0.1", "8.8.8.8", "2001:4860::1"):
        assert address not in block_list


def test_lists_are_added() -> None:
    block_list = BlockList()
    block_list.add_addresses(["1.0.0.1", ipaddress.ip_address("::1"), "1.0.0.2"])
    assert block_list.rules == ["Address: IPv4 1.0.0.2", "Address: IPv6 ::1", "Address: IPv4 1.0.0.1"]


@pytest.mark.covers("S-12")
def test_a_copy_has_the_same_rules_and_a_deep_copy_its_own() -> None:
    block_list = BlockList()
    block_list.add_range("1.1.1.1", "1.1.1.9")
    same, own, pickled = copy.copy(block_list), copy.deepcopy(block_list), pickle.loads(pickle.dumps(block_list))
    same.remove_range("1.1.1.1", "1.1.1.9")
    same.add_cidr("10.0.0.0/8")
    same.add_address("9.9.9.9")
    assert block_list.rules == same.rules == ["Address: IPv4 9.9.9.9", "Subnet: IPv4 10.0.0.0/8"]
    assert [block_list.check(text) for text in ("1.1.1.5", "10.1.1.1", "9.9.9.9")] == [False, True, True]
    block_list.clear()
    assert (same.size, same.check("10.1.1.1")) == (0, False)
    for other in (own, pickled):
        assert other.rules == ["Range: IPv4 1.1.1.1-1.1.1.9"]
        assert [other.check(text) for text in ("1.1.1.5", "10.1.1.1", "9.9.9.9")] == [True, False, False]


@pytest.mark.covers("S-09", "BlockList.rules", "BlockList.size")
@pytest.mark.parametrize("name", ["rules", "size", "other"])
def test_rules_are_for_reading(name: str) -> None:
    block_list = BlockList()
    with pytest.raises(AttributeError):
        setattr(block_list, name, [])
    block_list.rules.append("Address: IPv4 1.1.1.1")
    assert block_list.rules == []


@pytest.mark.covers("S-10", "BlockList.is_block_list")
def test_is_block_list_and_repr() -> None:
    block_list = BlockList()
    assert BlockList.is_block_list(block_list)
    assert not BlockList.is_block_list([])
    assert not block_list
    block_list.add_address("1.2.3.4")
    assert block_list
    assert repr(block_list) == "BlockList(rules=['Address: IPv4 1.2.3.4'])"


# ------------------------------------------------------------------------------------------------------- complaints

STRING = "must be of type string. Received type number (5)"


@pytest.mark.covers("S-01", "S-02", "S-03", "S-04", "Z-03")
@pytest.mark.parametrize(
    ("name", "arguments", "code", "text"),
    [
        ("add_address", (5,), "ERR_INVALID_ARG_TYPE", f'The "address" argument {STRING}'),
        ("add_address", ("1.2.3.4", 5), "ERR_INVALID_ARG_TYPE", f'The "family" argument {STRING}'),
        ("add_address", ("1.2.3.4", "x"), "ERR_INVALID_ARG_VALUE", "'options.family' is invalid. Received 'x'"),
        ("add_address", ("1.2.3",), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("add_address", ("::1",), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("remove_address", (5,), "ERR_INVALID_ARG_TYPE", f'The "address" argument {STRING}'),
        ("remove_address", ("x",), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("check", (5,), "ERR_INVALID_ARG_TYPE", f'The "address" argument {STRING}'),
        ("check", ("1.2.3.4", 5), "ERR_INVALID_ARG_TYPE", f'The "family" argument {STRING}'),
        ("__contains__", (5,), "ERR_INVALID_ARG_TYPE", f'The "address" argument {STRING}'),
        ("add_range", (5, "1.2.3.4"), "ERR_INVALID_ARG_TYPE", f'The "start" argument {STRING}'),
        ("add_range", ("1.2.3.4", 5), "ERR_INVALID_ARG_TYPE", f'The "end" argument {STRING}'),
        ("add_range", ("1.2.3.5", "1.2.3.4"), "ERR_INVALID_ARG_VALUE", "'start' must come before end. Received '1."),
        ("remove_range", ("x", "1.2.3.4"), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("add_subnet", (5, 8), "ERR_INVALID_ARG_TYPE", f'The "network" argument {STRING}'),
        ("add_subnet", ("1.2.3.4", "8"), "ERR_INVALID_ARG_TYPE", 'The "prefix" argument must be of type number.'),
        ("add_subnet", ("1.2.3.4", 33), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 32. Received 33"),
        ("add_subnet", ("1.2.3.4", 1.5), "ERR_OUT_OF_RANGE", "It must be an integer. Received 1.5"),
        ("add_subnet", ("::1", 129, "ipv6"), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 128. Received 129"),
        ("remove_subnet", ("::1", 129, "ipv6"), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 128. Received 129"),
        ("add_cidr", (5,), "ERR_INVALID_ARG_TYPE", f'The "cidr" argument {STRING}'),
        ("add_cidr", ("10.0.0.0",), "ERR_INVALID_ARG_VALUE", 'must contain a prefix length (e.g. "10.0.0.0/8"). Rec'),
        ("add_cidr", ("10.0.0.0/",), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer. Received '10."),
        ("add_cidr", ("10.0.0.0/08",), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer"),
        ("add_cidr", ("10.0.0.0/+8",), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer"),
        ("add_cidr", ("10.0.0.0/8 ",), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer"),
        ("add_cidr", ("10.0.0.0/-0",), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer"),
        ("add_cidr", ("10.0.0.0/" + "9" * 5000,), "ERR_INVALID_ARG_VALUE", "prefix length must be a valid integer"),
        ("add_cidr", ("10.0.0.0/-1",), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 32. Received -1"),
        ("add_cidr", ("10.0.0.0/99999999999",), "ERR_OUT_OF_RANGE", "Received 99_999_999_999"),
        ("add_cidr", ("10.0.0.0/8/8",), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("add_cidr", ("/8",), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("remove_cidr", ("::/129",), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 128. Received 129"),
        ("add_cidrs", ("1.0.0.0/8",), "ERR_INVALID_ARG_TYPE", 'The "cidrs" argument must be an instance of list.'),
        ("add_cidrs", ({"1.0.0.0/8"},), "ERR_INVALID_ARG_TYPE", 'The "cidrs" argument must be an instance of list.'),
        ("add_cidrs", (["1.0.0.0/8", 5],), "ERR_INVALID_ARG_TYPE", f'The "cidrs[1]" argument {STRING}'),
        ("add_cidrs", (["1.0.0.0/8", "1.0.0.0/33"],), "ERR_OUT_OF_RANGE", "It must be >= 0 && <= 32. Received 33"),
        ("add_addresses", (b"1.0.0.0",), "ERR_INVALID_ARG_TYPE", '"addresses" argument must be an instance of list'),
        ("add_addresses", (["1.0.0.0", 5],), "ERR_INVALID_ARG_TYPE", f'The "addresses[1]" argument {STRING}'),
        ("add_addresses", (["1.0.0.0", "::1"],), "ERR_INVALID_ADDRESS", "Invalid socket address"),
        ("from_json", (5,), "ERR_INVALID_ARG_TYPE", 'The "data" argument must be of type string or string[].'),
        ("from_json", ("{}",), "ERR_INVALID_ARG_TYPE", 'The "data" argument must be of type string or string[].'),
        ("from_json", ([5],), "ERR_INVALID_ARG_TYPE", 'The "data" argument must be of type string or string[].'),
    ],
)
def test_a_bad_argument_is_told_and_changes_nothing(name: str, arguments: Any, code: str, text: str) -> None:
    block_list = BlockList()
    with pytest.raises(NetError) as caught:
        getattr(block_list, name)(*arguments)
    assert caught.value.code == code
    assert text in str(caught.value)
    assert block_list.rules == []


# -------------------------------------------------------------------------------------------------------------- JSON


@pytest.mark.covers("S-11")
def test_from_json_reads_what_node_writes_and_passes_over_the_rest() -> None:
    block_list = BlockList()
    block_list.from_json(
        [
            "Address: IPv4 1.2.3.4",
            "Range: IPv4 1.1.1.1-1.1.1.2",
            "Subnet: IPv6 ::/8",
            "foo",
            "Address: IPv6 FE80::1",
            "address: ipv4 9.9.9.9",
            "Address:  IPv4 9.9.9.9",
            "Address: IPv4 ::1",
            "Subnet: IPv4 9.9.9.9",
            "Range: IPv4 9.9.9.9",
            "see Address: IPv4 1.2.3.9 here",
            "Subnet: IPv4 1.2.3.4/08",
            "Range: IPv6 ::1-::5",
        ]
    )
    assert block_list.rules == [
        "Address: IPv4 1.2.3.9",
        "Address: IPv6 fe80::1",
        "Address: IPv4 1.2.3.4",
        "Subnet: IPv4 1.2.3.4/8",
        "Subnet: IPv6 ::/8",
        "Range: IPv6 ::1-::5",
        "Range: IPv4 1.1.1.1-1.1.1.2",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Address: IPv4 999.1.1.1", "ERR_INVALID_ADDRESS"),
        ("Range: IPv4 1.1.1.2-1.1.1.1", "ERR_INVALID_ARG_VALUE"),
        ("Subnet: IPv4 1.1.1.1/33", "ERR_OUT_OF_RANGE"),
        ("Subnet: IPv4 1.1.1.1/128", "ERR_OUT_OF_RANGE"),
        ("Subnet: IPv6 1.1.1.1/8", "ERR_INVALID_ADDRESS"),
    ],
)
def test_from_json_adds_nothing_if_a_rule_is_bad(line: str, code: str) -> None:
    block_list = BlockList()
    with pytest.raises(NetError) as caught:
        block_list.from_json(["Address: IPv4 1.2.3.4", line])
    assert caught.value.code == code
    assert block_list.rules == []


def test_from_json_adds_to_what_is_there() -> None:
    block_list = BlockList()
    block_list.add_address("1.1.1.1")
    block_list.from_json('["Address: IPv4 1.2.3.4"]')
    assert block_list.to_json() == ["Address: IPv4 1.2.3.4", "Address: IPv4 1.1.1.1"]
    with pytest.raises(json.JSONDecodeError):
        block_list.from_json("x")
