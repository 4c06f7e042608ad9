"""Where versions of Node differ, sansnet is as the newest; most of it is played against that in tests/node."""

from __future__ import annotations

from typing import Any

import pytest

import sansnet
from sansnet import BlockList, Server, Socket, SocketAddress
from tests.loopback import loopback


@pytest.mark.covers("W-02", "A-24")
def test_an_attempt_has_half_a_second() -> None:
    assert sansnet.get_default_auto_select_family_attempt_timeout() == 0.5
    assert sansnet.get_default_auto_select_family() is True


@pytest.mark.covers("W-07")
def test_a_host_that_is_no_text_is_named_as_the_option_that_it_is() -> None:
    with loopback():
        for connect in (sansnet.connect, Socket().connect):
            with pytest.raises(TypeError, match=r'"options\.host" property must be of type string') as caught:
                connect(port=1, host=5)  # type: ignore[call-overload]
            assert caught.value.code == "ERR_INVALID_ARG_TYPE"  # type: ignore[attr-defined]


@pytest.mark.covers("W-07", "D-06")
def test_a_list_where_one_address_is_asked_for_is_no_address() -> None:
    def lookup(_host: str, _options: Any, callback: Any) -> None:
        callback(None, ["127.0.0.1"], 4)

    with loopback() as net:
        errors: list[Any] = []
        socket = sansnet.connect(port=1, host="a.name", family=4, lookup=lookup)
        socket.on("error", errors.append)
        net.run()
        assert [error.code for error in errors] == ["ERR_INVALID_IP_ADDRESS"]


@pytest.mark.covers("W-09", "W-10")
def test_what_came_with_some_version_is_there() -> None:
    with loopback() as net:
        block_list = BlockList()
        block_list.add_cidrs(BlockList.PRIVATE_RANGES)
        block_list.remove_cidr("127.0.0.0/8")
        block_list.from_json(block_list.to_json())
        assert BlockList.is_block_list(block_list)
        assert SocketAddress.parse("127.0.0.1:9") == SocketAddress(port=9)
        server = Server(block_list=block_list)
        server.drop_max_connection = True
        server.listen(port=0, host="127.0.0.1", reuse_port=True)
        net.run_until(lambda: server.listening)
        address = server.address()
        assert isinstance(address, sansnet.AddressInfo)
        attempts: list[tuple[object, ...]] = []
        socket = Socket(block_list=block_list, type_of_service=8)
        socket.on("connection_attempt", lambda *attempt: attempts.append(attempt))
        socket.connect(address.port, "127.0.0.1").set_keep_alive(True, 5, 2, 3)
        socket.set_keep_alive({"enable": True, "initial_delay": 5, "interval": 2, "count": 3})
        net.run_until(lambda: server.connections)
        assert attempts == [("127.0.0.1", address.port, 4)]
        assert socket.get_type_of_service() == 8
        server.close()
        net.close(socket)
