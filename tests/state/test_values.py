"""Values are equal when the class and every field are."""

from __future__ import annotations

import copy
import pickle

import pytest

from sansnet.state import Fault
from sansnet.state.effects import Step, Then, Tick
from sansnet.state.notices import Closed, Connected, Data, Ready
from sansnet.state.ops import Send, SetKeepAlive
from sansnet.state.values import Value


class Point(Value):
    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


class Point3(Point):
    __slots__ = ("z",)

    def __init__(self, x: int, y: int, z: int) -> None:
        super().__init__(x, y)
        self.z = z


def test_equal_fields_make_equal_values() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert Send((b"a",)) == Send((b"a",))


@pytest.mark.parametrize(
    "other", [Point(1, 3), Point(2, 1), Point3(1, 2, 0), (1, 2), None], ids=["y", "order", "subclass", "tuple", "none"]
)
def test_anything_else_is_another_value(other: object) -> None:
    assert Point(1, 2) != other


def test_the_class_counts_even_without_fields() -> None:
    assert Connected() == Connected()
    assert Connected() != Ready()
    assert Then(Step.END) != Tick(Step.END)
    assert len({Connected(), Ready(), Connected()}) == 2


def test_inherited_fields_come_first() -> None:
    assert Point3.names() == ("x", "y", "z")
    assert Point3(1, 2, 3).fields() == (1, 2, 3)
    assert Point3(1, 2, 3) != Point3(0, 2, 3)
    assert Tick.names() == ("step",)


def test_a_repr_names_what_was_given() -> None:
    assert repr(Data(b"abc")) == "Data(payload=b'abc')"
    assert repr(Fault("EPIPE", syscall="write")) == "Fault(code='EPIPE', syscall='write')"
    assert repr(SetKeepAlive(True, 0, 1, 10)) == "SetKeepAlive(count=10, interval=1, on=True)"
    assert repr(Connected()) == "Connected()"
    assert repr(Closed(True)) == "Closed(had_error=True)"


def test_no_value_has_a_dictionary() -> None:
    assert not hasattr(Connected(), "__dict__")
    assert not hasattr(Fault("EPIPE"), "__dict__")


@pytest.mark.parametrize(
    "value", [Send((b"a",)), SetKeepAlive(True, 0, 1, 10), Then(Step.END), Connected(), Point3(1, 2, 3)]
)
def test_a_copy_is_made_of_the_fields(value: Value) -> None:
    for copied in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert copied == value
        assert copied.fields() == value.fields()
