"""A client against a server, explored: three real machines, and what lies between them.

The client's attempt is answered by whether the server listens. Its connection waits to be accepted, and what it says
waits with it; then there is a third machine, the accepted socket, and the two talk as in `pairs`. A connection that is
turned away, or that nobody accepts any more, is an RST for the client. The accepted socket is counted until its handle
is given back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, final

from ..state import notices
from ..state.endpoints import ListenPlan
from ..state.faults import Fault
from ..state.inputs import SERVER_INPUTS, SOCKET_INPUTS, By
from ..state.machine import Event
from ..state.phases import Link
from .ghosts import Bounds, SocketWorld
from .invariants import SOCKET_LAWS
from .laws import Law, Promise, Reached, See, Watch, always, eventually, sometimes
from .loop import GO_ON, Stage
from .models import KNOWN, ServerModel, SocketModel, full_name
from .pairs import RST, End, after, can_happen, end_tells_of_all_that_was_said, key_of
from .server_ghosts import ServerBounds, ServerWorld
from .server_invariants import SERVER_LAWS

__all__ = ["CALL", "CALL_LAWS", "CALL_WIDE", "Call", "CallModel"]

_REFUSED: Final = Fault("ECONNREFUSED", syscall="connect")
_CANCELLED: Final = Fault("ECANCELED")


class Call(NamedTuple):
    """The world: who calls, who is called, and whom that one sent to talk."""

    client: End
    server: ServerWorld
    peer: End | None = None
    waits: bool = False  # the connection is to be accepted

    @property
    def is_served(self) -> bool:
        """Was the connection accepted, and is its handle held?"""
        return self.peer is not None and self.peer.world is not None and self.peer.world.closing is Stage.NONE


# -- the laws --------------------------------------------------------------------------------------------------------


@always(Reached)
def those_who_are_there_are_counted(call: Call, _moment: Reached) -> bool:
    """The server counts the accepted socket exactly as long as that holds its handle."""
    return call.server.machine.connections == call.is_served


@always(Reached)
def closed_servers_have_no_connection(call: Call, _moment: Reached) -> bool:
    """While the server still owes a 'close' it has no connection, though it may listen again."""
    return not call.server.closes_due or not call.is_served


@always(Reached)
def nobody_is_served_who_did_not_call(call: Call, _moment: Reached) -> bool:
    """Who is accepted has a client that was connected, and neither heard more than the other said."""
    peer = call.peer
    if peer is None:
        return not call.client.heard
    heard = call.client.heard <= peer.said and peer.heard <= call.client.said
    return heard and (peer.world is None or call.client.world.open)


@sometimes(Reached)
def a_client_is_served(call: Call, _moment: Reached) -> bool:
    """It has heard something, both are closed without an error, and so is the server."""
    peer = call.peer
    if peer is None or peer.world is None or not call.client.heard:
        return False
    fine = all(world.closed and not world.failed for world in (peer.world, call.client.world))
    return fine and not call.server.listener


@sometimes(Reached)
def a_client_is_refused(call: Call, _moment: Reached) -> bool:
    """Nobody listens."""
    return bool(call.client.world.failed) and call.peer is None


@sometimes(Reached)
def a_client_is_turned_away(call: Call, _moment: Reached) -> bool:
    """It was connected, and the server never took it."""
    return bool(call.client.world.failed) and call.peer is not None and call.peer.world is None


def _all_give_up(call: Call, event: Event) -> bool:
    """The loops go on, the drivers report, both sockets are ended or destroyed, and the server is closed."""
    inner = event.args[0]
    if event.name == "server":
        return inner.name not in ("listen", "pause", "resume", "limit")
    return inner == GO_ON or inner.name in ("end", "destroy") or SOCKET_INPUTS[inner.name].by is not By.USER


@eventually(fair=_all_give_up)
def giving_up_leads_to_nothing(call: Call) -> bool:
    """From everywhere end() or destroy(), and close(), lead to where all is closed, told, and counted as gone."""
    sockets = [end.world for end in (call.client, call.peer) if end is not None and end.world is not None]
    over = all(world.quiet and not world.outstanding for world in sockets)
    gone = all(world.closed or world.machine.link is Link.IDLE for world in sockets)
    server = call.server
    return over and gone and not call.is_served and server.quiet and not (server.listener or server.closes_due)


CALL_LAWS: Final = (
    those_who_are_there_are_counted,
    closed_servers_have_no_connection,
    nobody_is_served_who_did_not_call,
    end_tells_of_all_that_was_said,
    a_client_is_served,
    a_client_is_refused,
    a_client_is_turned_away,
    giving_up_leads_to_nothing,
)


# -- the model -------------------------------------------------------------------------------------------------------


@final
class CallModel:
    """One client that may call once, one server, and the socket that it accepts."""

    def __init__(
        self,
        name: str,
        client: Bounds,
        server: ServerBounds,
        peer: Bounds,
        *,
        laws: Sequence[Law | Promise] = (),
    ) -> None:
        """A model of that name, "package.module.NAME".

        client, server, peer: the bounds of their users. laws: besides those of sockets, servers and calls; their worlds
        are a `Call`, or, for what one machine shows, its `SocketWorld` or `ServerWorld`.
        """
        self._made_of = (partial(CallModel, laws=laws), (name, client, server, peer))
        self._client: Final = SocketModel(name, client)
        self._server: Final = ServerModel(name, server)
        self._peer: Final = SocketModel(name, peer)
        (self._newborn,) = self._peer.initial()
        self.name: Final = full_name(name, __name__)
        self.laws: Final[tuple[Law | Promise, ...]] = (*CALL_LAWS, *laws)
        self._of_sockets: Final = Watch([law for law in SOCKET_LAWS if isinstance(law, Law)]).see
        self._of_servers: Final = Watch([law for law in SERVER_LAWS if isinstance(law, Law)]).see

    def __reduce__(self) -> tuple[Any, ...]:
        return self._made_of

    def initial(self) -> Sequence[Call]:
        """A client that has not called, and listens to 'data'; a server that doesn't listen."""
        (client,), (server,) = self._client.initial(), self._server.initial()
        (self._newborn,) = self._peer.initial()
        client = self._client.step(client, Event("resume"), _nothing)
        while client.fifo:
            client = self._client.step(client, GO_ON, _nothing)
        self._client.initial()  # what nobody has looked at is new
        return [Call(End(client), server)]

    def events(self, call: Call) -> Sequence[Event]:
        """What may happen with each of the three."""
        server = [Event("server", (event,)) for event in self._events_of_server(call)]
        if call.server.asked is not None:
            return server
        events = [Event("client", (event,)) for event in self._events_of_client(call)]
        if call.peer is not None and call.peer.world is not None:
            events += [Event("peer", (event,)) for event in can_happen(call.peer, self._peer)]
        return [*events, *server]

    def _events_of_client(self, call: Call) -> Iterator[Event]:
        end, world = call.client, call.client.world
        yield from can_happen(end, self._client)
        if not world.quiet or world.open:
            return
        for attempt, cancelled in world.flying:
            if cancelled or world.closing is not Stage.NONE:
                yield Event("attempt_failed", (attempt, _CANCELLED))
            elif call.server.listener:
                yield Event("connected", (attempt,))
            else:
                yield Event("attempt_failed", (attempt, _REFUSED))
        if world.closing is Stage.UNDERWAY and not world.flying:
            yield Event("closed")

    def _events_of_server(self, call: Call) -> Iterator[Event]:
        server = call.server
        for event in self._server.events(server):
            name = event.name
            if name == "accepted":
                if call.waits and not event.args[2]:
                    yield event
            elif name in ("listening", "listener_closed", "go_on") or (
                SERVER_INPUTS[name].by is By.USER and name != "connection_gone"
            ):
                yield event

    def step(self, call: Call, event: Event, see: See) -> Call:
        """The world after `event`. The laws of sockets and of servers, which are about one machine, are held here."""

        def held(world: object, moment: object) -> None:
            if isinstance(world, SocketWorld):
                self._of_sockets(world, moment)
            elif isinstance(world, ServerWorld):
                self._of_servers(world, moment)
            see(world, moment)

        return self._step(call, event, held)

    def _step(self, call: Call, event: Event, see: See) -> Call:
        (inner,) = event.args
        if event.name == "server":
            return self._serve(call, inner, see)
        other = call.peer or End(None)
        if event.name == "client":
            client, other = after(call.client, other, inner, self._client, see)
            if inner.name == "connected":
                return call._replace(client=client, peer=other, waits=True)
            return call._replace(client=client, peer=other if call.peer is not None else None)
        was_served = call.is_served
        other, client = after(other, call.client, inner, self._peer, see)
        call = call._replace(client=client, peer=other)
        if was_served and not call.is_served:
            call = call._replace(server=self._server.step(call.server, Event("connection_gone"), see))
        return call

    def _serve(self, call: Call, event: Event, see: See) -> Call:
        accepted = False

        def look(world: object, moment: object) -> None:
            nonlocal accepted
            see(world, moment)
            accepted = accepted or isinstance(moment, notices.Connection)

        server = self._server.step(call.server, event, look)
        call = call._replace(server=server)
        if not call.waits or call.peer is None:
            return call
        if accepted:
            return call._replace(peer=call.peer._replace(world=self._accepted(see)), waits=False)
        if event.name == "accepted" or not (server.listener or server.lingering):  # nobody will take it
            client = call.client if call.client.gone else call.client._replace(inbox=(RST,))
            return call._replace(client=client, peer=call.peer._replace(gone=True, inbox=()), waits=False)
        return call

    def _accepted(self, see: See) -> Any:
        """A socket around the connection, whose data flows."""
        world = self._newborn
        for event in (Event("adopt", (False, False)), Event("resume")):
            world = self._peer.step(world, event, see)
        return world

    def key(self, call: Call) -> Hashable:
        """Equal for worlds that are the same situation."""
        peer = None if call.peer is None else key_of(call.peer, self._peer)
        return (key_of(call.client, self._client), self._server.key(call.server), peer, call.waits)


_CLIENT: Final = Bounds(at_rest=("connect", "write", "end", "destroy"), routes=(KNOWN,), writes=1, ends=1, flips=1)
_CLIENT_SMALL: Final = _CLIENT._replace(with_token=(False,), deferred=False)
_PEER: Final = Bounds(at_rest=("write", "end", "destroy"), adopted=((False, False),), writes=1, ends=1, flips=1)
_SERVER: Final = ServerBounds(
    plans=(ListenPlan(path="/tmp/socket"),), acts=("close",), listens=1, arrivals=1, faults=(), closes=0
)

CALL: Final = CallModel(
    "CALL",
    _CLIENT_SMALL._replace(at_rest=("connect", "end")),
    _SERVER,
    _PEER._replace(at_rest=("write", "end"), with_token=(False,), deferred=False),
)
"""A client that connects and ends, a server that listens, accepts and closes, and a socket that answers and ends."""

CALL_WIDE: Final = CallModel(
    "CALL_WIDE", _CLIENT_SMALL, _SERVER._replace(acts=("close", "pause")), _PEER._replace(with_token=(False,))
)
"""The same where the client writes as well, everybody may destroy, and the server pause. Minutes."""


def _nothing(_world: object, _moment: object) -> None:
    """Before the first state nobody looks."""
