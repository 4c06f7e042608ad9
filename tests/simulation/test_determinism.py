"""The same seed tells the same story: in every process, whatever the hashes of strings are, on every Python."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Final

import pytest

from sansnet.testing.playing import play
from tests.loopback import child_environment
from tests.simulation.workload import mixed

SEEDS: Final = 300

KNOWN: Final = {
    0: "6b5369e8e067f93d388c7404a60d266a",
    1: "fa018d512e86d39a5c915ced15558cf9",
    7: "d275397acf904e5e0409a787af6d89c3",
    42: "8fd01309175d91e1fc00b5c0bff58129",
    4711: "595578b30a94a54060887c82a4a83260",
    123456789: "655bf8b1a05f4a02f0f70de8e02fcbbf",
}
"""Digests that were the same on Python 3.11, 3.12 and 3.13. A change to the simulation, to a machine or to the workload
may change them; then those of one Python go in here, and the others are held to them by `make test-all`."""


@pytest.mark.parametrize("seed", KNOWN)
def test_every_python_tells_the_same_story(seed: int) -> None:
    assert play(mixed, seed).digest == KNOWN[seed]


def in_a_process(hash_seed: int) -> subprocess.Popen[str]:
    """All the stories of so many seeds, in one number."""
    environment = {**child_environment(dict(os.environ)), "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-m", "tests.simulation.test_determinism", str(SEEDS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_many_seeds_twice() -> None:
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
