"""Skips what needs Windows elsewhere: in one place, so that the summary has one line for all of it."""

from __future__ import annotations

import sys

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    if sys.platform != "win32" and item.get_closest_marker("windows"):
        pytest.skip("needs Windows, or `make test-windows`")
