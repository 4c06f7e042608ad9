"""Addresses as text and number. What Node 26 answered to the same inputs is written down here as tables."""

from __future__ import annotations

import copy
import ipaddress
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.address import (
    MAPPED,
    SocketAddress,
    family_of,
    format_address,
    is_ip,
    is_ipv4,
    is_ipv6,
    is_mapped,
    number_in,
    parse_address,
    parse_port,
    whole_number,
)
from sansnet.errors import NetError

# An IPv6 address with many zeros, since it is the zeros that are written in many ways.
IPV6 = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0x20]) | st.integers(0, 0xFFFF), min_size=8, max_size=8).map(
    lambda groups: int.from_bytes(b"".join(group.to_bytes(2) for group in groups))
)
IPV4 = st.integers(0, 2**32 - 1)
ALMOST_ADDRESSES = st.text(alphabet="0123456789abfF:.%x ", max_size=24) | st.from_regex(
    r"([0-9a-f]{0,4}:){2,8}([0-9.]*|[0-9a-f]{0,5})", fullmatch=True
)


def oracle(text: str) -> int:
    """What `ipaddress` takes it for. It takes any zone; none of these texts has one that Node doesn't take."""
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return 0


# ------------------------------------------------------------------------------------------------------------- is_ip


@pytest.mark.covers("U-01", "U-02", "U-03", "U-04", "is_ip", "is_ipv4", "is_ipv6")
@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("1.2.3.4", 4),
        ("255.255.255.255", 4),
        ("01.2.3.4", 0),
        ("256.1.1.1", 0),
        ("1.2.3", 0),
        ("1.2.3.4.5", 0),
        ("1.2.3.", 0),
        (" 1.2.3.4", 0),
        ("1.2.3.4\n", 0),
        ("1.2.3.4%a", 0),
        ("1.2.3.+4", 0),
        ("１.2.3.4", 0),  # noqa: RUF001  # a full-width digit
        ("", 0),
        ("::", 6),
        ("::1", 6),
        ("::1\n", 0),
        ("[::1]", 0),
        ("::1::", 0),
        (":::", 0),
        ("1:::2", 0),
        (":1", 0),
        ("1:", 0),
        (":", 0),
        ("12345::", 0),
        ("00000::", 0),
        ("0000:1::", 6),
        ("g::", 0),
        ("1:2:3:4:5:6:7:8", 6),
        ("1:2:3:4:5:6:7", 0),
        ("1:2:3:4:5:6:7:8:9", 0),
        ("1:2:3:4:5:6:7::", 6),
        ("::2:3:4:5:6:7:8", 6),
        ("1::2:3:4:5:6:7:8", 0),
        ("::ffff:1.2.3.4", 6),
        ("1:2:3:4:5:6:1.2.3.4", 6),
        ("1:2:3:4:5:6:7:1.2.3.4", 0),
        ("1:2:3:4:5::1.2.3.4", 6),
        ("1:2:3:4:5:6::1.2.3.4", 0),
        ("::1.2.3.04", 0),
        ("::1.2.3", 0),
        (":1.2.3.4", 0),
        (":::1.2.3.4", 0),
        ("1.2.3.4::", 0),
        ("fe80::1%eth0", 6),
        ("fe80::1%a.b-c:d", 6),
        ("::ffff:1.2.3.4%x", 6),
        ("fe80::1%", 0),
        ("fe80::1%a b", 0),
        ("fe80::1%a%b", 0),
        ("::%é", 0),
        ("%eth0", 0),
        (None, 0),
        (5, 0),
        (b"1.2.3.4", 0),
        (ipaddress.ip_address("1.2.3.4"), 4),
        (ipaddress.ip_address("::1"), 6),
    ],
)
def test_is_ip_is_nodes(text: object, family: int) -> None:
    assert is_ip(text) == family
    assert is_ipv4(text) is (family == 4)
    assert is_ipv6(text) is (family == 6)


@given(ALMOST_ADDRESSES.filter(lambda text: "%" not in text))
def test_is_ip_agrees_with_the_standard_library(text: str) -> None:
    assert is_ip(text) == oracle(text)


# --------------------------------------------------------------------------------------------------- text and number


@given(IPV4)
def test_an_ipv4_address_is_its_mapped_number_and_back(number: int) -> None:
    text = str(ipaddress.IPv4Address(number))
    assert parse_address(text, "ipv4") == MAPPED + number
    assert format_address(MAPPED + number, "ipv4") == text
    assert is_mapped(MAPPED + number)


@given(IPV6)
def test_an_ipv6_address_is_its_number_and_back(number: int) -> None:
    address = ipaddress.IPv6Address(number)
    for text in (address.compressed, address.exploded, address.compressed.upper(), format_address(number, "ipv6")):
        assert parse_address(text, "ipv6") == number
    assert is_mapped(number) is (address.ipv4_mapped is not None)


@given(IPV6)
def test_ipv6_is_written_compressed(number: int) -> None:
    text = format_address(number, "ipv6")
    if "." not in text:
        assert text == ipaddress.IPv6Address(number).compressed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("::FFFF:1.2.3.4", "::ffff:1.2.3.4"),
        ("::1.2.3.4", "::1.2.3.4"),
        ("::ffff:0", "::255.255.0.0"),
        ("::0.0.3.4", "::304"),
        ("::ffff:0:0", "::ffff:0.0.0.0"),
        ("::ffff:0:1.2.3.4", "::ffff:0:102:304"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("1:0:0:0:0:0:0:0", "1::"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("0:0:0:0:0:0:0:1", "::1"),
    ],
)
def test_ipv6_is_written_as_node_writes_it(text: str, written: str) -> None:
    number = parse_address(text, "ipv6")
    assert number is not None
    assert format_address(number, "ipv6") == written


def test_a_text_is_an_address_of_one_family_only() -> None:
    assert parse_address("1.2.3.4", "ipv6") is None
    assert parse_address("::1", "ipv4") is None
    assert family_of("::1") == "ipv6"
    assert family_of("1.2.3.4") == "ipv4"


def test_a_zone_does_not_count_whatever_the_interface_is_called() -> None:
    assert parse_address("fe80::1%br_lan", "ipv6") == parse_address("fe80::1", "ipv6")
    assert parse_address("::1.2.3.4%a.b:c", "ipv6") == parse_address("::1.2.3.4", "ipv6")


# --------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("value", "port"),
    [
        (0, 0),
        (65535, 65535),
        (65536, None),
        (-1, None),
        (80.0, 80),
        (1.5, None),
        (math.nan, None),
        (math.inf, None),
        (True, None),
        (None, None),
        (b"80", None),
        ([80], None),
        ("80", 80),
        (" 80\n", 80),
        ("0x50", 80),
        ("0X50", 80),
        ("0o120", 80),
        ("0b1010000", 80),
        ("8e1", 80),
        ("80.", 80),
        (".8E2", 80),
        ("+80", 80),
        ("-0", 0),
        ("00080", 80),
        ("65536", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        (" ", None),
        ("0x", None),
        ("-0x1", None),
        ("8_0", None),
        ("80 80", None),
        ("abc", None),
        ("1e999", None),
        ("NaN", None),
        ("Infinity", None),
        ("٨٠", None),
    ],
    ids=repr,
)
def test_what_is_a_port(value: object, port: int | None) -> None:
    assert parse_port(value) == port


def test_a_number_is_what_javascript_makes_of_it() -> None:
    assert number_in("-1") == -1
    assert number_in("Infinity") == math.inf
    assert number_in("infinity") is None
    assert number_in("nan") is None


def test_a_whole_number_may_be_written_as_a_float() -> None:
    assert whole_number("x", 8.0, 0, 8) == 8
    assert isinstance(whole_number("x", 8.0, 0, 8), int)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("8", "ERR_INVALID_ARG_TYPE", "The \"x\" argument must be of type number. Received type string ('8')"),
        (True, "ERR_INVALID_ARG_TYPE", 'The "x" argument must be of type number. Received type boolean (True)'),
        (1.5, "ERR_OUT_OF_RANGE", 'The value of "x" is out of range. It must be an integer. Received 1.5'),
        (math.nan, "ERR_OUT_OF_RANGE", 'The value of "x" is out of range. It must be an integer. Received nan'),
        (math.inf, "ERR_OUT_OF_RANGE", 'The value of "x" is out of range. It must be an integer. Received inf'),
        (-1, "ERR_OUT_OF_RANGE", 'The value of "x" is out of range. It must be >= 0 && <= 8. Received -1'),
        (9, "ERR_OUT_OF_RANGE", 'The value of "x" is out of range. It must be >= 0 && <= 8. Received 9'),
    ],
)
def test_what_is_no_whole_number_is_told(value: object, code: str, text: str) -> None:
    with pytest.raises(NetError) as caught:
        whole_number("x", value, 0, 8)
    assert (caught.value.code, str(caught.value)) == (code, text)


# ----------------------------------------------------------------------------------------------------- SocketAddress


@pytest.mark.covers("T-01", "T-07")
def test_a_socket_address_has_defaults() -> None:
    assert repr(SocketAddress()) == "SocketAddress(address='127.0.0.1', port=0, family='ipv4', flowlabel=0)"
    assert repr(SocketAddress(family="ipv6")) == "SocketAddress(address='::', port=0, family='ipv6', flowlabel=0)"
    assert SocketAddress(family="IPv6").address == "::"
    assert SocketAddress(address=None, family=None, port=None, flowlabel=None) == SocketAddress()


def test_a_socket_address_is_normalised() -> None:
    address = SocketAddress(address="FE80::0:1%eth0", family="IPv6", port="0x50", flowlabel=0xFFFFF)
    assert (address.address, address.family, address.port, address.flowlabel) == ("fe80::1", "ipv6", 80, 0xFFFFF)


@pytest.mark.covers("T-06")
def test_ipv4_has_no_flow_label() -> None:
    assert SocketAddress(flowlabel=5).flowlabel == 0
    assert SocketAddress(flowlabel=2**32 - 1).flowlabel == 0


@pytest.mark.covers("T-03", "T-04", "T-06")
@pytest.mark.parametrize(
    ("options", "builtin", "message"),
    [
        (
            {"family": "ipv5"},
            ValueError,
            "ERR_INVALID_ARG_VALUE: property 'options.family' is invalid. Received 'ipv5'",
        ),
        ({"family": 5}, ValueError, "ERR_INVALID_ARG_VALUE: property 'options.family' is invalid. Received 5"),
        ({"address": 5}, TypeError, 'ERR_INVALID_ARG_TYPE: "options.address" property must be of type string.'),
        ({"address": "::1"}, ValueError, "ERR_INVALID_ADDRESS: Invalid socket address"),
        ({"address": "1.2.3.4", "family": "ipv6"}, ValueError, "ERR_INVALID_ADDRESS: Invalid socket address"),
        ({"address": ""}, ValueError, "ERR_INVALID_ADDRESS: Invalid socket address"),
        ({"family": "IPv4"}, ValueError, "ERR_INVALID_ADDRESS: Invalid socket address"),
        (
            {"port": -1},
            ValueError,
            "ERR_SOCKET_BAD_PORT: options.port should be >= 0 and < 65536. Received type number",
        ),
        (
            {"port": "abc"},
            ValueError,
            "ERR_SOCKET_BAD_PORT: options.port should be >= 0 and < 65536. Received type str",
        ),
        ({"port": True}, ValueError, "ERR_SOCKET_BAD_PORT: options.port should be >= 0 and < 65536. Received type boo"),
        ({"flowlabel": "1"}, TypeError, 'ERR_INVALID_ARG_TYPE: "options.flowlabel" property must be of type number.'),
        ({"flowlabel": -1}, ValueError, "ERR_OUT_OF_RANGE: It must be >= 0 && <= 4294967295. Received -1"),
        ({"flowlabel": 1.5}, ValueError, "ERR_OUT_OF_RANGE: It must be an integer. Received 1.5"),
        ({"flowlabel": 1 << 20, "family": "ipv6"}, ValueError, "ERR_OUT_OF_RANGE: It must be >= 0 && <= 1048575. Rec"),
    ],
)
def test_what_cannot_be_a_socket_address_is_told(
    options: dict[str, object], builtin: type[Exception], message: str
) -> None:
    with pytest.raises(builtin) as caught:
        SocketAddress(**options)  # type: ignore[arg-type]
    code, _, text = message.partition(": ")
    assert isinstance(caught.value, NetError)
    assert caught.value.code == code
    assert text in str(caught.value)


@pytest.mark.covers("T-02")
def test_a_socket_address_takes_keywords_only() -> None:
    with pytest.raises(TypeError):
        SocketAddress("1.2.3.4")  # type: ignore[call-arg]


@pytest.mark.covers("T-01")
@pytest.mark.parametrize("name", ["address", "family", "port", "flowlabel", "other"])
def test_a_socket_address_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(SocketAddress(), name, 1)


@pytest.mark.covers("SocketAddress.__eq__", "SocketAddress.__hash__")
def test_socket_addresses_are_equal_when_all_parts_are() -> None:
    address = SocketAddress(address="::1", family="ipv6", port=80, flowlabel=1)
    same = SocketAddress(address="0::1", family="IPV6", port="80", flowlabel=1)
    assert address == same
    assert hash(address) == hash(same)
    assert copy.deepcopy(address) == address
    assert pickle.loads(pickle.dumps(address)) == address
    others = [
        SocketAddress(address="::2", family="ipv6", port=80, flowlabel=1),
        SocketAddress(address="::1", family="ipv6", port=81, flowlabel=1),
        SocketAddress(address="::1", family="ipv6", port=80, flowlabel=2),
        "::1",
    ]
    assert address not in others
    assert SocketAddress(address="1.2.3.4") != SocketAddress(address="::ffff:1.2.3.4", family="ipv6")


def test_is_socket_address() -> None:
    assert SocketAddress.is_socket_address(SocketAddress())
    assert not SocketAddress.is_socket_address("127.0.0.1")


# ------------------------------------------------------------------------------------------------------------- parse


@pytest.mark.covers("T-08", "SocketAddress.parse")
@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("1.2.3.4", "1.2.3.4", 0),
        ("1.2.3.4:81", "1.2.3.4", 81),
        ("1.2.3.4:", "1.2.3.4", 0),
        ("1.2.3.4:0", "1.2.3.4", 0),
        ("1.2.3.4:081", "1.2.3.4", 81),
        ("1.2.3.4:00000000081", "1.2.3.4", 81),
        ("1.2.3.4:65535", "1.2.3.4", 65535),
        ("1.2.3.4.", "1.2.3.4", 0),
        ("192.168.257:1", "192.168.1.1", 1),
        ("256", "0.0.1.0", 0),
        ("0x7f.1:90", "127.0.0.1", 90),
        ("0X7F.0x.0.1", "127.0.0.1", 0),
        ("0377.1", "255.0.0.1", 0),
        ("01.02.03.04", "1.2.3.4", 0),
        ("0:0", "0.0.0.0", 0),
        ("4294967295", "255.255.255.255", 0),
        ("[::1]", "::1", 0),
        ("[::1]:443", "::1", 443),
        ("[::FFFF:1.2.3.4]:9", "::ffff:1.2.3.4", 9),
        ("u:p@1.2.3.4:5", "1.2.3.4", 5),
        ("u@v@1.2.3.4:5", "1.2.3.4", 5),
        ("@1.2.3.4:5", "1.2.3.4", 5),
        ("1.2.3.4:5/path?x#y", "1.2.3.4", 5),
        ("1.2.3.4/x@5.6.7.8", "1.2.3.4", 0),
        ("1.2.3.4\\x", "1.2.3.4", 0),
        ("1.2.3.4?x", "1.2.3.4", 0),
        ("1.2.3.4#x", "1.2.3.4", 0),
        ("//1.2.3.4", "1.2.3.4", 0),
        ("1.2.3.4 ", "1.2.3.4", 0),
        ("\t1.2.\n3.4:5\n", "1.2.3.4", 5),
        ("1.2.3.4:80", "1.2.3.4", 80),  # 0 in Node, which takes the port for that of its URL's scheme
    ],
)
def test_parse_reads_what_node_reads(text: str, address: str, port: int) -> None:
    parsed = SocketAddress.parse(text)
    assert parsed == SocketAddress(address=address, port=port, family=family_of(address))


@pytest.mark.covers("T-08")
@pytest.mark.parametrize(
    "text",
    [
        "", "::1", "::1:80", "[::1", "[::1]x", "[1.2.3.4]:5", "[fe80::1%eth0]:1", "[fe80::1%25eth0]:1", "a.b:80",
        "http://1.2.3.4:5", " 1.2.3.4", "1.2.3.4:65536", "1.2.3.4:99999", "1.2.3.4:100000", "1.2.3.4:abc", "1.2.3.4:+5",
        "1.2.3.4:8 0", "256.1.1.1", "1.2.3.256", "1.2.65536", "1.16777216", "1.2.3.4.5", "1..2", ".", "..", "1.2.3.4..",
        "4294967296", "09", "1e3", "-1", "1_0", "9" * 5000, "[]", "[:]", "u@", ":80",
    ],
)  # fmt: skip
def test_parse_gives_none_for_the_rest(text: str) -> None:
    assert SocketAddress.parse(text) is None


@given(IPV4, st.integers(0, 65535))
def test_parse_reads_any_ipv4_address_with_a_port(number: int, port: int) -> None:
    text = str(ipaddress.IPv4Address(number))
    assert SocketAddress.parse(f"{text}:{port}") == SocketAddress(address=text, port=port)
    assert SocketAddress.parse(f"{number}:{port}") == SocketAddress(address=text, port=port)


@given(IPV6, st.integers(0, 65535))
def test_parse_reads_any_ipv6_address_with_a_port(number: int, port: int) -> None:
    text = ipaddress.IPv6Address(number).exploded
    assert SocketAddress.parse(f"[{text}]:{port}") == SocketAddress(address=text, port=port, family="ipv6")


@given(st.text(alphabet="0123456789abx.:[]@/?#\\%- ", max_size=20))
def test_parse_never_fails(text: str) -> None:
    parsed = SocketAddress.parse(text)
    assert parsed is None or is_ip(parsed.address)


def test_parse_wants_a_text() -> None:
    with pytest.raises(TypeError, match=r'The "input" argument must be of type string. Received type number \(5\)'):
        SocketAddress.parse(5)  # type: ignore[arg-type]
