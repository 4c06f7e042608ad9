"""Bugs of the half that receives."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step, Then
from sansnet.state.phases import Flow, Read
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, around, breaks


def _end_without_waiting(patch: Patch) -> None:
    def tell_end(_: object, self: ReadHalf) -> Effects:
        self.ending = False
        if self.phase is not Read.EOF:
            return []
        self.phase = Read.ENDED
        return [n.End(), Then(Step.ENDED)]

    around(patch, ReadHalf, "eof_told", lambda _, self: self._end())
    around(patch, ReadHalf, "tell_end", tell_end)


@breaks("end_is_told_once_and_last", READING)
def end_overtakes_data(patch: Patch) -> None:
    _end_without_waiting(patch)


@breaks("no_data_after_end", READING)
def data_follows_end(patch: Patch) -> None:
    _end_without_waiting(patch)


@breaks("no_data_while_paused", READING)
def data_is_told_as_it_comes(patch: Patch) -> None:
    around(patch, ReadHalf, "received", lambda _, self, payload: [n.Data(payload)])


@breaks("delivered_is_a_prefix_of_received", READING)
def the_last_chunk_comes_first(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        told = original(self, payload)
        self.chunks.rotate(1)
        return told

    around(patch, ReadHalf, "received", received)


@breaks("what_is_not_delivered_is_buffered", READING)
def a_paused_reader_loses_data(patch: Patch) -> None:
    def received(original: Callable[..., Effects], self: ReadHalf, payload: bytes) -> Effects:
        return [] if self.flow is Flow.PAUSED else original(self, payload)

    around(patch, ReadHalf, "received", received)
