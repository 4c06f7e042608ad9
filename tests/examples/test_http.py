"""The HTTP examples among other people's programs: curl and wrk at the server, Node and Python behind the client."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import h11
import pytest

from examples import http_server
from examples.http_client import Connection
from sansnet import Socket, connect, create_server, once
from tests.examples.programs import LOCALHOST, Program, peer, running, take
from tests.loopback import PATIENCE, port_of

BODY = os.urandom(8 << 20)
DIGEST = hashlib.sha256(BODY).hexdigest()
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HELLO = b"hello\n"


# ---------------------------------------------------------------------------------------------------------- the server


@contextlib.contextmanager
def serving(idle: float = PATIENCE) -> Iterator[tuple[Program, int]]:
    """The server, and its port."""
    with running("http_server", 0, idle) as program:
        yield program, program.port()


@pytest.fixture
def curl(need_program: Callable[[str], str]) -> Callable[..., bytes]:
    command = [need_program("curl"), "--silent", "--show-error", "--noproxy", "*", "--max-time", str(PATIENCE)]

    def fetch(*arguments: object) -> bytes:
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, timeout=PATIENCE, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    return fetch


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "body"
    path.write_bytes(BODY)
    return path


def test_curl_reads_heads_and_bodies_on_one_connection(curl: Callable[..., bytes]) -> None:
    with serving() as (_, port):
        url = f"http://{LOCALHOST}:{port}"
        assert curl(f"{url}/", f"{url}/", "--write-out", "%{num_connects} ") == b"hello\n1 hello\n0 "
        assert b"Content-Length: 1000000000000\r\n" in curl("--head", f"{url}/zeros/1000000000000")
        assert curl(f"{url}/zeros/{len(BODY)}") == bytes(len(BODY))
        assert curl(f"{url}/nowhere", "--write-out", "%{http_code}") == b"not found\n404"


@pytest.mark.parametrize("how", ["with a length", "chunked"])
def test_curl_sends_a_large_body(curl: Callable[..., bytes], upload: Path, how: str) -> None:
    """It asks for permission first, since the body is large."""
    with serving() as (_, port):
        options = ["--header", "Transfer-Encoding: chunked"] if how == "chunked" else []
        url = f"http://{LOCALHOST}:{port}"
        assert curl(*options, "--upload-file", upload, f"{url}/sha256").decode() == f"{DIGEST}\n"
        assert curl(*options, "--upload-file", upload, f"{url}/echo") == BODY


def test_a_body_that_nobody_wants_is_not_asked_for() -> None:
    with serving() as (_, port), peer(port) as client:
        client.sendall(b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
        answer = take(client, 10_000)
        assert answer.startswith(b"HTTP/1.1 404 \r\n")
        assert b"Connection: close\r\n" in answer


def test_a_body_that_is_wanted_is_asked_for_once() -> None:
    with serving() as (_, port), peer(port) as client:
        client.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        go_on = b"HTTP/1.1 100 \r\n\r\n"
        assert take(client, len(go_on)) == go_on
        client.sendall(b"ab")
        client.shutdown(socket.SHUT_WR)
        assert take(client, 10_000).endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")


def test_requests_in_a_row_are_answered_in_a_row() -> None:
    """Also what nobody reads of a body is skipped; the last words of a client are heard."""
    unread = b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"
    with serving() as (_, port), peer(port) as client:
        client.sendall((GET + unread) * 100)
        client.shutdown(socket.SHUT_WR)
        answers = take(client, 1 << 20)
        assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"200", b"404"] * 100


@pytest.mark.parametrize("chunk", [1, 7])
def test_how_a_request_is_cut_does_not_matter(chunk: int) -> None:
    with serving() as (_, port), peer(port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = (
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        for start in range(0, len(request), chunk):
            client.sendall(request[start : start + chunk])
        client.shutdown(socket.SHUT_WR)
        head, _, body = take(client, 10_000).partition(b"\r\n\r\n")
        assert b"200" in head
        assert b"".join(re.findall(rb"\r\n([a-e]+)", b"\r\n" + body)) == b"abcde"


@pytest.mark.parametrize(
    ("nonsense", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no host
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + bytes(1 << 20), 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # the beginning of TLS
        (b"PUT /sha256 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", 400),
    ],
)
def test_nonsense_is_refused_and_told_so(nonsense: bytes, status: int) -> None:
    with serving() as (_, port):
        with peer(port) as client:
            with contextlib.suppress(OSError):
                client.sendall(nonsense)
                client.shutdown(socket.SHUT_WR)
            answer = take(client, 10_000)
            assert answer.startswith(f"HTTP/1.1 {status} \r\n".encode())
            assert b"Connection: close\r\n" in answer
        with peer(port) as client:  # the server is there for others
            client.sendall(GET)
            assert take(client, 12).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("digits", [16, 25, 5000])
def test_a_number_that_is_too_long_is_not_found(digits: int) -> None:
    with serving() as (program, port):
        with peer(port) as client:
            client.sendall(b"GET /zeros/" + b"9" * digits + b" HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            client.shutdown(socket.SHUT_WR)
            assert re.findall(rb"HTTP/1.1 (\d+) ", take(client, 10_000)) == [b"404", b"200"]
        program.process.send_signal(signal.SIGTERM)
        assert program.rest() == []


def test_a_fault_of_the_handler_ends_one_connection_and_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others, and the server, don't hear of it."""

    def faulty(request: h11.Request, body: http_server.Body) -> http_server.Answer:
        size = 1 // (request.method == b"GET")
        return http_server.Answer(200, [("Content-Length", str(size))], http_server.only(b"x"))

    monkeypatch.setattr(http_server, "answer_to", faulty)

    async def talk() -> None:
        async with create_server(allow_half_open=True).listen(0, LOCALHOST) as server:
            await server.wait_listening()
            service = http_server.Service(server, PATIENCE)
            running = asyncio.create_task(service.run())
            async with connect(port_of(server), LOCALHOST) as before, connect(port_of(server), LOCALHOST) as unlucky:
                await once(before, "connect")
                unlucky.write(GET.replace(b"GET", b"PUT"))
                assert [chunk async for chunk in unlucky] == []
                before.end(GET)
                assert b"".join([chunk async for chunk in before]).endswith(b"\r\n\r\nx")
            service.stop()
            await running

    asyncio.run(in_time(talk()))
    assert capsys.readouterr().err.count("ZeroDivisionError: ") == 1


@pytest.mark.parametrize(
    "said", [b"", b"GET / HT", GET, b"PUT /sha256 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"]
)
def test_who_says_nothing_more_is_hung_up_on(said: bytes) -> None:
    """Between requests, and in the middle of one. It sleeps until all is said, however slow we are to say it."""
    with serving(idle=0.1) as (program, port), contextlib.ExitStack() as stack:
        program.process.send_signal(signal.SIGSTOP)
        client = stack.enter_context(peer(port))
        client.sendall(said)
        program.process.send_signal(signal.SIGCONT)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = take(client, 10_000)
        assert answer.endswith(HELLO if said == GET else b"")


def test_a_client_that_does_not_read_costs_no_memory(need_program: Callable[[str], str]) -> None:
    """It asks for a terabyte; others are served meanwhile."""

    def memory(pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])

    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    with serving() as (program, port), peer(port) as greedy, peer(port) as other:
        greedy.sendall(b"GET /zeros/1000000000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        take(greedy, 1 << 20)
        before = memory(program.process.pid)
        for _ in range(200):
            other.sendall(GET)
            answer = take(other, 1)
            while not answer.endswith(HELLO):
                answer += take(other, 1)
        assert memory(program.process.pid) < before + 4096


def test_wrk_with_fifty_connections(need_program: Callable[[str], str]) -> None:
    """As many requests as it can make in two seconds: some thousands (on a busy machine fewer), and no error."""
    wrk = need_program("wrk")
    with serving() as (program, port):
        done = subprocess.run(
            [
                wrk,
                "--threads",
                "1",
                "--connections",
                "50",
                "--duration",
                "2s",
                "--timeout",
                "20s",
                f"http://{LOCALHOST}:{port}/",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        assert int(re.findall(r"(\d+) requests in", done.stdout)[0]) > 50
        assert "Socket errors" not in done.stdout
        assert "Non-2xx" not in done.stdout
        program.process.send_signal(signal.SIGTERM)
        assert program.rest() == []


def test_it_finishes_what_it_has_begun_and_ends() -> None:
    """One that is idle is hung up on; one that sends its body, and one that reads slowly, come to their end."""
    size = 32 << 20
    with serving() as (program, port), peer(port) as idle, peer(port) as sender, peer(port) as reader:
        idle.sendall(GET)
        take(idle, 60)
        sender.sendall(b"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        sender_head = take(sender, 12)
        reader.sendall(f"GET /zeros/{size} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        reader_head = take(reader, 12)
        program.process.send_signal(signal.SIGTERM)
        take(idle, 10_000)  # until it has ended
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOCALHOST, port))
        idle.close()
        sender.sendall(b"cd")
        assert (sender_head + take(sender, 10_000)).endswith(b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n")
        sender.close()
        assert len((reader_head + take_all(reader)).partition(b"\r\n\r\n")[2]) == size
        reader.close()
        assert program.rest() == []


def take_all(connected: socket.socket) -> bytes:
    received = bytearray()
    while chunk := connected.recv(1 << 16):
        received += chunk
    return bytes(received)


# ---------------------------------------------------------------------------------------------------------- the client


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def in_time(conversation: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await conversation


NODE = """
const http = require('node:http'), crypto = require('node:crypto');
let connections = 0;
const server = http.createServer((request, response) => {
  if (request.url === '/digest') {
    const hash = crypto.createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
  } else {
    for (let i = 0; i < 128; i++) response.write(Buffer.alloc(65536, i));
    response.end();
  }
});
server.on('connection', () => connections++);
server.on('checkContinue', (request, response) => {
  if (request.url === '/refused') { response.writeHead(413); response.end('no'); return; }
  response.writeContinue();
  server.emit('request', request, response);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => { console.log(connections); process.exit(); }).resume();
"""


def test_node_serves_our_client(need_program: Callable[[str], str]) -> None:
    """Bodies of megabytes in both directions, and refusal of one that is not sent; two connections for all."""

    async def talk(port: int) -> None:
        async with Connection(LOCALHOST, port) as connection:
            for _ in range(3):
                response = await connection.request("PUT", "/digest", body=pieces(BODY))
                assert (await response.read()).decode() == DIGEST
                response = await connection.request("GET", "/")
                assert response.headers["transfer-encoding"] == "chunked"
                assert await response.read() == b"".join(bytes([part]) * 65536 for part in range(128))
                response = await connection.request("HEAD", "/")
                assert (response.status, await response.read()) == (200, b"")
        async with Connection(LOCALHOST, port) as connection:
            response = await connection.request("PUT", "/refused", body=never_asked_for())
            assert (response.status, await response.read()) == (413, b"no")

    node = need_program("node")
    with subprocess.Popen([node, "-e", NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            asyncio.run(in_time(talk(int(process.stdout.readline()))))
            connections, _ = process.communicate(timeout=PATIENCE)
            assert json.loads(connections) == 2
        finally:
            process.kill()


async def never_asked_for() -> AsyncIterator[bytes]:
    for part in (b"",):
        yield part
        pytest.fail("the server has refused it")


class Handler(http.server.BaseHTTPRequestHandler):
    """What the standard library serves; of an upload it knows the length, and says 100 Continue."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        digest = hashlib.sha256(self.rfile.read(length)).hexdigest().encode()
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(digest)

    def handle_expect_100(self) -> bool:
        return super().handle_expect_100() if self.path != "/silent" else True

    def log_message(self, format: str, *arguments: Any) -> None: ...


def test_a_server_that_would_rather_talk_something_else_is_an_error() -> None:
    """The client has offered it, but can't do it."""
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"

    async def talk() -> None:
        def answer(client: Socket) -> None:
            client.once("data", lambda _: client.write(switching))

        async with create_server(answer).listen(0, LOCALHOST) as server:
            await server.wait_listening()
            async with Connection(LOCALHOST, port_of(server)) as connection:
                with pytest.raises(h11.RemoteProtocolError, match="another protocol"):
                    await connection.request("GET", "/", {"Upgrade": "x", "Connection": "upgrade"})

    asyncio.run(in_time(talk()))


def test_python_s_own_server_serves_our_client() -> None:
    """One answer has a length, the other ends with the connection; one upload is made without a word of permission."""

    async def talk(port: int) -> None:
        for target in ("/", "/silent"):
            async with Connection(LOCALHOST, port) as connection:
                response = await connection.request("GET", "/")
                digest = hashlib.sha256()
                async for part in response.body:
                    digest.update(part)
                assert digest.hexdigest() == DIGEST
                headers = {"Content-Length": str(len(BODY))}
                response = await connection.request("PUT", target, headers, pieces(BODY))
                assert (await response.read()).decode() == DIGEST

    with http.server.ThreadingHTTPServer((LOCALHOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            asyncio.run(in_time(talk(server.server_address[1])))
        finally:
            server.shutdown()
            thread.join()


def test_the_client_from_the_command_line_at_our_own_server(upload: Path) -> None:
    with serving() as (_, port):
        with running("http_client", f"http://{LOCALHOST}:{port}/sha256", upload) as client:
            stdout, stderr = client.process.communicate(timeout=PATIENCE)
            assert (client.process.returncode, stdout) == (0, f"{DIGEST}\n")
            assert stderr.startswith("200 ")
        with running("http_client", f"http://{LOCALHOST}:{port}") as client:
            assert client.process.communicate(timeout=PATIENCE)[0] == "hello\n"
