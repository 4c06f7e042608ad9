"""The models: what is explored, each with its bounds, and with the situations that it must come to.

Several small models instead of one large: each lets a few things happen often and leaves the others out. What a model
is made for is said by its `sometimes` laws; one that never gets there fails, however many states it has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, final

from ..state.endpoints import Found, ListenPlan, Route
from ..state.faults import Fault
from ..state.machine import Event
from ..state.server import ServerMachine
from ..state.socket import SocketMachine
from .ghosts import Bounds, Family, SocketWorld
from .invariants import SOCKET_LAWS
from .laws import Law, Promise, See
from .loop import NEW_MACHINE, NEW_PART, World, shape_of
from .remembered import Known, Memory
from .server_ghosts import ServerBounds, ServerWorld, server_events
from .server_invariants import SERVER_LAWS
from .situations import (
    a_closed_listener_reports_once_more,
    a_connection_is_dropped,
    a_full_buffer_stops_the_driver,
    a_later_attempt_wins,
    a_listener_destroys,
    a_lookup_is_superseded,
    a_send_fails_at_once,
    a_slow_send_is_not_idle,
    a_stopped_driver_reports_once_more,
    a_write_is_refused_after_close,
    a_write_is_too_much,
    an_attempt_ends_after_another_won,
    bytes_are_sent_after_all,
    connecting_takes_too_long,
    data_is_taken_by_read,
    drain_is_told,
    end_waits_for_the_reader,
    every_attempt_fails,
    ipv4_is_tried_after_ipv6,
    it_closes_with_its_last_connection,
    it_closes_without_error,
    it_is_destroyed_while_it_gathers,
    it_is_idle,
    it_is_reset_once_connected,
    it_stays_half_open,
    the_back_off_grows,
    the_user_s_error_is_told,
    what_is_too_much_sends_them_off,
    writes_are_gathered,
    writes_leave_together,
)
from .snapshots import Snapshots, copier
from .users import socket_events

__all__ = [
    "ACCEPTING",
    "CONNECTING",
    "GATHERING",
    "GREETING",
    "HALVES",
    "IDLING",
    "LIFECYCLE",
    "LISTENING",
    "READABLE",
    "READING",
    "REENTRANT",
    "SERVER_MODELS",
    "SOCKET_MODELS",
    "TUNING",
    "WRITING",
    "ServerModel",
    "SocketModel",
]


_W = TypeVar("_W", bound=World)


def full_name(name: str, module: str) -> str:
    """Where a model is found: a name with dots says it, one without is in that module, which is one of ours."""
    return name if "." in name else f"{module}.{name}"


class _Model(Generic[_W]):
    """What the models of sockets and of servers have in common: how they copy worlds, and tell them apart."""

    _made_of: tuple[Any, ...]

    def __init__(
        self, name: str, laws: Sequence[Law | Promise], sample: _W, state: Sequence[str], more: Callable[[_W], Hashable]
    ) -> None:
        self.name: Final = full_name(name, __name__)
        self.laws: Final = laws
        self._copy: Final[Callable[[_W], _W]] = copier(sample, (*World.__slots__, *type(sample).__slots__))
        self._state: Final = attrgetter(*state)
        self._more: Final = more
        self._memory: Final = Memory(Snapshots(sample.machine, sample.phases_of))
        self._met: set[int] = set()  # the machines that were seen since initial(), by their number …
        self._met_parts: set[tuple[int, int]] = set()  # … and their parts, by place and number

    def __reduce__(self) -> tuple[Any, ...]:
        return self._made_of  # what it generated is generated anew

    def _begin(self, worlds: Iterable[_W]) -> list[_W]:
        self._memory.forget()
        begun = list(worlds)
        self._met = {self._know(world).number for world in begun}
        self._met_parts = set()
        return begun

    def _know(self, world: _W) -> Known:
        """Let this memory have the machine: that of a world to begin with, or of one from another process."""
        known = world.known = self._memory.know(world.machine)
        world.machine = known.machine
        return known

    def step(self, world: _W, event: Event, see: See) -> _W:
        """The world after `event`."""
        after = self._copy(world)
        if after.known is None or after.known.memory is not self._memory:
            self._know(after)
        after.take(event, see)
        known = after.known
        assert known is not None, "it was known to begin with"
        if known.number not in self._met:
            self._met.add(known.number)
            see(after, NEW_MACHINE)
            new = [place for place in enumerate(known.numbers) if place not in self._met_parts]
            if new:
                self._met_parts.update(new)
                see(after, NEW_PART)
        return after

    def key(self, world: _W) -> Hashable:
        """Equal for worlds that are the same situation."""
        known, asked = world.known, world.asked
        assert known is not None, "every world of a model has been here"
        return (
            known.number,
            world.fifo,
            tuple([shape_of(effect) for effect in world.stack]) if world.stack else (),
            shape_of(asked) if asked is not None else None,
            self._state(world),
            self._more(world),
        )


@final
class SocketModel(_Model[SocketWorld]):
    """A socket and its ghosts, within bounds."""

    def __init__(
        self,
        name: str,
        bounds: Bounds,
        *machines: dict[str, Any],
        laws: Sequence[Law | Promise] = (),
    ) -> None:
        """A model of that name, "package.module.NAME".

        machines: the options of the sockets to begin with, by default one without any. laws: besides those of sockets.
        """
        self.bounds: Final = bounds
        self.options: Final = machines or ({},)
        self._made_of = (partial(SocketModel, laws=laws), (name, bounds, *machines))
        sample = SocketWorld(SocketMachine(), bounds)
        super().__init__(name, (*SOCKET_LAWS, *laws), sample, SocketWorld.STATE, SocketWorld.order_of_tokens)

    def initial(self) -> list[SocketWorld]:
        """One world for each kind of socket."""
        return self._begin(SocketWorld(SocketMachine(**options), self.bounds) for options in self.options)

    def events(self, world: SocketWorld) -> list[Event]:
        """What can happen next."""
        return socket_events(world, self.bounds)


@final
class ServerModel(_Model[ServerWorld]):
    """A server and its ghosts, within bounds."""

    def __init__(self, name: str, bounds: ServerBounds, *, laws: Sequence[Law | Promise] = ()) -> None:
        """A model of that name, "package.module.NAME". laws: besides those of servers."""
        self.bounds: Final = bounds
        self._made_of = (partial(ServerModel, laws=laws), (name, bounds))
        sample = ServerWorld(ServerMachine(), bounds)
        super().__init__(name, (*SERVER_LAWS, *laws), sample, ServerWorld.STATE, ServerWorld.numbers)

    def initial(self) -> list[ServerWorld]:
        """One server."""
        return self._begin([ServerWorld(ServerMachine(), self.bounds)])

    def events(self, world: ServerWorld) -> list[Event]:
        """What can happen next."""
        return server_events(world, self.bounds)


KNOWN: Final = Route(known=Found("127.0.0.1", 4), port=80)
BLOCKED: Final = Route(known=Found("127.0.0.1", 4, Fault("ERR_IP_BLOCKED"), blocked=True), port=80)
PATH: Final = Route(known=Found("/tmp/socket", 0))
NAMED: Final = Route(host="localhost", port=80, select=True, connect_seconds=1.0)
RACING: Final = Route(host="localhost", port=80, select=True, race=True)
BINDING: Final = Route(host="localhost", port=80, select=True, local_port=1)

TWO: Final = (Found("::1", 6), Found("127.0.0.1", 4))
ONE_BLOCKED: Final = (Found("::1", 6, Fault("ERR_IP_BLOCKED"), blocked=True), Found("127.0.0.1", 4))
NONE_VALID: Final = (Found("nonsense", 4, Fault("ERR_INVALID_IP_ADDRESS")),)

# -- sockets ---------------------------------------------------------------------------------------------------------

LIFECYCLE: Final = SocketModel(
    "LIFECYCLE",
    Bounds(
        at_rest=(
            "take_bound",
            "connect",
            "connect_again",
            "write",
            "end",
            "end_with",
            "pause",
            "destroy",
            "destroy_with",
            "destroy_soon",
            "reset",
        ),
        afterwards=("write", "end"),
        routes=(KNOWN,),
        writes=1,
        ends=1,
        flips=1,
    ),
    laws=(the_user_s_error_is_told, it_closes_without_error, a_write_is_refused_after_close),
)
"""From nothing to 'close' and beyond, with every error on the way: one write, one end, one pause, no data."""

CONNECTING: Final = SocketModel(
    "CONNECTING",
    Bounds(
        at_rest=("connect", "connect_again", "destroy", "destroy_with", "reset"),
        family=Family.COMPLETION,
        routes=(KNOWN, BLOCKED, PATH, NAMED, RACING, BINDING),
        answers=(TWO, ONE_BLOCKED, NONE_VALID, ()),
        inside=("destroy",),
        reactions=1,
    ),
    laws=(
        a_later_attempt_wins,
        an_attempt_ends_after_another_won,
        every_attempt_fails,
        connecting_takes_too_long,
        it_is_reset_once_connected,
    ),
)
"""Lookups with several answers, attempts one by one and racing, bound to a port, a path; destroy() in any listener."""

GREETING: Final = SocketModel(
    "GREETING",
    Bounds(
        at_rest=(
            "connect",
            "call_off",
            "answer_lookup",
            "write",
            "end",
            "set_timeout",
            "destroy",
        ),
        inside=("answer_lookup", "write", "destroy"),
        reactions=1,
        routes=(Route(host="localhost", port=80),),
        answers=((Found("127.0.0.1", 4),),),
        writes=2,
        ends=1,
        failures=False,
    ),
)
"""What is asked for before there is a connection, and what happens to it at 'connect'; the user's own lookup."""

TUNING: Final = SocketModel(
    "TUNING",
    Bounds(
        at_rest=("connect", "set_no_delay", "set_keep_alive", "set_type_of_service", "destroy"), routes=(KNOWN, PATH)
    ),
)
"""Options of the handle, set before, while and after it connects."""

WRITING: Final = SocketModel(
    "WRITING",
    Bounds(
        at_rest=("write", "end", "cork", "uncork", "destroy"),
        adopted=((False, False),),
        family=Family.COMPLETION,
        writes=3,
        ends=1,
        write_sizes=(2,),
        partial=True,
    ),
    {"write_high_water_mark": 3},
    {"write_high_water_mark": 3, "max_buffered": 3},
    laws=(drain_is_told, writes_leave_together, a_send_fails_at_once, bytes_are_sent_after_all, a_write_is_too_much),
)
"""Three writes below and at the high-water mark, corked or not; sends at once, in part, later, not at all; a limit."""

READING: Final = SocketModel(
    "READING",
    Bounds(
        at_rest=("pause", "resume", "read", "read_1", "hold", "destroy"),
        adopted=((False, False), (True, False)),
        family=Family.COMPLETION,
        flips=3,
        chunks=3,
        chunk_sizes=(1, 2),
        tails=(0, 1),
    ),
    {"read_high_water_mark": 2},
    laws=(
        a_stopped_driver_reports_once_more,
        a_full_buffer_stops_the_driver,
        end_waits_for_the_reader,
        data_is_taken_by_read,
    ),
)
"""Three chunks, and three calls that start, stop or take them."""

READABLE: Final = SocketModel(
    "READABLE",
    Bounds(
        at_rest=("listen_readable", "unlisten_readable", "listen_data", "read", "read_4", "pause", "resume", "destroy"),
        inside=("read", "destroy"),
        reactions=1,
        adopted=((False, False),),
        flips=3,
        chunks=2,
        failures=False,
    ),
    {"read_high_water_mark": 2},
    laws=(data_is_taken_by_read,),
)
"""A reader who listens to 'readable', and one who changes his mind."""

HALVES: Final = SocketModel(
    "HALVES",
    Bounds(
        at_rest=("write", "end", "destroy", "destroy_soon", "reset"),
        afterwards=("end",),
        adopted=((False, False), (False, True)),
        family=Family.COMPLETION,
        writes=1,
        ends=2,
    ),
    {},
    {"allow_half_open": True},
    {"readable": False},
    {"writable": False},
    laws=(it_stays_half_open, it_closes_without_error),
)
"""How the halves end, one before the other or together, half-open or not; sockets with one half."""

IDLING: Final = SocketModel(
    "IDLING",
    Bounds(
        at_rest=("set_timeout", "write", "destroy"),
        afterwards=("write",),
        inside=("set_timeout",),
        reactions=1,
        adopted=((False, False),),
        writes=2,
        chunks=1,
        write_sizes=(2,),
        with_token=(False,),
        partial=True,
    ),
    laws=(it_is_idle, a_slow_send_is_not_idle),
)
"""The idle timer, and what counts as a movement."""

REENTRANT: Final = SocketModel(
    "REENTRANT",
    Bounds(
        at_rest=("write", "end", "resume", "destroy"),
        inside=("write", "end", "pause", "resume", "destroy"),
        reactions=2,
        adopted=((False, False),),
        writes=2,
        ends=1,
        flips=1,
        chunks=1,
    ),
    {"write_high_water_mark": 1},
    laws=(a_listener_destroys, drain_is_told),
)
"""An accepted socket, and two calls of its user's inside any listener."""

GATHERING: Final = SocketModel(
    "GATHERING",
    Bounds(
        at_rest=("destroy",),
        inside=("write", "end", "end_with", "cork", "uncork", "destroy", "reset"),
        reactions=4,
        adopted=((False, False),),
        writes=3,
        ends=1,
        write_sizes=(2, 6),
        partial=True,
    ),
    {"write_high_water_mark": 5, "allow_half_open": True},
    {"write_high_water_mark": 5, "max_buffered": 3},
    laws=(writes_are_gathered, what_is_too_much_sends_them_off, it_is_destroyed_while_it_gathers),
)
"""What a listener writes, below the high-water mark and beyond, and what else it does before it returns."""

SOCKET_MODELS: Final = (
    LIFECYCLE, CONNECTING, GREETING, TUNING, WRITING, READING, READABLE, HALVES, IDLING, REENTRANT, GATHERING
)  # fmt: skip

# -- servers ---------------------------------------------------------------------------------------------------------


LISTENING: Final = ServerModel(
    "LISTENING",
    ServerBounds(
        plans=(
            ListenPlan(),
            ListenPlan(host="127.0.0.1", literal=4),
            ListenPlan(host="localhost"),
            ListenPlan(handle="handle"),
        ),
        acts=("close",),
        reactions=1,
        answers=((Found("fe80::1", 6), Found("127.0.0.1", 4)), NONE_VALID, ()),
        faults=("EADDRINUSE", "EAFNOSUPPORT"),
        listens=3,
    ),
    laws=(ipv4_is_tried_after_ipv6, a_lookup_is_superseded),
)
"""Every plan, one after the other and over one another, closed and listened again; no connection comes."""

ACCEPTING: Final = ServerModel(
    "ACCEPTING",
    ServerBounds(
        plans=(ListenPlan(path="/tmp/socket"),),
        acts=("close", "pause", "limit"),
        reactions=1,
        accept_faults=("EMFILE", "ECONNABORTED"),
        limits=(None, 1),
        listens=2,
        arrivals=3,
    ),
    laws=(
        a_connection_is_dropped,
        a_closed_listener_reports_once_more,
        the_back_off_grows,
        it_closes_with_its_last_connection,
    ),
)
"""Connections and failures, a limit, a pause, a second listener."""

SERVER_MODELS: Final = (LISTENING, ACCEPTING)
