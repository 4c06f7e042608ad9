"""Queues: an empty one is the empty tuple."""

from __future__ import annotations

from collections import deque

import pytest

from sansnet.state.queues import Queue, put, put_back, take


def test_what_was_put_first_is_taken_first_and_the_last_leaves_nothing() -> None:
    queue: Queue[int] = ()
    queue = put(queue, 1)
    queue = put(queue, 2)
    assert queue == deque([1, 2])
    first, queue = take(queue)
    assert (first, queue) == (1, deque([2]))
    assert take(queue) == (2, ())


def test_what_is_put_back_is_taken_first() -> None:
    queue: Queue[int] = put_back((), 2)
    assert take(put_back(queue, 1)) == (1, deque([2]))


def test_nothing_can_be_taken_from_nothing() -> None:
    with pytest.raises(AssertionError):
        take(())
