"""What the commands that prove something do with input that makes no sense: exit code 4, a line on stderr, no file.

On the real command line, in a process of its own; the models and scenarios are somebody's, in a folder of theirs.
"""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

import sansnet
from sansnet.testing import Simulation, record
from tests.cli.commands import COUNTER, run

THEIRS = (
    COUNTER
    + """
import itertools, os, sys
import sansnet

class EndlessEvents(Count):
    def events(self, world): return (Event("stay") for _ in itertools.count())
    def step(self, world, event, see): return world


class EndlessBeginnings(Count):
    def initial(self): return itertools.repeat(0)


class Deadly(Count):
    def step(self, world, event, see): os._exit(9)


STATES = Count("STATES")
EVENTS = EndlessEvents("EVENTS")
BEGINNINGS = EndlessBeginnings("BEGINNINGS")
DEADLY = Deadly("DEADLY")


def put_off(sim):
    def again():
        driver.call_soon(again)
    with sim.host("here") as host:
        driver = host.driver
        again()
    sim.run()


def deadly(sim):
    os._exit(9)


def no_such_host(sim):
    sim.host("here")
    with sim.partition("here", "there"):
        sim.run()
"""
)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder with models and scenarios, modules that can't be imported, and a trace."""
    (tmp_path / "theirs.py").write_text(textwrap.dedent(THEIRS), encoding="utf-8")
    (tmp_path / "misspelt.py").write_text("def scenario(sim:\n", encoding="utf-8")
    (tmp_path / "skipping.py").write_text("import pytest\npytest.importorskip('no_such')\n", encoding="utf-8")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    trace = tmp_path / "whole.jsonl"
    with Simulation() as sim, sim.host("here") as host, record(trace, host.driver):
        sansnet.connect(80, "127.0.0.1").on("error", lambda _: None)
        sim.run()
    lines = trace.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_text("".join(lines[:-2]) + lines[-2][:10], encoding="utf-8")
    (tmp_path / "other.jsonl").write_text(lines[0].replace('"version": ', '"version": 9'), encoding="utf-8")
    (tmp_path / "none.jsonl").write_text("what is this?\n", encoding="utf-8")
    return tmp_path


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What stderr says: one line of ours, and no traceback."""
    error = done.stderr.decode()
    assert error.startswith("sansnet: ")
    assert "Traceback" not in error
    return error


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("check theirs:EVENTS --output out", "EVENTS.events() gives no sequence, such as a list, but <generator"),
        ("check theirs:EVENTS --jobs 2", "EVENTS.events() gives no sequence"),
        ("check theirs:BEGINNINGS --output out", "BEGINNINGS.initial() gives no sequence"),
        ("check theirs:BEGINNINGS --jobs 2", "BEGINNINGS.initial() gives no sequence"),
        ("check theirs:DEADLY --jobs 2 --output out", "the executor failed after 1 state, and nothing was proved"),
        ("check theirs:DEADLY tuning --jobs 2", "theirs:DEADLY: the process failed; BrokenProcessPool"),
        ("check misspelt:MODEL", "misspelt:MODEL can't be imported: SyntaxError"),
        ("check leaving:MODEL", "leaving:MODEL can't be imported: SystemExit"),
        ("check skipping:MODEL", "skipping:MODEL can't be imported: Skipped: "),
        (f"check {'long' * 100}.py:MODEL", "can't be imported: OSError: "),
        ("check tuning --bound none", "--bound: 'none' is no number"),
        ("check tuning --jobs 100000", "'100000' are too many processes: "),
        ("check tuning --strange", "unrecognized arguments: --strange"),
        (
            "simulate theirs:deadly --seeds 3 --jobs 2",
            "the executor failed after 0 seeds, while it had 0 to 2, and no",
        ),
        ("simulate misspelt:scenario", "misspelt:scenario can't be imported: SyntaxError"),
        ("simulate leaving:scenario", "leaving:scenario can't be imported: SystemExit"),
        ("simulate skipping.py:scenario", "skipping.py:scenario can't be imported: Skipped: "),
        (f"simulate {'long' * 100}.py:scenario", "can't be imported: OSError: "),
        ("simulate nowhere:scenario", "nowhere:scenario can't be imported: ModuleNotFoundError"),
        ("simulate theirs:deadly --seeds 9:3", "'9:3' is no number of seeds"),
        ("simulate theirs:deadly --fault latency=0:inf", "latency is a range of seconds, not (0.0, inf)"),
        ("simulate theirs:deadly --fault weather=1", "there is no fault 'weather'"),
        ("replay other.jsonl", "other.jsonl: line 1: "),
        ("replay cut.jsonl", "cut.jsonl: line "),
        ("replay none.jsonl", "none.jsonl: line 1: "),
        ("replay nowhere.jsonl", "nowhere.jsonl: No such file"),
        ("replay whole.jsonl --strange", "unrecognized arguments: --strange"),
        ("shrink cut.jsonl -o out", "cut.jsonl: line "),
        ("shrink whole.jsonl --attempts few -o out", "--attempts: 'few' is no number of them: 1 or more"),
        ("diagram cut.jsonl -o out", "cut.jsonl: line "),
        ("diagram whole.jsonl --of nobody -o out", "nobody"),
        ("diagram whole.jsonl --format oil -o out", "invalid choice: 'oil'"),
        ("diagram whole.jsonl -o out.png", "out.png: what is a .png? There are .svg, .html, "),
        ("diagram nowhere.jsonl -o out.png", "out.png: what is a .png?"),
        ("diagram whole.jsonl --limit -1 -o out", "--limit: '-1' is no number of entries: 0 for all of them, or more"),
        ("diagram whole.jsonl -o whole.jsonl", "what is a .jsonl?"),
        ("diagram whole.jsonl --format svg -o ./whole.jsonl", "the diagram would take the place of its trace"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("echo --port x", "'x' is no port"),
        ("echo --path p --host h", "--host: not allowed with argument --path"),
        ("connect a b c", "one PATH, or HOST and PORT, is all there can be"),
        ("demo --strange", "unrecognized arguments: --strange (python -m sansnet --help tells more)"),
    ],
)
def test_it_is_a_4_with_a_clear_word_and_no_file(words: str, complaint: str, theirs: Path) -> None:
    before = sorted(theirs.iterdir())
    done = run(*words.split(), cwd=theirs)
    assert (done.returncode, done.stdout) == (4, b"")
    assert complaint in said(done)
    left = [path for path in sorted(theirs.iterdir()) if path not in before]
    assert [path.name for path in left if path.name != "__pycache__"] == []


def test_a_bound_that_is_reached_is_a_3(theirs: Path) -> None:
    done = run("check", "theirs:STATES", "--bound", 1000, cwd=theirs)
    assert (done.returncode, done.stderr) == (3, b"")
    assert done.stdout == b"theirs.STATES has more than 1,000 states; nothing was proved\n"
    for words in (["--seeds", "2"], ["--seed", "1"]):
        done = run("simulate", "theirs:put_off", *words, cwd=theirs)
        assert (done.returncode, done.stderr) == (3, b"")
        assert b"time stands still at 0 s: 1,000,000 things happened" in done.stdout


def test_a_plan_that_names_no_such_host_is_a_failure_that_says_so(theirs: Path) -> None:
    done = run("simulate", "theirs:no_such_host", "--seeds", "2", cwd=theirs)
    assert (done.returncode, done.stderr) == (2, b"")
    assert b"LookupError: there is no host 'there'; there are: 'here'" in done.stdout
