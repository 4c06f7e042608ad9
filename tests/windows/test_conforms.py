"""The drivers of Windows pass the conformance kit."""

from __future__ import annotations

import pytest

from sansnet.testing.conformance import CHECKS, Check
from tests.windows.bench import needs_windows
from tests.windows.makers import EXCEPT, MAKERS, checks_for


@needs_windows
@pytest.mark.parametrize(
    ("name", "check"),
    [pytest.param(name, check, id=f"{name}: {check.name}") for name in MAKERS for check in checks_for(name)],
)
def test_a_driver_conforms(name: str, check: Check) -> None:
    check(MAKERS[name])


def test_what_is_left_out_is_there() -> None:
    names = {check.name for check in CHECKS}
    assert {name for left_out in EXCEPT.values() for name in left_out} <= names
    assert set(EXCEPT) == set(MAKERS)
