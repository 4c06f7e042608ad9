"""How the wheel is built: pure, or with SANSNET_COMPILE=1 with its hot path compiled by mypyc.

The sources are the same, and stay in the wheel beside what was made of them: a traceback in compiled code names their
file and line, and where the compiled modules don't fit, Python takes the sources.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What runs for each message or each connection, as far as it pays. The facade's classes stay as they are, since users
# inherit from them and hang things on them, but for two bases of theirs (`stream`, `dispatch`). So do the drivers' own
# classes: each has two bases, and only one of these may be compiled.
STATE = [
    "connecting", "effects", "machine", "notices", "ops", "phases", "queues", "reading", "server", "socket",
    "socket_state", "values", "writing",
]  # fmt: skip
DRIVERS = [
    "clock", "kept_timer", "readiness_bound", "readiness_connect", "readiness_handle", "readiness_listener",
    "readiness_socket", "selector_reactor", "stepping",
]  # fmt: skip
COMPILED = [
    *(f"sansnet/state/{name}.py" for name in STATE),
    *(f"sansnet/{name}.py" for name in ("alarm", "calling", "dispatch", "encodings", "ports", "pump", "stream")),
    *(f"sansnet/drivers/{name}.py" for name in DRIVERS),
]


class CompilingHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel that shall have them."""

    def dependencies(self) -> list[str]:
        """What the build needs beyond hatchling."""
        return ["mypy[mypyc]>=2.4", "setuptools>=77"] if self._is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile. `version` is 'standard' or 'editable'."""
        if not self._is_wanted():
            return
        if version == "editable":
            raise ValueError("SANSNET_COMPILE=1 makes a wheel; an editable install runs the sources as they are edited")
        self._made = tempfile.TemporaryDirectory()
        for path in compile_modules(Path(self._made.name)):
            build_data["force_include"][str(path)] = path.relative_to(Path(self._made.name, "lib")).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is in the wheel by now."""
        if self._is_wanted():
            self._made.cleanup()

    def _is_wanted(self) -> bool:
        return self.target_name == "wheel" and os.environ.get("SANSNET_COMPILE", "0") not in ("", "0")


def compile_modules(into: Path) -> list[Path]:
    """The compiled modules, under `into`/lib as they lie in the package. The working directory is the project's."""
    from mypyc.build import mypycify  # noqa: PLC0415 (which a pure wheel needn't have)
    from setuptools import Distribution  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    sources = ["--config-file", "pyproject.toml", *COMPILED]
    extensions = mypycify(sources, group_name="sansnet", target_dir=str(into / "c"))
    command = build_ext(Distribution({"name": "sansnet", "ext_modules": extensions}))
    command.build_lib, command.build_temp = str(into / "lib"), str(into / "o")
    command.parallel = os.cpu_count()
    command.ensure_finalized()
    command.run()
    return [Path(path) for path in command.get_outputs()]
