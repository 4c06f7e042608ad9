"""Which driver new sockets and servers are made on, where somebody has chosen one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from .contract import Driver

__all__ = ["chosen", "using"]

chosen: Final[ContextVar[Driver | None]] = ContextVar("sansnet_driver", default=None)


@contextlib.contextmanager
def using(driver: Driver) -> Iterator[Driver]:
    """Within this block (and the tasks started in it) new sockets and servers are made on `driver`."""
    token = chosen.set(driver)
    try:
        yield driver
    finally:
        chosen.reset(token)
