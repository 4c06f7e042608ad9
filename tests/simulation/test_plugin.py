"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import shlex
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
            "again: python -m pytest 'test_a_seed_that_fails*_again.py::test_quick[[]seed=3[]]' --sansnet-seeds=4",
        ]
    )
    [again] = [line for line in result.outlines if line.startswith("again: python -m pytest ")]
    name, option = again.removeprefix("again: python -m pytest ").replace("'", "").split()
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


def test_the_commands_work_where_pytest_was_started(pytester: pytest.Pytester) -> None:
    """Of a test in a folder, with what it imports beside it and above; and if pytest was started in that folder."""
    pytester.makeini("[pytest]")
    pytester.makepyfile(protocol="ANSWER = 42")
    tests = pytester.mkdir("tests")
    (tests / "helpers.py").write_text("from protocol import ANSWER\n", encoding="utf-8")
    (tests / "test_it.py").write_text(
        "import pytest\nfrom helpers import ANSWER\n\n"
        "@pytest.mark.sansnet(faults='drawn', seeds=[3, 4711])\n"
        "@pytest.mark.parametrize('sign', ['\u2713'])\n"
        "def test_one(sim, sign):\n    assert sim.seed == 3\n\n"
        "@pytest.mark.sansnet(faults='drawn', seeds=[4711])\n"
        "def test_two(sim):\n    sim.run()\n    assert sim.seed == 3\n",
        encoding="utf-8",
    )
    for folder, name in ((pytester.path, "tests/test_it.py"), (tests, "test_it")):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("PYTHONPATH", str(pytester.path) if folder == tests else "")
            result = pytester.run(sys.executable, "-m", "pytest")
            result.assert_outcomes(passed=1, failed=2)
            again = [shlex.split(line)[2:] for line in result.outlines if line.startswith("again: ")]
            for words in again:
                pytester.run(sys.executable, *words).assert_outcomes(failed=1)
            assert len(again) == 2
            [fewest] = [line for line in result.outlines if line.startswith("fewest faults: ")]
            assert f" simulate {name}:test_two --seed 4711 --shrink" in fewest
            done = pytester.run(sys.executable, *fewest.split()[3:])
            assert done.ret == 2
            done.stdout.fnmatch_lines([f"  again: python -m sansnet simulate {name}:test_two --seed 4711 *"])


def test_bad_input(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("--sansnet-seeds=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--sansnet-seeds is a number from 1 up, not 0"])


SENSELESS = {
    "fault='drawn'": "takes faults= and seeds=, not fault=",
    "'drawn'": "takes faults= and seeds=, not 'drawn'",
    "faults='drawn', seed=7": "not seed=",
    "seeds='20'": "seeds= is a number from 1 up, or a list of seeds, not '20'",
    "seeds=0": "not 0",
    "seeds=[]": "or a list of seeds, not ",
    "seeds=['a']": "not *'a'*",
    "seeds=True": "not True",
}


def test_a_mark_that_makes_no_sense_fails(pytester: pytest.Pytester) -> None:
    """It would pass under another weather than its author meant."""
    for number, mark in enumerate(SENSELESS):
        source = f"import pytest\n\n@pytest.mark.sansnet({mark})\ndef test_it(sim):\n    pass\n"
        pytester.makepyfile(**{f"test_{number}": source})
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    for number, complaint in enumerate(SENSELESS.values()):
        result.stdout.fnmatch_lines([f"*ERROR collecting test_{number}.py*", f"*{complaint}*"])


# ---------------------------------------------------------------------------------------------------------- coroutines

COROUTINES = """
import asyncio, pytest, sansnet

async def echo(sim):
    with sim.host("server"):
        server = sansnet.create_server(lambda peer: peer.pipe(peer)).listen(80)
    async with sansnet.connect(80, "server") as client:
        client.end("hello")
        assert [chunk async for chunk in client] == [b"hello"]
    server.close()

async def test_plain(sim):
    await sim.sleep(1000)
    await echo(sim)
    assert sim.seed != 3, "three is no good"

class TestClass:
    @pytest.mark.parametrize("seconds", [1, 2])
    async def test_method(self, seconds, sim, tmp_path):
        await sim.sleep(seconds)
        assert sim.now == seconds
        assert sansnet.default_driver() is sim.host("main").driver

@pytest.fixture
def network(sim):
    with sim.host("client"):
        yield sim

@pytest.mark.sansnet(faults="drawn")
async def test_indirectly(network):
    await network.sleep(1)
    assert sansnet.default_driver() is network.host("client").driver
    assert [*network.hosts] == ["client"]

async def test_skipped(sim):
    await sim.sleep(1)
    pytest.skip("not today")
"""


def test_a_coroutine_function_runs_on_the_simulation_under_each_seed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(COROUTINES)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=4, skipped=1)
    result = pytester.runpytest_subprocess("-W", "error", "--sansnet-seeds=5")
    result.assert_outcomes(passed=19, skipped=5, failed=1)
    result.stdout.fnmatch_lines(
        ["*three is no good*", "Simulation(seed=3, faults=Faults())", "again: python -m pytest *seeds=4"]
    )


def test_a_coroutine_that_is_never_woken_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sansnet

        async def test_it(sim):
            await sansnet.once(sansnet.create_server(), "listening")
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*waits for what will never come*"])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_anyio_claims_is_anyio_s(pytester: pytest.Pytester, backend: str) -> None:
    pytester.makepyfile(f"""
        import {backend}, pytest

        @pytest.fixture
        def anyio_backend():
            return "{backend}"

        @pytest.mark.anyio
        async def test_it(sim):
            await {backend}.sleep(0)
            with pytest.raises(RuntimeError, match="none of its tasks"):
                await sim.sleep(1)

        async def test_ours(sim):
            await sim.sleep(1)
    """)
    pytester.runpytest_subprocess("-p", "anyio").assert_outcomes(passed=2)


def test_what_another_plugin_has_wrapped_or_claims_is_its_own(pytester: pytest.Pytester) -> None:
    """As pytest-asyncio does it: a mark; in place of the function one that runs it. (What `-p` loads is asked last.)"""
    pytester.makepyfile(
        claimer="""
        import asyncio, functools, pytest

        def pytest_configure(config):
            config.addinivalue_line("markers", "asyncio: run it in asyncio's loop")

        @pytest.hookimpl(trylast=True)
        def pytest_runtest_setup(item):
            if item.name.startswith("test_wrapped"):
                function = item.obj
                item.obj = functools.wraps(function)(lambda sim: asyncio.run(function(sim)))

        def pytest_pyfunc_call(pyfuncitem):
            if pyfuncitem.get_closest_marker("asyncio"):
                asyncio.run(pyfuncitem.obj(pyfuncitem.funcargs["sim"]))
                return True
    """
    )
    pytester.makepyfile("""
        import asyncio, pytest

        async def test_wrapped(sim):
            await asyncio.sleep(0)

        @pytest.mark.asyncio
        async def test_claimed(sim):
            await asyncio.sleep(0)
    """)
    pytester.runpytest_subprocess("-p", "claimer", "-p", "no:anyio").assert_outcomes(passed=2)


def test_without_faults_there_are_none_to_shrink(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        from sansnet.testing import Faults

        def test_calm(sim):
            assert 0

        @pytest.mark.sansnet(faults=Faults(window=500))
        def test_a_window_is_no_fault(sim):
            assert 0
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    assert "fewest faults" not in result.stdout.str()
