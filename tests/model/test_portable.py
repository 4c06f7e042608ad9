"""Names are equal where values are equal, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.state import Fault
from sansnet.state.phases import Link
from sansnet.testing import BadModel
from sansnet.testing.portable import SIZE, name_of
from tests.loopback import child_environment


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    A = "a"


class Shade(Enum):
    A = "a"


class Pair(NamedTuple):
    one: int
    other: int


@dataclass(frozen=True)
class Point:
    x: int
    y: int


leaves: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(-3, 3),
    st.text("ab,(", max_size=3),
    st.binary(max_size=2),
    st.sampled_from([Link.IDLE, Link.OPEN, Number.ONE, Word.A, Shade.A, int, Pair]),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)


@given(values, values)
def test_names_are_equal_exactly_where_values_are(one: object, other: object) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)
    assert len(name_of(one)) == SIZE


def test_values_of_classes_have_names() -> None:
    assert name_of(Pair(1, 2)) == name_of((1, 2))
    assert name_of(Point(1, 2)) == name_of(Point(1, 2)) != name_of(Point(2, 1))
    assert name_of(Fault("EPIPE")) == name_of(Fault("EPIPE")) != name_of(Fault("EPIPE", syscall="write"))


@pytest.mark.parametrize("thing", [[], {}, object(), (1, [2])])
def test_what_has_no_name_is_refused(thing: object) -> None:
    with pytest.raises(BadModel, match="which has no name that is the same in every process"):
        name_of(thing)


def test_a_name_means_the_same_in_another_process() -> None:
    """Text and enum members hash differently there."""
    code = (
        "from sansnet.testing.portable import name_of; from sansnet.state.phases import Link; "
        "print(name_of((Link.OPEN, frozenset(['a', 'b', 'c']), 1.5)).hex())"
    )
    environment = {**child_environment({}), "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.strip() == name_of((Link.OPEN, frozenset(["a", "b", "c"]), 1.5)).hex()
