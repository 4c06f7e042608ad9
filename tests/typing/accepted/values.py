"""Addresses, block lists, signals, exceptions, and the functions of the module."""

from __future__ import annotations

import ipaddress
from typing import Literal, assert_type

import sansnet
from sansnet import AbortController, AbortSignal, BlockList, DropInfo, SocketAddress
from sansnet.drivers.selector import SelectorDriver


def addresses() -> None:
    assert_type(sansnet.is_ip("::1"), Literal[0, 4, 6])
    assert_type(sansnet.is_ipv4("::1") or sansnet.is_ipv6(None), bool)
    address = SocketAddress(address="::1", family="ipv6", port="80", flowlabel=1)
    SocketAddress()
    assert_type((address.address, address.port, address.flowlabel, address.number), tuple[str, int, int, int])
    assert_type(address.family, Literal["ipv4", "ipv6"])
    assert_type(SocketAddress.parse("[::1]:80"), SocketAddress | None)
    assert_type(SocketAddress.is_socket_address(address), bool)
    assert address == SocketAddress(address="::1", family="ipv6") or {address: 1}


def block_lists(address: SocketAddress) -> None:
    rules = BlockList()
    rules.add_address("1.2.3.4")
    rules.add_address("::1", "ipv6")
    rules.add_address(address)
    rules.add_address(ipaddress.IPv4Address("1.2.3.4"))
    rules.add_addresses(["1.2.3.4", address], "ipv4")
    rules.add_range("1.2.3.4", "1.2.3.9")
    rules.add_subnet("1.2.3.0", 24)
    rules.add_cidr("10.0.0.0/8")
    rules.add_cidr(ipaddress.IPv6Network("fc00::/7"))
    rules.add_cidrs(BlockList.PRIVATE_RANGES)
    rules.remove_address("1.2.3.4")
    rules.remove_range("1.2.3.4", "1.2.3.9")
    rules.remove_subnet("1.2.3.0", 24)
    rules.remove_cidr("10.0.0.0/8")
    assert_type(rules.check("::1", "ipv6"), bool)
    assert_type("1.2.3.4" in rules, bool)
    assert_type((rules.size, len(rules)), tuple[int, int])
    assert_type(rules.rules, list[str])
    rules.from_json(assert_type(rules.to_json(), list[str]))
    rules.from_json("[]")
    rules.clear()
    assert_type(BlockList.is_block_list(rules), bool)


def signals() -> None:
    controller = AbortController()
    controller.abort()
    controller.abort("why")
    signal = AbortSignal.any([controller.signal, AbortSignal.timeout(2.5)])
    assert_type(signal.aborted, bool)
    assert_type(signal.reason, object)
    signal.add_listener(controller.abort)
    signal.remove_listener(controller.abort)
    assert_type(signal.listener_count(), int)


def defaults() -> None:
    sansnet.set_default_auto_select_family("race")
    assert_type(sansnet.get_default_auto_select_family(), bool | Literal["race"])
    sansnet.set_default_auto_select_family_attempt_timeout(0.5)
    assert_type(sansnet.get_default_auto_select_family_attempt_timeout(), float)


def drivers() -> None:
    with SelectorDriver() as driver, sansnet.using(driver):
        while driver.step(0.5):
            assert sansnet.default_driver() is driver
    sansnet.run()


def dropped(drop: DropInfo) -> None:
    assert_type((drop.local_address, drop.local_port), tuple[str, int])
    assert_type((drop.remote_address, drop.remote_port), tuple[str, int])
    assert_type(drop.local_family, Literal["IPv4", "IPv6"])
    assert_type(drop.remote_family, Literal["IPv4", "IPv6"])


def failures(error: sansnet.NetError) -> None:
    assert_type(error.code, str)
    assert_type((error.syscall, error.address, error.hostname), tuple[str | None, str | None, str | None])
    assert_type((error.port, error.local_address, error.local_port), tuple[int | None, str | None, int | None])


def caught() -> None:
    try:
        sansnet.run()
    except sansnet.NetExceptionGroup as group:
        print(group.code, group.exceptions)
    except sansnet.AbortError as error:
        print(error.reason)
    except (
        sansnet.NetBlockingIOError,
        sansnet.NetBrokenPipeError,
        sansnet.NetConnectionAbortedError,
        sansnet.NetConnectionError,
        sansnet.NetConnectionRefusedError,
        sansnet.NetConnectionResetError,
        sansnet.NetFileNotFoundError,
        sansnet.NetPermissionError,
        sansnet.NetTimeoutError,
    ) as error:
        os_error: OSError = error
        print(os_error)
    except (sansnet.NetOSError, sansnet.NetAddressInfoError) as error:
        print(error.errno)
    except sansnet.NetBufferError as error:
        buffer_error: BufferError = error
        print(buffer_error)
    except sansnet.NetArgumentError as error:
        both: tuple[TypeError, ValueError] = (error, error)
        print(both)
    except (sansnet.NetRuntimeError, sansnet.NetTypeError, sansnet.NetValueError) as error:
        print(error.code)
