"""What `python -m sansnet check` does: finds the models, explores them, writes what was found."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple, TextIO, final

from ..testing.calls import CALL, CALL_WIDE
from ..testing.coverage import SEES_ALL_MOVES, Coverage
from ..testing.drawing import as_dot, as_json, as_mermaid
from ..testing.explore import BadModel, ExecutorLost, Exploration, Model, Progress, Unbounded, explore
from ..testing.laws import Law, Promise
from ..testing.model import provable
from ..testing.models import SERVER_MODELS, SOCKET_MODELS
from ..testing.pairs import PAIR, PAIR_WIDE
from ..testing.places import Nowhere, find
from ..testing.results import Vacuous, how_many
from ..testing.trace_files import collected_file
from .jobs import worker_pool
from .words import BAD_INPUT, DONE, FAILED, complain

__all__ = ["REFUTED", "UNBOUNDED", "run"]

REFUTED: Final = 2
UNBOUNDED: Final = 3

_REDRAW: Final = 0.1  # seconds

_OURS: Final[dict[str, Model[Any]]] = {
    model.name.rpartition(".")[2].lower(): model for model in (*SOCKET_MODELS, *SERVER_MODELS, PAIR, CALL)
}
_WIDE: Final[dict[str, Model[Any]]] = {"pair_wide": PAIR_WIDE, "call_wide": CALL_WIDE}
"""Ours as well, and not gone through unless they are named: they take minutes."""


class Checked(NamedTuple):
    """What came of one model: what was found, or why nothing was proved."""

    name: str
    found: Exploration | None
    why_not: str = ""

    @property
    def status(self) -> int:
        """The exit code, if it were the only one."""
        if self.found is None:
            return UNBOUNDED
        return DONE if self.found.holds else REFUTED


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command. Returns the exit code."""
    try:
        names = arguments.models or list(_OURS)
        for name in names:
            _load(name)
        results = []
        with _output(arguments.output) as out:
            write = _FORMATS[arguments.format](out, names)
            for result in _explored(names, arguments):
                results.append(result)
                write.add(result)
            write.finish()
    except (BadModel, ExecutorLost) as error:
        complain(str(error))
        if isinstance(error, BadModel) and error.trouble:
            print(error.trouble, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        if arguments.output is None:
            raise
        complain(f"{arguments.output}: {error.strerror}")
        return FAILED
    except SystemExit as error:  # or a model that leaves would be proved
        complain(f"a model has raised SystemExit({error.code!r}), so that nothing was proved")
        return BAD_INPUT
    statuses = {result.status for result in results}
    return next((status for status in (REFUTED, UNBOUNDED) if status in statuses), DONE)


# -- which -----------------------------------------------------------------------------------------------------------


def _load(name: str) -> Model[Any]:
    """The model of that name. Raises BadModel if there is none, or nothing to prove of it."""
    ours = _OURS.get(name.lower()) or _WIDE.get(name.lower())
    if ours is not None:
        return ours
    if not name.rpartition(":")[0] and not name.endswith(".py"):
        raise BadModel(
            f"there is no model {name!r}: ours are {', '.join([*_OURS, *_WIDE])}; "
            "others are package.module:NAME or FILE.py:NAME"
        )
    try:
        model: Model[Any] = find(name)
    except Nowhere as error:
        raise BadModel(str(error)) from error
    provable(model)
    return model


# -- the work --------------------------------------------------------------------------------------------------------


def _explored(names: Sequence[str], arguments: argparse.Namespace) -> Iterator[Checked]:
    """What comes of each, in the order of the names."""
    progress = _Terminal(sys.stderr)
    task = (arguments.bound, arguments.coverage)
    if arguments.jobs == 1:
        for name in names:
            yield _explore(name, *task, progress=progress.of(name))
            progress.clear()
    else:
        several = len(names) > 1
        with worker_pool(min(arguments.jobs, len(names)) if several else arguments.jobs) as pool:
            if not several:
                yield _explore(names[0], *task, progress=progress.of(names[0]), executor=pool)
                progress.clear()
            else:
                yield from _each_in_its_process(names, task, pool, progress)


def _each_in_its_process(
    names: Sequence[str], task: tuple[int, bool], pool: ProcessPoolExecutor, progress: _Terminal
) -> Iterator[Checked]:
    futures = [_submitted(pool, name, task) for name in names]
    try:
        for name, future in zip(names, futures, strict=True):
            progress.say(f"{name}: under way, with those after it")
            try:
                result = future.result()
            except BadModel:
                raise
            except Exception as error:  # the process has died
                raise ExecutorLost(f"{name}: the process failed; {type(error).__name__}: {error}") from error
            progress.clear()
            yield result
    finally:
        for future in futures:
            future.cancel()


def _submitted(pool: ProcessPoolExecutor, name: str, task: tuple[int, bool]) -> Future[Checked]:
    """What comes of a model, even if a process has died already, of one that was submitted before."""
    try:
        return pool.submit(_explore, name, *task)
    except BrokenExecutor as error:
        future: Future[Checked] = Future()
        future.set_exception(error)
        return future


def _explore(name: str, bound: int, coverage: bool, **how: Any) -> Checked:
    model = _load(name)
    try:
        return Checked(name, explore(model, bound=bound, coverage=coverage, **how))
    except Unbounded as error:
        return Checked(name, None, str(error))


@final
class _Terminal:
    """One line about what goes on, if it is a terminal that it would be written to."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out if out is not None and out.isatty() else None
        self._drawn = 0.0

    def of(self, name: str) -> Callable[[Progress], None] | None:
        """Tells how far a model is."""
        if self._out is None:
            return None

        def tell(progress: Progress) -> None:
            now = time.monotonic()
            if now - self._drawn >= _REDRAW:
                self._drawn = now
                counts = f"{how_many(progress.states, 'state')}, {how_many(progress.edges, 'edge')}"
                self.say(f"{name}: {counts}, {progress.depth} deep")

        return tell

    def say(self, text: str) -> None:
        if self._out is not None:
            print(f"\r\033[K{text}", end="", file=self._out, flush=True)

    def clear(self) -> None:
        self.say("")


# -- what is written -------------------------------------------------------------------------------------------------


def _output(path: str | None) -> AbstractContextManager[TextIO]:
    """Stdout, or a file that is there once it is whole."""
    if path is not None:
        return collected_file(path)
    return open(os.devnull, "w") if sys.stdout is None else nullcontext(sys.stdout)


class _Writer:
    """Writes results, each as it comes or all of them in the end."""

    def __init__(self, out: TextIO, names: Sequence[str]) -> None:
        self.out = out
        self.names = names

    def add(self, result: Checked) -> None:
        """One more."""

    def finish(self) -> None:
        """That was all."""


@final
class _Text(_Writer):
    coverage: Coverage | None = None

    def __init__(self, out: TextIO, names: Sequence[str]) -> None:
        super().__init__(out, names)
        self.idle: dict[Law | Promise, Vacuous] = {}  # laws that some model did not put to the test
        self.tested: set[Law | Promise] = set()

    def add(self, result: Checked) -> None:
        found = result.found
        self._note(_load(result.name), found)
        print(result.why_not if found is None else found.report, file=self.out)
        if found is not None and found.coverage is not None:
            print(f"  took {found.coverage}", file=self.out)
            self.coverage = found.coverage if self.coverage is None else self.coverage | found.coverage
        self.out.flush()

    def _note(self, model: Model[Any], found: Exploration | None) -> None:
        idle = {vacuous.law: vacuous for vacuous in found.vacuous} if found is not None else {}
        for law in model.laws:
            if law.name not in idle:
                self.tested.add(law)
            else:
                self.idle.setdefault(law, idle[law.name])

    def _vacuous(self) -> list[str]:
        """What was put to the test nowhere.

        Our laws come as a family, and each of our models is about some of them: of those it is told when all of our
        models were explored.
        """
        family = {law for model in _OURS.values() for law in model.laws} if self.names != list(_OURS) else ()
        return [str(idle) for law, idle in self.idle.items() if law not in self.tested and law not in family]

    def finish(self) -> None:
        if vacuous := self._vacuous():
            print(f"held vacuously: {', '.join(vacuous)}", file=self.out)
        if self.coverage is not None:
            never = [f"{old} -> {new}" for old, new in self.coverage.moves_not_taken]
            print(f"all together took {self.coverage}", file=self.out)
            if self.coverage.inputs:
                print(f"  never {', '.join(never)}" if never else "  every move of the tables was made", file=self.out)
            if self.coverage.inputs and not SEES_ALL_MOVES:
                print("  (this build is compiled: of moves within one input only the sum is seen)", file=self.out)


@final
class _Json(_Writer):
    def __init__(self, out: TextIO, names: Sequence[str]) -> None:
        super().__init__(out, names)
        self.results: list[dict[str, Any]] = []

    def add(self, result: Checked) -> None:
        nothing = {"model": _load(result.name).name, "outcome": "unbounded", "detail": result.why_not}
        self.results.append(nothing if result.found is None else as_json(result.found))

    def finish(self) -> None:
        print(json.dumps({"models": self.results}, indent=2), file=self.out)


@final
class _Mermaid(_Writer):
    """One diagram by itself; several as Markdown."""

    def add(self, result: Checked) -> None:
        model = _load(result.name)
        diagram = (
            f'flowchart TD\n    all["{result.why_not}"]\n' if result.found is None else as_mermaid(model, result.found)
        )
        print(f"```mermaid\n{diagram}```\n" if len(self.names) > 1 else diagram, end="", file=self.out)


@final
class _Dot(_Writer):
    def add(self, result: Checked) -> None:
        model = _load(result.name)
        why_not = f"digraph nothing {{\n    label={json.dumps(result.why_not)};\n}}\n"
        print(why_not if result.found is None else as_dot(model, result.found), end="", file=self.out)


_FORMATS: Final[dict[str, type[_Writer]]] = {"dot": _Dot, "json": _Json, "mermaid": _Mermaid, "text": _Text}
