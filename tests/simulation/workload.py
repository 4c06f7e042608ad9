"""A bit of everything: many clients, a few servers, several hosts, whatever the weather; and the laws, all the time.

    python -m sansnet simulate tests.simulation.workload:mixed --seeds 100000 --jobs 2

Who does what, to whom, when and with which options is drawn from the seed. Nobody is asked to succeed: connections are
refused, reset, cut off and forgotten. But whatever happens, what is told keeps the laws of `watched`; everything comes
to an end; and then nothing is left: no connection, no listener, no port, no timer.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import sansnet
from sansnet import Socket
from sansnet.server import DropInfo
from sansnet.testing import Entry, Simulation, Trace, hold, record, replay_trace
from sansnet.testing.simulated_host import Host
from tests.simulation.roles import GREETINGS, ROLES, Greeting, greet_late, reconnect
from tests.simulation.watched import PATIENCE, Life, WatchedServer, WatchedSocket

__all__ = ["Workload", "mixed"]

T = TypeVar("T")

HORIZON: Final = 20_000.0
"""Virtual seconds after which what is not over never will be: far more than the longest wait, 924 s for an ACK."""

RECORDED: Final = 4
"""The machines of one seed in so many are recorded, and the recordings held to the laws of machines."""

LAST_CALL: Final = 60.0
"""When servers close that didn't before."""

PATH: Final = "/run/sansnet"


def mixed(sim: Simulation) -> None:
    """Play it under one seed."""
    Workload(sim).play()


class Workload:
    """Everyone who takes part."""

    def __init__(self, sim: Simulation, *, is_recorded: bool | None = None) -> None:
        self.sim = sim
        self.is_recorded = sim.seed % RECORDED == 0 if is_recorded is None else is_recorded
        self.counted: Counter[str] = Counter()
        self.servers: list[WatchedServer] = []
        self.sockets: list[WatchedSocket] = []
        self.hosts_of: dict[int, str] = {}  # of servers and sockets, by id()
        self.ends: dict[tuple[str | None, int | None], Life] = {}  # those whose other end isn't known yet
        self.dropped: Counter[tuple[str | None, int | None]] = Counter()  # by whom they came from
        self.is_cut: dict[tuple[str, str], bool] = {}  # from a client's host to a server's
        self.recordings = contextlib.ExitStack()
        self.traces: list[list[Entry]] = []  # of each host, from each time that it came up

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
            self.record(self.sim.host(f"s{number}", f"10.1.0.{number + 1}", f"fd00::{number + 1}"))
            self.serve(f"s{number}", 80)
            if self.happens(0.4):
                self.serve(f"s{number}", PATH)
        callers = [f"c{number}" for number in range(self.number(1, 3))]
        for name in callers:
            self.record(self.sim.host(name))
        for _ in range(self.number(3, 10)):
            self.sim.at(self.time(10), partial(self.call, callers))
        self.disturb(callers)
        self.sim.at(LAST_CALL, self.close_all)
        self.sim.run(HORIZON, until=self.is_over)
        self.sim.run(HORIZON)  # whoever kept something waiting would be heard of here
        self.check()

    def record(self, host: Host) -> None:
        """Record what the machines of a host are given and answer; of some seeds, since it takes its time."""
        if self.is_recorded:
            self.traces.append([])
            self.recordings.enter_context(record(self.traces[-1], host.driver))

    def is_over(self) -> bool:
        closed = self.sim.now >= LAST_CALL and all(server.is_over for server in self.servers)
        return closed and all(socket.life.is_over for socket in self.sockets)

    def check(self) -> None:
        """Nothing more will come."""
        for socket in self.sockets:
            socket.check()
            self.check_lonely(socket)
        for server in self.servers:
            server.check()
        left = self.sim.leftovers()
        assert not left, f"left at the end: {', '.join(left)}"
        for name, host in self.sim.hosts.items():
            assert host.driver.active == 0, f"host {name} waits for {host.driver.active} things that there aren't"
        self.recordings.close()
        for entries in self.traces:
            trace = Trace(tuple(entries))
            self.counted["recorded input"] += hold(trace)
            difference = replay_trace(trace)
            assert difference is None, str(difference)

    def check_waiting(self, socket: WatchedSocket) -> None:
        """Who was connected half a minute ago was accepted, or dropped, unless a way was cut or a host died."""
        life = socket.life
        was_there = life.port is not None and life.connected < LAST_CALL / 2 and not life.told & {"end", "close"}
        if was_there and not self.is_cut and all(not host.crashes for host in self.sim.hosts.values()):
            socket.law(life.other is not None, "nobody has accepted it for half a minute")

    def check_lonely(self, socket: WatchedSocket) -> None:
        """Who called and was heard by nobody has heard of nobody; if it was ended, that was because it was dropped."""
        for life in socket.lives:
            if life.other is None and life.port is not None and not life.is_accepted:
                socket.law(not life.heard, "it heard from nobody")
                was_dropped = "end" not in life.told or self.dropped[life.address, life.port] > 0
                socket.law(was_dropped, "it was ended, and neither 'connection' nor 'drop' was told")

    def close_all(self) -> None:
        for socket in self.sockets:
            self.check_waiting(socket)
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
            self.sim.at(begin, partial(self.cut, one, other))
            self.sim.at(begin + self.time(40), partial(self.heal, one, other))
        if self.happens(0.2):
            name, begin = self.one_of(names), self.time(15)
            self.sim.at(begin, partial(self.crash, name))
            self.sim.at(begin + self.time(30), partial(self.restart, name))

    def cut(self, one: str, other: str) -> None:
        self.is_cut[one, other] = True
        self.sim.cut(one, other)

    def heal(self, one: str, other: str) -> None:
        self.is_cut[one, other] = False
        self.sim.heal(one, other)

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
        self.record(self.sim.host(name))
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
            server.on("drop", self.drop)
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
                watched.close_all_connections()

    def greet(self, host: str, server: WatchedServer, greet: Greeting, socket: Socket) -> None:
        """A connection was accepted."""
        watched = WatchedSocket(self.sim, socket, f"{server.name} {len(server.accepted)}", self.counted, accepted=True)
        self.hosts_of[id(watched)] = host
        self.sockets.append(watched)
        self.meet(watched.life, socket.remote_address, socket.remote_port)
        server.accept(watched)
        self.give_up_in_time(watched)
        greet(self, watched)

    def drop(self, info: DropInfo | None) -> None:
        """A connection was turned away; of a path nobody says whose."""
        if info is not None:
            self.dropped[info.remote_address, info.remote_port] += 1

    def meet(self, life: Life, address: str | None, port: int | None) -> None:
        """Find the other end of a TCP connection: both know the client's address."""
        life.address, life.port = address, port
        if port is not None:
            other = self.ends.pop((address, port), None)
            if other is None:
                self.ends[address, port] = life
            elif other.is_accepted is not life.is_accepted:
                life.other, other.other = other, life

    def give_up_in_time(self, watched: WatchedSocket) -> None:
        """Nobody waits for ever for a peer who says nothing any more."""
        watched.set_timeout(self.one_of((0.05, 1.0, 10.0, PATIENCE)))
        watched.socket.on("timeout", partial(self.give_up, watched))
        watched.socket.on("error", _nothing)

    def give_up(self, watched: WatchedSocket) -> None:
        if self.happens(0.2):
            watched.reset()
        else:
            watched.destroy()

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
        socket.on("connect", lambda: self.connected(watched, host, server_host))
        socket.connect(**where)
        if role is not reconnect:
            role(self, watched)
        else:
            reconnect(self, watched, partial(socket.connect, **where))

    def connected(self, watched: WatchedSocket, host: str, server_host: str) -> None:
        """A client was told 'connect'."""
        watched.law(not self.is_cut.get((host, server_host)), "connected through a way that is cut")
        watched.law(self.sim.host(server_host).up, "connected with a host that is dead")
        self.meet(watched.life, watched.socket.local_address, watched.socket.local_port)

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
