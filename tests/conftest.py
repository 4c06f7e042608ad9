"""What every test may use."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from tests.builds import COMPILED

# No deadlines: what is slow on a busy machine isn't wrong. `--hypothesis-profile=` overrides the choice made here.
settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,  # a red run is red again when it is repeated, and red because of the change
    database=None,
    max_examples=100,  # with the step count, what bounds the time
    stateful_step_count=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# What a shell starts in the background is deaf to Ctrl-C, and so is all that this starts in turn; but some tests send
# an interrupt to a program. A handler, unlike SIG_IGN, isn't inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On a compiled build, leave out what can't be done there; each such test says why."""
    if not COMPILED:
        return
    for item in items:
        for marker in item.iter_markers("interpreted"):
            [reason] = marker.args
            item.add_marker(pytest.mark.skip(reason=f"on a compiled build: {reason}"))


@pytest.fixture(scope="session")
def need_program() -> Callable[[str], str]:
    """Returns a function that gives the path of a program, or skips the test that needs it.

    Under CI it fails the test instead: a check that is skipped there every time is a check that nobody runs.
    """

    def find(name: str) -> str:
        if path := shutil.which(name):
            return path
        if os.environ.get("CI"):
            pytest.fail(
                f"this test needs the program {name!r}, and under CI every program must be there", pytrace=False
            )
        pytest.skip(f"needs the program {name!r}")

    return find
