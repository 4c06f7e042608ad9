"""A bit of everything: many clients, a few servers, several hosts, whatever the weather; and the laws, all the time.

    python -m sansnet simulate tests.simulation.workload:mixed --seeds 100000 --jobs 2

Who does what, to whom, when and with which options is drawn from the seed. Nobody is asked to succeed: connections are
refused, reset, cut off and forgotten. But whatever happens, what is told keeps the laws of `watched`; everything comes
to an end; and then nothing is left: no connection, no listener, no port, no timer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import sansnet
from sansnet import Socket
from sansnet.testing import Simulation
from tests.simulation.watched import Life, WatchedServer, WatchedSocket

__all__ = ["Workload", "mixed"]

T = TypeVar("T")

HORIZON: Final = 20_000.0
"""Virtual seconds after which what is not over never will be: far more than the longest wait, 924 s for an ACK."""

LAST_CALL: Final = 60.0
"""When servers close that didn't before."""

PATH: Final = "/run/sansnet"


def mixed(sim: Simulation) -> None:
    """Play it under one seed."""
    Workload(sim).play()


class Workload:
    """Everyone who takes part."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.counted: Counter[str] = Counter()
        self.servers: list[WatchedServer] = []
        self.sockets: list[WatchedSocket] = []
        self.hosts_of: dict[int, str] = {}  # of servers and sockets, by id()
        self.ends: dict[tuple[str | None, int | None], Life] = {}  # those whose other end isn't known yet

    # -- chance: random() alone is the same in every version of Python

    def happens(self, probability: float) -> bool:
        return self.sim.random.random() < probability

    def number(self, low: int, high: int) -> int:
        return low + int(self.sim.random.random() * (high + 1 - low))

    def time(self, longest: float) -> float:
        return self.sim.random.random() * longest

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[int(self.sim.random.random() * len(choices))]

    # -- the whole

    def play(self) -> None:
        """From the first server to the last look."""
        for number in range(self.number(1, 3)):
            self.sim.host(f"s{number}", f"10.1.0.{number + 1}", f"fd00::{number + 1}")
            self.serve(f"s{number}", 80)
            if self.happens(0.4):
                self.serve(f"s{number}", PATH)
        callers = [f"c{number}" for number in range(self.number(1, 3))]
        for name in callers:
            self.sim.host(name)
        for _ in range(self.number(3, 10)):
            self.sim.at(self.time(10), partial(self.call, callers))
        self.disturb(callers)
        self.sim.at(LAST_CALL, self.close_all)
        self.sim.run(HORIZON, until=self.is_over)
        self.sim.run(HORIZON)  # whoever kept something waiting would be heard of here
        self.check()

    def is_over(self) -> bool:
        closed = self.sim.now >= LAST_CALL and all(server.is_over for server in self.servers)
        return closed and all(socket.life.is_over for socket in self.sockets)

    def check(self) -> None:
        """Nothing more will come."""
        for socket in self.sockets:
            socket.check()
        for server in self.servers:
            server.check()
        left = self.sim.leftovers()
        assert not left, f"left at the end: {', '.join(left)}"

    def close_all(self) -> None:
        for server in self.servers:
            if not server.is_lost:
                server.close()

    def later(self, seconds: float, watched: WatchedSocket, act: Callable[[], object]) -> None:
        """Do something with this life of a socket, unless it is over by then."""
        life = watched.life
        self.sim.at(seconds, lambda: None if life.is_over or life is not watched.life else act())

    # -- what happens to hosts

    def disturb(self, callers: Sequence[str]) -> None:
        """Cut ways, and crash hosts, now and then."""
        names = list(self.sim.hosts)
        if self.happens(0.3):
            one, other = self.one_of(callers), "s0"
            begin = self.time(15)
            self.sim.at(begin, partial(self.sim.cut, one, other))
            self.sim.at(begin + self.time(40), partial(self.sim.heal, one, other))
        if self.happens(0.2):
            name, begin = self.one_of(names), self.time(15)
            self.sim.at(begin, partial(self.crash, name))
            self.sim.at(begin + self.time(30), partial(self.restart, name))

    def crash(self, name: str) -> None:
        for server in self.servers:
            if self.hosts_of[id(server)] == name:
                server.is_lost = True
        for socket in self.sockets:
            if self.hosts_of[id(socket)] == name:
                socket.life.is_lost = True
        self.sim.host(name).crash()

    def restart(self, name: str) -> None:
        self.sim.host(name).restart()
        if name.startswith("s") and self.sim.now < LAST_CALL:
            self.serve(name, 80)

    # -- servers

    def serve(self, host: str, where: int | str) -> None:
        """A server of some kind, with some options."""
        greet = self.one_of(GREETINGS)
        options: dict[str, Any] = {
            "allow_half_open": self.happens(0.3),
            "pause_on_connect": greet is greet_late,
            "no_delay": self.happens(0.5),
        }
        if self.happens(0.5):
            options["high_water_mark"] = self.one_of((1, 16, 1000, 16384))
        with self.sim.host(host):
            server = sansnet.create_server(**options)
            watched = WatchedServer(server, f"server {len(self.servers)} {greet.__name__}", self.counted)
            self.hosts_of[id(watched)] = host
            self.servers.append(watched)
            server.on("connection", partial(self.greet, host, watched, greet))
            if self.happens(0.3):
                server.max_connections = self.number(0, 3)
                server.drop_max_connection = self.happens(0.5)
            watched.listen(where, backlog=self.one_of((1, 511)))
        if self.happens(0.3):
            begin = self.time(10)
            self.sim.at(begin, lambda: None if watched.is_lost else server.pause())
            self.sim.at(begin + self.time(10), lambda: None if watched.is_lost else server.resume())
        if self.happens(0.4):
            self.sim.at(self.time(20), partial(self.close_busy, watched, host, where))

    def close_busy(self, watched: WatchedServer, host: str, where: int | str) -> None:
        """Close a server, whoever may be there; perhaps it listens again when it is closed."""
        if watched.is_lost or not watched.server.listening:
            return
        again = self.happens(0.5)

        def listen_again() -> None:
            if self.sim.now < LAST_CALL:
                watched.listen(where)

        if again:
            watched.server.once("close", listen_again)
        if self.happens(0.3):
            watched.close(timeout=self.time(5))
        else:
            watched.close()
            if self.happens(0.3):
                watched.server.close_all_connections()

    def greet(self, host: str, server: WatchedServer, greet: Greeting, socket: Socket) -> None:
        """A connection was accepted."""
        watched = WatchedSocket(self.sim, socket, f"{server.name} {len(server.accepted)}", self.counted, accepted=True)
        self.hosts_of[id(watched)] = host
        self.sockets.append(watched)
        self.meet(watched.life, socket.remote_address, socket.remote_port)
        server.accept(watched)
        self.give_up_in_time(watched)
        greet(self, watched)

    def meet(self, life: Life, address: str | None, port: int | None) -> None:
        """Find the other end of a TCP connection: both know the client's address."""
        if port is not None:
            other = self.ends.pop((address, port), None)
            if other is None:
                self.ends[address, port] = life
            elif other.is_accepted is not life.is_accepted:
                life.other, other.other = other, life

    def give_up_in_time(self, watched: WatchedSocket) -> None:
        """Nobody waits for ever for a peer who says nothing any more."""
        watched.set_timeout(self.one_of((0.05, 1.0, 10.0, 300.0)))
        watched.socket.on("timeout", partial(self.give_up, watched))
        watched.socket.on("error", _nothing)

    def give_up(self, watched: WatchedSocket) -> None:
        if self.happens(0.2):
            watched.socket.reset_and_destroy() if watched.socket.remote_port else watched.socket.destroy()
        else:
            watched.socket.destroy()

    # -- clients

    def call(self, callers: Sequence[str]) -> None:
        """A client of some kind, with some options, calls one of the servers."""
        host = self.one_of(callers)
        target = self.one_of(self.servers)
        server_host = self.hosts_of[id(target)]
        where: dict[str, Any] = {"port": 80, "host": server_host}
        if self.happens(0.2):
            host, where = server_host, {"path": PATH}
        elif self.happens(0.2):
            where["auto_select_family"] = "race"
        elif self.happens(0.1):
            where["port"] = 81
        if self.happens(0.1):
            where["connect_timeout"] = self.time(1) + 0.001
        if not self.sim.host(host).up:
            return
        role = self.one_of(ROLES)
        with self.sim.host(host):
            socket = Socket(**self.client_options())
        watched = WatchedSocket(
            self.sim, socket, f"client {len(self.sockets)} {role.__name__}", self.counted, accepted=False
        )
        self.hosts_of[id(watched)] = host
        self.sockets.append(watched)
        self.give_up_in_time(watched)
        socket.on("connect", lambda: self.meet(watched.life, socket.local_address, socket.local_port))
        socket.connect(**where)
        if role is not reconnect:
            role(self, watched)
        else:
            reconnect(self, watched, partial(socket.connect, **where))

    def client_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"allow_half_open": self.happens(0.3)}
        if self.happens(0.5):
            options["high_water_mark"] = self.one_of((1, 16, 1000, 16384))
        if self.happens(0.05):
            options["max_buffered"] = self.one_of((10, 5000))
        return options

    def length(self) -> int:
        """How much somebody says."""
        return self.one_of((1, 7, 100, 1000, 1000, 5000, 20_000))


def _nothing(*_args: object) -> None:
    """Errors are expected; the watch counts them."""


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
        me.socket.destroy_soon()
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
        me.socket.destroy(None if play.happens(0.7) else ConnectionError("never mind"))
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
            try:
                me.socket.reset_and_destroy()
            except TypeError:  # a path has no reset
                me.socket.destroy()

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

Greeting = Callable[[Workload, WatchedSocket], None]


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
                    peer.socket.destroy_soon()
                case 2 if peer.socket.remote_port is not None:
                    peer.socket.reset_and_destroy()
                case _:
                    peer.socket.destroy()

    greet_with_echo(play, peer)
    peer.socket.on("data", leave)


def greet_rudely(play: Workload, peer: WatchedSocket) -> None:
    """Close the door."""
    peer.socket.destroy()


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
