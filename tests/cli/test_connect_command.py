"""`python -m sansnet connect`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sansnet.cli import main
from tests.cli.commands import EchoServer, command, echo_server, run, start, trace_of
from tests.loopback import HAS_PATHS, PATIENCE, child_environment, held_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX's here")
paths = pytest.mark.skipif(not HAS_PATHS, reason="no Unix domain sockets here")

MIB = 1 << 20


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    with echo_server() as made:
        yield made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A plain socket that listens, for peers that behave as a test wants them to."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(PATIENCE)
        yield made


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def accept(listener: socket.socket) -> socket.socket:
    peer, _ = listener.accept()
    peer.settimeout(PATIENCE)
    return peer


def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stdout, stderr.decode()


# ------------------------------------------------------------------------------------------------------- there and back


def test_stdin_goes_there_and_comes_back(echo: EchoServer) -> None:
    done = run("connect", "127.0.0.1", echo.port, data=b"hi")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hi", b"")


@paths
def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "echo.sock"
    with echo_server("--path", path):
        done = run("connect", path, data=b"hi")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hi", b"")


def test_the_end_of_stdin_is_the_end_of_our_half_only(listener: socket.socket) -> None:
    """The peer sees it before it answers, and what it answers is written."""
    with start("connect", "127.0.0.1", port_of(listener)) as process, accept(listener) as peer:
        assert process.stdin is not None
        process.stdin.write(b"question")
        process.stdin.close()
        process.stdin = None
        assert b"".join(iter(lambda: peer.recv(100), b"")) == b"question"
        peer.sendall(b"answer")
        peer.close()
        assert finish(process) == (0, b"answer", "")


def test_words_are_passed_on_as_they_come(echo: EchoServer) -> None:
    with start("connect", "127.0.0.1", echo.port, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word in (b"one", b"two"):
            process.stdin.write(word)
            assert process.stdout.read(3) == word
        assert finish(process) == (0, b"", "")


def test_64_mib_through_full_pipes_in_constant_memory(echo: EchoServer) -> None:
    """Both directions at once, to a reader who begins when everything on the way is full."""
    total, chunk = 64 * MIB, os.urandom(MIB)
    sent, received = hashlib.sha256(), hashlib.sha256()
    under_way = threading.Event()
    with start("connect", "127.0.0.1", echo.port) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def feed() -> None:
            for _ in range(total // MIB):
                sent.update(chunk)
                stdin.write(chunk)
                under_way.set()
            stdin.flush()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        assert under_way.wait(PATIENCE)
        for _ in range(total // MIB):
            received.update(stdout.read(MIB))
        feeder.join(PATIENCE)
        most = most_memory_of(process.pid)
        assert finish(process) == (0, b"", "")
    assert received.digest() == sent.digest()
    assert most < 64 * MIB, "the interpreter, and a few buffers"


def most_memory_of(pid: int) -> int:
    """The most that a running process has had in memory, in bytes; 0 where the system doesn't say."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


# ----------------------------------------------------------------------------------------------------- kinds of streams


def test_stdin_is_a_file(echo: EchoServer, tmp_path: Path) -> None:
    """epoll refuses regular files."""
    payload = os.urandom(3 * MIB + 1)
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(payload)
    with source.open("rb") as stdin, target.open("wb") as stdout:
        done = run("connect", "127.0.0.1", echo.port, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert target.read_bytes() == payload


def test_stdin_is_empty(echo: EchoServer) -> None:
    done = run("connect", "127.0.0.1", echo.port, stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_stdin_is_closed(echo: EchoServer) -> None:
    """Its number may be that of a socket of ours by then."""
    done = shell('exec "$@" <&-', "connect", "127.0.0.1", echo.port)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_stdout_is_closed(echo: EchoServer) -> None:
    done = shell('printf hello | exec "$@" >&-', "connect", "127.0.0.1", echo.port)
    assert (done.returncode, done.stderr) == (1, b"sansnet: stdout: Bad file descriptor\n")


def test_stdin_that_cannot_be_read(echo: EchoServer, tmp_path: Path) -> None:
    done = shell(f'exec "$@" 0>"{tmp_path / "only for writing"}"', "connect", "127.0.0.1", echo.port)
    assert (done.returncode, done.stderr) == (1, b"sansnet: stdin: Bad file descriptor\n")


def test_nobody_reads_stdout_any_more(echo: EchoServer) -> None:
    """It ends, with the shell's number for that, and without a word."""
    with start("connect", "127.0.0.1", echo.port, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            while True:
                process.stdin.write(bytes(65536))
        assert process.wait(PATIENCE) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_stdin_is_a_terminal(echo: EchoServer) -> None:
    """Lines go out as they are typed; Ctrl-D ends our half."""
    ours, theirs = os.openpty()
    with start("connect", "127.0.0.1", echo.port, stdin=theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        os.write(ours, b"hello\n")
        assert process.stdout.readline() == b"hello\n"
        os.write(ours, b"\x04")
        assert finish(process)[0] == 0
    os.close(ours)


def test_the_peer_ends_and_a_keyboard_is_not_waited_for(listener: socket.socket) -> None:
    ours, theirs = os.openpty()
    with start("connect", "127.0.0.1", port_of(listener), stdin=theirs) as process:
        os.close(theirs)
        with accept(listener) as peer:
            peer.sendall(b"bye")
        assert finish(process) == (0, b"bye", "")
    os.close(ours)


def shell(script: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """The command as `"$@"` in a shell script."""
    return subprocess.run(
        ["sh", "-c", script, "sh", *command(*arguments)],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        env=child_environment(dict(os.environ)),
    )


# ----------------------------------------------------------------------------------------------------------- the peer


def test_the_peer_ends_and_stdin_has_nothing_to_say(listener: socket.socket) -> None:
    """Then it ends, although stdin is open."""
    with start("connect", "127.0.0.1", port_of(listener)) as process:
        with accept(listener) as peer:
            peer.sendall(b"bye")
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b"bye"


IN_NO_HURRY = """
import sys
from sansnet.cli import connect, main
connect.LAST_WORDS = 3600.0  # or a machine that pauses that long has cut stdin off
sys.exit(main())
"""


def test_the_peer_ends_first_and_still_gets_all_of_stdin(listener: socket.socket) -> None:
    payload = os.urandom(8 * MIB)
    with start("connect", "127.0.0.1", port_of(listener), code=IN_NO_HURRY) as process, accept(listener) as peer:
        peer.shutdown(socket.SHUT_WR)
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.extend(iter(lambda: peer.recv(65536), b"")), daemon=True)
        assert process.stdin is not None
        process.stdin.write(payload[:MIB])
        reader.start()
        process.stdin.write(payload[MIB:])
        assert finish(process) == (0, b"", "")
        reader.join(PATIENCE)
        assert b"".join(received) == payload


def test_the_peer_resets(listener: socket.socket) -> None:
    with start("connect", "127.0.0.1", port_of(listener)) as process, accept(listener) as peer:
        assert process.stdout is not None
        peer.sendall(b"x")
        assert process.stdout.read(1) == b"x"
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b"sansnet: read ECONNRESET\n"


def test_nobody_listens_there() -> None:
    with held_port() as port:
        done = run("connect", "127.0.0.1", port, data=b"hi")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"sansnet: connect ECONNREFUSED 127.0.0.1:{port}\n"


@paths
def test_there_is_no_such_path(tmp_path: Path) -> None:
    done = run("connect", tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"sansnet: connect ENOENT {tmp_path / 'nothing'}\n"


@paths
@pytest.mark.parametrize("word", ["8124", "localhost"])
def test_a_word_that_was_meant_otherwise(word: str, tmp_path: Path) -> None:
    """A single word is a path. Who meant a port, or a host, is told how these are written."""
    done = run("connect", word, cwd=tmp_path)
    hint = "that is a path, a port needs a host before it: connect HOST PORT"
    assert (done.returncode, done.stderr.decode()) == (1, f"sansnet: connect ENOENT {word}; {hint}\n")


def test_the_peer_says_nothing(listener: socket.socket) -> None:
    with start("connect", "--timeout", "0.2", "127.0.0.1", port_of(listener)) as process:
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b"sansnet: nothing has moved for 0.2 s\n"


def test_ctrl_c(listener: socket.socket) -> None:
    with start("connect", "127.0.0.1", port_of(listener)) as process, accept(listener) as peer:
        assert process.stdout is not None
        peer.sendall(b"x")
        assert process.stdout.read(1) == b"x"
        process.send_signal(signal.SIGINT)
        assert finish(process) == (130, b"", "")
        assert peer.recv(1) == b""


# ----------------------------------------------------------------------------------------------------- what it says


def test_the_trace(echo: EchoServer) -> None:
    done = run("connect", "--trace", "127.0.0.1", echo.port, data=b"hi")
    assert (done.returncode, done.stdout) == (0, b"hi")
    events = trace_of(done.stderr.decode())
    place = f"127.0.0.1:{echo.port}"
    assert ("connection_attempt", "opening", place) in events
    assert ("connect", "open", f"to {place}") in events
    details = {event: detail for event, _, detail in events}
    assert (details["data"], details["end"], details["finish"]) == ("2 B", "2 B read", "2 B written")
    assert events[-1] == ("close", "closed", "")


def test_the_trace_of_a_failure() -> None:
    with held_port() as port:
        done = run("connect", "--trace", "127.0.0.1", port)
    text = done.stderr.decode()
    complaint = f"connect ECONNREFUSED 127.0.0.1:{port}"
    assert f"\nsansnet: {complaint}\n" in text
    events = trace_of(re.sub(r"(?m)^sansnet: .*\n", "", text))
    assert [event for event in events if event[0] in ("error", "close")] == [
        ("error", "closed", complaint),
        ("close", "closed", "after an error"),
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required"),
        (["127.0.0.1", "x"], "'x' is no port: a number from 0 to 65535"),
        (["127.0.0.1", "1", "2"], "one PATH, or HOST and PORT"),
        ([""], "an address can't be empty"),
        (["--timeout", "0", "p"], "argument --timeout: '0' is no time to wait"),
        (["--timeout", "soon", "p"], "argument --timeout: 'soon' is no time to wait"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["connect", *arguments])
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (4, "")
    assert complaint in said.err
