"""`campaign`: many seeds, and what is told of the one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from sansnet.testing import CampaignFailed, ExecutorLost, Faults, Report, campaign
from sansnet.testing.playing import play
from tests.clusters import dask_executor
from tests.simulation.scenarios import broken, deadly, endless, fragile, in_a_task, robust


@pytest.fixture(params=["none", "threads", "processes", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    if request.param == "none":
        yield None
    elif request.param == "dask":
        with dask_executor() as made:
            yield made
    else:
        with ThreadPoolExecutor(2) if request.param == "threads" else processes(2) as made:
            yield made


def processes(count: int) -> ProcessPoolExecutor:
    """So many. They are not forked: this process may have threads, those of pytest-xdist for instance."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def failed(*args: Any, **options: Any) -> Report:
    with pytest.raises(CampaignFailed) as caught:
        campaign(*args, **options)
    assert str(caught.value) == str(caught.value.report)
    return caught.value.report


def test_all_is_well(executor: Executor | None) -> None:
    done: list[int] = []
    report = campaign(robust, range(60), executor=executor, progress=done.append)
    assert report.is_green
    assert report.passed == 60
    assert done == list(range(1, 61))
    assert report.fired["loss"] > 0
    assert str(report).startswith("60 passed, 0 failed\nfaults: ")


def test_the_first_failure_is_told(executor: Executor | None) -> None:
    report = failed(fragile, range(200), executor=executor)
    [failure] = report.failures
    assert failure.outcome.seed == FIRST
    assert (report.passed, failure.passed) == (FIRST, FIRST - 1)
    text = str(failure)
    assert text.startswith(f"seed {FIRST}: AssertionError: it was reset")
    assert f"again: python -m sansnet simulate tests.simulation.scenarios:fragile --seed {FIRST}\n" in text
    assert "fired: reset" in failure.difference
    assert any(line.startswith("weather: reset=") for line in failure.difference)
    assert 0 < len(failure.outcome.story) <= 20
    assert "Traceback" in text
    assert play(fragile, FIRST).digest == failure.outcome.digest


FIRST = next(seed for seed in range(200) if play(fragile, seed).error)


def test_all_failures_are_collected() -> None:
    report = failed(fragile, range(100), collect=True)
    assert len(report.failures) > 1
    assert report.passed + len(report.failures) == 100
    assert f"{report.passed} passed, {len(report.failures)} failed" in str(report)
    assert [failure.outcome.seed for failure in report.failures] == [
        seed for seed in range(100) if play(fragile, seed).error
    ]


def test_a_fault_that_was_named_and_never_fired() -> None:
    report = failed(robust, range(5), faults=Faults(loss=1e-12))
    assert report.unfired == ("loss",)
    assert "asked for, and never fired: loss" in str(report)
    assert campaign(robust, range(5), faults=Faults(loss=0.3, latency=(0.1, 0.2))).is_green
    assert campaign(robust, range(1)).is_green  # what is drawn was not asked for


def test_how_to_play_it_again_with_a_plan() -> None:
    faults = Faults(latency=(0.001, 0.05), no_half_close=True, loss=0.25)
    [failure] = failed(broken, [7], faults=faults).failures
    assert failure.replay == (
        "python -m sansnet simulate tests.simulation.scenarios:broken --seed 7 "
        "--fault latency=0.001:0.05 --fault no_half_close=True --fault loss=0.25"
    )
    assert "weather: latency=0.001:0.05, no_half_close=True, loss=0.25" in str(failure)
    assert failure.passed is None
    assert "unlike" not in str(failure)
    for plan in (None, Faults()):
        [failure] = failed(broken, [7], faults=plan).failures
        assert failure.replay.endswith("--seed 7 --calm")


def test_how_to_play_again_what_is_in_no_module() -> None:
    [failure] = failed(lambda _sim: 1 / 0, [7]).failures
    assert failure.replay == "play(…, 7, 'drawn')"
    assert failure.outcome.summary == "ZeroDivisionError: division by zero"


def test_when_only_the_order_differs() -> None:
    def second(sim: Any) -> None:
        sim.run()
        assert sim.seed == 0

    [failure] = failed(second, range(2), faults=None).failures
    assert failure.difference == ("only the order of things",)


def test_a_coroutine() -> None:
    assert campaign(in_a_task, range(3), faults=Faults(latency=(0.1, 0.2))).passed == 3


def test_a_report_that_goes_on() -> None:
    report = campaign(robust, range(3))
    assert campaign(robust, range(3, 6), report=report) is report
    assert report.passed == 6


def test_an_executor_that_fails() -> None:
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(ExecutorLost, match=r"after 0 seeds, .* cannot schedule new futures after shutdown"):
        campaign(robust, range(3), executor=closed)
    with (
        processes(1) as pool,
        pytest.raises(ExecutorLost, match=r"after 0 seeds, .*([Pp]ickl|local object)"),
    ):
        campaign(lambda _sim: None, range(3), executor=pool)
    with (
        processes(1) as pool,
        pytest.raises(ExecutorLost, match=r"after 50 seeds, while it had 50 to 59, .* BrokenProc"),
    ):
        campaign(deadly, range(60), executor=pool)


class Losing(Executor):
    """Answers, but for one chunk, which it loses together with its process."""

    def __init__(self, lost: int) -> None:
        self._left = lost

    def submit(self, call: Any, /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._left -= 1
        if self._left == -1:
            future.set_exception(OSError("its process is gone"))
        else:
            future.set_result(call(*args, **named))
        return future


class Refusing(Losing):
    """And takes nothing any more, as a pool does that has noticed by then."""

    def submit(self, call: Any, /, *args: Any, **named: Any) -> Future[Any]:
        if self._left < 0:
            raise BrokenExecutor("a process has died")
        return super().submit(call, *args, **named)


@pytest.mark.parametrize("kind", [Losing, Refusing])
def test_the_seeds_that_a_lost_executor_had_are_named(kind: type[Losing]) -> None:
    """Not those of which it is known that all went well, nor those that it never had."""
    with pytest.raises(ExecutorLost) as lost:
        campaign(robust, [*range(10, 35), 7, *range(100, 149)], executor=kind(1))
    assert str(lost.value) == (
        "the executor failed after 25 seeds, while it had 7, 100 to 123, and nothing is known of those and the others; "
        "OSError: its process is gone"
    )


def test_a_failure_that_was_found_before_the_executor_failed_is_told() -> None:
    with pytest.raises(CampaignFailed, match="1 failed"):
        campaign(broken, range(75), executor=Refusing(1))


def test_one_without_end() -> None:
    report = failed(endless, range(3), faults=None)
    assert report.is_endless
    assert "Endless: time stands still at 1 s: 1,000,000 things happened" in str(report)
    assert not failed(broken, range(1)).is_endless


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="needs a seed"):
        campaign(robust, [])
    with pytest.raises(TypeError, match="faults is a Faults, 'drawn' or None, not 'some'"):
        campaign(robust, range(3), faults="some")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seed is an int, not 'a'"):
        campaign(robust, ["a"])  # type: ignore[list-item]
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="seed is an int, not 'a'"):
        campaign(robust, ["a"], executor=pool)  # type: ignore[list-item]
