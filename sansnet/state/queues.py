"""Queues that cost nothing while they are empty, as nearly all are nearly always.

A deque takes 760 bytes from the start, room for 64 items, and a socket has four queues. So a queue that is empty is the
empty tuple: there is one of it, and it counts, iterates and compares like any other.
"""

from __future__ import annotations

from collections import deque
from typing import TypeVar

__all__ = ["Queue", "put", "put_back", "take"]

_T = TypeVar("_T")

Queue = deque[_T] | tuple[()]


def put(queue: Queue[_T], item: _T) -> Queue[_T]:
    """The queue with `item` at its end."""
    if not queue:
        return deque((item,))
    queue.append(item)
    return queue


def put_back(queue: Queue[_T], item: _T) -> Queue[_T]:
    """The queue with `item` before all others."""
    if not queue:
        return deque((item,))
    queue.appendleft(item)
    return queue


def take(queue: Queue[_T]) -> tuple[_T, Queue[_T]]:
    """The first item, and the queue without it."""
    assert queue, "nothing waits here"
    first = queue.popleft()
    return first, queue or ()
