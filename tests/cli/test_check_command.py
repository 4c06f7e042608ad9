"""`python -m sansnet check`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sansnet.cli import main
from sansnet.state.writing import WriteHalf
from sansnet.testing import SOCKET_MODELS, as_json, explore
from tests.builds import patches_machines, sees_all_moves
from tests.cli.commands import COUNTER, run
from tests.loopback import child_environment


def checked(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit code, and what was written."""
    status = main(["check", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the half that sends."""
    ask = WriteHalf.ask
    monkeypatch.setattr(WriteHalf, "ask", lambda self: ask(self)[::-1])


def test_one_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = checked("tuning", capsys=capsys)
    assert status == 0
    assert out.startswith("TUNING: 632 states, 804 edges, 13 deep, ")
    assert out.endswith(" laws hold\n")
    assert err == ""


@patches_machines
@pytest.mark.usefixtures("refuted")
def test_one_that_does_not_is_a_2_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = checked("WRITING", "tuning", capsys=capsys)
    assert status == 2
    assert "REFUTED handed_over_is_a_prefix_of_written" in out
    assert "  1. adopt(False, False)" in out
    assert "TUNING: " in out


def test_too_many_states_are_a_3(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = checked("tuning", "idling", "--bound", "1_000", capsys=capsys)
    assert status == 3
    assert "TUNING: 632 states" in out
    assert "sansnet.testing.models.IDLING has more than 1,000 states; nothing was proved\n" in out


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nonsense", "there is no model 'nonsense': ours are lifecycle, connecting, "),
        ("nowhere.at_all:MODEL", "nowhere.at_all:MODEL can't be imported: ModuleNotFoundError: "),
        ("sansnet.testing.models:NOTHING", "can't be imported: AttributeError: "),
        ("os:path", "is no model: it has no name, no initial, no events, no step, no key, no laws"),
        (":X", "there is no model ':X'"),
        ("examples/two_sockets.py", "which one in it? examples/two_sockets.py:NAME"),
    ],
)
def test_no_such_model_is_a_4_before_anything_is_done(
    name: str, complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "found"
    status, out, err = checked("tuning", name, "--output", str(file), capsys=capsys)
    assert (status, out) == (4, "")
    assert err.startswith("sansnet: ")
    assert complaint in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--bound", "0"], ["--jobs", "x"], ["--format", "prose"]])
def test_a_command_line_that_makes_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["check", *arguments])
    assert capsys.readouterr().out == ""


def test_anybody_s_model_by_its_place(tmp_path: Path) -> None:
    """From a folder that Python doesn't know, and shared out."""
    source = """
        from sansnet.state import Event
        from sansnet.testing import Reached, always

        @always(Reached)
        def it_is_an_hour(hour, moment):
            return 1 <= hour <= 12

        class Hours:
            name, laws = "clock.FACES.hours", (it_is_an_hour,)
            def initial(self): return [12]
            def events(self, world): return [Event("tick")]
            def step(self, world, event, see): return world % 12 + 1
            def key(self, world): return world

        class FACES:
            hours = Hours()
    """
    (tmp_path / "clock.py").write_text(textwrap.dedent(source), encoding="utf-8")
    for words in (["clock:FACES.hours"], ["clock:FACES.hours", "--jobs", 2], ["./clock.py:FACES.hours"]):
        done = run("check", *words, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"hours: 12 states, 12 edges, 11 deep, ")
    done = run("check", "clock:FACES.hours", "--coverage", cwd=tmp_path)
    took = "took nothing of the tables: none of sansnet's machines was met"
    assert done.stdout.decode().splitlines()[1:] == [f"  {took}", f"all together {took}"]


TROUBLE = (
    COUNTER
    + """

class Lawless(Count):
    laws = ()

class Nowhere(Count):
    def initial(self): return []

class Keyless(Count):
    def key(self, world): return [8, 7, 6][world]

class Leaving(Count):
    def step(self, world, event, see): raise SystemExit(0)

LAWLESS, NOWHERE, KEYLESS, LEAVING = Lawless("LAWLESS"), Nowhere("NOWHERE"), Keyless("KEYLESS"), Leaving("LEAVING")
"""
)


@pytest.mark.parametrize("words", [[], ["--jobs", "2"], ["--output", "found"]], ids=" ".join)
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Count", "<class 'trouble.Count'> is a class, and no model: make one of it, and name that"),
        ("LAWLESS", "trouble.LAWLESS has no laws, so that nothing would be proved; "),
        ("NOWHERE", "trouble.NOWHERE.initial() gives no world to begin with, so that nothing would be proved"),
        ("KEYLESS", "trouble.KEYLESS.key() raises IndexError: list index out of range"),
        ("LEAVING", "a model has raised SystemExit(0), so that nothing was proved"),
    ],
)
def test_a_model_that_proves_nothing_is_a_4(name: str, complaint: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "trouble.py").write_text(TROUBLE, encoding="utf-8")
    done = run("check", f"trouble:{name}", *words, cwd=tmp_path)
    first, *trouble = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (4, b"")
    assert first.startswith(f"sansnet: {complaint}")
    if name == "KEYLESS":
        assert trouble[0] == "Traceback (most recent call last):"
        assert "trouble.py" in trouble[1]
        assert not any("sansnet" in line for line in trouble)
    else:
        assert trouble == []
    assert not (tmp_path / "found").exists()


def test_json_is_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = checked("tuning", "idling", "--format", "json", "--coverage", "--bound", "700", capsys=capsys)
    tuning, idling = json.loads(out)["models"]
    model = next(model for model in SOCKET_MODELS if model.name.endswith("TUNING"))
    assert {**tuning, "seconds": 0} == {**as_json(explore(model, coverage=True)), "seconds": 0}
    assert (idling["model"], idling["outcome"]) == ("sansnet.testing.models.IDLING", "unbounded")


@patches_machines
@pytest.mark.usefixtures("refuted")
def test_a_file_is_written_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "found.mmd"
    status, out, _ = checked("writing", "--format", "mermaid", "--output", str(file), capsys=capsys)
    assert (status, out) == (2, "")
    assert file.read_text(encoding="utf-8").startswith("sequenceDiagram\n    participant user\n")
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_can_not_be_written_is_a_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = checked("tuning", "--output", str(tmp_path / "nowhere" / "found"), capsys=capsys)
    assert (status, out) == (1, "")
    assert err == f"sansnet: {tmp_path / 'nowhere' / 'found'}: No such file or directory\n"


def test_a_file_stays_as_it_was_if_something_goes_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "found"
    file.write_text("of yesterday", encoding="utf-8")

    def interrupted(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sansnet.cli.checking.explore", interrupted)
    status, out, _ = checked("tuning", "--output", str(file), capsys=capsys)
    assert (status, out) == (130, "")
    assert file.read_text(encoding="utf-8") == "of yesterday"
    assert list(tmp_path.iterdir()) == [file]


def test_several_diagrams_are_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = checked("tuning", "idling", "--format", "mermaid", "--bound", "700", capsys=capsys)
    assert out.count("```mermaid\n") == 2
    _, out, _ = checked("tuning", "idling", "--format", "dot", "--bound", "700", capsys=capsys)
    assert out.count("digraph") == 2


@sees_all_moves
def test_coverage_is_told_of_each_and_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = checked("tuning", "idling", "--coverage", "--jobs", "2", capsys=capsys)
    assert [line.split(" of ")[0] for line in out.splitlines() if "took" in line] == [
        "  took 16",
        "  took 15",
        "all together took 21",
    ]
    assert "  never Link.IDLE -> Link.LOOKING_UP, " in out
    assert "compiled" not in out


def test_what_a_compiled_build_does_not_see_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sansnet.cli.checking.SEES_ALL_MOVES", False)
    _, out, _ = checked("tuning", "--coverage", capsys=capsys)
    assert out.endswith("\n  (this build is compiled: of moves within one input only the sum is seen)\n")


class Terminal:
    """A terminal that keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_is_told_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["check", "tuning"]) == 0
    assert terminal.text.startswith("\r\033[Ktuning: 1 state, 0 edges, 0 deep")
    assert terminal.text.endswith("\r\033[K")


PLANTED = """
import sys
import pytest
from sansnet.cli import main
from tests.model.planted import end_shuts_at_once

end_shuts_at_once.plant(pytest.MonkeyPatch())
sys.exit(main(["check"]))
"""


@patches_machines
@pytest.mark.timeout(600)
def test_a_bug_in_the_machines_is_found_in_a_minute() -> None:
    """By the command as it is run before a change is taken, without a word about where to look.

    A minute of its own: what else the machine has to do is no fault of the command.
    """
    before = os.times()
    command = [sys.executable, "-c", PLANTED]
    environment = child_environment(dict(os.environ))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = next((line for line in process.stdout if line.startswith("REFUTED ")), "nothing")
        finally:
            process.kill()
    after = os.times()
    assert found.startswith("REFUTED one_send_at_a_time: ")
    assert after.children_user - before.children_user < 60
