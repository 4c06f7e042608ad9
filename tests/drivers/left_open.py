"""What nobody closes. Many processes begin with this, so it imports nothing but the package."""

from __future__ import annotations

from typing import Any

import sansnet

__all__ = ["left_open"]


def left_open(host: str = "localhost") -> list[Any]:
    """Things that are in the middle of something, and that nobody closes; `host` is what a lookup is made for."""
    server = sansnet.create_server(lambda peer: peer.on("error", str).write(bytes(1 << 22))).listen(0)
    address = server.address()
    assert isinstance(address, sansnet.AddressInfo)
    client = sansnet.connect(address.port, "127.0.0.1").pause()
    client.set_timeout(1000)
    return [server, client, sansnet.connect(address.port, host)]
