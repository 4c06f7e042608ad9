"""End overtakes data."""

from __future__ import annotations

from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step, Then
from sansnet.state.phases import Read
from sansnet.state.reading import ReadHalf
from sansnet.testing.models import READING

from .planting import Patch, around, breaks


@breaks("end_is_told_once_and_last", READING)
@breaks("no_data_after_end", READING)
def plant(patch: Patch) -> None:
    def tell_end(_: object, self: ReadHalf) -> Effects:
        self.ending = False
        if self.phase is not Read.EOF:
            return []
        self.phase = Read.ENDED
        return [n.End(), Then(Step.ENDED)]

    around(patch, ReadHalf, "eof_told", lambda _, self: self._end())
    around(patch, ReadHalf, "tell_end", tell_end)
