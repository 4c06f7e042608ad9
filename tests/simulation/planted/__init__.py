"""One bug a file, named after it, around the machines: in the facade, the pump, the drivers and the simulated network.

No model has those in it; what looks for these is the mixed workload, which knows nothing but what listeners are told.
Each file has a function `plant`, which says by `@seen_as` what it says then. How many seeds that takes is in
docs/planted.md.
"""

from __future__ import annotations

import importlib
import pkgutil

from .planting import PLANTED, Planted

__all__ = ["PLANTED", "Planted"]

for _name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_name}")
