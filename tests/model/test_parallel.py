"""On any executor, with any number of workers, a search finds what it finds in one process, or says that it can't."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from examples.two_sockets import PAIR
from sansnet.state import Event
from sansnet.testing import (
    CONNECTING,
    IDLING,
    LISTENING,
    TUNING,
    BadModel,
    ExecutorLost,
    Exploration,
    Model,
    Reached,
    See,
    Stepped,
    Unbounded,
    always,
    explore,
    sometimes,
)
from sansnet.testing import parallel as shared
from tests.builds import patches_machines
from tests.clusters import dask_executor

from .planted import PLANTED, Planted

BUGS = [bug for bug in PLANTED if bug.model in (IDLING, CONNECTING, LISTENING)]


def result(found: Exploration) -> Exploration:
    """What must be the same: all of it but the time it took."""
    return found._replace(seconds=0.0)


class Inline(Executor):
    """Does the work when it is asked for, after having done it once in vain, as a pool may that lost a worker."""

    def __init__(self) -> None:
        self.tasks = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.tasks += 1
        future: Future[Any] = Future()
        sent = pickle.loads(pickle.dumps((args, kwargs)))
        try:
            fn(*sent[0], **sent[1])
            future.set_result(pickle.loads(pickle.dumps(fn(*sent[0], **sent[1]))))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("model", [CONNECTING, IDLING, TUNING, PAIR], ids=lambda model: model.name.rpartition(".")[2])
def test_processes_find_what_one_process_finds(model: Model[Any], processes: ProcessPoolExecutor) -> None:
    alone = explore(model, coverage=True)
    together = explore(model, coverage=True, executor=processes)
    assert result(together) == result(alone)
    assert alone.holds


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_it_does_not_matter_how_the_work_is_cut(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "CHUNK", chunk)
    executor = Inline()
    assert result(explore(TUNING, executor=executor)) == result(explore(TUNING))
    assert executor.tasks > 10


@patches_machines
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.law)
def test_the_shortest_way_to_a_bug_is_the_same(bug: Planted, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held to all laws, so that it matters which breaks first."""
    monkeypatch.setattr(shared, "CHUNK", 20)
    bug.plant(monkeypatch)
    alone = explore(bug.model, coverage=True)
    with ThreadPoolExecutor(workers) as executor:
        together = explore(bug.model, coverage=True, executor=executor)
    assert not alone.holds
    assert result(together) == result(alone)


def test_dask_finds_what_one_process_finds() -> None:
    with dask_executor() as executor:
        assert result(explore(TUNING, executor=executor)) == result(explore(TUNING))


# -- a model that is small enough to be wrong in every way -----------------------------------------------------------


@always(Reached)
def it_is_there(_count: Any, _moment: Reached) -> bool:
    """There is a count."""
    return True


@always(Reached)
def never_seven(count: int, _moment: Reached) -> bool:
    """Seven is never reached."""
    return count != 7


@always(Stepped)
def never_from_nine_to_three(count: int, stepped: Stepped) -> bool:
    """No step leads from nine to three."""
    return count != 3 or bool(stepped.before != 9)


@sometimes(Reached)
def ten_is_reached(count: int, _moment: Reached) -> bool:
    """Ten is reached."""
    return count == 10


@sometimes(Stepped)
def it_stays(count: int, stepped: Stepped) -> bool:
    """A step leads nowhere."""
    return bool(stepped.before == count)


class Counter:
    """Counts on by two and by three, from nought, up to `top`, and from there to where it began."""

    def __init__(self, top: int = 30, laws: Sequence[Any] = (it_is_there,), name: str = "COUNTER") -> None:
        self.name = f"{__name__}.{name}"
        self.laws = laws
        self.top = top

    def initial(self) -> Sequence[Any]:
        return [0]

    def events(self, world: Any) -> Sequence[Event]:
        return [Event("add", (number,)) for number in (2, 3)]

    def step(self, world: Any, event: Event, _see: See) -> Any:
        return (world + event.args[0]) % self.top

    def key(self, world: Any) -> Any:
        return world


class Endless(Counter):
    """Counts for ever."""

    def step(self, world: Any, event: Event, _see: See) -> Any:
        return world + event.args[0]


class Raising(Counter):
    """Stumbles over twelve."""

    def step(self, world: Any, event: Event, see: See) -> Any:
        return super().step(world, event, see) // (world != 12)


class Unsendable(Counter):
    """Comes to a world that can't be pickled."""

    def step(self, world: Any, event: Event, _see: See) -> Any:
        return world if callable(world) else (lambda: 0) if world > 5 else world + 1

    def key(self, world: Any) -> Any:
        return -1 if callable(world) else world


class Unnamed(Counter):
    """Has keys that mean something in one process only."""

    def key(self, world: Any) -> Any:
        return _Opaque()


class _Opaque:
    pass


@pytest.mark.parametrize(
    ("model", "law"),
    [
        (Counter(laws=(never_seven, it_stays)), "never_seven"),
        (Counter(10, laws=(never_from_nine_to_three,)), None),
        (Counter(9, laws=(ten_is_reached,)), "ten_is_reached"),
        (Counter(12, laws=(ten_is_reached,)), None),
        (Counter(laws=(it_stays, ten_is_reached)), "it_stays"),
        (Counter(2, laws=(it_stays,)), None),
        (Raising(), "no_input_raises"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_every_way_to_be_wrong_is_the_same(
    model: Counter, law: str | None, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "CHUNK", chunk)
    alone = explore(model)
    assert (alone.refutation and alone.refutation.law) == law
    assert result(explore(model, executor=Inline())) == result(alone)


@pytest.mark.parametrize("executor", [None, Inline()])
def test_a_model_without_end_proves_nothing(executor: Executor | None) -> None:
    with pytest.raises(Unbounded, match="COUNTER has more than 500 states"):
        explore(Endless(), bound=500, executor=executor)
    assert explore(Counter(500), bound=500, executor=executor).states == 500


def test_a_model_that_can_not_be_sent_is_told_before_anything_is_done() -> None:
    model = Counter()
    model.initial = lambda: [0]  # type: ignore[method-assign]
    executor = Inline()
    with pytest.raises(BadModel, match="COUNTER can't be pickled"):
        explore(model, executor=executor)

    @always(Reached)
    def local(_count: int, _moment: Reached) -> bool:
        return True

    with pytest.raises(BadModel, match="the law local is not at the top of its module"):
        explore(Counter(laws=[local]), executor=executor)
    assert executor.tasks == 0
    assert explore(model).holds


def test_a_world_that_can_not_be_sent_is_told() -> None:
    with pytest.raises(BadModel, match=r"a world of .*COUNTER can't be pickled"):
        explore(Unsendable(), executor=Inline())
    assert explore(Unsendable()).states == 8


def test_a_key_without_a_name_is_told() -> None:
    with pytest.raises(BadModel, match=r"a key holds .*, a _Opaque, which has no name"):
        explore(Unnamed(), executor=Inline())


# -- executors that fail ---------------------------------------------------------------------------------------------


class Dying(Inline):
    """Dies in the midst of its work."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.tasks < 3:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(MemoryError("planted"))
        return future


def test_an_executor_that_dies_is_told() -> None:
    with pytest.raises(ExecutorLost, match=r"TUNING: the executor failed after .* states, and nothing was proved; Mem"):
        explore(TUNING, executor=Dying())


def test_an_executor_that_was_shut_down_is_told() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(ExecutorLost, match=r"after 1 state, .* cannot schedule new futures after shutdown"):
        explore(TUNING, executor=executor)


def _die() -> None:
    raise SystemExit(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_processes_that_die_are_told() -> None:
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_die)
    with pool, pytest.raises(ExecutorLost, match="BrokenProcessPool"):
        explore(TUNING, executor=pool)


class Lazy(Future[Any]):
    """Does its work when its result is asked for."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work = work

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self.set_result(self.work())
        return super().result(timeout)


class Patient(Executor):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.futures.append(Lazy(lambda: fn(*args, **kwargs)))
        return self.futures[-1]


def test_what_was_asked_for_beyond_a_broken_law_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "CHUNK", 1)
    executor = Patient()
    assert not explore(Counter(laws=(never_seven,)), executor=executor).holds
    taken_back = [future.cancelled() for future in executor.futures]
    assert taken_back == sorted(taken_back)
    assert any(taken_back)
    assert all(future.done() for future in executor.futures)


def test_twins_need_one_process() -> None:
    with pytest.raises(ValueError, match="leave out either twins or the executor"):
        explore(TUNING, twins=1, executor=Inline())
