"""What a test still holds of a host that has crashed: none of it claims to work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import sansnet
from sansnet import BoundSocket, Server, Socket
from sansnet.default import using
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing.simulation import Simulation


class Held:
    """Everything that can be held of a host."""

    def __init__(self, sim: Simulation) -> None:
        self.told: list[str] = []
        self.host = sim.host("a")
        with sim.host("b"):
            sansnet.create_server(lambda peer: peer.pause()).listen(80)
        with self.host:
            self.server = self.watched(sansnet.create_server(self.watched).listen(80))
            self.idle = sansnet.create_server()
            self.open = self.watched(sansnet.connect(80, "b"))
            self.local = self.watched(sansnet.connect(80, "127.0.0.1"))
        sim.run(1)
        with self.host:
            self.open.set_timeout(5)
            self.open.write(bytes(10_000_000))
            self.opening = self.watched(sansnet.connect(81, "203.0.113.7"))
            self.looking = self.watched(sansnet.connect(80, "b"))
            self.fresh = Socket()
            self.bound = BoundSocket(port=7000)
            sansnet.call_later(1, lambda: self.told.append("timer"))
        sim.run(0.0001)
        self.told.clear()

    def watched(self, one: Any) -> Any:
        for event in ("close", "end", "error", "connect", "lookup", "timeout", "drain", "connection"):
            one.on(event, lambda *_, event=event: self.told.append(event))
        return one

    @property
    def sockets(self) -> list[Socket]:
        return [self.open, self.local, self.opening, self.looking, self.fresh]


@pytest.mark.parametrize("is_up_again", [False, True])
def test_nothing_of_it_claims_to_work(is_up_again: bool) -> None:
    with Simulation() as sim:
        held = Held(sim)
        assert (held.server.listening, held.server.connections) == (True, 1)
        assert [one.destroyed for one in held.sockets] == [False] * 5
        assert (held.opening.connecting, held.open.writable_need_drain) == (True, True)
        held.host.crash()
        if is_up_again:
            held.host.restart()
        assert (held.server.listening, held.server.connections, held.server.address()) == (False, 0, None)
        for one in held.sockets:
            assert (one.destroyed, one.closed, one.ready_state) == (True, True, "closed")
            assert (one.readable, one.writable, one.connecting, one.pending) == (False, False, False, True)
            assert (one.writable_need_drain, one.fileno(), one.address()) == (False, -1, None)
        sim.run(2000)
        assert held.told == []


def test_what_it_has_counted_can_still_be_read() -> None:
    with Simulation() as sim:
        held = Held(sim)
        held.host.crash()
        assert held.open.bytes_written == 10_000_000
        assert held.server.max_connections is None


@pytest.mark.parametrize("is_up_again", [False, True])
@pytest.mark.parametrize(
    "use",
    [
        lambda held: held.open.write("x"),
        lambda held: held.open.end(),
        lambda held: held.open.destroy(),
        lambda held: held.open.set_timeout(1),
        lambda held: held.open.resume(),
        lambda held: held.fresh.connect(80, "b"),
        lambda held: held.server.close(),
        lambda held: held.idle.listen(81),
        lambda held: held.idle.listen(held.bound),
        lambda held: held.host.driver.call_soon(print) if not held.host.up else held.open.pause(),
    ],
    ids=range(10),
)
def test_whatever_is_asked_of_it_is_an_error(use: Callable[[Held], object], is_up_again: bool) -> None:
    with Simulation() as sim:
        held = Held(sim)
        held.host.crash()
        if is_up_again:
            held.host.restart()
        said = "has crashed since this was made, and has forgotten it" if is_up_again else "is down: it has crashed"
        with pytest.raises(RuntimeError, match=f"host 'a' {said}"):
            use(held)


def test_nothing_is_made_on_a_host_that_is_down() -> None:
    with Simulation() as sim:
        host = sim.host("a")
        host.crash()
        assert sim.hosts == {"a": host}
        assert not host.up

        async def work() -> None: ...

        makers: list[Callable[[], object]] = [
            Socket,
            lambda: Server().listen(80),
            BoundSocket,
            lambda: host.start(work()),
            lambda: sim.run_async(work()),
        ]
        for make in makers:
            with host, pytest.raises(RuntimeError, match="host 'a' is down: it has crashed"):
                make()
        host.restart()
        with host:
            assert Server().listen(80).listening
            sim.run_async(work())


def test_nothing_of_it_is_left() -> None:
    """No timer either, which would make time pass."""
    with Simulation() as sim:
        held = Held(sim)
        assert "a: 3 timers" in sim.leftovers()
        held.host.crash()
        assert [line for line in sim.leftovers() if line.startswith("a")] == []
        sim.at(2000, lambda: None)
        times: list[float] = []
        sim.run(3, until=lambda: times.append(sim.now))
        assert times[-1] < 2000


def test_what_is_closed_late_takes_nothing_from_the_next() -> None:
    """An address that was held can still be told and closed; it isn't what somebody holds there now."""
    with Simulation() as sim:
        held = Held(sim)
        held.host.crash()
        held.host.restart()
        with held.host:
            server = sansnet.create_server().listen(7000)
        assert held.bound.address().port == 7000  # type: ignore[union-attr]
        held.bound.close()
        sim.run(1)
        assert "a: port 7000" in sim.leftovers()
        assert server.listening


def test_an_address_that_was_held_can_not_be_taken_over() -> None:
    with Simulation() as sim:
        held = Held(sim)
        held.host.crash()
        held.host.restart()
        errors: list[str] = []
        with held.host:
            with pytest.raises(RuntimeError, match="can't take over"):
                Socket(handle=held.bound)
            Server().on("error", lambda error: errors.append(error.code)).listen(held.bound)
        sim.run(1)
        assert errors == ["EINVAL"]


def test_other_drivers_say_the_same_when_they_are_closed() -> None:
    driver = SelectorDriver()
    with using(driver):
        server = sansnet.create_server().listen(0)
        client = sansnet.connect(1, "127.0.0.1")
    assert (server.listening, client.destroyed, client.connecting, client.ready_state) == (True, False, True, "opening")
    driver.close()
    assert (server.listening, client.destroyed, client.connecting, client.ready_state) == (False, True, False, "closed")
    assert [str(one).split()[:4] for one in (server, client)] == [
        ["<Server", "closed", "with", "its"],
        ["<Socket", "closed", "with", "its"],
    ]


@pytest.mark.parametrize(
    "wait",
    [
        lambda held: sansnet.once(held.open, "data"),
        lambda held: sansnet.once(held.server, "connection"),
        lambda held: held.open.drained(),
        lambda held: held.open.finished(),
        lambda held: held.open.wait_closed(),
        lambda held: held.server.wait_listening(),
        lambda held: held.server.wait_closed(),
        lambda held: anext(aiter(held.open)),
        lambda held: anext(aiter(held.server)),
    ],
    ids=range(9),
)
def test_nobody_waits_for_it(wait: Callable[[Held], Any]) -> None:
    """It would be for ever."""
    with Simulation() as sim:
        held = Held(sim)
        held.host.crash()

        async def waiting() -> None:
            await wait(held)

        with sim.host("b"), pytest.raises(RuntimeError, match="host 'a' is down: it has crashed"):
            sim.run_async(waiting())
