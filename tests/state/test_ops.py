"""Ops are data: what the driver shall do, with everything it needs for it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from sansnet.state import Endpoint, ListenPlan, Op, ops

SAMPLES: dict[type[Op], tuple[Any, ...]] = {
    ops.Lookup: ("host", 4, 32, True),
    ops.CancelLookup: (),
    ops.BindLocal: (1, 4, "127.0.0.1", 8080),
    ops.Connect: (1, Endpoint("127.0.0.1", 80, 4)),
    ops.CancelConnect: (1,),
    ops.StartRead: (),
    ops.StopRead: (),
    ops.Send: ((b"a", b"b"),),
    ops.Shutdown: (),
    ops.Close: (),
    ops.Reset: (),
    ops.SetNoDelay: (True,),
    ops.SetKeepAlive: (True, 5, 1, 10),
    ops.SetTypeOfService: (16,),
    ops.Listen: (1, None, ListenPlan()),
    ops.StartAccept: (),
    ops.StopAccept: (),
    ops.CloseListener: (1,),
    ops.Discard: ("connection",),
}


def test_every_op_has_a_sample() -> None:
    classes = {value for value in vars(ops).values() if inspect.isclass(value) and issubclass(value, Op)}
    assert classes - {Op} == SAMPLES.keys()


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_an_op_keeps_what_it_was_given(kind: type[Op]) -> None:
    arguments = list(inspect.signature(kind).parameters)
    op = kind(*SAMPLES[kind])
    assert tuple(getattr(op, name) for name in arguments) == SAMPLES[kind]
    assert sorted(arguments) == sorted(kind.names())
    assert op == kind(*SAMPLES[kind])


def test_ops_without_fields_are_made_once() -> None:
    assert ops.StartRead() == ops.START_READ
    assert ops.StopRead() == ops.STOP_READ
    assert ops.Shutdown() == ops.SHUTDOWN
    assert ops.Close() == ops.CLOSE
    assert ops.Reset() == ops.RESET != ops.CLOSE
