"""The same seed tells the same story: in every process, whatever the hashes of strings are, on every Python."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Final

import pytest

from sansnet.testing.campaign import play
from tests.loopback import child_environment
from tests.simulation.workload import mixed

SEEDS: Final = 1000

KNOWN: Final = {
    0: "65bdb89746c7b8ad5e3b554989df86ed",
    1: "d1a1d51d20ce9f47dcbf018970f74a89",
    7: "f81a926c6d46d33886d7dd267e242c1f",
    42: "d827129f405ae17a927ff2c6ae268220",
    4711: "284bee744a0d409a9e11e921c30551a5",
    123456789: "913d1d83f7deebb3ec6e9e979087650f",
}
"""Digests that were the same on Python 3.11, 3.12 and 3.13. A change to the simulation, to a machine or to the workload
may change them; then those of one Python go in here, and the others are held to them by `make test-all`."""


@pytest.mark.parametrize("seed", KNOWN)
def test_every_python_tells_the_same_story(seed: int) -> None:
    assert play(mixed, seed).digest == KNOWN[seed]


def in_a_process(hash_seed: int) -> subprocess.Popen[str]:
    """All the stories of a thousand seeds, in one number."""
    environment = {**child_environment(dict(os.environ)), "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-m", "tests.simulation.test_determinism", str(SEEDS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.timeout(300)
def test_a_thousand_seeds_twice() -> None:
    with in_a_process(1) as one, in_a_process(2) as other:
        told = [process.communicate()[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0)
    assert told[0] == told[1]
    assert len(told[0].split()) == 2


def main(count: int) -> None:
    """Print how many there were, and one digest of all."""
    outcomes = [play(mixed, seed) for seed in range(count)]
    assert not [outcome.error for outcome in outcomes if outcome.error]
    print(len(outcomes), hashlib.sha256("".join(outcome.digest for outcome in outcomes).encode()).hexdigest())


if __name__ == "__main__":
    main(int(sys.argv[1]))
