"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest, sansnet
from sansnet.testing import Faults, Simulation

def test_quick(sim):
    with sim.host("server"):
        server = sansnet.create_server(lambda peer: peer.end("hello")).listen(80)
    with sim.host("client"):
        client = sansnet.connect(80, "server").resume().on("close", lambda _: server.close())
    sim.run()
    assert client.bytes_read == 5
    assert sim.seed != 3, "three is no good"

@pytest.mark.sansnet(faults=Faults(loss=0.5), seeds=4)
def test_weather(sim):
    assert sim.faults.loss == 0.5
    assert sim.seed < 4

@pytest.mark.sansnet(faults="drawn", seeds=[7, 9])
def test_drawn(sim):
    assert sim.faults == Simulation(sim.seed, faults="drawn").faults
    assert sim.seed in (7, 9, 0, 1, 2, 3, 4)

def test_without():
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(TESTS)
    return pytester


def test_one_seed_by_default_or_what_the_mark_says(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("-v", "--strict-markers")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["*test_quick[[]seed=0[]]*", "*test_weather[[]seed=3[]]*", "*test_drawn[[]seed=9[]]*"])


def test_a_seed_that_fails_is_reported_and_played_again(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("--sansnet-seeds=5", "-k", "quick or drawn or without")
    result.assert_outcomes(passed=10, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*three is no good*",
            "*sansnet*",
            "Simulation(seed=3, faults=Faults())",
            "at 0.0* s, after:",
            "*server listen :: 80",
            "*FIN",
            "again: pytest 'test_a_seed_that_fails_is_reported_and_played_again.py::test_quick[[]seed=3[]]' *seeds=4",
            "fewest faults: python -m sansnet simulate test_*_again:test_quick --seed 3 --calm --shrink",
        ]
    )
    [again] = [line for line in result.outlines if line.startswith("again: pytest ")]
    name, option = again.removeprefix("again: pytest ").replace("'", "").split()
    suite.runpytest_subprocess(name, option).assert_outcomes(failed=1)


def test_how_to_shrink_is_said_of_what_is_a_scenario(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from sansnet.testing import Faults

        @pytest.mark.sansnet(faults="drawn")
        def test_drawn(sim):
            assert 0

        @pytest.mark.sansnet(faults=Faults(loss=0.5))
        def test_named(sim):
            assert 0

        def test_with_a_folder(sim, tmp_path):
            assert 0

        class TestClass:
            def test_method(self, sim):
                assert 0
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=4)
    commands = [line.removeprefix("fewest faults: ") for line in result.outlines if line.startswith("fewest")]
    assert [command.partition(":")[2] for command in commands] == [
        "test_drawn --seed 0 --shrink",
        "test_named --seed 0 --fault loss=0.5 --shrink",
    ]
    done = pytester.run(sys.executable, *commands[0].split()[1:])
    assert done.ret == 2
    done.stdout.fnmatch_lines(["fewest faults: 0 of *"])


def test_bad_input(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("--sansnet-seeds=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--sansnet-seeds is a number from 1 up, not 0"])


@pytest.mark.parametrize(
    ("mark", "complaint"),
    [
        ("fault='drawn'", "takes faults= and seeds=, not fault="),
        ("'drawn'", "takes faults= and seeds=, not 'drawn'"),
        ("faults='drawn', seed=7", "not seed="),
        ("seeds='20'", "seeds= is a number from 1 up, or a list of seeds, not '20'"),
        ("seeds=0", "not 0"),
        ("seeds=[]", "or a list of seeds, not "),
        ("seeds=['a']", "not *'a'*"),
        ("seeds=True", "not True"),
    ],
)
def test_a_mark_that_makes_no_sense_fails(pytester: pytest.Pytester, mark: str, complaint: str) -> None:
    """It would pass under another weather than its author meant."""
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.sansnet({mark})
        def test_it(sim):
            pass
    """)
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"*{complaint}*"])
