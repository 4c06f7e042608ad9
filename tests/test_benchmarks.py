"""The benchmarks count right and judge right. What they measure depends on the machine, and is no matter for a test."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from benchmarks import compiled, contenders, guard, guard_workloads, page, traffic
from benchmarks.__main__ import EVERY
from benchmarks.servers import SERVERS
from benchmarks.tables import Report, Table, ratio
from benchmarks.targets import TARGETS, judge

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def echo() -> Table:
    """Three rounds, the second of which met a slow moment."""
    table = Table("echo", "messages", "µs", "sansnet")
    for ours, theirs in ((10.0, 20.0), (90.0, 180.0), (12.0, 30.0)):
        table.add("64 B", "sansnet", ours)
        table.add("64 B", "uvloop", theirs)
    return table


def test_ratios_are_those_within_a_round(echo: Table) -> None:
    assert ratio(echo.rows["64 B"]["uvloop"], echo.rows["64 B"]["sansnet"]) == 2.0
    assert echo.median("64 B", "uvloop") == 30.0  # by the medians it would be 30 / 12


def test_a_table_shows_medians_and_ratios_and_leaves_out_what_is_not_there(echo: Table) -> None:
    echo.add("1 KiB", "sansnet", 1234.5)
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in echo.markdown().splitlines()] == [
        ["µs", "sansnet", "uvloop"],
        ["---", "---:", "---:"],
        ["64 B", "12", "30 (2.00)"],
        ["1 KiB", "1,234", ""],
    ]


def test_a_report_comes_back_from_its_file(echo: Table, tmp_path: Path) -> None:
    report = Report("a machine", "a command", [echo], ["pass"])
    report.save(tmp_path / "deep" / "figures.json")
    assert Report.load(tmp_path / "deep" / "figures.json") == report


def test_targets_are_judged_where_they_were_measured(echo: Table) -> None:
    assert judge(Report("", "", [echo])) == ["pass  echo, 64 B: sansnet / uvloop: 0.50 (≤ 1.20)"]
    echo.rows["64 B"]["asyncio"] = [20.0, 180.0, 24.0]
    assert "MISS  echo, 64 B: sansnet / asyncio: 0.50 (≤ 0.45)" in judge(Report("", "", [echo]))


@pytest.mark.parametrize(("ours", "verdict"), [(4.0, "pass"), (3.9, "MISS")])
def test_a_target_may_be_a_least_one(ours: float, verdict: str) -> None:
    table = Table("simulation", "", "", rows={"there": {"sansnet": [ours], "simloop": [1.0]}})
    [line] = judge(Report("", "", [table]))
    assert line.startswith(verdict)


def test_growth_is_that_of_ours_from_50_connections_to_10000() -> None:
    rows = {
        "50": {"sansnet": [10.0], "sansnet-compiled": [5.0]},
        "10,000": {"sansnet": [14.0], "sansnet-compiled": [6.0]},
    }
    assert judge(Report("", "", [Table("scale", "", "", rows=rows)])) == [
        "MISS  scale: sansnet at 10,000 connections / at 50: 1.40 (≤ 1.30)",
        "pass  scale: sansnet-compiled at 10,000 connections / at 50: 1.20 (≤ 1.30)",
    ]


def test_the_compiled_build_has_targets_of_its_own() -> None:
    row = {"sansnet": [10.0], "sansnet-compiled": [5.0], "uvloop": [5.0], "node": [4.0]}
    assert judge(Report("", "", [Table("echo", "", "", rows={"64 B": row, "1 KiB, Unix path": row})])) == [
        "MISS  echo, 64 B: sansnet / uvloop: 2.00 (≤ 1.20)",
        "pass  echo, 64 B: sansnet-compiled / uvloop: 1.00 (≤ 1.02)",
        "MISS  echo, 64 B: sansnet-compiled / node: 1.25 (≤ 1.00)",
    ]
    cycle = {"machine": [2.0], "send + recv": [10.0]}
    rows = {"echo cycle": cycle, "echo cycle, compiled": cycle}
    assert judge(Report("", "", [Table("inputs", "", "", rows=rows)])) == [
        "pass  inputs, echo cycle: machine / send + recv: 0.20 (≤ 0.40)",
        "MISS  inputs, echo cycle, compiled: machine / send + recv: 0.20 (≤ 0.15)",
    ]


def test_every_target_is_of_a_table_that_is_measured_and_of_servers_that_there_are() -> None:
    names = {*SERVERS, *(f"{name}-compiled" for name in contenders.COMPILED), "node", "bun"}
    for target in TARGETS:
        assert set(target.tables) <= set(EVERY)
        if set(target.tables) <= {*traffic.NAMES, "memory"}:
            assert {target.one, target.other} <= names
        for table in set(target.tables) & set(traffic.NAMES):
            assert set(target.rows) <= {load.name for load in traffic.KINDS[table].loads}


def test_the_page_and_the_drawing_show_every_column(
    echo: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    echo.add("64 KiB", "uvloop", 1.0)  # without a base to be compared with
    for name, file in (("PAGE", "page.md"), ("DRAWING", "cost.svg")):
        monkeypatch.setattr(page, name, tmp_path / file)
    (tmp_path / "page.md").write_text(f"before\n{page.BEGIN}old{page.END}\nafter\n")
    echo.rows["64 B"]["sansnet-compiled"] = [5.0, 45.0, 6.0]
    page.publish(Report("a machine", "a command", [echo], ["pass  it"]))
    text = (tmp_path / "page.md").read_text()
    assert "sansnet-compiled" in text
    assert "6 (0.50)" in text
    assert "old" not in text
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert (tmp_path / "cost.svg").stat().st_size > 1000


# ---------------------------------------------------------------------------------------------- the compiled contender


def lay_out(folder: Path) -> None:
    """A tree as a wheel leaves it, but without what was compiled."""
    ignored = shutil.ignore_patterns("__pycache__", *(f"*{suffix}" for suffix in EXTENSION_SUFFIXES))
    shutil.copytree(ROOT / "sansnet", folder / "sansnet", ignore=ignored)


def test_a_compiled_build_is_left_out_unless_it_is_of_these_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    assert "would build it" in compiled.missing()
    lay_out(tmp_path)
    assert "would build it" in compiled.missing()
    (tmp_path / "sansnet" / "state" / f"socket{EXTENSION_SUFFIXES[0]}").touch()
    assert compiled.missing() == ""
    (tmp_path / "sansnet" / "pump.py").write_text("# older")
    assert "pump.py has changed" in compiled.missing()
    (tmp_path / "sansnet" / "pump.py").unlink()
    assert "pump.py has changed" in compiled.missing()


def test_what_is_measured_as_compiled_is_compiled(tmp_path: Path) -> None:
    """A process that would measure the sources ends instead: those of the folder, or those of the checkout."""
    lay_out(tmp_path)
    code = "import sys, pathlib; from benchmarks import compiled; compiled.FOLDER = pathlib.Path(sys.argv[1])"
    for before in ("", "import sansnet; "):
        line = [sys.executable, "-c", f"{before}{code}; compiled.enter()", str(tmp_path)]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "RuntimeError: this should be the compiled build, not" in done.stderr


def test_compiled_contenders_stand_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contenders, "_node", lambda: "no Node")
    try:
        for missing in ("", "not built"):
            contenders.available.cache_clear()
            monkeypatch.setattr(compiled, "missing", lambda missing=missing: missing)
            commands = contenders.available()
            assert ("sansnet-compiled" in commands) is not bool(missing)
            assert next(iter(commands)) == "sansnet"
    finally:
        contenders.available.cache_clear()
    assert capsys.readouterr().out.count("sansnet-compiled, sansnet-asyncio-compiled are left out: not built") == 1


# --------------------------------------------------------------------------------------------------------- the guard


def test_the_guard_takes_the_start_off_and_what_a_bare_loop_takes() -> None:
    rounds = guard_workloads.WORKLOADS["selector_echo"].rounds
    assert rounds == guard_workloads.WORKLOADS["raw_echo"].rounds
    played = f"selector_echo 0 11\nselector_echo {rounds} 12\nraw_echo 0 13\nraw_echo {rounds} 14\n"
    counted = {11: 5000, 12: 5000 + 7 * rounds, 13: 4000, 14: 4000 + 2 * rounds}
    told = "".join(f"=={pid}== \n=={pid}== I   refs:      {count:,}\n" for pid, count in counted.items())
    counts = guard.differences(played, told)
    assert counts["selector_echo"] == 5
    assert "raw_echo" not in counts
    with pytest.raises(guard.Incomparable, match="nothing for raw_echo"):
        guard.differences(played, told.replace("==13== I ", "==99== I "))


def guarded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counts: dict[str, int], baseline: dict[str, int], *options: str
) -> tuple[int, Path]:
    """The guard's exit status where it counts `counts`, and its baseline, which is that of this interpreter."""
    path = tmp_path / "guard.json"
    path.write_text(json.dumps({guard.interpreter(): baseline}))
    monkeypatch.setattr(guard, "measure", lambda: counts)
    monkeypatch.setattr("sys.argv", ["guard", "--baseline", str(path), *options])
    return guard.main(), path


@pytest.mark.parametrize(("count", "status", "verdict"), [(104, 0, "fine"), (105, 1, "LONGER"), (95, 0, "shorter")])
def test_five_percent_are_too_much(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    count: int,
    status: int,
    verdict: str,
) -> None:
    assert guarded(monkeypatch, tmp_path, {"a": 100, "b": count}, {"a": 100, "b": 100})[0] == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["fine     a: 100, +0.0 % of 100", f"{verdict:<7}  b: {count}, {count - 100:+}.0 % of 100"]
    advice = ["5 % longer or more: b. If that is worth what it buys:", f"  {guard.UPDATE}"]
    assert lines[2:4] == (advice if status else [])


def test_what_has_no_baseline_is_no_success(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(monkeypatch, tmp_path, {"a": 1, "new": 1}, {"a": 1})[0] == 2
    assert "no new" in capsys.readouterr().err
    monkeypatch.setattr(guard, "interpreter", lambda: "PyPy")
    assert guard.main() == 2
    assert "PyPy\nThere are baselines of:\n  CPython" in capsys.readouterr().err


def test_a_baseline_is_brought_up_to_date_beside_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = guard.interpreter()
    status, path = guarded(monkeypatch, tmp_path, {"a": 2}, {"a": 1, "gone": 1}, "--update")
    assert status == 0
    monkeypatch.setattr(guard, "interpreter", lambda: "PyPy")
    assert guard.main() == 0
    assert json.loads(path.read_text()) == {here: {"a": 2}, "PyPy": {"a": 2}}


def test_the_guard_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(guard.Incomparable, match="no valgrind"):
        guard.measure()


@pytest.mark.parametrize("name", guard_workloads.WORKLOADS)
def test_a_workload_of_the_guard_runs(name: str) -> None:
    """In a process of its own: it leaves its sockets to the end."""
    if sys.platform != "linux":
        pytest.skip("the guard's workloads need Linux")
    code = f"from benchmarks.guard_workloads import play; play({name!r}, 1)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_guard_has_a_baseline_of_each_workload() -> None:
    counted = {name for name in guard_workloads.WORKLOADS if name != "raw_echo"}
    baselines = json.loads(guard.BASELINE.read_text())
    assert baselines
    assert [set(counts) for counts in baselines.values()] == [counted] * len(baselines)


# ----------------------------------------------------------------------------------------------------- the generator


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generator, built."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("the generator needs Linux and a C compiler")
    binary = tmp_path_factory.mktemp("build") / "load"
    source = str(ROOT / "benchmarks" / "load.c")
    subprocess.run([compiler, "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(binary), source], check=True)
    return binary


@pytest.mark.parametrize(
    ("role", "mode", "options"),
    [
        ("echo", "exchange", {"size": 3000, "idle": 2}),
        ("echo", "churn", {}),
        ("respond", "exchange", {"size": 64, "reply": 1024}),
        ("sink", "sink", {}),
        ("source", "source", {}),
    ],
)
@pytest.mark.parametrize("by_path", [False, True], ids=["port", "path"])
def test_a_server_of_ours_gets_work_and_does_it(
    load: Path, monkeypatch: pytest.MonkeyPatch, role: str, mode: str, options: dict[str, int], by_path: bool
) -> None:
    monkeypatch.setattr(contenders, "LOAD", load)
    command = [sys.executable, "-m", "benchmarks.servers", "sansnet"]
    with contenders.serving(command, role, by_path=by_path) as server:
        account, seconds = contenders.work(server, mode, 0.01, connections=3, **options), 0.04
        while not account.cpu and seconds < 1:  # where the clock is a coarse one, little work takes no time
            account, seconds = contenders.work(server, mode, seconds, connections=3, **options), 4 * seconds
    assert account.units >= 1
    assert account.bytes >= account.units  # all of them carry something
    assert account.cpu > 0
    assert account.p50 <= account.p99


@pytest.mark.parametrize("name", ["sansnet", "sansnet-asyncio", "asyncio", "uvloop", "trio"])
@pytest.mark.parametrize(("behind", "options"), [("echo", {"size": 300_000}), ("sink", {})])
def test_a_forwarder_passes_everything_on(
    load: Path, monkeypatch: pytest.MonkeyPatch, name: str, behind: str, options: dict[str, int]
) -> None:
    """Twice: who comes next finds nothing left of who went."""
    if name in contenders.NEEDS:
        pytest.importorskip(contenders.NEEDS[name])
    monkeypatch.setattr(contenders, "LOAD", load)
    command = [sys.executable, "-m", "benchmarks.servers", name]
    with (
        contenders.serving(contenders.BACKEND, behind) as backend,
        contenders.serving(command, f"forward:{backend.where}") as server,
    ):
        for _ in range(2):
            mode = "sink" if behind == "sink" else "exchange"
            account = contenders.work(server, mode, 0.01, connections=3, **options)
            assert account.units >= 1


def test_idle_connections_take_memory(load: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "LOAD", load)
    with contenders.serving([sys.executable, "-m", "benchmarks.servers", "sansnet"], "echo") as server:
        assert 1000 < contenders.idle_bytes(server, 500) < 100_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "usage"),
        (["dance", "80"], "no mode 'dance'"),
        (["exchange", "99999"], "the port must be a number from 1 to 65535"),
        (["exchange", "80", "size=0"], "size must be a number from 1"),
        (["exchange", "80", "size=1x"], "not '1x'"),
        (["exchange", "80", "seconds=nan"], "seconds must be a number"),
        (["exchange", "80", "speed=1"], "no option 'speed'"),
        (["exchange", "80", "hold"], "NAME=NUMBER"),
        (["exchange", "/" + "x" * 200], "the path is too long"),
        (["exchange", "/nowhere"], "connect: "),
    ],
)
def test_the_generator_says_what_it_was_given_wrong(load: Path, arguments: list[str], complaint: str) -> None:
    done = subprocess.run([load, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert complaint in done.stderr
