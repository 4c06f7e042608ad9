"""What a machine answers: effects, immutable data in five families.

- `Op`       the driver shall do something; carried out at once, in order.
- `Timing`   a timer shall be armed, disarmed or pushed back.
- `Reply`    the answer that the user's call returns.
- `Notice`   the user shall hear something, from the loop.
- `Turn`     the machine's own turn (not one of the event loop): it wants to go on by itself, and is called back with
             `ticked(step)`. `Then` means as soon as the listeners of the notices before it have returned, `Tick` means
             after everything that already waits.

Node has the same three moments, the running stack, the next-tick queue and the event loop; its users can tell them
apart, so the machines say which one they mean and the model checker sees every order.
"""

from __future__ import annotations

from typing import Any, Final, final

from .compiled import mypyc_attr
from .values import Value, Word

Payload = Any
"""Bytes to the driver and to the user; to the core a thing with a length."""

Token = int
"""Stands for a callback that the facade keeps. 0: nobody asked."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Effect(Value):
    """Something that a machine answers."""

    __slots__ = ()


@mypyc_attr(allow_interpreted_subclasses=True)
class Op(Effect):
    """Something the driver shall do."""

    __slots__ = ()


@mypyc_attr(allow_interpreted_subclasses=True)
class Timing(Effect):
    """Something the clock shall do."""

    __slots__ = ()


@mypyc_attr(allow_interpreted_subclasses=True)
class Reply(Effect):
    """What the user's call returns."""

    __slots__ = ()


@mypyc_attr(allow_interpreted_subclasses=True)
class Notice(Effect):
    """Something the user shall hear, from the loop."""

    __slots__ = ()


@mypyc_attr(allow_interpreted_subclasses=True)
class Turn(Effect):
    """The machine goes on by itself: `ticked(step)`."""

    __slots__ = ("step",)

    def __init__(self, step: Step) -> None:
        self.step: Final = step


Effects = list[Effect]


# -- turns ---------------------------------------------------------------------------------------------------


class Step(Word):
    """Where a machine goes on."""

    # connecting
    ANNOUNCE = "tell the next lookup answer, then attempt"
    LOOKUP_FAILED = "tell the failed lookup"
    ATTEMPT = "begin the next attempt"
    BOUND = "the attempt's local address is settled"
    DIAL = "the attempt was told: connect"
    GIVE_UP = "connecting failed: destroy"
    # the first moments of an open socket
    CONNECTED = "'connect' was told: hand over what was written before"
    FLUSHED = "tell those writes, then 'ready'"
    READY = "'ready' was told: start to read"
    # reading
    PAUSE = "tell 'pause'"
    RESUME = "tell 'resume', then let the data flow"
    FLOW = "tell the next chunk"
    READABLE = "tell 'readable'"
    EOF = "'readable' was told at the end of file"
    END = "tell 'end'"
    ENDED = "'end' was told"
    AUTO_END = "no half-open: end our half"
    # writing
    WRITTEN = "tell 'drain' and the callbacks of a finished write"
    WRITE_FAILED = "tell the callbacks of a failed write"
    BREAK = "those were told: destroy"
    ANSWER = "tell the callback of a refused call"
    REFUSE = "tell the next write that it won't go out"
    FORSAKE = "'close' was told: tell the writes that waited for a connection"
    PREFINISH = "tell 'prefinish' of a socket that has no connection"
    FINISH = "tell 'finish'"
    FINISHED = "'finish' was told"
    # closing
    TEARDOWN = "refuse what is queued, tell 'error'"
    # server
    BIND = "bind the literal address"
    LISTENING = "tell 'listening'"
    LISTEN_FAILED = "tell 'error'"
    CLOSE = "tell 'close'"


@final
class Then(Turn):
    """`ticked(step)` as soon as the listeners of the notices before it have returned."""

    __slots__ = ()


@final
class Tick(Turn):
    """`ticked(step)` after everything that already waits, before the next completion."""

    __slots__ = ()


# -- timers --------------------------------------------------------------------------------------------------


class Timer(Word):
    IDLE = "idle"
    ATTEMPT = "attempt"
    CONNECT = "connect"
    BACK_OFF = "back-off"


TIMER_IDLE: Final = Timer.IDLE
TIMER_ATTEMPT: Final = Timer.ATTEMPT
TIMER_CONNECT: Final = Timer.CONNECT
TIMER_BACK_OFF: Final = Timer.BACK_OFF


@final
class Arm(Timing):
    """Fire `timer` after so many seconds; replaces what was armed."""

    __slots__ = ("seconds", "timer")

    def __init__(self, timer: Timer, seconds: float) -> None:
        self.timer: Final = timer
        self.seconds: Final = seconds


@final
class Disarm(Timing):
    __slots__ = ("timer",)

    def __init__(self, timer: Timer) -> None:
        self.timer: Final = timer


@final
class Touch(Timing):
    """Something moved: the idle timer starts anew."""

    __slots__ = ()


# -- replies


@final
class Taken(Reply):
    """What read() took out of the buffer, in order."""

    __slots__ = ("payloads",)

    def __init__(self, payloads: tuple[Payload, ...]) -> None:
        self.payloads: Final = payloads


TOUCH: Final = Touch()
