"""The models: what is explored, each with its bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any, Final, final

from sansnet.state.machine import Event
from sansnet.state.socket import SocketMachine
from sansnet.state.endpoints import Found, Route
from sansnet.state.faults import Fault

from .explore import Law, Promise, See
from .ghosts import Bounds, Family, SocketWorld
from .invariants import SOCKET_LAWS
from .loop import NEW_MACHINE, World, shape_of
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
        laws: Sequence[Law | Promise] = SOCKET_LAWS,
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
        self._met = 0
        return [SocketWorld(machine(), self.bounds) for machine in self.machines]

    def events(self, world: SocketWorld) -> list[Event]:
        return socket_events(world, self.bounds)

    def step(self, world: SocketWorld, event: Event, see: See) -> SocketWorld:
        after: SocketWorld = self._copy(world)
        after.take(event, see)
        after.number = self._machine(after.machine)
        if after.number == self._met:
            self._met += 1
            see(after, NEW_MACHINE)
        return after

    def key(self, world: SocketWorld) -> Hashable:
        return (
            world.number,
            self._state(world),
            world.fifo,
            tuple(map(shape_of, world.stack)) if world.stack else None,
            shape_of(world.asked) if world.asked is not None else None,
            world.order_of_tokens(),
        )


KNOWN: Final = Route(known=Found("127.0.0.1", 4), port=80)


def _machines(**options: Any) -> list[Callable[[], SocketMachine]]:
    return [lambda: SocketMachine(**options)]


LIFECYCLE: Final = SocketModel(
    "sansnet.testing.models.LIFECYCLE",
    Bounds(
        at_rest=("connect", "connect_again", "write", "end", "end_with", "pause", "resume", "destroy", "destroy_with", "destroy_soon", "reset"),
        afterwards=("write", "end"),
        routes=(KNOWN,),
        writes=1,
        ends=1,
        flips=1,
        chunks=1,
    ),
)
REENTRANT = SocketModel(
    "sansnet.testing.models.REENTRANT",
    Bounds(
        at_rest=("connect", "write", "end", "destroy"),
        inside=("write", "end", "pause", "resume", "destroy", "destroy_with"),
        reactions=1,
        afterwards=("write",),
        routes=(KNOWN,),
        writes=2,
        ends=1,
        flips=1,
        chunks=1,
    ),
)
WRITING = SocketModel(
    "sansnet.testing.models.WRITING",
    Bounds(
        at_rest=("write", "end", "cork", "uncork", "destroy"),
        inside=("write", "end"),
        reactions=1,
        adopted=((False, False),),
        write_sizes=(1,3),
        writes=3,
        ends=1,
        failures=True, partial=True,
    ), _machines(write_high_water_mark=3)
)
READING = SocketModel(
    "sansnet.testing.models.READING",
    Bounds(
        at_rest=("pause", "resume", "read", "read_1", "hold", "listen_readable", "unlisten_readable", "listen_data", "destroy"),
        inside=("pause", "resume", "read", "hold", "destroy"),
        reactions=1,
        adopted=((False, False),(True, False)),
        flips=3,
        chunks=3,
        chunk_sizes=(0,1,2), tails=(0,1),
        family=Family.COMPLETION,
    ), _machines(read_high_water_mark=2)
)
CONNECTING = SocketModel(
    "sansnet.testing.models.CONNECTING",
    Bounds(
        at_rest=("connect", "write", "set_timeout", "destroy", "reset"),
        inside=("destroy",),
        reactions=1,
        writes=1,
        answers=((Found("127.0.0.1",4),Found("::1",6)),(),(Found("::1",6,Fault("ERR_IP_BLOCKED"),blocked=True),Found("127.0.0.1",4),Found("127.0.0.2",4)),(Found("nonsense",4,Fault("ERR_INVALID_IP_ADDRESS")),)),
        routes=(KNOWN, Route(host="x",port=80,select=True),Route(host="x",port=80,select=True,race=True,connect_seconds=1.0),Route(known=Found("/tmp/x",0)),
          Route(host="x",port=80,select=True,local_port=1)),
        family=Family.COMPLETION,
    ),
)
