"""Simulations that never end are stopped, and it is told what it is that never ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import sansnet
from sansnet import Socket
from sansnet.testing import Endless, Faults, Simulation, campaign, shrink_faults, timeline
from sansnet.testing.endless import WATCHED
from sansnet.testing.playing import play
from tests.simulation.scenarios import pinging, robust


def again_and_again() -> None:
    sansnet.call_later(1, again_and_again)


def stopped(sim: Simulation, seconds: float | None = None) -> str:
    """What `run()` says."""
    with pytest.raises(Endless) as caught:
        sim.run(seconds)
    return str(caught.value)


@pytest.mark.parametrize("seconds", [None, 1e9])
def test_a_timer_that_is_armed_anew_each_time(seconds: float | None) -> None:
    with Simulation(limit=5000) as sim, sim.host("a"):
        again_and_again()
        told = stopped(sim, seconds)
    assert told.startswith(
        "5,000 things happened in one run(), which got to 5000 s, and there are still more; of the l"
    )
    assert f" the last 1,000: 1000 × again_and_again ({__file__}:" in told
    assert told.endswith(" on 'a' (it may be more: limit=…)")


def test_two_peers_who_always_answer() -> None:
    told = play(pinging, 0, None, limit=5000).summary
    assert "× what server.2 sends to client.1" in told
    assert "× what client.1 sends to server.2" in told


def test_the_timeout_of_a_socket() -> None:
    with Simulation(limit=5000) as sim, sim.host("a"):
        server = sansnet.create_server().listen(80)

        def again(client: Socket) -> None:
            client.set_timeout(1)

        client = sansnet.connect(80, "127.0.0.1")
        client.on("timeout", lambda: again(client)).set_timeout(1)
        told = stopped(sim)
        assert "1000 × the idle timer of <Socket " in told
        server.close()


def test_a_task() -> None:
    with Simulation(limit=5000) as sim:
        sim.host("a")

        async def forever() -> None:
            while True:
                await sim.sleep(1)

        with pytest.raises(Endless, match=r"500 × Task\._step .* on 'a'"):
            sim.run_async(forever())


def test_time_that_stands_still() -> None:
    with Simulation() as sim:
        driver = sim.host("here").driver

        def once_more() -> None:
            driver.call_soon(once_more)

        sim.at(1, once_more)
        told = stopped(sim, 2)
    assert told.startswith("time stands still at 1 s: 1,000,000 things happened, and there are still more; of the last")
    assert "1000 × test_time_that_stands_still.<locals>.once_more (" in told


def test_time_that_stood_still_for_long_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is not counted as a part of that moment."""
    monkeypatch.setattr(timeline, "MOMENT", 100)
    left = 100
    with Simulation() as sim:
        sim.host("a")

        def count_down(seconds: float) -> None:
            nonlocal left
            left -= 1
            if left:
                sim.at(seconds, lambda: count_down(seconds))

        sim.at(1, lambda: count_down(0))
        sim.run(2)
        left = 2 * WATCHED
        count_down(0.001)
        sim.run(10)
        assert left == 0
        left = 100

        def for_ever() -> None:
            sim.at(0, for_ever)

        sim.at(1, lambda: count_down(0))
        sim.at(2, for_ever)
        told = stopped(sim, 3)
    assert told.startswith("time stands still at 14 s: ")
    assert "of the last 100: 100 × test_time_that_stood_still_for_long_and_goes_on.<locals>.for_ever (" in told


# -- programs whose names are like ours


class Host:
    """Not ours, and without a name."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._callback = self.again

    def again(self) -> None:
        self._sim.at(0, self._callback)

    def run(self) -> None:
        self._sim.at(0, self.run)


def closed_over_itself(sim: Simulation) -> Callable[[], None]:
    def callback() -> None:
        sim.at(0, callback)

    return callback


def closed_over_nothing_yet(sim: Simulation) -> Callable[[], None]:
    def callback() -> None:
        sim.at(0, callback)
        if not sim.seed:
            timer.cancel()

    if not sim.seed:
        timer = sansnet.call_later(1, callback)
    return callback


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (closed_over_itself, "closed_over_itself.<locals>.callback"),
        (closed_over_nothing_yet, "closed_over_nothing_yet.<locals>.callback"),
        (lambda sim: Host(sim).again, "Host.again"),
        (lambda sim: Host(sim).run, "Host.run"),
    ],
)
def test_what_keeps_happening_is_told_whatever_the_program_calls_it(
    make: Callable[[Simulation], Callable[[], None]], name: str
) -> None:
    with Simulation(1, limit=1000) as sim:
        sim.host("a")
        sim.at(0, make(sim))
        assert f" the last 1,000: 1000 × {name} ({__file__}:" in stopped(sim, 1)


@pytest.mark.parametrize("limit", [1, 5, 100, WATCHED + 1])
def test_the_limit_is_exact(limit: int) -> None:
    """So much may happen, and not one thing more."""
    happened = 0

    def count_down(left: int) -> None:
        nonlocal happened
        happened += 1
        if left > 1:
            sim.at(1, lambda: count_down(left - 1))

    with Simulation(limit=limit) as sim:
        sim.host("a")
        sim.at(1, lambda: count_down(limit))
        sim.run(1e9)
        assert happened == limit
        happened = 0
        sim.at(1, lambda: count_down(limit + 1))
        told = stopped(sim, 1e9)
        assert happened == limit
        assert sim.now == 1e9 + limit
    assert f"{limit:,} things happened in one run(), which got to {sim.now:g} s" in told
    assert f"and there are still more; of the last {min(limit, WATCHED):,}: " in told


def test_a_moment_has_a_limit_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after it is another one."""
    monkeypatch.setattr(timeline, "MOMENT", 5)
    with Simulation() as sim:
        sim.host("a")
        for moment in (1, 2, 3):
            for _ in range(5):
                sim.at(moment, lambda: None)
        sim.run(4)
        for _ in range(6):
            sim.at(1, lambda: None)
        assert stopped(sim, 2).startswith("time stands still at 5 s: ")


def test_each_run_has_its_own_count() -> None:
    with Simulation(limit=5000) as sim, sim.host("a"):
        again_and_again()
        for _ in range(4):
            sim.run(3000)
        assert sim.now == 12_000


def test_the_end_of_the_story_goes_with_it() -> None:
    with pytest.raises(Endless) as caught, Simulation(limit=1000) as sim:
        pinging(sim)
    assert any("bytes" in note for note in caught.value.__notes__)


# -- in campaigns


def test_a_campaign_has_the_same_limit() -> None:
    with pytest.raises(AssertionError) as caught:
        campaign(pinging, range(3), faults=None, limit=5000)
    told = str(caught.value)
    assert "Endless: 5,000 things happened in one run()" in told
    assert "again: python -m sansnet simulate tests.simulation.scenarios:pinging --seed 0 --calm --limit 5000" in told
    assert campaign(robust, range(3), limit=5000).passed == 3


def test_what_is_endless_is_shrunk_under_that_limit() -> None:
    shrunk = shrink_faults(pinging, 0, Faults(loss=0.01), limit=5000)
    assert (shrunk.faults, shrunk.replay.split()[-2:]) == (Faults(), ["--limit", "5000"])


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None, "1"])
def test_a_limit_that_is_none(limit: object) -> None:
    for use in (
        lambda: Simulation(limit=limit),  # type: ignore[arg-type]
        lambda: play(robust, 0, limit=limit),  # type: ignore[arg-type]
        lambda: campaign(robust, range(3), limit=limit),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="limit is a number of things that may happen, from 1 up, not"):
            use()
