"""Bugs of any machine: its answers, its moves, its copies."""

from __future__ import annotations

from sansnet.state import machine
from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step, Taken
from sansnet.state.machine import Part
from sansnet.state.phases import Write
from sansnet.state.reading import ReadHalf
from sansnet.state.socket import SocketMachine
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import HALVES, READING, WRITING

from .planting import Patch, also, around, breaks, turn


@breaks("calls_tell_nothing", READING)
def pause_tells_at_once(patch: Patch) -> None:
    also(patch, SocketMachine, "pause", lambda _: [n.Paused()])


@breaks("answers_at_once_tell_nothing", WRITING)
def a_write_is_told_inside_write(patch: Patch) -> None:
    around(patch, WriteHalf, "sent", lambda original, self, _at_once: original(self, False))


@breaks("only_calls_are_replied_to", READING)
def a_report_is_replied_to(patch: Patch) -> None:
    also(patch, ReadHalf, "received", lambda _: [Taken(())])


@breaks("phases_move_as_the_table_says", HALVES)
def finish_begins_anew(patch: Patch) -> None:
    def finished(_: object, self: SocketMachine) -> Effects:
        self.writing.phase = Write.OPEN
        return []

    turn(patch, Step.FINISHED, finished)


@breaks("snapshots_are_faithful", WRITING)
def copies_share_their_buffers(patch: Patch) -> None:
    patch.setattr(machine, "_copied", lambda value: value.clone() if isinstance(value, Part) else value)
