"""Names at which pipes are accepted: every order of accepting, closing, clients that come and go, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from sansnet.drivers.overlapped_pipe import PipeChannel, PipeDoor
from sansnet.state.endpoints import Endpoint
from tests.drivers.fake_port import ABORTED, FakeOverlapped, FakePort, FakeSystem, windows_error
from tests.drivers.orders import explore

NAME: Final = Endpoint(r"\\.\pipe\name", None, 0)
NO_DATA: Final = 232
NO_RESOURCES: Final = 1450


class Life:
    """A door with two instances, some of which had a client from the beginning."""

    def __init__(self, early: int) -> None:
        self.system = FakeSystem()
        self.system.clients = early
        self.port = FakePort(self.system)
        self.refused = False  # at some time: there may be fewer than wanted until that was told
        self.door = PipeDoor(self.port, self.system, NAME, self.system.create_pipe(NAME.address, True, ""), wanted=2)
        self.asked = 0
        self.told: list[Any] = []
        self.closed = False

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if not self.closed:
            if self.asked == len(self.told):
                yield "accept", self._accept
            yield "close", self._close
            yield ("allow", self._allow) if self.system.refusal else ("refuse", self._refuse)
        if self.port.soon:
            yield "a turn", self.port.turn
        for number, flying in enumerate(self.system.flying):
            yield f"client {number}", partial(self.port.packet, flying, b"")
            yield f"came and went {number}", partial(self.port.packet, flying, windows_error(NO_DATA))
            yield f"failure {number}", partial(self._fail, flying)
            if self.closed:
                yield f"aborted {number}", partial(self.port.packet, flying, windows_error(ABORTED))

    def _fail(self, flying: FakeOverlapped) -> None:
        self.refused = True
        self.port.packet(flying, windows_error(NO_RESOURCES))

    def _accept(self) -> None:
        self.asked += 1
        self.door.accept(self.told.append)
        assert len(self.told) < self.asked, "told inside of accept()"

    def _close(self) -> None:
        self.closed = True
        before = len(self.told)
        self.door.close()
        assert len(self.told) == before, "told inside of close()"

    def _refuse(self) -> None:
        self.system.refusal = windows_error(NO_RESOURCES)
        self.refused = True

    def _allow(self) -> None:
        self.system.refusal = None

    def check(self) -> None:
        assert len(self.told) <= self.asked, "told twice"
        given = {answer.fileno() for answer in self.told if isinstance(answer, PipeChannel)}
        ours = self.system.open.keys() - given
        assert given <= self.system.open.keys()
        assert len(given) == sum(isinstance(answer, PipeChannel) for answer in self.told), "one instance for two"
        if self.closed:
            assert not ours, "an instance is left"
            assert self.door.fileno() == -1
            return
        assert len(ours) <= 2, "more instances than wanted"
        if not self.refused:
            assert len(ours) == 2 or self.port.soon, "fewer instances than wanted"
            assert self.door.fileno() in ours, "the name isn't held"
        waits = self.asked > len(self.told)
        if waits and not self.port.soon:
            assert self.system.flying, "who accepts waits for nothing"

    def finish(self) -> None:
        if not self.closed:
            self._close()
            self.check()
        for flying in list(self.system.flying):
            self.port.packet(flying, windows_error(ABORTED))
        for _ in range(3):
            self.port.turn()
        self.check()
        assert len(self.told) == self.asked
        after = [answer for answer in self.told if isinstance(answer, PipeChannel)]
        for channel in after:
            channel.close(False)
        assert not self.system.open


@pytest.mark.parametrize("early", [0, 1, 2])
def test_every_order(early: int) -> None:
    assert explore(partial(Life, early), 5) > 300
