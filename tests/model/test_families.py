"""Two families of driver, one socket."""

from __future__ import annotations

import pytest

from sansnet.state.effects import Notice
from sansnet.state.notices import Closed, Failed
from sansnet.testing.equivalence import difference, observe
from sansnet.testing.ghosts import Bounds, Family
from sansnet.testing.models import SocketModel


def what_is_heard(_world: object, moment: object) -> str | None:
    """Each notice by its name, and how it ended if it did."""
    if isinstance(moment, Failed):
        return f"Failed {moment.fault.code}"
    if isinstance(moment, Closed):
        return repr(moment)
    return type(moment).__name__ if isinstance(moment, Notice) else None


CALLS = ("write", "end", "pause", "resume", "read", "destroy")


@pytest.mark.parametrize("half_open", [False, True])
def test_no_user_hears_of_which_family_the_driver_is(half_open: bool) -> None:
    """Whatever sequence of notices can be heard over a readiness driver can be heard over a completion driver too, and
    the other way round: of an accepted socket with one write, one end, one pause or resume, and two chunks from the
    peer, which the driver may have to stop for.

    What is compared is which notices come in which order. When the user makes his calls is left out: he sees the end of
    file earlier if the driver reports it after it was told to stop.
    """
    bounds = Bounds(at_rest=CALLS, adopted=((False, False),), writes=1, ends=1, flips=1, chunks=2)
    options = {"allow_half_open": half_open, "read_high_water_mark": 1, "write_high_water_mark": 1}
    seen = [
        observe(SocketModel(family.name, bounds._replace(family=family), options), what_is_heard) for family in Family
    ]
    assert difference(*seen) is None


def test_the_comparison_can_fail() -> None:
    bounds = Bounds(at_rest=("write", "destroy"), adopted=((False, False),), writes=1)
    one, other = (
        observe(SocketModel("ONE", each), what_is_heard) for each in (bounds, bounds._replace(failures=False))
    )
    assert difference(one, other) == ["Failed ECONNRESET"]
