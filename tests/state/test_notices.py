"""Notices are data: what the user shall hear, with everything that a listener is given."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from sansnet.state import Endpoint, Fault, Notice, notices

ENDPOINT = Endpoint("127.0.0.1", 80, 4)

SAMPLES: dict[type[Notice], tuple[Any, ...]] = {
    notices.LookedUp: (Fault("ENOTFOUND"), "127.0.0.1", 4, "host"),
    notices.AttemptStarted: (ENDPOINT,),
    notices.AttemptFailed: (ENDPOINT, Fault("ECONNREFUSED")),
    notices.AttemptTimedOut: (ENDPOINT,),
    notices.Connected: (),
    notices.Ready: (),
    notices.Data: (b"payload",),
    notices.Readable: (),
    notices.Paused: (),
    notices.Resumed: (),
    notices.End: (),
    notices.Drain: (),
    notices.Prefinish: (),
    notices.Finished: (),
    notices.Idle: (),
    notices.Settled: (7, Fault("EPIPE")),
    notices.Failed: (Fault("EPIPE"),),
    notices.Closed: (True,),
    notices.Listening: (),
    notices.Connection: ("connection",),
    notices.Dropped: ("connection",),
    notices.AcceptFailed: (Fault("EMFILE"),),
    notices.ServerClosed: (),
}


def test_every_notice_has_a_sample() -> None:
    classes = {value for value in vars(notices).values() if inspect.isclass(value) and issubclass(value, Notice)}
    assert classes - {Notice} == SAMPLES.keys()


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_a_notice_keeps_what_it_was_given(kind: type[Notice]) -> None:
    arguments = list(inspect.signature(kind).parameters)
    notice = kind(*SAMPLES[kind])
    assert tuple(getattr(notice, name) for name in arguments) == SAMPLES[kind]
    assert sorted(arguments) == sorted(kind.names())
    assert notice == kind(*SAMPLES[kind])


def test_a_call_is_settled_well_unless_there_is_a_fault() -> None:
    assert notices.Settled(7).fault is None


def test_never_connected_is_told_apart_from_closed_well() -> None:
    """X-03, X-04: 'close' has no argument, false or true."""
    assert len({notices.Closed(None), notices.Closed(False), notices.Closed(True)}) == 3
