"""The models: what is explored, each with its bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any, Final, final

from sansnet.state.machine import Event
from sansnet.state.socket import SocketMachine
from sansnet.state.endpoints import Found, Route

from .explore import Law, Promise, See
from .ghosts import Bounds, Family, SocketWorld
from .loop import World, shape_of
from .snapshots import copier, keyer
from .users import socket_events

__all__ = ["LIFECYCLE", "SocketModel"]


@final
class SocketModel:
    """Sockets and their ghosts, within bounds."""

    def __init__(
        self,
        name: str,
        bounds: Bounds,
        machines: Sequence[Callable[[], SocketMachine]] = (SocketMachine,),
        laws: Sequence[Law | Promise] = (),
    ) -> None:
        self.name = name
        self.bounds = bounds
        self.laws = laws
        self.machines = machines
        sample = SocketWorld(SocketMachine(), bounds)
        self._copy = copier(sample, (*World.__slots__, *[n for n in SocketWorld.__slots__]))
        self._state = attrgetter(*SocketWorld.STATE)
        self._machine = keyer(SocketMachine())

    def initial(self) -> list[SocketWorld]:
        self._machine = keyer(SocketMachine())
        return [SocketWorld(machine(), self.bounds) for machine in self.machines]

    def events(self, world: SocketWorld) -> list[Event]:
        return socket_events(world, self.bounds)

    def step(self, world: SocketWorld, event: Event, see: See) -> SocketWorld:
        after: SocketWorld = self._copy(world)
        after.take(event, see)
        return after

    def key(self, world: SocketWorld) -> Hashable:
        return (
            self._machine(world.machine),
            self._state(world),
            world.fifo,
            tuple(map(shape_of, world.stack)) if world.stack else None,
            shape_of(world.asked) if world.asked is not None else None,
            world.order_of_tokens(),
        )


KNOWN = Route(known=Found("127.0.0.1", 4), port=80)

LIFECYCLE: Final = SocketModel(
    "sansnet.testing.models.LIFECYCLE",
    Bounds(
        at_rest=("connect", "write", "end", "pause", "resume", "destroy", "destroy_with", "destroy_soon", "reset"),
        routes=(KNOWN,),
        writes=1,
        ends=1,
        flips=1,
        chunks=1,
    ),
)
