"""A socket that gathers what its listeners write, beside one that doesn't."""

from __future__ import annotations

import pytest

from sansnet.state.effects import Notice
from sansnet.state.notices import Closed, Failed, Settled
from sansnet.testing.equivalence import Automaton, excess, observe
from sansnet.testing.ghosts import Bounds, SocketWorld
from sansnet.testing.loop import Returned
from sansnet.testing.models import SocketModel

_ASIDE = ("hand_over", "cork", "uncork")  # what is done beside what is looked at
_MARK = {"write_high_water_mark": 5}


def what_the_user_sees(world: SocketWorld, moment: object) -> str | None:
    """His calls, with the answers to write(), what he is told, and by its age the call whose callback is called."""
    if isinstance(moment, Returned):
        if moment.name == "write":
            return f"write {world.machine.accepts_more}, drain owed {world.machine.writing.need_drain}"
        return None if moment.name in _ASIDE else moment.name
    if isinstance(moment, Failed):
        return f"Failed {moment.fault.code}"
    if isinstance(moment, Settled):
        age = [token for token, _ in world.outstanding].index(moment.token)
        return f"Settled {age} {'well' if moment.fault is None else 'badly'}"
    if isinstance(moment, Closed):
        return repr(moment)
    return type(moment).__name__ if isinstance(moment, Notice) else None


def bounds(*inside: str) -> Bounds:
    """Three writes of two bytes in listeners, to a driver that takes all, a part, nothing yet, or fails."""
    return Bounds(
        at_rest=("resume", "destroy"),
        inside=("write", *inside),
        reactions=3,
        adopted=((False, False),),
        writes=3,
        ends=1,
        flips=1,
        chunks=1,
        write_sizes=(2,),
        partial=True,
    )


def seen_of(bounds: Bounds) -> Automaton:
    """All that can be seen of a socket within these bounds."""
    return observe(SocketModel("SEEN", bounds, _MARK), what_the_user_sees)


@pytest.mark.parametrize("inside", [("end",), ("end_with",), ("destroy", "reset")], ids="+".join)
def test_what_is_seen_of_it_can_be_seen_of_one_whose_user_corks(inside: tuple[str, ...]) -> None:
    """Whatever is seen of a socket that gathers, the answers to write() among it, could be seen of one that doesn't,
    and whose user corked and uncorked here and there.
    """
    gathers = bounds(*inside)
    corks = gathers._replace(gathers=False, inside=(*gathers.inside, "cork", "uncork"), reactions=7)
    assert excess(seen_of(gathers), seen_of(corks)) is None


def test_only_a_send_that_fails_at_once_is_answered_otherwise() -> None:
    """Without a cork() the first thing that is seen of no socket that gathers, and can be seen of others, is a write()
    in a listener that is answered False because its Send fails.
    """
    gathers = bounds()
    assert excess(seen_of(gathers._replace(gathers=False)), seen_of(gathers)) == [
        "adopt",
        "End",
        "write False, drain owed False",
    ]


def test_the_comparison_can_fail() -> None:
    """It isn't that of a socket whose user never corks: two callbacks are called as one."""
    gathers = bounds()._replace(failures=False)
    seen = excess(seen_of(gathers), seen_of(gathers._replace(gathers=False)))
    assert seen is not None
    assert seen[-2:] == ["Settled 0 well", "Settled 0 well"]
