"""Node, for the tests that compare with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .oracle import NoNode
from .stage import Stage, stage


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--node-scenarios",
        type=int,
        default=None,
        help="how many generated scenarios are played on Node and on sansnet (or NODE_SCENARIOS in the environment)",
    )


@pytest.fixture(scope="session")
def node_stage() -> Iterator[Stage]:
    """Both sides, ready to play. Where Node can't be had, tests are skipped; under CI they fail."""
    try:
        with stage() as ready:
            yield ready
    except NoNode as reason:
        if os.environ.get("CI"):
            pytest.fail(f"under CI there must be a Node to compare with: {reason}", pytrace=False)
        pytest.skip(f"nothing to compare with: {reason}")
