"""One bug for each law: the smallest change to a machine that breaks it.

Each is a function that says by `@breaks` which law finds it, and in which model; read `planting`, then any other.
"""

from __future__ import annotations

from . import driving, endings, lives, machines, reading, servers, timing, writing
from .planting import PLANTED, Plant, Planted

__all__ = [
    "PLANTED",
    "Plant",
    "Planted",
    "driving",
    "endings",
    "lives",
    "machines",
    "reading",
    "servers",
    "timing",
    "writing",
]
