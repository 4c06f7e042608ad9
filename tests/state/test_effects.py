"""Effects come in five families, and each effect is in exactly one."""

from __future__ import annotations

import inspect

import pytest

from sansnet.state import Effect, Notice, Op, Reply, Step, Timer, Timing, Turn, effects, notices, ops
from sansnet.state.effects import TOUCH, Arm, Disarm, Taken, Then, Tick, Touch
from tests.builds import COMPILED

FAMILIES = (Op, Timing, Reply, Notice, Turn)


def effect_classes() -> list[type[Effect]]:
    return [
        value
        for module in (effects, ops, notices)
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Effect) and value not in (Effect, *FAMILIES)
    ]


@pytest.mark.parametrize("kind", effect_classes(), ids=lambda kind: kind.__name__)
def test_an_effect_is_in_one_family_and_final(kind: type[Effect]) -> None:
    assert [family for family in FAMILIES if issubclass(kind, family)] == [kind.__base__]
    assert COMPILED or "__slots__" in vars(kind), "an effect says what its fields are"
    assert not kind.__subclasses__()


def test_then_and_tick_say_where_to_go_on() -> None:
    assert Then(Step.END).step is Tick(Step.END).step is Step.END


def test_a_timer_is_armed_disarmed_or_pushed_back() -> None:
    arm = Arm(Timer.IDLE, 1.5)
    assert (arm.timer, arm.seconds) == (Timer.IDLE, 1.5)
    assert Disarm(Timer.CONNECT).timer is Timer.CONNECT
    assert Touch() == TOUCH


def test_a_reply_has_what_was_read_in_order() -> None:
    assert Taken((b"a", b"b")).payloads == (b"a", b"b")


def test_steps_and_timers_are_told_apart_by_their_words() -> None:
    assert len({step.value for step in Step}) == len(Step)
    assert len({timer.value for timer in Timer}) == len(Timer)
