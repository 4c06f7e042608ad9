"""What mypyc is told where there is a compiled build. To Python it means nothing, and mypyc isn't needed to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

__all__ = ["mypyc_attr"]

_C = TypeVar("_C", bound=type)

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_: object) -> Callable[[_C], _C]:
        """Leave the class as it is."""
        return lambda cls: cls
