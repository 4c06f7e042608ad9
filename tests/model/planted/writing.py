"""Bugs of the half that sends."""

from __future__ import annotations

from collections.abc import Callable

from sansnet.state import notices as n
from sansnet.state.effects import Effects, Step, Tick
from sansnet.state.socket import SocketMachine
from sansnet.state.writing import WriteHalf
from sansnet.testing.models import HALVES, WRITING

from .planting import Patch, also, around, breaks, turn


@breaks("handed_over_is_a_prefix_of_written", WRITING)
def a_batch_is_sent_backwards(patch: Patch) -> None:
    around(patch, WriteHalf, "ask", lambda original, self: original(self)[::-1])


@breaks("finish_is_told_once_and_last", HALVES)
def finish_is_told_with_prefinish(patch: Patch) -> None:
    also(patch, SocketMachine, "shut_down", lambda _: [n.Finished()])


@breaks("prefinish_is_told_once", HALVES)
def prefinish_is_told_twice(patch: Patch) -> None:
    also(patch, SocketMachine, "shut_down", lambda _: [n.Prefinish(), n.Prefinish()])


@breaks("callbacks_are_called_once", HALVES)
def end_callbacks_are_kept(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_finish", lambda _, self: [n.Settled(token) for token in self.enders])


@breaks("callbacks_are_called", HALVES)
def the_refused_are_not_told(patch: Patch) -> None:
    turn(patch, Step.REFUSE, lambda _, __: [])


@breaks("success_is_told_in_order", WRITING)
def the_last_batch_is_told_first(patch: Patch) -> None:
    around(patch, WriteHalf, "tell_written", lambda original, self, alive: self.done.rotate(1) or original(self, alive))


@breaks("success_means_sent", WRITING)
def a_deferred_send_is_told(patch: Patch) -> None:
    def deferred(original: Callable[..., Effects], self: SocketMachine, taken: int) -> Effects:
        original(self, taken)
        self.writing.done.append(tuple(chunk[2] for chunk in self.writing.batch))
        self.writing.due += 1
        return [Tick(Step.WRITTEN)]

    around(patch, SocketMachine, "send_deferred", deferred)


@breaks("drain_was_owed", WRITING)
def drain_is_always_owed(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, self: setattr(self, "need_drain", True))


@breaks("drain_follows", WRITING)
def drain_is_never_owed(patch: Patch) -> None:
    around(patch, WriteHalf, "mark", lambda _, __: None)


@breaks("the_buffer_stays_within_its_limit", WRITING)
def there_is_always_room(patch: Patch) -> None:
    patch.setattr(WriteHalf, "overflow", lambda _self, _size: None)
