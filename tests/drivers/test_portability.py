"""Where there is no epoll, no Unix socket and no sendmsg: the modules can be imported, and TCP works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The package's front is left out: this is about the drivers, whatever else is imported with it.
SCRIPT = """
import contextlib, errno, gc, os, select, selectors, signal, socket, struct, subprocess, sys, tempfile, threading, types
from collections import abc
from pathlib import Path
from unittest import mock
for name in [name for name in dir(select) if "poll" in name.lower()]:
    delattr(select, name)
for name in ("AF_UNIX", "SOCK_NONBLOCK", "SOCK_CLOEXEC", "SO_REUSEPORT", "IPV6_TCLASS", "TCP_KEEPIDLE", "TCP_KEEPCNT"):
    delattr(socket, name)
socket.socket.sendmsg = None
selectors.DefaultSelector = selectors.SelectSelector
def socketpair():  # as Python makes one on Windows
    with socket.create_server(("127.0.0.1", 0)) as server:
        return socket.create_connection(server.getsockname()), server.accept()[0]
socket.socketpair = socketpair
del os.sysconf
sys.platform, os.name = "win32", "nt"
package = sys.modules["sansnet"] = types.ModuleType("sansnet")
package.__path__ = ["sansnet"]

from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint, ListenPlan
from tests.drivers.recorder import Recorder, attached, until

with SelectorDriver() as driver:
    heard = Recorder()
    assert driver.listen(Endpoint("socket", None, 0), ListenPlan(), heard).code == "ENOTSUP"
    assert driver.listen(Endpoint("127.0.0.1", 0, 4), ListenPlan(reuse_port=True), heard).code == "ENOTSUP"
    listener = driver.listen(Endpoint("127.0.0.1", 0, 4), ListenPlan(), heard)
    listener.start_accept()
    client = driver.socket()
    recorder = attached(client)
    client.connect(1, Endpoint("/tmp/socket", None, 0))
    until(driver, recorder.has("attempt_failed"))
    assert recorder.fault("attempt_failed").code == "ENOTSUP"
    client.connect(2, listener.local_name())
    until(driver, lambda: heard.connections and recorder.has("connected")())
    client.set_no_delay(True)
    client.set_keep_alive(True, 1, 1, 1)
    client.set_type_of_service(16)
    [server] = heard.connections
    served = attached(server)
    served.then["eof"] = server.reset
    server.start_read()
    payloads = tuple(bytes([number]) * 100_000 for number in range(100))
    recorder.then["sent"] = client.shutdown
    assert isinstance(client.send(payloads), int)
    until(driver, served.has("closed"), turns=100_000)
    assert served.data == b"".join(payloads)
    client.close()
    listener.close()
    driver.resolve("127.0.0.1", 0, 0, True, lambda answer: print(answer[0].address))
    driver.run()
    assert recorder.names[-1] == "closed"
    try:
        driver.fileno()
    except OSError as error:
        print(error)
"""


def test_a_poorer_system_will_do() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], cwd=ROOT, capture_output=True, check=False, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("127.0.0.1\nSelectSelector has no descriptor\n", "")
