"""Node.js itself on the other side, whatever version is there: as a client, as a server, and as one who resets."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sansnet
from tests.loopback import PATIENCE, Loopback, log_of, loopback, port_of

PAYLOAD = bytes(range(256)) * 4096 * 8  # what Node makes as well: 8 MiB
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()

# What every script begins with. Each gets the address from the environment, and prints one JSON record a line.
COMMON = """
const net = require('node:net');
const crypto = require('node:crypto');
const where = JSON.parse(process.env.WHERE);
const tell = (record) => console.log(JSON.stringify(record));
const payload = Buffer.concat(Array(4096 * 8).fill(Buffer.from([...Array(256).keys()])));
const watch = (socket, log) => {
  const hash = crypto.createHash('sha256');
  socket.on('data', (chunk) => hash.update(chunk));
  for (const event of ['connect', 'ready', 'end', 'finish', 'timeout'])
    socket.on(event, () => log.push(event));
  socket.on('error', (error) => log.push(error.code));
  socket.on('close', (hadError) => tell({log: [...log, `close ${hadError}`], digest: hash.digest('hex')}));
  return socket;
};
"""

CLIENT = "watch(net.connect(where), []).end(payload);"

QUIET_CLIENT = "watch(net.connect(where), []);"

RESETTING_CLIENT = """
const socket = net.connect(where, () => socket.write('x'));
socket.on('data', () => socket.resetAndDestroy());
"""

ECHO_SERVER = """
const server = net.createServer({allowHalfOpen: true}, (socket) => {
  watch(socket, []);
  socket.pipe(socket);
  server.close();
});
server.listen(where, () => tell(server.address()));
"""

SENDING_SERVER = """
const server = net.createServer((socket) => {
  watch(socket, []).end(payload);
  server.close();
});
server.listen(where, () => tell(server.address()));
"""


@pytest.fixture
def net() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


@pytest.fixture
def node(need_program: Callable[[str], str]) -> str:
    return need_program("node")


class Script:
    """A script that Node runs, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def hear(self) -> Any:
        """Its next record. Blocks."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"Node ended with {self.process.wait(PATIENCE)}"
        return json.loads(line)


@contextmanager
def running(node: str, script: str, **where: object) -> Iterator[Script]:
    environment = {**os.environ, "WHERE": json.dumps(where)}
    with subprocess.Popen([node, "-e", COMMON + script], stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Script(process)
        finally:
            process.kill()


# --------------------------------------------------------------------------------------------------- Node is the client


def test_node_sends_and_gets_everything_back(net: Loopback, node: str) -> None:
    server = net.serve(lambda peer: peer.pipe(peer), allow_half_open=True)
    with running(node, CLIENT, port=port_of(server), host="127.0.0.1") as script:
        record = net.alongside(script.hear)
    assert record["digest"] == DIGEST
    assert record["log"][:2] == ["connect", "ready"]
    assert sorted(record["log"][2:4]) == ["end", "finish"]
    assert record["log"][4] == "close false"
    net.run_until(lambda: server.connections == 0)


def test_on_a_path(net: Loopback, node: str, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = sansnet.create_server(lambda peer: peer.pipe(peer), allow_half_open=True).listen(path)
    with running(node, CLIENT, path=path) as script:
        assert net.alongside(script.hear)["digest"] == DIGEST
    server.close()
    net.run()


def test_we_send_to_node(net: Loopback, node: str) -> None:
    """Without half-open at its end: it ends because we do."""
    server = net.serve(lambda peer: peer.end(PAYLOAD))
    with running(node, QUIET_CLIENT, port=port_of(server), host="127.0.0.1") as script:
        record = net.alongside(script.hear)
    assert record == {"log": ["connect", "ready", "end", "finish", "close false"], "digest": DIGEST}


def test_we_reset_node(net: Loopback, node: str) -> None:
    server = net.serve(lambda peer: peer.on("data", lambda _chunk: peer.reset_and_destroy()))
    script_text = QUIET_CLIENT.replace("[])", "[]).write('x')")
    with running(node, script_text, port=port_of(server), host="127.0.0.1") as script:
        assert net.alongside(script.hear)["log"] == ["connect", "ready", "ECONNRESET", "close true"]


def test_node_resets_us(net: Loopback, node: str) -> None:
    logs: list[list[str]] = []

    def accept(peer: sansnet.Socket) -> None:
        logs.append(log_of(peer))
        peer.on("data", peer.write)

    server = net.serve(accept)
    with running(node, RESETTING_CLIENT, port=port_of(server), host="127.0.0.1"):
        net.run_until(lambda: logs and logs[0][-1:] == ["close(True)"])
    assert logs == [["data(b'x')", "error(ECONNRESET)", "close(True)"]]


# --------------------------------------------------------------------------------------------------- Node is the server


def test_node_echoes(net: Loopback, node: str) -> None:
    """The same events at both ends, to the name."""
    with running(node, ECHO_SERVER, port=0, host="127.0.0.1") as script:
        port = net.alongside(script.hear)["port"]
        client = sansnet.connect(port, "127.0.0.1")
        digest = hashlib.sha256()
        log: list[str] = []
        client.on("data", digest.update)
        for event in ("connect", "ready", "end", "finish", "close"):
            client.on(event, lambda *_, event=event: log.append(event))
        client.end(PAYLOAD)
        record = net.alongside(script.hear)
        net.run()
    assert digest.hexdigest() == record["digest"] == DIGEST
    assert record["log"] == ["end", "finish", "close false"]
    assert log[:2] == ["connect", "ready"]
    assert sorted(log[2:4]) == ["end", "finish"]
    assert log[4] == "close"


def test_node_sends_to_us(net: Loopback, node: str, tmp_path: Path) -> None:
    with running(node, SENDING_SERVER, path=str(tmp_path / "socket")) as script:
        path = net.alongside(script.hear)
        client = sansnet.connect(path)
        digest = hashlib.sha256()
        client.on("data", digest.update)
        record = net.alongside(script.hear)
        net.run()
    assert digest.hexdigest() == DIGEST
    assert sorted(record["log"]) == ["close false", "end", "finish"]


def test_a_slow_reader_of_node(net: Loopback, node: str) -> None:
    """We read a little, pause, and go on: Node waits for us, and nothing is lost."""
    with running(node, SENDING_SERVER, port=0, host="127.0.0.1") as script:
        port = net.alongside(script.hear)["port"]
        client = sansnet.connect(port, "127.0.0.1")
        digest = hashlib.sha256()
        pauses = 0

        def read(chunk: bytes) -> None:
            nonlocal pauses
            digest.update(chunk)
            if client.bytes_read // (1 << 20) > pauses:
                pauses += 1
                client.pause()
                net.driver.call_later(0.005, go_on)

        def go_on() -> None:
            client.resume()

        client.on("data", read)
        net.run_until(lambda: client.destroyed)
    assert (digest.hexdigest(), pauses) == (DIGEST, 8)
