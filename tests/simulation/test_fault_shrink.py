"""`shrink_faults`: the fewest faults with which a scenario still fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import sansnet
from sansnet.cli import main
from sansnet.testing import CampaignFailed, Faults, Simulation, campaign, fault_shrink, shrink_faults
from sansnet.testing.faults import CHANCES, parse_words, words_of
from sansnet.testing.playing import Plan, play
from tests.simulation.programs import Echo
from tests.simulation.scenarios import broken, fragile, robust
from tests.simulation.test_campaign import FIRST

HERE = "tests.simulation.scenarios"


def two_are_needed(sim: Simulation) -> None:
    """Fails when a segment was lost and another one was reset; one seed fails without a reset, in another way."""
    echo = Echo(sim)
    sim.run(100)
    if sim.seed == FIRST and not sim.fired["reset"]:
        raise ValueError("another failure")
    assert not (sim.fired["loss"] and "ECONNRESET" in echo.errors), "lost, and reset"


def test_the_numbers_of_the_chances_tell_the_same_story() -> None:
    for seed in range(30):
        drawn = play(robust, seed, whole_story=True)
        numbers = {name: drawn.came_true.get(name, 0.0) for name in CHANCES}
        exact = play(robust, seed, replace(drawn.faults, **numbers), whole_story=True)  # type: ignore[arg-type]
        assert (exact.digest, exact.story) == (drawn.digest, drawn.story)


def test_what_is_taken_away_changes_nothing_about_the_rest() -> None:
    """A connect that is refused is so with and without a fault that concerns nobody."""
    plan = Faults(refused=0.3, spurious=0.3, latency=(0.001, 0.1))
    for seed in range(20):
        both = play(robust, seed, plan).came_true.get("refused")
        assert play(robust, seed, replace(plan, spurious=0.0)).came_true.get("refused") == both


def test_one_fault_is_left_of_many() -> None:
    shrunk = shrink_faults(fragile, FIRST)
    [number] = shrunk.faults.reset  # type: ignore[misc]
    assert shrunk.faults == Faults(reset=(number,))
    assert shrunk.after == 1
    assert shrunk.outcome.summary == "AssertionError: it was reset"
    assert f"fault reset #{number}" in "\n".join(shrunk.outcome.story)
    assert str(shrunk) == (
        f"fewest faults: 1 of {shrunk.before}, found in {shrunk.attempts} attempts\n"
        f"  weather: reset=#{number}\n"
        f"  again: python -m sansnet simulate {HERE}:fragile --seed {FIRST} --fault reset=#{number}"
    )
    assert shrink_faults(fragile, FIRST) == shrunk


@pytest.mark.parametrize("faults", ["drawn", Faults(loss=0.2, reset=0.1, partial_reads=0.5, spurious=0.1, window=500)])
def test_both_that_are_needed_are_left(faults: Plan) -> None:
    seed = next(seed for seed in range(1000) if "lost" in play(two_are_needed, seed, faults).summary)
    shrunk = shrink_faults(two_are_needed, seed, faults)
    assert sorted(word.partition("=")[0] for word in words_of(shrunk.faults)) == ["loss", "reset"]
    assert shrunk.before > shrunk.after == 2
    assert shrunk.outcome.summary == "AssertionError: lost, and reset"


def test_a_pair_is_found_that_no_leaving_out_leads_to() -> None:
    """Of three chances none can be left out, nor moved; two others do as well."""
    three, two = Faults(reset=(4,), loss=(3,), refused=(2,)), Faults(reset=(2,), loss=(1,))

    def picky(sim: Simulation) -> None:
        assert sim.faults not in (three, two)

    assert shrink_faults(picky, 0, three).faults == two


def test_another_failure_is_not_the_same() -> None:
    """Without the reset this seed fails as well, in another way."""
    assert play(two_are_needed, FIRST, None).summary == "ValueError: another failure"
    faults = Faults(loss=(1,), reset=(2,), spurious=(1, 3))
    assert play(two_are_needed, FIRST, faults).summary == "AssertionError: lost, and reset"
    assert shrink_faults(two_are_needed, FIRST, faults).faults == Faults(loss=(1,), reset=(1,))


def test_what_fails_in_any_weather_needs_none() -> None:
    shrunk = shrink_faults(broken, 7)
    assert (shrunk.faults, shrunk.before, shrunk.after) == (Faults(), 0, 0)
    assert "weather: none\n" in str(shrunk)
    assert str(shrunk).endswith("--seed 7 --calm")


def test_no_more_attempts_than_allowed() -> None:
    played: list[int] = []

    def counted(sim: Simulation) -> None:
        played.append(sim.seed)
        fragile(sim)

    shrunk = shrink_faults(counted, FIRST, attempts=3)
    assert shrunk.attempts == 3
    assert len(played) == 4  # and once more for the story
    assert "it was reset" in shrunk.outcome.summary


@pytest.mark.parametrize("attempts", [2, 5, 20, 60])
def test_no_plan_is_made_that_nobody_plays(attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are as many pairs as the square of the chances, and each plan costs time."""
    made: list[Faults] = []

    def counted(plan: Faults, **changes: Any) -> Faults:
        made.append(plan)
        return replace(plan, **changes)

    monkeypatch.setattr(fault_shrink, "replace", counted)

    def two_of_many(sim: Simulation) -> None:
        assert not (isinstance(sim.faults.loss, tuple) and len(sim.faults.loss) > 1)

    assert shrink_faults(two_of_many, 1, Faults(loss=tuple(range(1, 201))), attempts=attempts).attempts <= attempts
    assert len(made) < attempts + 50


def test_what_passes_can_not_be_shrunk() -> None:
    with pytest.raises(ValueError, match="seed 0 passes: there is nothing to shrink"):
        shrink_faults(robust, 0)


def test_a_campaign_shrinks_its_failures() -> None:
    with pytest.raises(CampaignFailed) as caught:
        campaign(fragile, range(200), shrink=True)
    [failure] = caught.value.report.failures
    assert failure.shrunk == shrink_faults(fragile, FIRST)
    assert "\n  fewest faults: 1 of " in str(failure)


# ------------------------------------------------------------------------------------------------- on the command line


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:fragile", "--seed", str(FIRST), "--shrink"]) == 2
    out = capsys.readouterr().out
    assert "fewest faults: 1 of " in out
    [again] = [line.split("python -m sansnet ")[1].split() for line in out.splitlines() if "again: " in line]
    assert main(again) == 2
    story = capsys.readouterr().out
    assert story.splitlines()[-2:] == out.splitlines()[-2:]
    assert main(["simulate", f"{HERE}:fragile", "--seeds", "200", "--shrink"]) == 2
    assert "fewest faults: 1 of " in capsys.readouterr().out


def test_the_command_has_nothing_to_shrink(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", f"{HERE}:robust", "--seed", "0", "--shrink"]) == 0
    said = capsys.readouterr()
    assert "seed 0 passes: there is nothing to shrink" in said.err
    assert "seed 0: passed" in said.out


# ------------------------------------------------------------------------------------------------------------ the words


@pytest.mark.parametrize(
    "plan",
    [
        Faults(),
        Faults(reset=(7,), loss=(1, 2, 30), refused=0.5),
        Faults(latency=(0.001, 0.05), bandwidth=1000.0, window=77, no_half_close=True),
    ],
)
def test_words_and_back(plan: Faults) -> None:
    assert eval(repr(plan)) == plan
    assert Faults(**dict(map(parse_words, words_of(plan)))) == plan


@pytest.mark.parametrize("numbers", [(0,), (2, 1), (3, 3), (0.5,), ("a",)])
def test_numbers_that_make_no_sense(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Faults\.reset are numbers of chances, going up from 1, not "):
        Faults(reset=numbers)


@pytest.mark.parametrize("words", ["reset=#", "reset=#a", "reset=#2,1", "thunder=#1", "latency=#1"])
def test_words_that_make_no_sense(words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Faults(**dict([parse_words(words)]))
    assert str(caught.value)


def test_a_number_that_comes_true_is_one_that_was_named() -> None:
    with Simulation(faults=Faults(refused=(2,))) as sim:
        codes: list[str] = []
        with sim.host("server"):
            server = sansnet.create_server(lambda peer: peer.end()).listen(80)
        with sim.host("client"):
            for _ in range(3):
                client = sansnet.connect(80, "server").resume()
                client.on("error", lambda error: codes.append(error.code)).on("close", lambda _: codes.append("closed"))
        sim.run(1)
        server.close()
        assert codes.count("ECONNREFUSED") == 1
        assert codes.count("closed") == 3
        assert sim.came_true == {"refused": (2,)}
        sim.expect_fired("refused")
