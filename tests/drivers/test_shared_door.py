"""A door that two accept at: every order of accepting, closing and completing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sansnet.drivers.shared_door import DoorGroup, SharedDoor
from sansnet.state.faults import Fault
from tests.drivers.fake_proactor import HERE, FakeChannel, FakeDoor
from tests.drivers.orders import explore, replayed

FAULT = Fault("EIO")


class Life:
    """A group of two, and what each was told."""

    def __init__(self) -> None:
        self.soon: deque[Callable[[], None]] = deque()
        self.door = FakeDoor()
        self.group = DoorGroup(self.door, self.soon.append)
        self.members: list[SharedDoor] = [self.group.join(), self.group.join()]
        self.asked = [0, 0]
        self.told: list[list[Any]] = [[], []]
        self.closed = [False, False]
        self.order: list[int] = []  # who waits, by age
        self.channels: list[FakeChannel] = []

    # -- what may be done

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        for number, closed in enumerate(self.closed):
            if not closed:
                if self.asked[number] == len(self.told[number]):
                    yield f"accept {number}", partial(self._accept, number)
                yield f"close {number}", partial(self._close, number)
        if self.soon:
            yield "a turn", self._turn
        if self.door.accepts:
            if not self.door.is_closed:
                yield "connection", self._connect
                yield "fault", partial(self.door.complete, FAULT)
            else:
                yield "too late", self._connect
                yield "cancelled", partial(self.door.complete, Fault("ECANCELED"))

    def _accept(self, number: int) -> None:
        self.asked[number] += 1
        self.order.append(number)
        self.members[number].accept(partial(self._hear, number))

    def _hear(self, number: int, answer: Any) -> None:
        self.told[number].append(answer)
        if number in self.order:
            assert self.order[0] == number, "not who has waited the longest"
            self.order.remove(number)

    def _close(self, number: int) -> None:
        self.closed[number] = True
        if number in self.order:
            self.order.remove(number)
        before = len(self.told[number])
        self.members[number].close()
        assert len(self.told[number]) == before, "told inside of close()"

    def _connect(self) -> None:
        self.channels.append(FakeChannel())
        self.door.complete(self.channels[-1])

    def _turn(self) -> None:
        for _ in range(len(self.soon)):
            self.soon.popleft()()

    # -- the laws

    def check(self) -> None:
        assert self.door.is_closed == all(self.closed), "closed with the last, and not before"
        given = [answer for told in self.told for answer in told if isinstance(answer, FakeChannel)]
        assert len(given) == len({id(channel) for channel in given}), "a connection for two"
        for number in range(2):
            assert len(self.told[number]) <= self.asked[number]
            assert self.members[number].fileno() == (-1 if self.closed[number] else 9)
        if self.order:
            kept = [channel for channel in self.channels if channel not in given and channel.closed is None]
            assert self.door.accepts or (kept and self.soon), "they wait for nothing"
        if all(self.closed):
            assert all(channel in given or channel.closed for channel in self.channels), "a connection is left"

    def finish(self) -> None:
        for number, closed in enumerate(self.closed):
            if not closed:
                self._close(number)
                self.check()
        if self.door.accepts:
            self.door.complete(Fault("ECANCELED"))
        self._turn()
        self.check()
        assert [len(told) for told in self.told] == self.asked
        assert not self.soon


def test_every_order() -> None:
    assert explore(Life, 6) > 1000


def test_what_came_for_who_has_gone_is_for_the_next() -> None:
    life = replayed(Life(), ("accept 0", "close 0", "connection"))
    assert life.told == [[], []]
    replayed(life, ("accept 1", "a turn"))
    assert life.told[1] == life.channels


def test_a_member_names_the_door_until_it_is_closed() -> None:
    life = Life()
    assert life.members[0].local_name() == HERE
    life.members[0].close()
    life.members[0].close()
    assert life.members[0].local_name() is None
    assert life.group.is_open
