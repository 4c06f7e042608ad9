"""Which event loop of somebody else's is running here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from types import ModuleType

__all__ = ["running_asyncio", "running_trio"]


def running_asyncio() -> asyncio.AbstractEventLoop | None:
    """The asyncio loop (or uvloop's) that runs on this thread.

    Where nobody has imported asyncio none is running, and then it needn't be imported: that is most of the time that
    sansnet takes to import.
    """
    module = sys.modules.get("asyncio.events")
    loop: asyncio.AbstractEventLoop | None = None if module is None else module._get_running_loop()
    return loop


def running_trio() -> ModuleType | None:
    """The module trio, if a task of it runs here. To be asked before asyncio: trio may be a guest in its loop.

    Where nobody has imported it none is running.
    """
    module = sys.modules.get("trio")
    return module if module is not None and module.lowlevel.in_trio_task() else None
