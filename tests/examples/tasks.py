"""How tests of clients in tasks of asyncio are run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from tests.loopback import PATIENCE

__all__ = ["run"]


def run(main: Coroutine[Any, Any, None]) -> None:
    """Within some time, with nothing unhandled, and no task left."""
    unhandled: list[dict[str, Any]] = []

    async def limited() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context))
        async with asyncio.timeout(PATIENCE):
            await main
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(limited())
    assert not unhandled
