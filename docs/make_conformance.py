"""Write docs/conformance.md: which driver passes which suite of the conformance kit, and what is left out, and why.

python docs/make_conformance.py          runs every check on every driver, and writes the page if all pass; those of
                                         Windows on what `make test-windows` has built
python docs/make_conformance.py --check  runs nothing, and says whether the page is stale (exit code 1)

The tests run the same checks; so a page that is current is true as long as they pass.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sansnet.testing.conformance import CHECKS, Check, run, without
from tests.drivers.makers import EXCEPT, LACKS, MAKERS, checks_for
from tests.windows import makers as windows

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"

TOOLKITS = {"Tk": ("tk", ["many"]), "Qt": ("qt", []), "GLib": ("glib", [])}
"""The loops of `examples/`: their makers in tests/drivers/foreign.py, and what they lack."""
TOOLKIT_LACKS = {"Tk": {"many": "Tcl waits with select(), which has room for 1,024 descriptors"}}

SUITES = list(dict.fromkeys(check.suite for check in CHECKS))
DRIVERS = [*MAKERS, *TOOLKITS, *windows.MAKERS]


def owed(driver: str) -> list[Check]:
    """The checks that a driver has to pass."""
    if driver in TOOLKITS:
        return list(without(TOOLKITS[driver][1]))
    return windows.checks_for(driver) if driver in windows.MAKERS else checks_for(driver)


def page() -> str:
    """The whole page, as it should be."""
    return "\n".join([*_head(), *_table(), "", *_reasons(), ""])


def _head() -> Iterator[str]:
    yield "<!-- Made by docs/make_conformance.py from the checks and their results; don't edit. -->"
    yield ""
    yield "# Conformance of the drivers"
    yield ""
    yield f"How many of the {len(CHECKS)} checks of `sansnet.testing.conformance` each driver passes. It fails none:"
    yield "what it doesn't pass is left out, and the reasons are below. How to run them on a driver of your own is in"
    yield "[howto/write-a-driver.md](howto/write-a-driver.md)."
    yield ""


def _table() -> Iterator[str]:
    yield f"| | {' | '.join(SUITES)} | obligations |"
    yield f"|---|{'---|' * (len(SUITES) + 1)}"
    for driver in DRIVERS:
        passed = owed(driver)
        cells = []
        for suite in SUITES:
            there = sum(check.suite == suite for check in CHECKS)
            count = sum(check.suite == suite for check in passed)
            cells.append(f"{count}" if count == there else f"{count} of {there}" if count else "–")
        numbers = sorted({number for check in passed for number in check.obligations})
        yield f"| {driver} | {' | '.join(cells)} | {numbers[0]}–{numbers[-1]} |"


def _reasons() -> Iterator[str]:
    yield "What is left out:"
    yield ""
    for driver in DRIVERS:
        for need, why in {**LACKS.get(driver, {}), **TOOLKIT_LACKS.get(driver, {})}.items():
            count = sum(need in check.needs for check in CHECKS)
            yield f"- {driver}: {count} that need `{need}`: {why}"
        for name, why in {**EXCEPT.get(driver, {}), **windows.EXCEPT.get(driver, {})}.items():
            yield f"- {driver}: *{name.replace('_', ' ')}*: {why}"


def failures() -> Iterator[str]:
    """Run everything; a line for each check that doesn't pass."""
    for driver, maker in MAKERS.items():
        for check, verdict, why in run(maker, owed(driver)):
            if verdict != "passed":
                yield f"{driver}: {check.name} {verdict}: {why}"
    for driver, (maker_name, lacks) in TOOLKITS.items():
        python = "/usr/bin/python3" if driver == "GLib" else sys.executable  # PyGObject is Debian's
        command = [python, "-m", "sansnet.testing.conformance", f"tests.drivers.foreign:{maker_name}"]
        done = subprocess.run(
            [*command, "--without", ",".join(lacks)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            yield f"{driver}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def windows_failures() -> Iterator[str]:
    """The same under Wine."""
    command = [str(ROOT / "tools" / "test_windows.sh"), "tests/windows/test_conforms.py", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"Windows: {done.stdout[-4000:]}{done.stderr[-2000:]}"


def main() -> int:
    """Write the page, or check it."""
    if "--check" in sys.argv[1:]:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page()
        if stale:
            print(f"{PAGE.name} is stale: run python docs/make_conformance.py")
        return int(stale)
    failed = [*failures(), *windows_failures()]
    if failed:
        print("\n".join(failed))
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
