"""What the tests of several commands begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

import sansnet
from sansnet.testing import Simulation, record


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A recording of a connection that is refused."""
    path = tmp_path / "trace.jsonl"
    with Simulation() as sim, sim.host("here") as host, record(path, host.driver):
        sansnet.connect(80, "127.0.0.1").on("error", lambda _: None)
        sim.run()
    return path
