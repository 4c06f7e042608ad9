"""The socket machine: one life of a socket, from nothing to 'close'. Every transition of a socket is in this file.

Theory of operation
-------------------
A socket is a product of small machines, and their phases (`phases.py`) are its state:

    link     idle → looking up → connecting → open → closing → closed        is there a connection?
    read     open → eof → ended → over                                       what the peer still has to say
    write    open → ending → shutting → shut → finished → over               what we still have to say

(a half that the socket was made without is "none", a link whose only attempt failed is "refused" while that is told).
Three helpers keep what belongs to one of them: `connecting` (lookup, addresses, attempts), `reading` (the buffer, and
who moves it on) and `writing` (the queue, the bytes in flight, the callbacks).

An *input* is a method. What the user asks comes from user code, what the driver reports from the loop, and `ticked`
from the machine itself, when it said `Then` or `Tick` before. An input moves the part that it is about. Whatever
follows from the joint state happens in `_settle()`, by its numbered rules, and nowhere else; an input that can't enable
a rule doesn't ask.

Three things hold for every input, and the model checker holds us to them. What the user asks returns ops, timers and
ticks, never a notice: listeners run from the loop. An answer that the driver gives at once (`sent(True)`) is fed inside
the user's call, so it returns no notice either. And a misuse raises before anything has changed.

A life ends with `Closed`. After it only refused calls are told. To connect again, ask for a `successor()`.

Two moments of Node are phases here, because its users can see them: between "ended" and "over" the listeners of 'end'
run (of 'finish' likewise); what follows from both halves being over happens as soon as they have returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from .connecting import NEVER_ASKED, Connecting
from .effects import (
    TIMER_ATTEMPT,
    TIMER_CONNECT,
    TIMER_IDLE,
    TOUCH,
    Arm,
    Disarm,
    Effects,
    Notice,
    Op,
    Payload,
    Step,
    Then,
    Tick,
    Timer,
    Token,
    Turn,
)
from .endpoints import Found, Route
from .faults import Fault, Misuse
from .machine import move
from .notices import Closed, Connected, Failed, Finished, Idle, Prefinish, Ready, Settled
from .ops import CLOSE, RESET, SHUTDOWN, START_READ, STOP_READ, Send, SetKeepAlive, SetNoDelay, SetTypeOfService
from .phases import (
    FLIGHT_ASKED,
    FLIGHT_GATHERING,
    FLIGHT_NONE,
    FLIGHT_UNDERWAY,
    FLIGHT_WAITING,
    LINK_CLOSED,
    LINK_CLOSING,
    LINK_CONNECTING,
    LINK_IDLE,
    LINK_LOOKING_UP,
    LINK_OPEN,
    LINK_REFUSED,
    READ_NONE,
    READ_OVER,
    WRITE_ENDING,
    WRITE_FINISHED,
    WRITE_NONE,
    WRITE_OPEN,
    WRITE_OVER,
    WRITE_SHUT,
    WRITE_SHUTTING,
)
from .socket_state import AFTER_END, DEAD, END_DESTROYED, UNDER_WAY, WRITE_DESTROYED, SocketState

__all__ = ["SocketMachine"]

_CLOSED = Fault("ERR_SOCKET_CLOSED")
_UNCONNECTED = Fault("EPIPE", syscall="write")  # what the system says of a socket that is only bound
_CLOSED_BEFORE_CONNECTION = Fault("ERR_SOCKET_CLOSED_BEFORE_CONNECTION")
_NO_RESET = Fault("ERR_INVALID_HANDLE_TYPE")
_CONNECTED = Fault("EISCONN", syscall="connect")

_TOLD = (Notice, Turn)

_NO_MORE_TO_WRITE: Final = (WRITE_OVER, WRITE_NONE)


@final
class SocketMachine(SocketState):
    __slots__ = ()

    def successor(self) -> SocketMachine:
        """A fresh life with what belongs to the user: options, idle timeout, who reads. Node keeps these as well.

        A bound socket that was never connected goes to the heir, and is this life's no more.
        """
        heir = SocketMachine(
            allow_half_open=self.allow_half_open,
            readable=self.reading.phase is not READ_NONE,
            writable=self.writing.phase is not WRITE_NONE,
            read_high_water_mark=self.reading.high_water_mark,
            write_high_water_mark=self.writing.high_water_mark,
            max_buffered=self.writing.max_buffered,
        )
        heir.idle_seconds = self.idle_seconds
        heir.no_delay = self.no_delay
        heir.keep_alive = self.keep_alive
        heir.type_of_service = self.type_of_service
        heir.reading.direct = self.reading.direct
        heir.reading.flow = self.reading.flow
        heir.reading.paused = self.reading.paused
        heir.reading.listening = heir.reading.wanted = self.reading.listening
        if self.link is LINK_IDLE and self.has_bound:
            heir.has_bound = heir.has_handle = True
            heir.is_path = self.is_path
            self.has_bound = self.has_handle = False
        return heir

    # -- what the user asks: connecting ----------------------------------------------------------------------

    def connect(self, route: Route) -> Effects:
        """Look up, attempt, open. Misuse (EISCONN) on an open socket; on one that connects it fails with EALREADY, as
        Node's does; a socket that was destroyed has a successor.
        """
        if self.link in UNDER_WAY:
            return self.destroy(_already_connecting(route))
        if self.link is not LINK_IDLE:
            raise Misuse(_CONNECTED)
        self.is_path = route.is_path
        self.has_handle = True
        self.link = move(self.link, LINK_CONNECTING if route.known is not None else LINK_LOOKING_UP)
        self.connecting = Connecting()
        return [*self._touched(), *self.connecting.begin(route)]

    def adopt(self, paused: bool, is_path: bool) -> Effects:
        """The driver has an open connection for us: an accepted one, or one that the user brought."""
        if self.link is not LINK_IDLE:
            raise Misuse(_CONNECTED)
        self.link = move(self.link, LINK_OPEN)
        self.is_path = is_path
        self.has_handle = True
        if paused:
            self.reading.hold_back()
        else:
            self.reading.started = True
        return self._settle(self._tuned())

    def take_bound(self, is_path: bool) -> Effects:
        """The user brought a socket that isn't connected, only bound: connect() will use it."""
        if self.link is not LINK_IDLE or self.has_handle:
            raise Misuse(_CONNECTED)
        self.is_path = is_path
        self.has_bound = self.has_handle = True
        return []

    def call_off(self) -> Effects:
        """connect() raises, since a lookup of the user's own did: it is as if it had never been called. Of what was
        written meanwhile it is told that there is no connection.
        """
        if self.link is not LINK_LOOKING_UP or not self.connecting.looking:
            return []
        out = self.connecting.disarm()
        self.connecting = NEVER_ASKED
        self.link = move(self.link, LINK_IDLE)
        self.has_handle = self.has_bound
        self.reset_when_connected = False
        if self.writing.flight is FLIGHT_WAITING:
            self._fail_unconnected(out)
        return self._settle(out)

    # -- what the user asks: writing -------------------------------------------------------------------------

    def write(self, payload: Payload, size: int, token: Token = 0, gather: bool = False) -> Effects:
        """Send `payload`, which counts `size` against the high-water mark. Afterwards `accepts_more` is the answer.

        gather: a listener writes it; more may follow, and join it, until hand_over(), which has to come.
        """
        writing = self.writing
        is_open = self.link is LINK_OPEN
        if not is_open or writing.phase is not WRITE_OPEN or writing.max_buffered is not None:
            refusal = self.write_refusal or writing.overflow(size)
            if refusal is not None:
                return [*writing.answer(token, refusal), *self.destroy(refusal)]
        # Of the rules of _settle(), a write can only enable the first.
        if is_open and self.errored is None and not (writing.corked or writing.queue):
            if writing.flight is FLIGHT_NONE:  # as nearly always: nothing is before it
                if gather and size < writing.high_water_mark and writing.max_buffered is None:
                    writing.gather(payload, size, token)
                    return []
                send = Send(writing.pass_on(payload, size, token))
                return [*self._touched(), send] if self.idle_seconds else [send]
            if writing.flight is FLIGHT_GATHERING and writing.may_join(size):
                writing.gather(payload, size, token)
                return [] if gather else self.hand_over()
        writing.add(payload, size, token)
        out: Effects = []
        self._hand_over(out)
        if writing.flight is not FLIGHT_ASKED:
            writing.mark()
        return out

    def end(self, token: Token = 0, payload: Payload = None, size: int = 0) -> Effects:
        """Send `payload` if there is one, then FIN after all that was written.

        What it sends itself is answered first: if that fails at once, our half hasn't ended (as in Node).
        """
        writing = self.writing
        out: Effects = []
        refusal: Fault | None = None
        if payload is not None:
            refusal = AFTER_END if writing.phase is not WRITE_OPEN else self.write_refusal or writing.overflow(size)
            out = self.destroy(refusal) if refusal is not None else self.write(payload, size)
        writing.corked = 0
        if writing.queue or writing.flight is FLIGHT_GATHERING:
            self._hand_over(out)
        if writing.flight is FLIGHT_ASKED:
            writing.end_waits = token
            return out
        return [*out, *self._end(token, refusal or self.end_refusal)]

    def cork(self) -> Effects:
        """Hold back what is written from now on. What was gathered by then isn't held back."""
        self.writing.corked += 1
        return self.hand_over()

    def uncork(self) -> Effects:
        self.writing.corked = max(0, self.writing.corked - 1)
        return self._settle([])

    # -- what the user asks: reading -------------------------------------------------------------------------

    def pause(self) -> Effects:
        return [] if self.link in DEAD else self.reading.pause()

    def resume(self) -> Effects:
        return [] if self.link in DEAD else self._settle(self.reading.resume())

    def hold(self) -> Effects:
        """Stop the source, whatever the buffer says, until resume() or read(): the user's read callback said so."""
        return self._settle(self.reading.hold())

    def listen_readable(self, on: bool, data: bool) -> Effects:
        return self._settle(self.reading.listen(on, data))

    def read(self, size: int | None = None) -> Effects:
        return self._settle(self.reading.read(size))

    def recode(self, payloads: tuple[Payload, ...]) -> Effects:
        return self._settle(self.reading.recode(payloads))

    # -- what the user asks: settings ------------------------------------------------------------------------

    def set_timeout(self, seconds: float) -> Effects:
        """Tell `Idle` after so many seconds in which nothing moved; 0: never."""
        if self.link in DEAD:
            return []
        self.idle_seconds = seconds
        if seconds:
            self.idle_armed = True
            return [Arm(TIMER_IDLE, seconds)]
        return self._disarm_idle()

    def set_no_delay(self, on: bool) -> Effects:
        if on == self.no_delay:
            return []
        self.no_delay = on
        return [SetNoDelay(on)] if self.link is LINK_OPEN else []

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> Effects:
        keep_alive = SetKeepAlive(on, delay, interval, count)
        if keep_alive == (self.keep_alive or SetKeepAlive(False, delay, interval, count)):
            return []
        self.keep_alive = keep_alive
        return [keep_alive] if self.link is LINK_OPEN else []

    def set_type_of_service(self, value: int) -> Effects:
        self.type_of_service = value
        return [SetTypeOfService(value)] if self.link is LINK_OPEN else []

    # -- what the user asks: closing -------------------------------------------------------------------------

    def destroy(self, fault: Fault | None = None) -> Effects:
        """Close now; what is queued is refused. `fault` is told as 'error'."""
        return self._destroy(fault, CLOSE)

    def destroy_soon(self) -> Effects:
        """End, then destroy as soon as that is finished, whatever the peer does."""
        if self.link in DEAD:
            return []
        if self.writing.phase in (WRITE_FINISHED, WRITE_OVER, WRITE_NONE):
            return self.destroy()
        self.destroy_when_finished = True
        return self.end() if self.writable else []

    def reset(self) -> Effects:
        """Close with RST; while connecting, once connected. A path has no RST: misuse, ERR_INVALID_HANDLE_TYPE."""
        if self.link in DEAD:
            return []
        if not self.has_handle:
            return self.destroy(_CLOSED)
        if self.is_path:
            raise Misuse(_NO_RESET)
        if self.link in UNDER_WAY:
            self.reset_when_connected = True
            return []
        return self._destroy(None, RESET)

    # -- what the driver reports: connecting -----------------------------------------------------------------

    def looked_up(self, found: tuple[Found, ...]) -> Effects:
        """The answers of the lookup, each checked; no answer at all counts as an invalid one."""
        self._expect(self.connecting.looking, "looked_up")
        out = self.connecting.looked_up(found)
        return [*self._touched(), *out] if self.link is LINK_LOOKING_UP else self._settle([])

    def lookup_failed(self, fault: Fault) -> Effects:
        self._expect(self.connecting.looking, "lookup_failed")
        out = self.connecting.lookup_failed(fault)
        return out if self.link is LINK_LOOKING_UP else self._settle([])

    def bound(self, attempt: int) -> Effects:
        self._expect(self.connecting.binding and attempt == self.connecting.next, "bound")
        self.connecting.binding = False
        return []

    def bind_failed(self, attempt: int, fault: Fault) -> Effects:
        self._expect(self.connecting.binding and attempt == self.connecting.next, "bind_failed")
        self.connecting.binding = False
        self.connecting.local_fault = fault
        return []

    def connected(self, attempt: int) -> Effects:
        connecting = self.connecting
        wanted = attempt in connecting.flying and attempt not in connecting.abandoned
        self._expect(wanted and self.link is LINK_CONNECTING, "connected")
        self.link = move(self.link, LINK_OPEN)
        return [*connecting.connected(attempt), *self._touched(), *self._tuned(), Connected(), Then(Step.CONNECTED)]

    def attempt_failed(self, attempt: int, fault: Fault) -> Effects:
        connecting = self.connecting
        self._expect(attempt in connecting.flying, "attempt_failed")
        if self.link in DEAD:
            return self._settle(connecting.cancelled(attempt, fault))
        out = connecting.attempt_failed(attempt, fault)
        if out and not connecting.selecting:
            self.link = move(self.link, LINK_REFUSED)
        return out

    # -- what the driver reports: reading --------------------------------------------------------------------

    def received(self, payload: Payload, count: int) -> Effects:
        """`count` bytes arrived; decoded, they are `payload`."""
        reading = self.reading
        if not reading.source:
            self._expect(reading.lingering, "received")
        if self.link is not LINK_OPEN:
            return []
        reading.lingering = False
        reading.bytes_read += count
        out = reading.received(payload)
        if self.idle_seconds:
            out = [*self._touched(), *out]
        return self._settle(out) if reading.length else out  # what isn't kept enables no rule

    def eof(self, tail: Payload = b"") -> Effects:
        """The peer has ended; `tail` is what a decoder still had."""
        reading = self.reading
        self._expect(reading.source or reading.lingering, "eof")
        if self.link is not LINK_OPEN:
            return []
        reading.source = reading.lingering = False
        return self._settle([*self._touched(), *reading.received(tail), *reading.eof()])

    def read_failed(self, fault: Fault) -> Effects:
        reading = self.reading
        self._expect(reading.source or reading.lingering, "read_failed")
        if self.link is not LINK_OPEN:
            return []
        reading.source = reading.lingering = False
        return self.destroy(fault)

    # -- what the driver reports: writing --------------------------------------------------------------------

    def send_deferred(self, taken: int) -> Effects:
        """The answer to Send: `taken` bytes are gone, the rest takes time."""
        self._expect(self.writing.flight is FLIGHT_ASKED, "send_deferred")
        self.writing.deferred(taken)
        return self._end_asked()

    def progressed(self, count: int) -> Effects:
        self._expect(self.writing.flight is FLIGHT_UNDERWAY, "progressed")
        self.writing.unsent -= count
        return []

    def sent(self, at_once: bool) -> Effects:
        writing = self.writing
        if writing.flight is not (FLIGHT_ASKED if at_once else FLIGHT_UNDERWAY):
            self._expect(False, "sent")
        if self.link is LINK_CLOSING and not at_once:
            return self._settle([*map(Settled, writing.leave()), Then(Step.REFUSE)])
        out = writing.sent(at_once)
        if not at_once:
            out = [*self._touched(), *out]
        elif writing.queue:
            self._hand_over(out)  # too much to be gathered; its own tick is behind that of what was
        elif writing.end_waits is not None:
            return [*out, *self._end_asked()]
        if not writing.queue and writing.phase is WRITE_OPEN and self.link is LINK_OPEN:
            return out  # no rule is enabled
        return self._settle(out)

    def send_failed(self, fault: Fault, at_once: bool) -> Effects:
        writing = self.writing
        self._expect(writing.flight is (FLIGHT_ASKED if at_once else FLIGHT_UNDERWAY), "send_failed")
        writing.fail(fault, at_once)
        self.errored = self.errored or fault
        return [Tick(Step.WRITE_FAILED), *self._end_asked()] if at_once else self._settle(self._tell_failed())

    def shut_down(self) -> Effects:
        self._expect(self.writing.phase is WRITE_SHUTTING, "shut_down")
        self.writing.phase = move(self.writing.phase, WRITE_SHUT)
        if self.link is not LINK_OPEN:
            return self._settle([])
        return [Prefinish(), Tick(Step.FINISH)]

    def shutdown_failed(self, fault: Fault) -> Effects:
        self._expect(self.writing.phase is WRITE_SHUTTING, "shutdown_failed")
        self.writing.phase = move(self.writing.phase, WRITE_SHUT)
        if self.link is not LINK_OPEN:
            return self._settle([])
        self.errored = self.errored or fault
        return [*self.destroy(fault), Then(Step.REFUSE)]

    # -- what the driver reports: closing, time --------------------------------------------------------------

    def closed(self) -> Effects:
        asked = self.writing.flight is FLIGHT_ASKED  # what is answered first: Close comes after it
        self._expect(self.link is LINK_CLOSING and self.has_handle and not self.handle_closed and not asked, "closed")
        self.handle_closed = True
        self.reading.lingering = False
        return self._settle([])

    def timer_fired(self, timer: Timer) -> Effects:
        if timer is TIMER_ATTEMPT:
            self._expect(self.connecting.attempt_timer, "timer_fired")
            return self.connecting.attempt_timed_out()
        if timer is TIMER_CONNECT:
            self._expect(self.connecting.connect_timer, "timer_fired")
            return self.destroy(self.connecting.connect_timed_out())
        self._expect(timer is TIMER_IDLE and self.idle_armed, "timer_fired")
        self.idle_armed = False
        writing = self.writing
        if writing.flight is FLIGHT_UNDERWAY and writing.unsent != writing.unsent_before:
            writing.unsent_before = writing.unsent  # a slow write moves: not idle
            return self._touched()
        return [Idle()]

    # -- going on by itself ----------------------------------------------------------------------------------

    def hand_over(self) -> Effects:
        """The listener that gathered has returned, or it wants to know what became of its writes: they leave."""
        if self.writing.flight is not FLIGHT_GATHERING:
            return []
        send = Send(self.writing.ask())
        return [*self._touched(), send] if self.idle_seconds else [send]

    def ticked(self, step: Step) -> Effects:
        """Go on where `Then(step)` or `Tick(step)` left off."""
        if self.link is LINK_CLOSED and step not in _AFTER_CLOSE:
            return []
        return self._settle(_TURNS[step](self))

    def _announce(self) -> Effects:
        if self.link is not LINK_LOOKING_UP:
            return []
        out = self.connecting.announce()
        if out:
            return out
        if not self.connecting.choose():
            return [Tick(Step.GIVE_UP)]
        self.link = move(self.link, LINK_CONNECTING)
        return self._attempt()

    def _lookup_failed(self) -> Effects:
        return self.connecting.announce_failure() if self.link is LINK_LOOKING_UP else []

    def _attempt(self) -> Effects:
        connecting = self.connecting
        if self.link is not LINK_CONNECTING:
            return []
        if not connecting.exhausted:
            return connecting.attempt()
        return [] if set(connecting.flying) - set(connecting.abandoned) else self._give_up()

    def _bound(self) -> Effects:
        return self.connecting.bound() if self.link is LINK_CONNECTING else []

    def _dial(self) -> Effects:
        return self.connecting.dial() if self.link is LINK_CONNECTING else []

    def _give_up(self) -> Effects:
        return self.destroy(self.connecting.outcome)

    def _connected(self) -> Effects:
        writing = self.writing
        out: Effects = []
        if self.reset_when_connected:
            out = self.reset()
        if self.link is not LINK_OPEN:
            return [*out, *self._refuse_the_waiting(), Ready()]
        if writing.flight is FLIGHT_WAITING:
            writing.greeting = True
            out.append(Send(writing.ask()))
        return [*out, Then(Step.FLUSHED)]

    def _refuse_the_waiting(self) -> Effects:
        """The connection came, and the socket was destroyed before the writes that waited for it could be sent."""
        if self.writing.flight is not FLIGHT_WAITING:
            return []
        self.writing.fail(_CLOSED, True)
        self.errored = self.errored or _CLOSED
        return self._tell_failed()

    def _flushed(self) -> Effects:
        return [*self.writing.tell_flushed(self.link is LINK_OPEN), Ready(), Then(Step.READY)]

    def _ready(self) -> Effects:
        if not self.reading.is_paused:
            self.reading.started = True
        return []

    def _end_told(self) -> Effects:
        self.reading.end_told()
        return []

    def _tell_end(self) -> Effects:
        if self.link is LINK_OPEN:
            return self.reading.tell_end()
        self.reading.ending = False
        return []

    def _auto_end(self) -> Effects:
        return self.end() if self.writable else []

    def _refuse(self) -> Effects:
        writing = self.writing
        told = writing.tell_refusal(self.errored or WRITE_DESTROYED) or writing.tell_enders(
            self.errored or END_DESTROYED
        )
        if told:
            return [*told, Then(Step.REFUSE)]
        writing.take_off_refused()
        return []

    def _forsake(self) -> Effects:
        tokens = self.writing.leave()
        self.errored = self.errored or _CLOSED_BEFORE_CONNECTION
        return [*[Settled(token, _CLOSED_BEFORE_CONNECTION) for token in tokens], Then(Step.REFUSE)]

    def _tell_failed(self) -> Effects:
        told = self.writing.tell_failed()
        return [*told, Then(Step.REFUSE), *([] if self.link in DEAD else [Then(Step.BREAK)])]

    def _prefinish(self) -> Effects:
        return [Prefinish(), Tick(Step.FINISH)] if self.link not in DEAD else []

    def _tell_finish(self) -> Effects:
        if self.link in DEAD or self.errored is not None:
            return []
        self.writing.phase = move(self.writing.phase, WRITE_FINISHED)
        return [*self.writing.tell_finish(), Finished(), Then(Step.FINISHED)]

    def _finish_told(self) -> Effects:
        self.writing.phase = move(self.writing.phase, WRITE_OVER)
        return []

    def _teardown(self) -> Effects:
        out: Effects = [Then(Step.REFUSE)] if self.writing.flight is FLIGHT_NONE else []
        if self.told_error is not None:
            out.append(Failed(self.told_error))
        if not self.has_handle:
            self.link = move(self.link, LINK_CLOSED)
            out.append(Closed(None))
        return out

    # -- what follows from state -----------------------------------------------------------------------------

    def _settle(self, out: Effects) -> Effects:
        """Every move that follows from the joint state, in this order; a rule may enable a later one, no earlier one.

        1. Queued bytes leave together, one batch at a time, unless corked or after an error: to the driver when the
           link is open, to wait for the connection while it comes up. On a socket that was never asked to connect
           they fail (ERR_SOCKET_CLOSED; EPIPE if it is bound already).
        2. Ending, nothing left to send and no error: FIN, as soon as there is a connection. A socket that was never
           asked for one has none to send, and 'finish' follows.
        3. The source runs exactly while the read half wants it.
        4. No half-open (Node: allowHalfOpen=false): once 'end' was told, our half ends too, a tick later.
        5. Both halves over (Node: autoDestroy), or ours alone after destroy_soon(): destroy.
        6. Closing, the handle reported closed and nothing in flight: closed. Writes that waited for a connection, and
           now never get one, hear of it after 'close'. (Without a handle there is nothing to wait for: _teardown().)

        What is to be done comes before what `out` tells: a listener may destroy the socket, and then it must be done.
        """
        link, reading, writing = self.link, self.reading, self.writing
        now: Effects = []
        if writing.queue:  # 1
            self._hand_over(now)
        if writing.phase is WRITE_ENDING and not writing.batch and not writing.queue and self.errored is None:
            self._shut(now)  # 2
        if link is LINK_OPEN and reading.source is not reading.wants_source:  # 3
            reading.source = not reading.source
            reading.lingering = not reading.source
            now.append(START_READ if reading.source else STOP_READ)
        if reading.phase is READ_OVER and self.writable and not self.allow_half_open and not self.auto_ending:
            self.auto_ending = True  # 4
            out.append(Tick(Step.AUTO_END))
        if writing.phase in _NO_MORE_TO_WRITE and link not in DEAD:
            if self.destroy_when_finished or (link is LINK_OPEN and reading.phase in (READ_OVER, READ_NONE)):
                now.extend(self._destroy(None, CLOSE))  # 5
        if self.handle_closed and link is LINK_CLOSING and not self.in_flight:
            self._close(out)  # 6; not what rule 5 has just begun: its Close is still to be carried out
        return _done_first(now, out) if now else out

    def _hand_over(self, out: Effects) -> None:
        writing = self.writing
        out.extend(self.hand_over())
        if writing.flight is not FLIGHT_NONE or writing.corked or self.errored is not None:
            return
        if self.link is LINK_OPEN:
            writing.form_batch()
            if self.idle_seconds:
                out.extend(self._touched())
            out.append(Send(writing.ask()))
        elif self.link in UNDER_WAY:
            writing.form_batch()
            writing.flight = move(writing.flight, FLIGHT_WAITING)
        elif self.link is LINK_IDLE:
            writing.form_batch()
            self._fail_unconnected(out)

    def _fail_unconnected(self, out: Effects) -> None:
        self.errored = _UNCONNECTED if self.has_handle else _CLOSED
        self.writing.fail(self.errored, True)
        out.append(Tick(Step.WRITE_FAILED))

    def _shut(self, out: Effects) -> None:
        if self.link is LINK_OPEN:
            self.writing.phase = move(self.writing.phase, WRITE_SHUTTING)
            out.append(SHUTDOWN)
        elif self.link is LINK_IDLE:
            self.writing.phase = move(self.writing.phase, WRITE_SHUT)
            out.append(Tick(Step.PREFINISH))

    def _close(self, out: Effects) -> None:
        self.link = move(self.link, LINK_CLOSED)
        out.append(Closed(self.told_error is not None))
        if self.writing.flight is FLIGHT_WAITING:
            out.append(Then(Step.FORSAKE))

    # -- helpers ---------------------------------------------------------------------------------------------

    def _end(self, token: Token, refusal: Fault | None) -> Effects:
        if refusal is not None:
            return self._settle(self.writing.answer(token, refusal))
        if token:
            self.writing.enders += (token,)
        if self.writable:
            self.writing.phase = move(self.writing.phase, WRITE_ENDING)
        return self._settle([])

    def _end_asked(self) -> Effects:
        """The Send of an end() has been answered: the rest of it, if there is such an end()."""
        token, self.writing.end_waits = self.writing.end_waits, None
        return [] if token is None else self._end(token, self.end_refusal)

    def _destroy(self, fault: Fault | None, op: Op) -> Effects:
        if self.link in DEAD:
            return []
        writing = self.writing
        out = [*self._disarm_idle(), *self.connecting.cancel()]
        if writing.flight is FLIGHT_GATHERING:
            out.append(Send(writing.ask()))  # it was written before
        self.link = move(self.link, LINK_CLOSING)
        self.told_error = fault
        self.errored = self.errored or fault
        self.reading.lingering = self.reading.lingering or self.reading.source
        self.reading.source = False
        if self.has_handle:
            out.append(op)
        if fault is not None or writing.queue or writing.enders or not self.has_handle:
            out.append(Tick(Step.TEARDOWN))
        return out

    def _touched(self) -> Effects:
        """Something moved: the idle time starts anew."""
        if not self.idle_seconds or self.link in DEAD:
            return []
        if self.idle_armed:
            return [TOUCH]
        self.idle_armed = True
        return [Arm(TIMER_IDLE, self.idle_seconds)]

    def _disarm_idle(self) -> Effects:
        if not self.idle_armed:
            return []
        self.idle_armed = False
        return [Disarm(TIMER_IDLE)]

    def _tuned(self) -> Effects:
        """The options that were asked for before there was a connection."""
        out: Effects = [SetNoDelay(True)] if self.no_delay else []
        if self.keep_alive is not None and self.keep_alive.on:
            out.append(self.keep_alive)
        if self.type_of_service is not None:
            out.append(SetTypeOfService(self.type_of_service))
        return out

    def _expect(self, owed: bool, report: str) -> None:
        if not owed:
            raise Misuse(Fault("ERR_UNEXPECTED_REPORT", text=f"{report}: nothing was asked that this answers"))


def _already_connecting(route: Route) -> Fault:
    if route.known is None:
        return Fault("EALREADY", syscall="connect")
    return Fault("EALREADY", syscall="connect", address=route.known.address, port=route.port)


def _done_first(now: Effects, out: Effects) -> Effects:
    """`out`, with `now` before its first notice."""
    told = next((index for index, effect in enumerate(out) if isinstance(effect, _TOLD)), len(out))
    return [*out[:told], *now, *out[told:]]


_AFTER_CLOSE: Final = (Step.ANSWER, Step.REFUSE, Step.FORSAKE)
_TURNS: Final[dict[Step, Callable[[SocketMachine], Effects]]] = {
    Step.ANNOUNCE: SocketMachine._announce,
    Step.LOOKUP_FAILED: SocketMachine._lookup_failed,
    Step.ATTEMPT: SocketMachine._attempt,
    Step.BOUND: SocketMachine._bound,
    Step.DIAL: SocketMachine._dial,
    Step.GIVE_UP: SocketMachine._give_up,
    Step.CONNECTED: SocketMachine._connected,
    Step.FLUSHED: SocketMachine._flushed,
    Step.READY: SocketMachine._ready,
    Step.PAUSE: lambda self: self.reading.tell_pause(),
    Step.RESUME: lambda self: self.reading.tell_resume(),
    Step.FLOW: lambda self: self.reading.tell_chunk() if self.link is LINK_OPEN else [],
    Step.READABLE: lambda self: self.reading.tell_readable() if self.link is LINK_OPEN else [],
    Step.EOF: lambda self: self.reading.eof_told(),
    Step.END: SocketMachine._tell_end,
    Step.ENDED: SocketMachine._end_told,
    Step.AUTO_END: SocketMachine._auto_end,
    Step.WRITTEN: lambda self: self.writing.tell_written(self.link is LINK_OPEN),
    Step.WRITE_FAILED: SocketMachine._tell_failed,
    Step.BREAK: lambda self: self.destroy(self.errored),
    Step.ANSWER: lambda self: self.writing.tell_answer(),
    Step.REFUSE: SocketMachine._refuse,
    Step.FORSAKE: SocketMachine._forsake,
    Step.PREFINISH: SocketMachine._prefinish,
    Step.FINISH: SocketMachine._tell_finish,
    Step.FINISHED: SocketMachine._finish_told,
    Step.TEARDOWN: SocketMachine._teardown,
}
