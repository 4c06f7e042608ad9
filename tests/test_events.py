"""The emitter: order, once, removal while emitting, and 'error'. What is asserted was seen to be so in Node 26."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sansnet.errors import NetError
from sansnet.events import Emitter


class Watched(Emitter):
    """Writes down what its hooks are told, and how many listeners there were then."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, int]] = []

    def _listener_added(self, event: str) -> None:
        self.told.append(("added", event, self.listener_count(event)))

    def _listener_removed(self, event: str) -> None:
        self.told.append(("removed", event, self.listener_count(event)))


def ignore(*_: object) -> None: ...


# ------------------------------------------------------------------------------------------------------------- emitting


@pytest.mark.covers("Emitter.on")
def test_listeners_are_called_in_order_with_the_arguments() -> None:
    emitter, log = Emitter(), list[Any]()
    emitter.on("data", lambda *args: log.append((1, args)))
    emitter.on("data", lambda *args: log.append((2, args)))
    emitter.prepend_listener("data", lambda *args: log.append((0, args)))
    assert emitter.emit("data", b"x", 5)
    assert log == [(0, (b"x", 5)), (1, (b"x", 5)), (2, (b"x", 5))]


class Noted(tuple[Any, ...]):
    """A tuple that can be called."""

    __slots__ = ()

    def __call__(self) -> None:
        self[0].append("called")


def test_a_listener_may_be_a_tuple_itself() -> None:
    """The only listener of an event is kept without a tuple around it, but not then."""
    log: list[str] = []
    emitter, noted = Emitter(), Noted([log])
    emitter.on("event", noted)
    assert emitter.emit("event")
    assert log == ["called"]
    assert emitter.listeners("event") == [noted]
    emitter.prepend_listener("event", ignore).off("event", ignore)
    emitter.emit("event")
    assert log == ["called"] * 2
    assert emitter.off("event", noted).listener_count("event") == 0


@pytest.mark.covers("Emitter.emit")
def test_emit_tells_whether_anybody_listens() -> None:
    emitter = Emitter()
    assert not emitter.emit("data")
    emitter.on("data", ignore)
    assert emitter.emit("data")
    assert not emitter.emit("end")


def test_a_listener_registered_twice_is_called_twice() -> None:
    emitter, log = Emitter(), list[int]()
    emitter.on("data", log.append).on("data", log.append)
    emitter.emit("data", 1)
    assert log == [1, 1]


def test_a_listener_that_was_removed_while_emitting_is_still_called_and_a_new_one_is_not() -> None:
    emitter, log = Emitter(), list[str]()

    def last() -> None:
        log.append("last")

    def first() -> None:
        log.append("first")
        emitter.off("x", last)
        emitter.on("x", lambda: log.append("new"))

    emitter.on("x", first).on("x", last)
    emitter.emit("x")
    assert log == ["first", "last"]
    emitter.off("x", first).emit("x")
    assert log == ["first", "last", "new"]


def test_what_a_listener_raises_comes_out_and_the_rest_is_not_called() -> None:
    emitter, log = Emitter(), list[int]()
    emitter.on("x", lambda: 1 / 0).on("x", lambda: log.append(1))
    with pytest.raises(ZeroDivisionError):
        emitter.emit("x")
    assert log == []


@pytest.mark.covers("Emitter.emit")
def test_an_error_that_nobody_listens_to_is_raised() -> None:
    emitter, mine = Emitter(), KeyError("mine")
    with pytest.raises(KeyError) as caught:
        emitter.emit("error", mine)
    assert caught.value is mine
    log: list[object] = []
    emitter.once("error", log.append)
    assert emitter.emit("error", mine)
    assert log == [mine]
    with pytest.raises(KeyError):
        emitter.emit("error", mine)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("str",), "Unhandled error. ('str')"),
        ((), "Unhandled error. (None)"),
        ((5, KeyError()), "Unhandled error. (5)"),
    ],
)
def test_an_error_that_is_no_exception_is_raised_in_one(args: tuple[object, ...], text: str) -> None:
    with pytest.raises(NetError) as caught:
        Emitter().emit("error", *args)
    assert (caught.value.code, str(caught.value)) == ("ERR_UNHANDLED_ERROR", text)


# ------------------------------------------------------------------------------------------------------------- once


@pytest.mark.covers("Emitter.once")
def test_once_is_called_once() -> None:
    emitter, log = Emitter(), list[int]()
    emitter.once("x", log.append).on("x", lambda value: log.append(-value)).prepend_once_listener("x", log.append)
    emitter.emit("x", 1)
    emitter.emit("x", 2)
    assert log == [1, 1, -1, -2]


def test_once_is_called_once_even_if_its_listener_emits() -> None:
    emitter, log = Emitter(), list[str]()

    def again() -> None:
        log.append("again")
        emitter.emit("x")

    emitter.once("x", again)
    emitter.emit("x")
    assert log == ["again"]


def test_once_is_called_once_even_if_a_listener_before_it_emits() -> None:
    emitter, log = Emitter(), list[str]()
    emitter.once("x", lambda: emitter.emit("x"))
    emitter.once("x", lambda: log.append("called"))
    emitter.emit("x")
    assert log == ["called"]


def test_once_is_off_before_its_listener_is_called() -> None:
    emitter, log = Emitter(), list[int]()
    emitter.once("x", lambda: log.append(emitter.listener_count("x")))
    emitter.emit("x")
    assert log == [0]


# ------------------------------------------------------------------------------------------------------------ removing


@pytest.mark.covers("Emitter.off")
def test_off_takes_the_last() -> None:
    emitter, log = Emitter(), list[int]()
    emitter.on("x", log.append).once("x", log.append).off("x", log.append)
    emitter.emit("x", 1)
    emitter.emit("x", 2)
    assert log == [1, 2]


def test_off_finds_what_was_registered_with_once() -> None:
    emitter = Emitter()
    emitter.once("x", ignore).off("x", ignore)
    assert not emitter.emit("x")


def test_off_finds_a_method_however_often_it_was_looked_up() -> None:
    class User:
        def heard(self) -> None: ...

    user, other = User(), User()
    emitter = Emitter().on("x", user.heard)
    assert emitter.off("x", other.heard).listener_count("x") == 1
    assert emitter.off("x", user.heard).listener_count("x") == 0


def test_off_does_nothing_for_a_stranger() -> None:
    emitter = Watched().on("x", ignore)
    assert emitter.off("x", print).off("y", ignore).listener_count("x") == 1
    assert emitter.told == [("added", "x", 1)]


@pytest.mark.covers("Emitter.remove_all_listeners")
def test_remove_all_listeners() -> None:
    emitter = Emitter().on("x", ignore).on("x", ignore).on("y", ignore).on("z", ignore)
    assert emitter.remove_all_listeners("x").remove_all_listeners("w").event_names() == ["y", "z"]
    assert emitter.remove_all_listeners().event_names() == []


# -------------------------------------------------------------------------------------------------------------- asking


@pytest.mark.covers("Emitter.event_names", "Emitter.listeners", "Emitter.listener_count")
def test_what_is_there() -> None:
    emitter = Emitter().once("b", ignore).on("a", print).on("b", print)
    assert emitter.event_names() == ["b", "a"]
    assert emitter.listeners("b") == [ignore, print]
    assert [emitter.listener_count("b"), emitter.listener_count("c")] == [2, 0]
    emitter.listeners("b").clear()
    assert emitter.listener_count("b") == 2


def test_emitters_do_not_share_what_they_have() -> None:
    one, other = Emitter(), Emitter()
    one.on("x", ignore)
    assert other.event_names() == []
    assert Emitter().event_names() == []


@pytest.mark.parametrize("listener", [None, 5, "print"])
@pytest.mark.parametrize("method", ["on", "once", "off", "prepend_listener", "prepend_once_listener"])
def test_what_cannot_be_called_is_no_listener(method: str, listener: object) -> None:
    emitter = Emitter()
    with pytest.raises(TypeError, match='The "listener" argument must be of type function') as caught:
        getattr(emitter, method)("x", listener)
    assert isinstance(caught.value, NetError)
    assert caught.value.code == "ERR_INVALID_ARG_TYPE"
    assert emitter.event_names() == []


def test_on_and_once_are_decorators_too() -> None:
    emitter, log = Emitter(), list[str]()

    @emitter.on("x")
    def always() -> None:
        log.append("always")

    @emitter.once("x")
    def once() -> None:
        log.append("once")

    emitter.emit("x")
    emitter.emit("x")
    assert log == ["always", "once", "always"]
    once()  # it is the function still


# --------------------------------------------------------------------------------------------------------------- hooks


def test_a_subclass_hears_of_listeners_after_they_came_and_went() -> None:
    emitter = Watched()
    emitter.on("x", ignore).once("x", print).prepend_listener("y", ignore)
    emitter.remove_all_listeners("x").off("y", ignore)
    assert emitter.told == [
        ("added", "x", 1),
        ("added", "x", 2),
        ("added", "y", 1),
        ("removed", "x", 0),
        ("removed", "y", 0),
    ]


def test_a_subclass_hears_that_a_once_is_gone_before_its_listener_is_called() -> None:
    emitter = Watched()
    emitter.once("x", lambda: emitter.told.append(("called", "x", 0)))
    emitter.emit("x")
    assert emitter.told == [("added", "x", 1), ("removed", "x", 0), ("called", "x", 0)]


def test_an_emitter_has_slots_only() -> None:
    assert not hasattr(Watched(), "__dict__")


# ------------------------------------------------------------------------------------------------- any order of calls


class AgainstALog(RuleBasedStateMachine):
    """Registering and removing in any order leaves the list that a plain list would be."""

    def __init__(self) -> None:
        super().__init__()
        self.emitter = Emitter()
        self.heard: list[int] = []
        self.functions: list[Callable[[], None]] = [self.hearer(number) for number in range(3)]
        self.expected: list[tuple[int, bool]] = []  # which function, and whether only once

    def hearer(self, number: int) -> Callable[[], None]:
        return lambda: self.heard.append(number)

    @rule(number=st.integers(0, 2), first=st.booleans(), once=st.booleans())
    def add(self, number: int, first: bool, once: bool) -> None:
        method = {
            (False, False): self.emitter.on,
            (False, True): self.emitter.once,
            (True, False): self.emitter.prepend_listener,
            (True, True): self.emitter.prepend_once_listener,
        }[first, once]
        assert method("x", self.functions[number]) is self.emitter
        self.expected.insert(0 if first else len(self.expected), (number, once))

    @rule(number=st.integers(0, 2))
    def off(self, number: int) -> None:
        self.emitter.off("x", self.functions[number])
        found = [index for index, (there, _) in enumerate(self.expected) if there == number]
        if found:
            del self.expected[found[-1]]

    @rule()
    def emit(self) -> None:
        self.heard.clear()
        assert self.emitter.emit("x") is bool(self.expected)
        assert self.heard == [number for number, _ in self.expected]
        self.expected = [(number, once) for number, once in self.expected if not once]

    @invariant()
    def the_list_is_what_is_expected(self) -> None:
        assert self.emitter.listeners("x") == [self.functions[number] for number, _ in self.expected]
        assert self.emitter.event_names() == (["x"] if self.expected else [])


TestAgainstALog = AgainstALog.TestCase


# ------------------------------------------------------------------------------------------------ what can't be meant


def test_a_coroutine_function_is_no_listener() -> None:
    """It would be called, and make a coroutine that nobody awaits."""

    async def listener(*_: object) -> None: ...

    class Listening:
        async def method(self) -> None: ...

    for each in (listener, Listening().method):
        with pytest.raises(TypeError, match="a function that is not async; it may start a task"):
            Emitter().on("data", each)


def test_an_event_is_a_text() -> None:
    with pytest.raises(TypeError, match='"event" argument must be of type string'):
        Emitter().on(3, ignore)  # type: ignore[call-overload]  # that is the point


def test_one_listener_at_a_time() -> None:
    for register in (Emitter().on, Emitter().once):
        with pytest.raises(TypeError, match="an event and one listener, 2 were given"):
            register("data", ignore, ignore)  # type: ignore[call-overload]  # that is the point


def test_who_writes_node_s_word_is_told_ours() -> None:
    with pytest.warns(RuntimeWarning, match="'connectionAttempt' is 'connection_attempt' here") as told:
        Emitter().on("connectionAttempt", ignore)
    assert told[0].filename == __file__
