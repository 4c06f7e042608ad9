"""IP addresses as text, numbers and `SocketAddress`: pure values, alike on every system.

Nothing here asks the operating system. `inet_pton` and `inet_ntop` differ between systems in what they accept and how
they write it; Node has a grammar of its own, and this file is it.

A number is what an address counts for, IPv4 as its mapped IPv6 address: 1.2.3.4 and ::ffff:1.2.3.4 are one number. That
is how `BlockList` sees addresses.
"""

from __future__ import annotations

import re
from typing import Final, Literal, final

from .errors import bad_port, invalid_arg_type, invalid_arg_value, out_of_range, to_exception
from .state.faults import Fault

__all__ = [
    "MAPPED",
    "Family",
    "IPFamily",
    "SocketAddress",
    "family_of",
    "format_address",
    "is_ip",
    "is_ipv4",
    "is_ipv6",
    "is_mapped",
    "number_in",
    "parse_address",
    "parse_port",
    "whole_number",
]

Family = Literal["ipv4", "ipv6"]
IPFamily = Literal["IPv4", "IPv6"]

MAPPED: Final = 0xFFFF << 32
"""The number of ::ffff:0.0.0.0, where the IPv4 addresses begin; they end 2**32 later."""

_OCTETS: Final = {str(octet): octet for octet in range(256)}  # decimal, and no leading zeros
_GROUPS: Final = re.compile(r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*")
_ZONE: Final = re.compile(r"[0-9A-Za-z.:-]+")  # Node's grammar


# ------------------------------------------------------------------------------------------------------ text and number


def is_ip(text: object) -> Literal[0, 4, 6]:
    """4 or 6 when `str(text)`, which goes for `ipaddress` objects too, is an address of that family, otherwise 0."""
    written = str(text)
    if _parse_ipv4(written) is not None:
        return 4
    _, percent, zone = written.partition("%")
    if percent and not _ZONE.fullmatch(zone):
        return 0
    return 6 if _parse_ipv6(written) is not None else 0


def is_ipv4(text: object) -> bool:
    """Is it four decimal octets without leading zeros?"""
    return is_ip(text) == 4


def is_ipv6(text: object) -> bool:
    """Is it an IPv6 address, with or without a %zone?"""
    return is_ip(text) == 6


def family_of(text: str) -> Family:
    """The only family that `text` could be an address of."""
    return "ipv6" if ":" in text else "ipv4"


def is_mapped(number: int) -> bool:
    """Does the number stand for an IPv4 address?"""
    return number >> 32 == 0xFFFF


def parse_address(text: str, family: str) -> int | None:
    """The number of an address of that family ('ipv4', 'ipv6'); None when `text` is none.

    A %zone counts for nothing, whatever it is: the system's own names of interfaces needn't please `is_ip()`.
    """
    return _parse_ipv4(text) if family == "ipv4" else _parse_ipv6(text)


def _parse_ipv4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4:
        return None
    try:
        a, b, c, d = [_OCTETS[part] for part in parts]
    except KeyError:
        return None
    return MAPPED | a << 24 | b << 16 | c << 8 | d


def _parse_ipv6(text: str) -> int | None:
    body, _, _ = text.partition("%")
    if "." in body:
        body, _, tail = body.rpartition(":")
        number = _parse_ipv4(tail)
        if number is None:
            return None
        body = f"{body}:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}"
    return _parse_groups(body)


def _parse_groups(text: str) -> int | None:
    """Eight groups of 16 bits, or fewer around one '::' that stands for at least one."""
    before, gap, after = text.partition("::")
    head, tail = _groups(before), _groups(after)
    if head is None or tail is None:
        return None
    missing = 8 - len(head) - len(tail)
    if (missing < 1) if gap else (missing != 0):
        return None
    number = 0
    for group in (*head, *[0] * missing, *tail):
        number = number << 16 | group
    return number


def _groups(text: str) -> list[int] | None:
    if not text:
        return []
    if not _GROUPS.fullmatch(text):
        return None
    return [int(group, 16) for group in text.split(":")]


def format_address(number: int, family: str) -> str:
    """The address as Node writes it: lower case, the longest gap as '::', dots for IPv4 in ::/96 and ::ffff:0:0/96."""
    if family == "ipv4":
        return ".".join(map(str, (number & 0xFFFFFFFF).to_bytes(4)))
    groups = [number >> shift & 0xFFFF for shift in range(112, -1, -16)]
    start, length = _longest_gap(groups)
    if start == 0 and (length == 6 or (length == 5 and groups[5] == 0xFFFF)):
        return ("::ffff:" if length == 5 else "::") + format_address(number, "ipv4")
    written = [f"{group:x}" for group in groups]
    if length < 2:
        return ":".join(written)
    return f"{':'.join(written[:start])}::{':'.join(written[start + length :])}"


def _longest_gap(groups: list[int]) -> tuple[int, int]:
    """Where the longest run of zeros begins, the first of equals, and how long it is."""
    best = (0, 0)
    run = 0
    for index, group in enumerate(groups):
        run = 0 if group else run + 1
        if run > best[1]:
            best = (index - run + 1, run)
    return best


# ------------------------------------------------------------------------------------------------- numbers and ports

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?Infinity")
_PREFIXED: Final = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_MAX_PORT: Final = 0xFFFF


def number_in(text: str) -> float | None:
    """What JavaScript's `Number()` makes of a text: 80 of `' 80 '`, `'0x50'`, `'8e1'`. None for NaN and for a blank."""
    text = text.strip()
    if _DECIMAL.fullmatch(text):
        return float(text)
    return int(text, 0) if _PREFIXED.fullmatch(text) else None


def parse_port(value: object) -> int | None:
    """The port that a number or a numeric text stands for, None when it is none. A bool is never a port."""
    if isinstance(value, str):
        value = number_in(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _MAX_PORT and value == int(value) else None


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """`value`, if it is a whole number from `low` to `high`; 8.0 is one.

    Raises ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE, about the argument `name`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid_arg_type(name, "of type number", value)
    if isinstance(value, float) and not value.is_integer():
        raise out_of_range(name, "an integer", value)
    if not low <= value <= high:
        raise out_of_range(name, f">= {low} && <= {high}", value)
    return int(value)


# ----------------------------------------------------------------------------------------------------- SocketAddress

_AUTHORITY: Final = re.compile(
    r"[/\\]*(?:[^/\\?#]*@)?"  # user and password
    r"(?:\[(?P<ipv6>[^]%]*)\]|(?P<ipv4>[^:/\\?#@]*))"
    r"(?::(?P<port>0*[0-9]{0,5}))?"
    r"(?:[/\\?#].*)?",  # path, query and fragment
    re.DOTALL,
)
_WITHOUT_BREAKS: Final = dict.fromkeys(map(ord, "\t\n\r"))
_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))

# An IPv6 header has 20 bits for it. Node lets 32 pass, and an assertion of its own ends the process then.
_FLOWLABEL: Final = 0xFFFFF
_UINT32: Final = 0xFFFFFFFF


@final
class SocketAddress:
    """An address with a port. Immutable; equal when address, family, port and flow label are.

    `family` is 'ipv4' or 'ipv6' in any case, `address` a literal of that family, `port` 0 to 65535 or a text for it,
    `flowlabel` 20 bits that an IPv4 address doesn't keep. A %zone is dropped, as in Node. Without an address it is
    127.0.0.1 where the family is 'ipv4' and spelled so, else ::, so that 'IPv4' alone won't do; also as in Node.

    Raises ERR_INVALID_ARG_VALUE for the family, ERR_INVALID_ARG_TYPE and ERR_INVALID_ADDRESS for the address,
    ERR_SOCKET_BAD_PORT for the port, ERR_INVALID_ARG_TYPE and ERR_OUT_OF_RANGE for the flow label.
    """

    __slots__ = ("_family", "_flowlabel", "_number", "_port")

    def __init__(
        self,
        *,
        address: str | None = None,
        family: str | None = None,
        port: int | str | None = None,
        flowlabel: int | None = None,
    ) -> None:
        self._family: Final = _checked_family(family)
        if address is None:  # here the family counts as it was spelled
            address = "127.0.0.1" if family in (None, "ipv4") else "::"
        self._number: Final = _checked_number(address, self._family)
        checked = parse_port(0 if port is None else port)
        if checked is None:
            raise bad_port("options.port", port)
        self._port: Final = checked
        ipv6 = self._family == "ipv6"
        label = 0 if flowlabel is None else flowlabel
        label = whole_number("options.flowlabel", label, 0, _FLOWLABEL if ipv6 else _UINT32)
        self._flowlabel: Final = label if ipv6 else 0

    @property
    def address(self) -> str:
        """The address, written as Node writes it."""
        return format_address(self._number, self._family)

    @property
    def port(self) -> int:
        """0 when none was given."""
        return self._port

    @property
    def family(self) -> Family:
        """'ipv4' or 'ipv6'; an IPv4 address that is mapped into IPv6 is 'ipv6'."""
        return self._family

    @property
    def flowlabel(self) -> int:
        """0 for IPv4."""
        return self._flowlabel

    @property
    def number(self) -> int:
        """What the address counts for; see the top of this file."""
        return self._number

    @staticmethod
    def parse(text: str) -> SocketAddress | None:
        """The address in '1.2.3.4:80' or '[::1]:80', the port being 0 if there is none; None if there is no address.

        It reads what Node reads, the host of a URL: '127.1', '0x7f.1' and '2130706433' are 127.0.0.1 too, and what a
        URL may have before and after a host is passed over. Two things differ: port 80 is 80 (Node makes 0 of it, since
        its URL is http:), and only ASCII counts, without %-escapes.

        Raises ERR_INVALID_ARG_TYPE when `text` is no str.
        """
        if not isinstance(text, str):
            raise invalid_arg_type("input", "of type string", text)
        found = _AUTHORITY.fullmatch(text.translate(_WITHOUT_BREAKS).rstrip(_C0_AND_SPACE))
        if found is None:
            return None
        ipv6, ipv4, port = found.group("ipv6", "ipv4", "port")
        family: Family = "ipv4" if ipv6 is None else "ipv6"
        number = _loose_ipv4(ipv4) if ipv6 is None else _parse_ipv6(ipv6)
        if number is None or parse_port(port or 0) is None:
            return None
        return SocketAddress(address=format_address(number, family), family=family, port=port or 0)

    @staticmethod
    def is_socket_address(value: object) -> bool:
        """Is it one of these?"""
        return isinstance(value, SocketAddress)

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, SocketAddress) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        return (
            f"SocketAddress(address={self.address!r}, port={self.port}, "
            f"family={self.family!r}, flowlabel={self.flowlabel})"
        )

    def _fields(self) -> tuple[object, ...]:
        return self._number, self._port, self._family, self._flowlabel


def _checked_family(family: object) -> Family:
    if family is None:
        return "ipv4"
    match family.lower() if isinstance(family, str) else None:
        case "ipv4":
            return "ipv4"
        case "ipv6":
            return "ipv6"
        case _:
            raise invalid_arg_value("options.family", family)


def _checked_number(address: object, family: Family) -> int:
    if not isinstance(address, str):
        raise invalid_arg_type("options.address", "of type string", address)
    number = parse_address(address, family)
    if number is None:
        raise to_exception(Fault("ERR_INVALID_ADDRESS"))
    return number


def _loose_ipv4(text: str) -> int | None:
    """The number of an address as URLs have it: one to four parts, the last one filling what the others left."""
    *heads, last = map(_loose_part, text.removesuffix(".").split("."))
    if last is None or len(heads) > 3 or last >= 256 ** (4 - len(heads)):
        return None
    number = 0
    for head in heads:
        if head is None or head > 255:
            return None
        number = number << 8 | head
    return MAPPED | number << 8 * (4 - len(heads)) | last


def _loose_part(text: str) -> int | None:
    """A part in hexadecimal, octal or decimal. Ten decimal digits are enough for any that fits."""
    if re.fullmatch("0[xX][0-9A-Fa-f]*", text):
        return int(text[2:] or "0", 16)
    if re.fullmatch("0[0-7]*", text):
        return int(text, 8)
    return int(text) if re.fullmatch("[1-9][0-9]{0,9}", text) else None
