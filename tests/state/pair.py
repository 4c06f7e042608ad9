"""Two socket machines back to back, over a link that is two queues in memory.

Nothing moves by itself: `deliver()` brings one thing to the other end, `complete()` one completion to its machine.
After each step `phases()` shows the joint state, and `story()` tells who heard what, in the order of all of it.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any

from sansnet.state import Event, Fault, Found, Notice, Op, Route
from sansnet.state.ops import CLOSE, RESET, SHUTDOWN, START_READ, STOP_READ, Connect, Send
from tests.state.loop import CANCELED, Sock

__all__ = ["CONNRESET", "End", "Mark", "Pair"]

CONNRESET = Fault("ECONNRESET", errno=104, syscall="read")


class Mark(enum.Enum):
    """What goes over the link besides bytes."""

    FIN = "FIN"
    RST = "RST"


class End(Sock):
    """One end: a machine, its driver, and what is on the way to the other end (`wire`)."""

    def __init__(self, name: str, story: list[str], options: dict[str, Any]) -> None:
        super().__init__(**options)
        self.name = name
        self.wire: deque[bytes | Mark] = deque()
        self.owed: deque[tuple[str, tuple[Any, ...]]] = deque()  # completions that are due
        self.room: int | None = None  # bytes that the link takes at once; None: any number
        self.reading = False
        self.gone = False  # closed or reset
        self._rest = b""  # of the send that is underway
        self._fin = False
        self._story = story

    def tell(self, notice: Notice) -> None:
        values = [
            value.code if isinstance(value, Fault) else str(value) for value in notice.fields() if value is not None
        ]
        self._story.append(" ".join([f"{self.name}.{type(notice).__name__.lower()}", *values]))
        super().tell(notice)

    def make_room(self) -> None:
        """The link takes the rest of the send that is underway, and whatever comes."""
        self.room = None
        if self._rest:
            self.wire.append(self._rest)
            self._rest = b""
            self.owed.append(("sent", (False,)))

    def answer(self, op: Op) -> Event | None:
        if isinstance(op, Send):
            self._send(b"".join(op.payloads))
        elif op == SHUTDOWN:
            self._end(Mark.FIN)
            self.owed.append(("shut_down", ()))
        elif op in (CLOSE, RESET):
            self._close(reset=op == RESET)
        elif op in (START_READ, STOP_READ):
            self.reading = op == START_READ
        return super().answer(op)

    def _send(self, payload: bytes) -> None:
        fits = len(payload) if self.room is None else min(self.room, len(payload))
        if fits:
            self.wire.append(payload[:fits])
        if self.room is not None:
            self.room -= fits
        if fits < len(payload):
            self._rest = payload[fits:]
            self.sends.append(fits)

    def _end(self, mark: Mark) -> None:
        if not self._fin:
            self._fin = True
            self.wire.append(mark)

    def _close(self, reset: bool) -> None:
        self.gone = True
        self.reading = False
        self._end(Mark.RST if reset else Mark.FIN)
        if self._rest:
            self._rest = b""
            self.owed.append(("send_failed", (CANCELED, False)))
        self.owed.append(("closed", ()))


class Pair:
    """`client` connects to `server`, which is handed its connection as an accepted one."""

    def __init__(self, route: Route | None = None, client: Any = None, server: Any = None) -> None:
        self.route = route or Route(known=Found("127.0.0.1", 4), port=80)
        self._story: list[str] = []
        self.client = End("c", self._story, client or {})
        self.server = End("s", self._story, server or {})

    @classmethod
    def connected(cls, **options: Any) -> Pair:
        pair = cls(**options)
        pair.connect()
        assert pair.phases() == "open open open | open open open"
        pair.story()
        return pair

    # -- verbs

    def connect(self, *, paused: bool = False) -> None:
        """Both ends open: the client hears of it, the server adopts."""
        client, server = self.client, self.server
        client.ask("connect", self.route)
        client.run()
        assert [op for op in client.asked() if isinstance(op, Connect)], "nobody wants to connect"
        client.report("connected", 0)
        server.ask("adopt", paused, self.route.is_path)
        server.run()

    def deliver(self, to: End) -> bool:
        """The next thing on its way to `to` arrives, if there is one and it is read. Was there?"""
        sender = self.server if to is self.client else self.client
        if not sender.wire:
            return False
        if to.gone:
            return self._undeliverable(sender, to)
        if sender.wire[0] is Mark.RST or to.reading:
            self._arrive(to, sender.wire.popleft())
            return True
        return False

    def complete(self, end: End) -> bool:
        """The next completion is reported. Was there one?"""
        end.run()
        if not end.owed:
            return False
        name, args = end.owed.popleft()
        end.report(name, *args)
        return True

    def settle(self) -> str:
        """Deliver and complete until nothing moves. The phases then."""
        self.client.run()
        self.server.run()
        moved = True
        while moved:
            moved = False
            for step in self._steps():
                moved = step() or moved
        return self.phases()

    # -- sight

    def phases(self) -> str:
        """Link, read half and write half of the client | of the server."""
        machines = (self.client.machine, self.server.machine)
        return " | ".join(
            f"{machine.link.value} {machine.reading.phase.value} {machine.writing.phase.value}" for machine in machines
        )

    def story(self) -> list[str]:
        """Who heard what since the last look."""
        story = list(self._story)
        self._story.clear()
        return story

    # -- the link

    def _steps(self) -> list[Callable[[], bool]]:
        client, server = self.client, self.server
        return [
            lambda: self.complete(client),
            lambda: self.complete(server),
            lambda: self.deliver(server),
            lambda: self.deliver(client),
        ]

    def _arrive(self, to: End, thing: bytes | Mark) -> None:
        if isinstance(thing, bytes):
            to.receive(thing)
            return
        to.reading = False
        if thing is Mark.FIN:
            to.report("eof")
        elif to.machine.reading.source or to.machine.reading.lingering:
            to.report("read_failed", CONNRESET)

    def _undeliverable(self, sender: End, to: End) -> bool:
        """Bytes for a socket that is gone: the system answers with RST."""
        lost = sender.wire.popleft()
        if isinstance(lost, bytes) and Mark.RST not in to.wire and not sender.gone:
            to.wire.append(Mark.RST)
        return True
