"""One bug a file, named after it: the smallest change to a machine that breaks a law.

Each file has a function `plant`, which says by `@breaks` which law finds it and in which model. Read `planting`, then
any other. What it took to find each is in docs/planted.md.
"""

from __future__ import annotations

import importlib
import pkgutil

from .planting import PLANTED, Patch, Plant, Planted

__all__ = ["PLANTED", "Patch", "Plant", "Planted"]

for _name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_name}")
