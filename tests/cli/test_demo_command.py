"""`python -m sansnet demo`: that it verifies what it shows, and that it would notice."""

from __future__ import annotations

import io
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.cli import demo, main, screen
from sansnet.cli.transfer import Transfer
from tests.cli.commands import command
from tests.loopback import HAS_PATHS, child_environment, loopback

ROW = re.compile(
    r"(?P<what>\S.*?)  +(?P<over>TCP|Unix) +(?P<size>[\d.]+ \S+) +[\d.]+ s +[\d.]+ +(?P<drains>\d+)  (?P<sha>\S+)"
)


def test_all_of_it(tmp_path: Path) -> None:
    """From any folder, without a terminal, and without a trace."""
    done = subprocess.run(
        command("demo"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
        env={**child_environment(dict(os.environ)), "TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nEverything was verified.\n")
    assert "\r" not in done.stdout
    assert "\033" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    rows = [row.groupdict() for line in done.stdout.splitlines() if (row := ROW.fullmatch(line))]
    transports = ["TCP", "Unix"] if HAS_PATHS else ["TCP"]
    assert [(row["what"], row["over"]) for row in rows] == [
        (what, over) for over in transports for what in ("README.md", "the sources", "random, slow reader")
    ]
    assert all(row["sha"] == "ok" for row in rows)
    assert all((row["size"], int(row["drains"]) > 0) == ("64.0 MiB", True) for row in rows if "random" in row["what"])


@pytest.fixture
def liar() -> Iterator[int]:
    """The port of an echo server that turns one bit round."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            first = True
            while chunk := self.request.recv(65536):
                self.request.sendall(bytes([chunk[0] ^ 1]) + chunk[1:] if first else chunk)
                first = False

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_one_wrong_bit_is_noticed(liar: int) -> None:
    with loopback() as net:
        transfer = Transfer({"host": "127.0.0.1", "port": liar}, iter([b"some", b"bytes"]))
        net.run_until(lambda: transfer.is_over)
        assert (transfer.error, transfer.received) == ("", 9)
        assert not transfer.is_intact


def test_what_is_wrong_is_told(liar: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Process:
        """In the place of the real server."""

        place = f"127.0.0.1:{liar}"
        pid = 0
        status = 0
        ended_well = True

        def __init__(self, *_: str) -> None: ...

        def __enter__(self) -> Process:
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(demo, "EchoProcess", Process)
    monkeypatch.setattr(demo, "LARGE", 1 << 20)
    monkeypatch.delattr("socket.AF_UNIX", raising=False)
    assert main(["demo"]) == 1
    said = capsys.readouterr().out
    assert "This Python has no Unix domain sockets: that part is left out" in said
    assert "NOT SO: the sources over TCP came back intact\n" in said
    assert re.search(r"\nREADME.md .* WRONG\n", said)
    assert "Everything was verified" not in said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the last line, is drawn ten times a second at most, and leaves nothing behind."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    out = Terminal()
    progress = screen.Progress(screen.Screen(out), 1000)
    for done in range(0, 1001, 10):
        now += 0.01
        progress.at(done)
    progress.over()
    drawn = out.getvalue().split("\r\033[K")
    assert 9 <= len(drawn) <= 12
    assert drawn[4].startswith("   [####")
    assert all(bar.startswith("   [") and bar.endswith("%") for bar in drawn[:-1])
    assert drawn[-1] == ""


def test_milestones_elsewhere() -> None:
    out = io.StringIO()
    progress = screen.Progress(screen.Screen(out), 1000)
    for done in range(0, 1001, 10):
        progress.at(done)
    progress.over()
    assert out.getvalue().split() == ["25", "%", "50", "%", "75", "%", "100", "%"]


def test_what_is_said_takes_the_place_of_the_bar() -> None:
    out = Terminal()
    made = screen.Screen(out)
    made.bar("half")
    made.say("drain")
    made.say("end")
    assert out.getvalue() == "half\r\033[Kdrain\nend\n"


def test_a_table() -> None:
    assert screen.table(("what", "bytes"), [("a file", "9"), ("b", "1000")], frozenset({"bytes"})) == [
        "what    bytes",
        "------  -----",
        "a file      9",
        "b        1000",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that breaks is POSIX's")
def test_nobody_reads_it() -> None:
    """Then it stops, and leaves no server behind that would hold stderr open."""
    with subprocess.Popen(
        command("demo"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_environment(dict(os.environ))
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141
