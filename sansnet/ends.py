"""`Ends`: the two ends of a connection, by their addresses."""

from __future__ import annotations

from typing import NamedTuple

from .address import IPFamily
from .duplex import Duplex
from .state.endpoints import Endpoint

__all__ = ["AddressInfo", "Ends", "address_info"]


class AddressInfo(NamedTuple):
    """One end of a TCP connection."""

    address: str
    family: IPFamily
    port: int


def address_info(endpoint: Endpoint | None) -> AddressInfo | None:
    """The endpoint as users see it; None when it is unknown or a path."""
    if endpoint is None or endpoint.port is None:
        return None
    return AddressInfo(endpoint.address, "IPv6" if endpoint.family == 6 else "IPv4", endpoint.port)


class Ends(Duplex):
    """What a socket tells of its own end and of the peer's."""

    __slots__ = ("_bound_path", "_remote")

    _bound_path: str | None  # of a `BoundSocket`; other clients have none, though servers have
    _remote: Endpoint | None

    def address(self) -> AddressInfo | str | None:
        """This end's address; the path that a `BoundSocket` was bound to; None when there is no connection, or none."""
        return self._bound_path or address_info(self._local())

    def _local(self) -> Endpoint | None:
        return None if self._port.machine.pending else self._port.handle.local_name()

    def _peer(self) -> Endpoint | None:
        """The peer's address, kept once it was asked for: it can be seen in 'close'."""
        if self._remote is None and not self._port.machine.pending:
            self._remote = self._port.handle.remote_name()
        return self._remote

    @property
    def local_address(self) -> str | None:
        """The IP address of this end; the path that a `BoundSocket` was bound to."""
        info = address_info(self._local())
        return info.address if info else self._bound_path

    @property
    def local_port(self) -> int | None:
        """The port of this end."""
        info = address_info(self._local())
        return info.port if info else None

    @property
    def local_family(self) -> IPFamily | None:
        """'IPv4' or 'IPv6'."""
        info = address_info(self._local())
        return info.family if info else None

    @property
    def remote_address(self) -> str | None:
        """The IP address of the peer."""
        info = address_info(self._peer())
        return info.address if info else None

    @property
    def remote_port(self) -> int | None:
        """The port of the peer."""
        info = address_info(self._peer())
        return info.port if info else None

    @property
    def remote_family(self) -> IPFamily | None:
        """'IPv4' or 'IPv6'."""
        info = address_info(self._peer())
        return info.family if info else None

    def _forget_ends(self) -> None:
        """Another connection is made."""
        self._remote = self._bound_path = None
