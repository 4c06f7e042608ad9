"""What clients and servers of the mixed workload do: each function is told who it is, and installs its listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.simulation.watched import WatchedSocket

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

__all__ = ["GREETINGS", "ROLES", "Greeting", "greet_late", "reconnect"]

# -- what clients do ---------------------------------------------------------------------------------------------------


def ask_and_answer(play: Workload, me: WatchedSocket) -> None:
    """Say so many lines, each once something came back, then end."""
    left = play.number(0, 5)

    def go_on(*_: object) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            me.say(play.number(1, 50))
        elif left == -1:
            me.end()

    me.listen_to_data()
    me.socket.on("data", go_on)
    me.socket.once("connect", go_on)


def pipeline(play: Workload, me: WatchedSocket) -> None:
    """Say everything before there is a connection, and end."""
    me.listen_to_data()
    if play.happens(0.3):
        me.socket.cork()
        play.later(play.time(2), me, me.socket.uncork)
    for _ in range(play.number(0, 20)):
        me.say(play.number(1, 200))
    if play.happens(0.2):
        me.destroy_soon()
    else:
        me.end()


def flood(play: Workload, me: WatchedSocket) -> None:
    """Say much, at the pace that is taken."""
    left = play.length()

    def go_on() -> None:
        nonlocal left
        while left > 0:
            count = min(left, play.number(1, 2000))
            left -= count
            if not me.say(count):
                return
        me.end()

    def once_more() -> None:
        if not me.socket.writable_ended:
            go_on()

    me.listen_to_data()
    me.socket.on("drain", once_more)
    me.socket.once("connect", once_more)


def ignore_backpressure(play: Workload, me: WatchedSocket) -> None:
    """Say much at once, and listen to nothing for a while."""
    me.pause()
    for _ in range(play.number(1, 5)):
        me.say(play.length())
    me.end()
    me.listen_to_data()
    play.later(play.time(20), me, me.resume)


def stop_and_go(play: Workload, me: WatchedSocket) -> None:
    """Pause at each piece, go on a little later."""

    def hold(_: bytes) -> None:
        me.pause()
        play.later(play.time(2), me, me.resume)

    me.listen_to_data()
    me.socket.on("data", hold)
    me.say(play.length())
    me.end()


def take_by_hand(play: Workload, me: WatchedSocket) -> None:
    """Take what there is when it is 'readable'."""
    me.socket.on("readable", me.take)
    me.say(play.length())
    play.later(play.time(5), me, me.end)


def stay_silent(play: Workload, me: WatchedSocket) -> None:
    """Say nothing, and wait until it is too long."""
    me.listen_to_data()


def end_first(play: Workload, me: WatchedSocket) -> None:
    """End at once, and listen."""
    me.listen_to_data()
    me.end()


def destroy_at_once(play: Workload, me: WatchedSocket) -> None:
    """Change one's mind: at once, at 'connect', or some time later; and say more after that, in vain."""

    def destroy() -> None:
        me.destroy(None if play.happens(0.7) else ConnectionError("never mind"))
        if play.happens(0.5):
            me.say(3)

    me.say(play.length())
    when = play.number(0, 2)
    if when == 0:
        destroy()
    elif when == 1:
        me.socket.once("connect", destroy)
    else:
        play.later(play.time(0.2), me, destroy)


def reset(play: Workload, me: WatchedSocket) -> None:
    """Break it off."""

    def break_off() -> None:
        if me.socket.remote_port is not None or me.socket.connecting:
            me.reset()

    me.listen_to_data()
    me.say(play.length())
    if play.happens(0.3):
        break_off()
    else:
        play.later(play.time(1), me, break_off)


def reconnect(play: Workload, me: WatchedSocket, connect: Callable[[], object]) -> None:
    """The same socket, again and again."""
    left = play.number(1, 3)
    host = play.sim.host(play.hosts_of[id(me)])

    def again() -> None:
        if host.up and not me.life.is_lost:
            me.begin_again(connect)
            me.say(play.number(1, 100))
            me.end()

    def closed(_: object) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            play.sim.at(play.time(3), again)

    me.listen_to_data()
    me.socket.on("close", closed)
    me.say(play.number(1, 100))
    me.end()


ROLES: Final[tuple[Callable[..., None], ...]] = (
    ask_and_answer,
    pipeline,
    flood,
    ignore_backpressure,
    stop_and_go,
    take_by_hand,
    stay_silent,
    end_first,
    destroy_at_once,
    reset,
    reconnect,
)

# -- what servers do ---------------------------------------------------------------------------------------------------

Greeting = Callable[["Workload", WatchedSocket], None]


def greet_with_echo(play: Workload, peer: WatchedSocket) -> None:
    """Say everything again, at the pace that is taken."""

    def echo(chunk: bytes) -> None:
        if not peer.write(chunk) and peer.socket.writable:
            peer.pause()

    peer.listen_to_data()
    peer.socket.on("data", echo)
    peer.socket.on("drain", peer.resume)
    peer.socket.on("end", peer.end)


def greet_with_pipe(play: Workload, peer: WatchedSocket) -> None:
    """The same, as a pipe."""
    peer.life.repeats = True
    peer.listen_to_data()
    peer.socket.pipe(peer.socket)


def greet_late(play: Workload, peer: WatchedSocket) -> None:
    """Not listen before some time has passed; then echo."""
    peer.life.is_paused = True
    greet_with_echo(play, peer)
    play.later(play.time(5), peer, peer.resume)


def greet_with_speech(play: Workload, peer: WatchedSocket) -> None:
    """Say something, end, and hear the other out."""
    peer.listen_to_data()
    peer.say(play.length())
    peer.end()


def greet_by_listening(play: Workload, peer: WatchedSocket) -> None:
    """Hear the other out, then answer if that is still possible."""

    def answer() -> None:
        if peer.socket.writable:
            peer.say(play.length())
        peer.end()

    peer.listen_to_data()
    peer.socket.on("end", answer)


def greet_by_hand(play: Workload, peer: WatchedSocket) -> None:
    """Take what there is when it is 'readable', and end with the other."""
    peer.socket.on("readable", peer.take)
    peer.socket.on("end", peer.end)


def greet_with_a_mood(play: Workload, peer: WatchedSocket) -> None:
    """Echo, until it is enough."""
    enough = play.number(1, 3000)

    def leave(_: bytes) -> None:
        if peer.socket.bytes_read >= enough and not peer.socket.destroyed:
            match play.number(0, 3):
                case 0:
                    peer.end()
                case 1:
                    peer.destroy_soon()
                case 2 if peer.socket.remote_port is not None:
                    peer.reset()
                case _:
                    peer.destroy()

    greet_with_echo(play, peer)
    peer.socket.on("data", leave)


def greet_rudely(play: Workload, peer: WatchedSocket) -> None:
    """Close the door."""
    peer.destroy()


GREETINGS: Final[tuple[Greeting, ...]] = (
    greet_with_echo,
    greet_with_echo,
    greet_with_pipe,
    greet_late,
    greet_with_speech,
    greet_by_listening,
    greet_by_hand,
    greet_with_a_mood,
    greet_rudely,
)
