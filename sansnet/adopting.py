"""Sockets around connections that exist already, and the complaint about what is none."""

from __future__ import annotations

from .drivers.contract import Driver, SocketHandle
from .errors import to_exception
from .state import Fault

__all__ = ["adopt"]


def adopt(driver: Driver, source: object) -> SocketHandle:
    """The driver's handle for a descriptor, or for an object that has one.

    Raises TypeError (ERR_INVALID_FD_TYPE) when it is no stream socket; then nothing was taken.
    """
    try:
        return driver.adopt(source)
    except OSError as error:
        fault = Fault("ERR_INVALID_FD_TYPE", text=f"Unsupported fd type: {error.strerror}")
        raise to_exception(fault) from None
