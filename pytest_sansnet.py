"""The pytest plugin: a fixture `sim`, and `--sansnet-seeds=N` to run each test that uses it under so many seeds.

    def test_transfer(sim):
        with sim.host("server"):
            ...
        sim.run()

An `async def` that uses `sim` is run by `sim.run_async()`, on a host named "main", as a scenario is, or on that whose
block a fixture has entered; unless another plugin takes it (pytest-asyncio, anyio, trio), and then it runs in that
one's loop.

The weather is calm; a mark on the test says otherwise: `@pytest.mark.sansnet(faults="drawn")`, or `faults=Faults(…)`.
`seeds=` in the mark is for tests that want more than one. A failure is reported with its seed and the last events.

pytest loads this module at its start, for every suite where sansnet is installed. So it is outside of the package, and
imports nothing of it before a test asks for `sim`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from inspect import iscoroutinefunction, signature
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from sansnet.testing import Faults, Simulation

__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_pyfunc_call",
    "pytest_runtest_makereport",
    "sim",
]

_LAST = 20
_OTHERS = ("asyncio", "anyio", "trio")
"""Marks by which a test says that another plugin is to run it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("sansnet").addoption(
        "--sansnet-seeds",
        type=int,
        default=None,
        metavar="N",
        help="run each test with the fixture `sim` under the seeds 0 to N-1 (default: 0 alone)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the mark, and look at the option."""
    config.addinivalue_line(
        "markers", "sansnet(faults=None, seeds=None): the weather of the fixture `sim`, and the seeds it is used with"
    )
    seeds = config.getoption("sansnet_seeds")
    if seeds is not None and seeds < 1:
        raise pytest.UsageError(f"--sansnet-seeds is a number from 1 up, not {seeds}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once a seed."""
    if "sim" not in metafunc.fixturenames:
        return
    number = metafunc.config.getoption("sansnet_seeds")
    mark = metafunc.definition.get_closest_marker("sansnet")
    wanted = [0] if mark is None else _seeds(mark)
    seeds = wanted if number is None else range(number)
    metafunc.parametrize("sim", list(seeds), indirect=True, ids=[f"seed={seed}" for seed in seeds])


def _seeds(mark: pytest.Mark) -> Sequence[int]:
    """The seeds that the mark names. A mark that says something else fails the test, or it would pass in a calm."""
    unknown = [*map(repr, mark.args), *(f"{name}=" for name in mark.kwargs if name not in ("faults", "seeds"))]
    if unknown:
        pytest.fail(f"the mark sansnet takes faults= and seeds=, not {', '.join(unknown)}", pytrace=False)
    seeds = mark.kwargs.get("seeds")
    if seeds is None:
        return [0]
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds >= 1:
        return range(seeds)
    chosen = list(seeds) if isinstance(seeds, Iterable) and not isinstance(seeds, str | bytes) else []
    if not chosen or not all(isinstance(seed, int) for seed in chosen):
        pytest.fail(f"the mark sansnet: seeds= is a number from 1 up, or a list of seeds, not {seeds!r}", pytrace=False)
    return chosen


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """A `Simulation`, closed when the test is over."""
    from sansnet.testing import Simulation  # noqa: PLC0415 (see above)

    with Simulation(request.param, faults=_weather(request.node)) as made:
        request.node.stash[_KEY] = made
        yield made


_KEY: pytest.StashKey[Simulation] = pytest.StashKey()


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function on the simulation. What others have wrapped by now (auto modes do) is none any more."""
    made = pyfuncitem.stash.get(_KEY, None)
    if made is None or not iscoroutinefunction(pyfuncitem.obj):
        return None
    if any(pyfuncitem.get_closest_marker(name) for name in _OTHERS):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    with made._of_block() or made.host("main"):  # a fixture may be in the block of another
        made.run_async(pyfuncitem.obj(**arguments))
    return True


def _weather(item: pytest.Item) -> Faults | Literal["drawn"] | None:
    """What the mark says."""
    mark = item.get_closest_marker("sansnet")
    return None if mark is None else mark.kwargs.get("faults")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say how a simulation that failed came to that."""
    report: pytest.TestReport = yield
    made: Any = item.stash.get(_KEY, None)
    if made is not None and report.failed and call.when == "call":
        lines = [f"Simulation(seed={made.seed}, faults={made.faults!r})", f"at {made.now:.6f} s, after:"]
        lines += [*made.story(_LAST), f"again: {_again(item, made.seed)}"]
        if made.faults.requested:
            lines += [f"fewest faults: {command} --shrink" for command in _commands(item, made.seed)]
        report.sections.append(("sansnet", "\n".join(lines)))
    return report


def _again(item: pytest.Item, seed: int) -> str:
    """What runs it once more, where pytest was started. With `python -m`: then that folder is in sys.path."""
    folder, names = item.config.invocation_params.dir, item.nodeid.partition("::")[2]
    file = item.path.relative_to(folder) if item.path.is_relative_to(folder) else item.path
    words = f"python -m pytest {quote(f'{file.as_posix()}::{names}')}"
    of_the_option = item.config.getoption("sansnet_seeds") is not None
    return f"{words} --sansnet-seeds={seed + 1}" if of_the_option else words


def _commands(item: pytest.Item, seed: int) -> Iterator[str]:
    """What plays the test as a scenario, if it is one: a function that needs nothing but `sim`."""
    from sansnet.testing.places import written  # noqa: PLC0415 (see above)
    from sansnet.testing.playing import command  # noqa: PLC0415

    if not isinstance(item, pytest.Function) or item.cls is not None or [*signature(item.obj).parameters] != ["sim"]:
        return
    folder = item.config.invocation_params.dir
    if item.path.is_relative_to(folder):
        yield command(f"{written(item.path, folder)}:{item.originalname}", seed, _weather(item))
