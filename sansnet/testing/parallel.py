"""The search on an executor: other processes take the steps, this one keeps the book.

Anything that is a `concurrent.futures.Executor` will do: a pool of processes, or of `dask.distributed`'s workers. A
*chunk* is some states of the frontier, in their order; a worker takes every event in each, and *answers* with what it
found, again in order. This process enters the answers in the order in which the chunks were sent, which is breadth
first. So whoever was faster, and however many they are, the result is that of the search in one process.

A worker remembers nothing that matters from chunk to chunk: any of them may take any chunk, twice if need be. Worlds
travel in *bundles*, all those that an answer came to at once: pickled one by one they would be nine times as long.
"""

from __future__ import annotations

import pickle
import threading
from array import array
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Final, NamedTuple, cast, final

from .blame import truth
from .coverage import Coverage, Notes, noting
from .laws import NEITHER, REACHED, Law, Promise, Reached, Stepped, Verb, Watch
from .ledger import Ledger
from .model import BadModel, beginnings, check_step, keyed, possible
from .portable import name_of
from .results import ExecutorLost, Progress, Refutation, how_many
from .search import WATCHED, told, uncollected

__all__ = ["SharedSearch"]

CHUNK: Final = 512
"""States of the frontier that are sent at a time, at most."""

AHEAD: Final = 32
"""Chunks that may be out at a time."""

Broken = tuple[str, str, str]
"""The law, its text, the detail."""

Wrong = tuple[Broken, bool]
"""What broke, and whether an event broke it."""

Bundles = list[tuple[bytes, list[int]]]
"""A chunk's worlds: of each bundle those in these places."""

Place = tuple[bytes, int]
"""Where a world is: a bundle, and the place in it."""


class State(NamedTuple):
    """A state that a worker came to: one of a kind within its chunk, perhaps known elsewhere."""

    name: bytes
    asked: int  # bit by bit: does this promise have to be kept from here? …
    kept: int  # … and is it?
    happened: int  # bit by bit: is that sometimes law true of a world that is reached?
    broken: Broken | None  # what always law breaks where it is reached


class Answer(NamedTuple):
    """What a worker found in a chunk, up to the first thing that was wrong."""

    counts: array[int]  # for each state of the chunk: how many events were taken to their end
    targets: array[int]  # for each of those: which of `states` it led to …
    fair: array[int]  # … and bit by bit, whether that was fair
    states: list[State]
    bundle: bytes  # their worlds, pickled together
    happened: int  # bit by bit: did that sometimes law come true?
    asked: int  # bit by bit: was there a moment that this law is about?
    broken: Wrong | None  # what broke after that
    coverage: Coverage


# -- here ------------------------------------------------------------------------------------------------------------


@final
class SharedSearch:
    """One search. `ledger` has what it found, whether it came to its end or not."""

    def __init__(
        self,
        model: Any,
        laws: Sequence[Law | Promise],
        bound: int,
        executor: Executor,
        progress: Callable[[Progress], None] | None,
        coverage: bool,
    ) -> None:
        self.model = model
        self.executor = executor
        self.progress = progress
        self.coverage = coverage
        self.notes = Notes()
        self.job = _pickled(model, laws)
        self.wanting = [law for law in laws if isinstance(law, Law) and law.verb is Verb.SOMETIMES]
        self.happened = 0
        self.laws = laws
        self.asked = _bits(isinstance(law, Law) and issubclass(Reached, law.on) for law in laws)
        self.ledger = Ledger(model, laws, bound, lambda world: name_of(model.key(world)))
        self.frontier: deque[tuple[int, Place]] = deque()
        self.out: deque[tuple[list[int], Future[Answer]]] = deque()

    def walk(self) -> Refutation | None:
        """Go everywhere, up to the first thing that is wrong."""
        try:
            refutation = self._begin()
            while refutation is None and (self.frontier or self.out):
                while self.frontier and len(self.out) < AHEAD:
                    self._send()
                numbers, future = self.out.popleft()
                refutation = self._absorb(numbers, self._answer_of(future))
                if self.progress is not None:
                    self.progress(self.ledger.progress)
            return refutation
        finally:
            for _, future in self.out:
                future.cancel()

    def conclude(self) -> Refutation | None:
        """What can be told once everything was seen."""
        wanting = [law for bit, law in enumerate(self.wanting) if not self.happened >> bit & 1]
        return self.ledger.broken_promise() or self.ledger.never_happened(wanting)

    def has_asked(self, law: Law | Promise) -> bool:
        """Was there a moment that the law is about?"""
        return bool(self.asked >> self.laws.index(law) & 1)

    def _begin(self) -> Refutation | None:
        """The worlds to begin with; these are looked at here."""
        worker = Worker(self.job)
        worlds = beginnings(worker.model)
        bundle = worker.bundle(worlds)
        for start, world in enumerate(worlds):
            state = worker.state(world)
            new = len(self.ledger.seen)
            if self.ledger.enter(state.name, -1, start) == new:
                broken = self._enter(new, state, (bundle, start))
                if broken is not None:
                    return Refutation(*broken, self.ledger.trace(-1, start=start))
        return None

    def _enter(self, number: int, state: State, place: Place) -> Broken | None:
        """Enter what there is to know of a new state."""
        for bit, promise in enumerate(self.ledger.promises):
            promise.asked.append(state.asked >> bit & 1)
            promise.kept.append(state.kept >> bit & 1)
        self.frontier.append((number, place))
        self.happened |= state.happened
        return state.broken

    def _send(self) -> None:
        chunk = [self.frontier.popleft() for _ in range(min(CHUNK, len(self.frontier)))]
        bundles: dict[bytes, list[int]] = {}  # neighbours in the frontier are neighbours in a bundle
        for _, (bundle, place) in chunk:
            bundles.setdefault(bundle, []).append(place)
        watched = sum(number < WATCHED for number, _ in chunk)
        try:
            future = self.executor.submit(work, self.job, list(bundles.items()), self.coverage, watched)
        except Exception as error:  # it was shut down, or is broken; each kind has its own words for it
            raise self._lost(error) from error
        self.out.append(([number for number, _ in chunk], future))

    def _answer_of(self, future: Future[Answer]) -> Answer:
        try:
            return future.result()
        except BadModel:
            raise
        except Exception as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> ExecutorLost:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        found = f"the executor failed after {how_many(len(self.ledger.seen), 'state')}"
        return ExecutorLost(f"{self.model.name}: {found}, and nothing was proved; {reason}")

    def _absorb(self, numbers: list[int], answer: Answer) -> Refutation | None:
        """Enter an answer, in order, as if the steps were taken here."""
        ledger, edge, count, here = self.ledger, 0, 0, -1
        for here, count in zip(numbers, answer.counts, strict=False):  # the chunk's rest was not got to
            for choice in range(count):
                ledger.edges += 1
                place = answer.targets[edge]
                state = answer.states[place]
                new = len(ledger.seen)
                there = ledger.enter(state.name, here, choice)
                if there == new:
                    broken = self._enter(there, state, (answer.bundle, place))
                    if broken is not None:
                        self._note(answer)
                        return Refutation(*broken, ledger.trace(here, choice))
                for bit, ways in enumerate(ledger.ways):
                    if answer.fair[edge] >> bit & 1:
                        ways.sources.append(here)
                        ways.targets.append(there)
                edge += 1
        self._note(answer)
        if answer.broken is None:
            return None
        broken, by_event = answer.broken
        ledger.edges += by_event
        return Refutation(*broken, ledger.trace(here, count if by_event else None))

    def _note(self, answer: Answer) -> None:
        self.happened |= answer.happened
        self.asked |= answer.asked
        self.notes.moves.update(dict.fromkeys(answer.coverage.moves))
        self.notes.inputs.update(dict.fromkeys(answer.coverage.inputs))


def _pickled(model: Any, laws: Sequence[Law | Promise]) -> bytes:
    """A model and its laws, to be sent. Raises BadModel if that can't be."""
    try:
        return pickle.dumps((model, tuple(laws)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever __reduce__ of whatever it holds raises
        raise BadModel(f"{model.name} can't be pickled, and so not sent to an executor: {error}") from error


# -- there -----------------------------------------------------------------------------------------------------------


@final
class Worker:
    """A model and its laws where steps are taken."""

    def __init__(self, job: bytes) -> None:
        self.job = job
        self.model, self.laws = cast("tuple[Any, Sequence[Law | Promise]]", pickle.loads(job))
        self.promises = [law for law in self.laws if isinstance(law, Promise)]
        self.fairness = list(dict.fromkeys(promise.fair for promise in self.promises))
        self.sometimes = [law for law in self.laws if isinstance(law, Law) and law.verb is Verb.SOMETIMES]
        self.on_reached = [law for law in self.laws if isinstance(law, Law) and issubclass(Reached, law.on)]
        self.names: dict[Hashable, bytes] = {}

    def take(self, bundles: Bundles, watched: int) -> Answer:
        """Every event in every of these worlds, in order, up to the first thing that is wrong.

        watched: of the first so many it is seen to that steps leave them as they were.
        """
        answer = Answer(array("q"), array("q"), array("q"), [], b"", 0, 0, None, Coverage((), ()))
        watch = Watch(self.laws)
        found: list[Any] = []  # the worlds of the answer's states …
        places: dict[bytes, int] = {}  # … and where they are, by name
        broken: Wrong | None = None
        self.model.initial()  # what the model remembers is forgotten: an answer depends on the chunk alone
        for bundle, wanted in bundles:
            worlds = pickle.loads(bundle)
            for place in wanted:
                is_watched = len(answer.counts) < watched
                broken = broken or self._take_all(worlds[place], watch, answer, found, places, is_watched)
        wanting = set(map(id, watch.wanting))
        happened = _bits(id(law) not in wanting for law in self.sometimes)
        asked = _bits(map(watch.has_asked, self.laws))
        return answer._replace(bundle=self.bundle(found), happened=happened, asked=asked, broken=broken)

    def _take_all(
        self, world: Any, watch: Watch, answer: Answer, found: list[Any], places: dict[bytes, int], is_watched: bool
    ) -> Wrong | None:
        """Every event in one world."""
        model, see, by_event = self.model, watch.see, False
        stepped = watch.cares_about(Stepped)
        answer.counts.append(0)
        try:
            key = keyed(model, world) if is_watched else None
            for event in possible(model, world):
                by_event = True
                after = model.step(world, event, see)
                if is_watched or after is None:
                    check_step(model, key, world, after)
                if stepped:
                    see(after, Stepped(world, event))
                name = self._name(after)
                place = places.setdefault(name, len(found))
                if place == len(found):
                    found.append(after)
                    answer.states.append(self.state(after))
                answer.targets.append(place)
                answer.fair.append(_bits(truth(fair, world, event) for fair in self.fairness))
                answer.counts[-1] += 1
        except BadModel:
            raise
        except Exception as error:
            return told(error), by_event
        return None

    def state(self, world: Any) -> State:
        """What there is to know of a world that was come to."""
        holds = [(law, truth(law.check, world, REACHED)) for law in self.on_reached]
        happened = sum(1 << self.sometimes.index(law) for law, true in holds if true and law.verb is Verb.SOMETIMES)
        broken = [law for law, true in holds if not true and law.verb is Verb.ALWAYS]
        if broken and (broken[0], None) in holds:
            raise BadModel(NEITHER.format(broken[0].name))
        return State(
            self._name(world),
            _bits(truth(law.when, world) for law in self.promises),
            _bits(truth(law.goal, world) for law in self.promises),
            happened,
            (broken[0].name, broken[0].text, f"broken by {REACHED!r}") if broken else None,
        )

    def bundle(self, worlds: Sequence[Any]) -> bytes:
        """The worlds, pickled. Raises BadModel if that can't be."""
        try:
            return pickle.dumps(list(worlds), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            name = self.model.name
            raise BadModel(f"a world of {name} can't be pickled, and so not sent to an executor: {error}") from error

    def _name(self, world: Any) -> bytes:
        key = keyed(self.model, world)
        try:
            name = self.names.get(key)
        except TypeError as error:
            raise BadModel(f"{self.model.name}.key() gives {key!r:.80}: {error}; a tuple would do") from error
        if name is None:
            if len(self.names) > _MOST_NAMES:
                self.names.clear()
            name = self.names[key] = name_of(key)
        return name


def work(job: bytes, bundles: Bundles, coverage: bool, watched: int) -> Answer:
    """The steps of one chunk; the worker of the last job is kept, so that its caches are warm."""
    worker = getattr(_HERE, "worker", None)
    if not isinstance(worker, Worker) or worker.job != job:
        worker = _HERE.worker = Worker(job)
    with uncollected(), noting(coverage) as notes:
        answer = worker.take(bundles, watched)
    return answer._replace(coverage=notes.coverage()) if coverage else answer


_HERE: Final = threading.local()
_MOST_NAMES: Final = 500_000


def _bits(truths: Any) -> int:
    return sum(1 << bit for bit, true in enumerate(truths) if true)
