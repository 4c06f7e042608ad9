"""Copies share their buffers."""

from __future__ import annotations

from sansnet.state import machine
from sansnet.state.machine import Part
from sansnet.testing.models import WRITING

from .planting import Patch, breaks


@breaks("snapshots_are_faithful", WRITING)
def plant(patch: Patch) -> None:
    patch.setattr(machine, "_copied", lambda value: value.clone() if isinstance(value, Part) else value)
