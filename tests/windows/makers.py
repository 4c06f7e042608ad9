"""Makers for `sansnet.testing.conformance` on Windows, and what Wine can't show.

By hand: python -m sansnet.testing.conformance tests.windows.makers:overlapped
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

from sansnet.drivers.asyncio_overlapped import AsyncioOverlappedDriver
from sansnet.drivers.contract import Driver
from sansnet.drivers.overlapped import OverlappedDriver
from sansnet.testing.conformance import CHECKS, Check, Maker, Turn
from tests.drivers.stepped import Stepped

__all__ = ["EXCEPT", "MAKERS", "checks_for", "overlapped", "proactor"]


@contextlib.contextmanager
def overlapped() -> Iterator[tuple[Driver, Turn]]:
    """A completion port of our own."""
    with OverlappedDriver() as driver:
        yield driver, driver.step


class _SteppedProactor(Stepped, AsyncioOverlappedDriver):
    """Over a completion port: whatever the loop calls begins with `begin()`."""

    @property
    def alive(self) -> bool:
        return AsyncioOverlappedDriver.alive.fget(self)  # type: ignore[attr-defined,no-any-return]  # a property

    def begin(self) -> bool:
        self._halt()
        return super().begin()


@contextlib.contextmanager
def proactor() -> Iterator[tuple[Driver, Turn]]:
    """asyncio's default loop."""
    loop = asyncio.ProactorEventLoop()  # type: ignore[attr-defined,unused-ignore]  # only Windows has it
    try:
        driver = _SteppedProactor(loop)
        yield driver, driver.step
    finally:
        loop.close()
    assert driver.closed
    assert not driver.handles


MAKERS: Final[Mapping[str, Maker]] = {
    "overlapped (Wine)": overlapped,
    "asyncio Proactor (Wine)": proactor,
}

_NOT_THERE: Final = {
    "without_descriptors_accepting_fails_and_goes_on_later": "Windows has no limit of descriptors",
    "without_descriptors_an_attempt_fails": "Windows has no limit of descriptors",
    "an_attempt_that_nobody_answers_waits_until_it_is_given_up": "a full backlog answers",
    "a_port_can_be_shared_if_both_agree": "Windows can't share ports",
}
_ONE_PORT: Final = "a socket belongs to one port, once; so its duplicate can't be attached, nor told from a stranger"
_SHARED: Final = {
    "a_connection_that_somebody_else_accepts_is_no_failure": _ONE_PORT,
    "bytes_that_somebody_else_reads_are_no_failure": _ONE_PORT,
    "a_path_can_be_listened_at_and_is_free_afterwards": (
        "Wine lets anyone create a first instance of a pipe (FILE_FLAG_FIRST_PIPE_INSTANCE is not enforced)"
    ),
}
_RESET: Final = {"a_reset_reaches_a_plain_peer": "Wine tells a plain socket of RST as of FIN"}

EXCEPT: Final[Mapping[str, Mapping[str, str]]] = {
    "overlapped (Wine)": {**_SHARED, **_RESET, **_NOT_THERE},
    "asyncio Proactor (Wine)": {**_SHARED, **_RESET, **_NOT_THERE},
}
"""Single checks that are left out, and why. On a real Windows those that are Wine's fault are to be tried."""


def checks_for(name: str) -> list[Check]:
    """Those that the driver of that name has to pass."""
    return [check for check in CHECKS if check.name not in EXCEPT[name]]
