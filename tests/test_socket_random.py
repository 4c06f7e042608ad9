"""Users who do anything at any time, with sockets and a server on the loopback interface.

The law: nothing comes out of the loop but what a user raised; each callback comes exactly once; each life ends in one
'close', and leaves nothing behind. Each seed is a run of its own; which one fails is in the test's name.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

import sansnet
from sansnet import Socket
from tests.loopback import Loopback, loopback, simulated_loopback

SIZES = (0, 1, 100, 70_000, 3_000_000)
EVENTS = ("connect", "ready", "data", "drain", "end", "finish", "timeout", "close")
MOVES = 80


class Users:
    """All who hold a socket here. What they do is drawn from one stream of random numbers."""

    def __init__(self, net: Loopback, seed: int) -> None:
        self._net = net
        self._random = random.Random(seed)
        self._moves: list[tuple[int, Callable[[Socket], object]]] = [
            (6, lambda socket: socket.write(bytes(self._random.choice(SIZES)), callback=self._callback())),
            (1, lambda socket: socket.end(callback=self._callback())),
            (1, lambda socket: socket.end("last words", callback=self._callback())),
            (1, lambda socket: socket.pause()),
            (3, lambda socket: socket.resume()),
            (1, lambda socket: socket.read(self._random.choice((None, 1, 10)))),
            (1, lambda socket: socket.cork()),
            (2, lambda socket: socket.uncork()),
            (1, lambda socket: socket.set_timeout(self._random.choice((0, 0.001, 0.01)))),
            (1, lambda socket: socket.set_encoding(self._random.choice(("utf-8", "latin1")))),
            (1, lambda socket: socket.once("readable", lambda: None)),
            (1, lambda socket: socket.set_no_delay().set_keep_alive(True, 5)),
            (1, self._rarely(lambda socket: socket.destroy())),
            (1, self._rarely(lambda socket: socket.destroy(RuntimeError("enough")))),
            (1, self._rarely(lambda socket: socket.destroy_soon())),
            (1, self._rarely(lambda socket: socket.reset_and_destroy())),
            (1, self._connect),
        ]
        self.sockets: list[Socket] = []
        self.waiting = 0
        """Callbacks that have not come."""
        self.closes: Counter[Socket] = Counter()
        self.lives: Counter[Socket] = Counter()
        self.server = sansnet.create_server(
            self.greet, allow_half_open=self._chance(0.5), pause_on_connect=self._chance(0.2)
        )
        self._port = self._listen()

    def _listen(self) -> int:
        address = self.server.listen(0).address()
        assert isinstance(address, sansnet.AddressInfo)
        return address.port

    def greet(self, socket: Socket) -> None:
        """A socket that is new here, accepted or made."""
        self.sockets.append(socket)
        self.lives[socket] = 1
        socket.on("error", lambda _error: None)
        socket.on("close", lambda _had_error: self.closes.update([socket]))
        for event in EVENTS:
            if self._chance(0.3):
                socket.on(event, lambda *_: self._moves_on(socket))

    def play(self) -> None:
        """So many moves, from outside of the loop as well, and the loop turns now and then."""
        for _ in range(self._random.randint(1, 3)):
            socket = Socket(allow_half_open=self._chance(0.5))
            self.greet(socket)
            self._connect(socket)
        for _ in range(MOVES):
            self._move(self._random.choice(self.sockets))
            if self._chance(0.6):
                self._net.turn()

    def leave(self) -> None:
        """Everyone destroys what they have, until nobody begins anew."""
        self.server.close()
        self._moves = [(1, lambda socket: socket.destroy())]
        for socket in self.sockets:
            socket.destroy()
        self._net.run()
        for socket in self.sockets:  # who was accepted in the meantime
            socket.destroy()
        self._net.run()

    def _moves_on(self, socket: Socket) -> None:
        if self._chance(0.3):
            self._move(socket)

    def _move(self, socket: Socket) -> None:
        weights, moves = zip(*self._moves, strict=True)
        [move] = self._random.choices(moves, weights)
        move(socket)

    def _connect(self, socket: Socket) -> None:
        """A first life, or another one. An open socket refuses."""
        again = socket.destroyed
        with contextlib.suppress(OSError):
            socket.connect(self._port, "127.0.0.1")
            self.lives[socket] += again

    def _callback(self) -> Callable[[Exception | None], None]:
        self.waiting += 1
        called = False

        def callback(_error: Exception | None) -> None:
            nonlocal called
            assert not called, "a callback came twice"
            called = True
            self.waiting -= 1

        return callback

    def _rarely(self, move: Callable[[Socket], object]) -> Callable[[Socket], object]:
        return lambda socket: move(socket) if self._chance(0.3) else None

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


@pytest.mark.parametrize("network", [loopback, simulated_loopback], ids=["system", "simulated"])
@pytest.mark.parametrize("seed", range(60))
def test_anything_at_any_time(seed: int, network: Callable[[], AbstractContextManager[Loopback]]) -> None:
    with network() as net:
        users = Users(net, seed)
        users.play()
        users.leave()
        assert users.waiting == 0
        assert users.closes == users.lives
        assert users.server.connections == 0
        assert not net.driver.alive
        assert not net.driver.handles
