"""Models that prove nothing, or that raise: told as such, by one process and by many, and never as a broken law."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import pytest

from sansnet.state import Event
from sansnet.testing import BadModel, Law, Promise, Reached, See, Stepped, always, eventually, explore, sometimes

from .test_parallel import Counter


class Beginning(Counter):
    def initial(self) -> Sequence[Any]:
        raise ValueError("so")


class Unready(Counter):
    def events(self, world: Any) -> Sequence[Event]:
        return super().events(world // (world != 12))


class Nowhere(Counter):
    def initial(self) -> Sequence[Any]:
        return []


class Keyless(Counter):
    def key(self, world: Any) -> Any:
        return {0: world}[12 if world == 12 else 0]


class Unhashable(Counter):
    def key(self, world: Any) -> Any:
        return [world]


class Wordy(Counter):
    def events(self, world: Any) -> Any:
        return ["add"]


class Wordless(Counter):
    def events(self, world: Any) -> Any:
        return "add"


class Silent(Counter):
    def step(self, world: Any, event: Event, _see: See) -> Any:
        return None


class Stumbling(Counter):
    def step(self, world: Any, event: Event, _see: See) -> Any:
        raise ValueError("so")


@always(Reached)
def asserts(count: int, _moment: Reached) -> bool:
    """There are never more than six."""
    assert count < 7
    return True


@always(Reached)  # type: ignore[arg-type]
def says_nothing(count: int, _moment: Reached) -> None:
    """There are never more than six."""
    assert count < 7


@always(Stepped)
def stumbles(count: int, stepped: Stepped) -> bool:
    """It can't be divided by nought."""
    return 1 / count > 0


@sometimes(Reached)
def hopes(count: int, _moment: Reached) -> bool:
    """It can't be divided by nought."""
    return 1 / count > 2


def _stumbling(count: int, *_event: Event) -> bool:
    return 1 / count > 2


@eventually(fair=_stumbling)
def unfair(_count: int) -> bool:
    """Comes true."""
    return True


@eventually(fair=lambda _count, _event: True, when=_stumbling)
def whenever(_count: int) -> bool:
    """Comes true."""
    return True


@eventually(fair=lambda _count, _event: True)
def aimless(count: int) -> bool:
    """Comes true."""
    return _stumbling(count)


WHERE = "tests.model.test_parallel.COUNTER"


@pytest.mark.parametrize(
    ("model", "said", "line"),
    [
        (Beginning(), rf"{WHERE}\.initial\(\) raises ValueError: so", 'raise ValueError("so")'),
        (Unready(), rf"{WHERE}\.events\(\) raises ZeroDivisionError", "world // (world != 12)"),
        (Keyless(), rf"{WHERE}\.key\(\) raises KeyError: 12", "12 if world == 12 else 0"),
        (Counter(laws=(asserts,)), "the law asserts raises AssertionError", "assert count < 7"),
        (Counter(laws=(stumbles,)), "the law stumbles raises ZeroDivisionError", "return 1 / count > 0"),
        (Counter(laws=(hopes,)), "the law hopes raises ZeroDivisionError", "return 1 / count > 2"),
        (Counter(laws=(unfair,)), "the law _stumbling raises ZeroDivisionError", "return 1 / count > 2"),
        (Counter(laws=(whenever,)), "the law _stumbling raises ZeroDivisionError", "return 1 / count > 2"),
        (Counter(laws=(aimless,)), "the law aimless raises ZeroDivisionError", "return 1 / count > 2"),
    ],
    ids=range(9),
)
def test_what_a_model_raises_is_told_with_its_place(
    model: Counter, said: str, line: str, executor: Executor | None
) -> None:
    """And with nothing of ours: the traceback begins where the model's code does."""
    with pytest.raises(BadModel, match=said) as told:
        explore(model, executor=executor)
    trouble = told.value.trouble
    assert line in trouble
    assert "sansnet/testing" not in trouble
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Nowhere(), "gives no world to begin with, so that nothing would be proved"),
        (Counter(laws=()), "has no laws, so that nothing would be proved"),
        (Counter, "<class 'tests.model.test_parallel.Counter'> is a class, and no model: make one of it"),
        (Counter(laws=(says_nothing,)), "the law says_nothing says neither True nor False, but None"),
        (Silent(), r"step\(\) gives None, and no world; does it lack a return\?"),
        (Unhashable(), r"key\(\) gives \[0\]: unhashable type: 'list'; a tuple would do"),
        (Wordy(), r"events\(\) gives 'add', which is no sansnet.state.Event"),
        (Wordless(), r"events\(\) gives no sequence, such as a list, but 'add'"),
    ],
    ids=range(8),
)
def test_what_proves_nothing_is_told(model: Any, said: str, executor: Executor | None) -> None:
    with pytest.raises(BadModel, match=said) as told:
        explore(model, executor=executor)
    assert told.value.trouble == ""


class Changing(Counter):
    def initial(self) -> Sequence[Any]:
        return [[0]]

    def step(self, world: Any, event: Event, _see: See) -> Any:
        world[0] = (world[0] + event.args[0]) % self.top
        return world

    def key(self, world: Any) -> Any:
        return world[0]


def test_a_step_that_changes_what_it_is_given_is_told(executor: Executor | None) -> None:
    """Or the shortest way to a broken law would lead somewhere else."""
    with pytest.raises(BadModel, match=r"step\(\) has changed the world that it was given; it makes another one"):
        explore(Changing(), executor=executor)


class Fickle(Counter):
    def key(self, world: Any) -> Any:
        return float("nan")


def test_a_key_that_is_never_the_same_is_told(executor: Executor | None) -> None:
    """And not as a step that changes its world."""
    with pytest.raises(BadModel, match=r"key\(\) gives nan, and something else when it is asked again"):
        explore(Fickle(), executor=executor)


def test_without_laws_on_purpose_it_is_counted() -> None:
    none: Sequence[Law | Promise] = ()
    assert explore(Counter(laws=()), laws=none).states == 30


def test_a_step_that_raises_refutes(executor: Executor | None) -> None:
    """It is done to a machine, and a legal input never raises."""
    refutation = explore(Stumbling(), executor=executor).refutation
    assert refutation is not None
    assert (refutation.law, refutation.detail) == ("no_input_raises", "ValueError: so")


@pytest.mark.parametrize("verb", [always, sometimes])
def test_a_law_is_about_kinds_of_moments(verb: Any) -> None:
    """A law about none would never be asked, and so it would hold."""
    with pytest.raises(TypeError, match=rf"^@{verb.__name__}\(…\) takes kinds of moments, .*, and at least one$"):
        verb()
    with pytest.raises(TypeError, match=r"such as Reached, not 'Reached'$"):
        verb("Reached")
    with pytest.raises(TypeError, match="such as Reached, not <function says_"):  # @always, and no brackets
        verb(says_nothing.check)


@pytest.mark.parametrize("name", ["fair", "when"])
def test_a_promise_is_made_of_functions(name: str) -> None:
    given: Any = {"fair": _stumbling, name: ("push",)}
    with pytest.raises(TypeError, match=rf"^eventually\({name}=…\) takes a function, not \('push',\)$"):
        eventually(**given)


@eventually(fair=lambda _count: True)  # type: ignore[misc, arg-type]
def fair_to_none(_count: int) -> bool:
    """Comes true."""
    return True


def test_what_raises_and_has_no_name_is_told_by_its_place(executor: Executor | None) -> None:
    with pytest.raises(BadModel, match=r"the law <lambda> \(.*test_bad_models\.py:\d+\) raises TypeError"):
        explore(Counter(laws=(fair_to_none,)), executor=executor)
