"""The conformance kit notices each fault that was planted, in the check that is about it."""

from __future__ import annotations

import pytest

from sansnet.testing.conformance import CHECKS
from tests.drivers.planted import PLANTED, SOUND, Planted

BY_NAME = {check.name: check for check in CHECKS}


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_planted_fault_is_noticed(fault: Planted) -> None:
    check = BY_NAME[fault.noticed_by]
    assert fault.obligation in check.obligations
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever shows it
        check(fault.maker, patience=0.3)
    assert not isinstance(caught.value, AttributeError), "the planted driver itself is broken"


def test_every_obligation_has_a_planted_fault() -> None:
    assert {fault.obligation for fault in PLANTED} == set(range(1, 10))


@pytest.mark.parametrize("name", sorted({fault.noticed_by for fault in PLANTED}))
def test_without_a_fault_the_same_checks_pass(name: str) -> None:
    BY_NAME[name](Planted("none", 1, SOUND, name).maker)
