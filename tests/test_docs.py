"""The pages that are made from the code are as the code would make them, and the Python in the others runs.

The tutorial, which takes longest, is followed in `test_tutorial.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import complaints

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "examples" / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("maker", ["make_conformance.py", "make_parity.py", "make_states.py"])
def test_a_page_that_is_made_is_current(maker: str) -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "docs" / maker, "--check"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))]
    missing = [target for target in targets if target and "://" not in target and not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_in_it_compiles(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        compile(block, page.name, "exec")


def blocks_of(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)


def output_of(program: str) -> str:
    """What it prints, in a Python that lets no warning pass."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=110,
    )
    assert complaints(done.stderr) == []
    return done.stdout


def test_the_programs_of_the_front_page_run() -> None:
    blocks = blocks_of("README.md")
    assert len(blocks) == 3
    for block in blocks:
        assert output_of(block).strip() == "hello"


LOOPS = ["run()", "a driver of one's own", "asyncio", "trio", "anyio", "threads"]


@pytest.mark.parametrize(("number", "loop"), list(enumerate(LOOPS)), ids=LOOPS)
def test_the_programs_of_the_page_about_loops_run(number: int, loop: str) -> None:
    """The one for anyio does so on both of its backends."""
    blocks = blocks_of("docs/loops.md")
    assert len(blocks) == len(LOOPS)
    assert output_of(blocks[number]) == "hello\n" * (2 if loop == "anyio" else 1)


def test_what_the_page_about_loops_quotes_is_said() -> None:
    page = (ROOT / "docs" / "loops.md").read_text(encoding="utf-8")
    rows = page.partition("| It says |")[2].splitlines()[2:]
    quoted = [row.split("|")[1].strip() for row in rows if row.startswith("|")]
    said = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "sansnet").rglob("*.py")))
    said = re.sub(r"\"\s+f?\"", "", said.replace("{host}", "asyncio").replace("{type(self).__name__}", "AsyncioDriver"))
    for text in quoted:
        words = text.removeprefix("… ").removesuffix(" (a ResourceWarning)")
        assert words in said, f"nobody says {words!r}"


def test_the_model_of_the_page_about_verification_is_found_wrong_as_it_says(tmp_path: Path) -> None:
    """By both of the ways that the page tells."""
    page = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    [program] = [block for block in blocks_of("docs/verification.md") if block.startswith("# counting.py\n")]
    (tmp_path / "counting.py").write_text(program, encoding="utf-8")
    [shown] = re.findall(r"^```\n(COUNTER: .*?)^```", page, re.S | re.M)
    [words] = re.findall(r"^    python (-m sansnet check counting.*)$", page, re.M)
    for command, status in ((["counting.py"], 0), (words.split(), 2)):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, check=False, text=True, timeout=110
        )
        assert (done.returncode, done.stderr) == (status, "")
        assert re.sub(r"\d+\.\d s", "0.0 s", done.stdout) == shown


def test_the_pair_of_the_page_about_verification_is_proved() -> None:
    [program] = [block for block in blocks_of("docs/verification.md") if "PairModel(" in block]
    assert output_of(program).startswith("TALK: ")
    assert output_of(program).endswith(" laws hold\n")
