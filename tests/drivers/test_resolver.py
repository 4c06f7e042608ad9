from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sansnet.drivers.resolver import MAX_THREADS, Resolver, find
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Found
from sansnet.state.faults import Fault
from tests.drivers.recorder import is_alive, settle, until

ROOT = Path(__file__).resolve().parents[2]
STREAM, TCP = socket.SOCK_STREAM, socket.IPPROTO_TCP
Answer = tuple[Found, ...] | Fault


def v4(address: str) -> tuple[Any, ...]:
    return socket.AF_INET, STREAM, TCP, "", (address, 0)


def v6(address: str, scope: int = 0) -> tuple[Any, ...]:
    return socket.AF_INET6, STREAM, TCP, "", (address, 0, 0, scope)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[tuple[Any, ...]]]:
    """Makes getaddrinfo answer what it is given, or raise it; returns the list of its calls."""

    def answer(what: object) -> list[tuple[Any, ...]]:
        calls: list[tuple[Any, ...]] = []

        def getaddrinfo(*args: object) -> object:
            calls.append(args)
            if isinstance(what, BaseException):
                raise what
            return what

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return calls

    return answer


@pytest.fixture
def driver() -> Iterator[SelectorDriver]:
    with SelectorDriver() as made:
        yield made


# -------------------------------------------------------------------------------------------------------- the question


def test_a_literal_address_is_its_own_answer() -> None:
    assert find("127.0.0.1", 0, 0, True) == (Found("127.0.0.1", 4),)
    assert find("::1", 6, 0, True) == (Found("::1", 6),)


def test_localhost_is_found() -> None:
    answer = find("localhost", 4, 0, False)
    assert answer == (Found("127.0.0.1", 4),)


@pytest.mark.parametrize(("family", "asked"), [(0, socket.AF_UNSPEC), (4, socket.AF_INET), (6, socket.AF_INET6)])
def test_the_system_is_asked_for_streams_of_the_family_with_the_flags(
    system: Callable[[object], list[tuple[Any, ...]]], family: int, asked: int
) -> None:
    calls = system([v4("1.2.3.4")])
    find("a.example", family, socket.AI_ADDRCONFIG | socket.AI_V4MAPPED, True)
    assert calls == [("a.example", None, asked, STREAM, 0, socket.AI_ADDRCONFIG | socket.AI_V4MAPPED)]


def test_answers_are_in_the_system_s_order_and_each_comes_once(
    system: Callable[[object], list[tuple[Any, ...]]],
) -> None:
    system([v6("2001:db8::2"), v4("192.0.2.1"), v6("2001:db8::2"), v6("2001:db8::1"), v4("192.0.2.1")])
    expected = (Found("2001:db8::2", 6), Found("192.0.2.1", 4), Found("2001:db8::1", 6))
    assert find("a.example", 0, 0, True) == expected
    assert find("a.example", 0, 0, False) == expected[:1]


def test_a_scope_stays_with_its_address(system: Callable[[object], list[tuple[Any, ...]]]) -> None:
    [(index, name)] = socket.if_nameindex()[:1]
    system([v6("fe80::1", index), v6("fe80::1", 999_999), v6("fe80::1")])
    assert find("a.example", 0, 0, True) == (
        Found(f"fe80::1%{name}", 6),
        Found("fe80::1%999999", 6),
        Found("fe80::1", 6),
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("EAI_NONAME", "ENOTFOUND"),
        ("EAI_NODATA", "ENOTFOUND"),
        ("EAI_AGAIN", "EAI_AGAIN"),
        ("EAI_FAIL", "EAI_FAIL"),
        ("EAI_MEMORY", "EAI_MEMORY"),
        ("EAI_BADFLAGS", "EAI_BADFLAGS"),
    ],
)
def test_failures_have_node_s_names(system: Callable[[object], list[tuple[Any, ...]]], number: str, code: str) -> None:
    system(socket.gaierror(getattr(socket, number), "whatever"))
    assert find("a.example", 0, 0, True) == Fault(code, syscall="getaddrinfo", hostname="a.example")


def test_a_name_without_an_address_is_not_found_on_windows_either(
    system: Callable[[object], list[tuple[Any, ...]]],
) -> None:
    """Its WSANO_DATA has no name among Python's EAI_ numbers; libuv takes it for a file that isn't there."""
    system(socket.gaierror(11004, "whatever"))
    assert find("a.example", 0, 0, True) == Fault("ENOTFOUND", syscall="getaddrinfo", hostname="a.example")


def test_an_error_of_the_system_keeps_its_name_and_number(system: Callable[[object], list[tuple[Any, ...]]]) -> None:
    system(OSError(errno.EMFILE, "too many"))
    assert find("a.example", 0, 0, True) == Fault(
        "EMFILE", errno=errno.EMFILE, syscall="getaddrinfo", hostname="a.example"
    )


def test_no_address_at_all_is_not_found(system: Callable[[object], list[tuple[Any, ...]]]) -> None:
    system([])
    assert find("a.example", 0, 0, True) == Fault("ENOTFOUND", syscall="getaddrinfo", hostname="a.example")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "ä" * 70, "a..example", "\udc80", "a\0b", ""])
def test_what_can_be_no_name_is_not_found(host: str) -> None:
    assert find(host, 0, 0, True) == Fault("ENOTFOUND", syscall="getaddrinfo", hostname=host)


@pytest.mark.parametrize("hints", [2**31 - 1, 2**70, -(2**70)])
def test_flags_that_the_system_does_not_know_are_a_fault(hints: int) -> None:
    answer = find("localhost", 0, hints, True)
    assert isinstance(answer, Fault)
    assert answer.code == "EAI_BADFLAGS"


# --------------------------------------------------------------------------------------------------------- the threads


class Gate:
    """A getaddrinfo that answers when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside = threading.Semaphore(0)
        self.let = threading.Semaphore(0)
        self.hosts: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, *rest: object) -> list[tuple[Any, ...]]:
        with self._lock:
            self.hosts.append(host)
            self._now += 1
            self.most = max(self.most, self._now)
        self.inside.release()
        self.let.acquire()
        with self._lock:
            self._now -= 1
        return [v4("192.0.2.1")]

    def open(self) -> None:
        self.let.release(1000)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open()
    wait_for_threads()


def lookup_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "sansnet-lookup"]


def wait_for_threads() -> None:
    for thread in lookup_threads():
        thread.join(60)
    assert not lookup_threads()


def test_the_answer_comes_from_the_loop(driver: SelectorDriver) -> None:
    answers: list[Answer] = []
    seen: list[int] = []

    def done(answer: Answer) -> None:
        answers.append(answer)
        seen.append(threading.get_ident())

    driver.resolve("localhost", 4, 0, True, done)
    assert answers == []
    assert is_alive(driver)
    driver.run()
    assert answers == [(Found("127.0.0.1", 4),)]
    assert seen == [threading.get_ident()]
    assert not is_alive(driver)


def test_a_fault_is_an_answer(driver: SelectorDriver, system: Callable[[object], list[tuple[Any, ...]]]) -> None:
    system(socket.gaierror(socket.EAI_AGAIN, "later"))
    answers: list[Answer] = []
    driver.resolve("a.example", 0, 0, True, answers.append)
    driver.run()
    assert answers == [Fault("EAI_AGAIN", syscall="getaddrinfo", hostname="a.example")]


def test_a_lookup_keeps_the_driver_alive_and_the_loop_waiting(driver: SelectorDriver, gate: Gate) -> None:
    answers: list[Answer] = []
    driver.resolve("a.example", 0, 0, True, answers.append)
    gate.inside.acquire()
    assert driver.step(0)
    threading.Timer(0.01, gate.open).start()
    driver.run()
    assert len(answers) == 1
    assert not is_alive(driver)


def test_what_is_cancelled_is_not_answered_and_not_waited_for(driver: SelectorDriver, gate: Gate) -> None:
    answers: list[Answer] = []
    lookup = driver.resolve("a.example", 0, 0, True, answers.append)
    gate.inside.acquire()
    lookup.cancel()
    assert not is_alive(driver)
    lookup.cancel()
    gate.open()
    wait_for_threads()
    assert not is_alive(driver)
    settle(driver)
    assert answers == []


def test_an_answer_that_is_on_its_way_can_still_be_cancelled(driver: SelectorDriver, gate: Gate) -> None:
    answers: list[Answer] = []
    lookup = driver.resolve("a.example", 0, 0, True, answers.append)
    gate.open()
    wait_for_threads()
    lookup.cancel()
    settle(driver)
    assert answers == []
    assert not is_alive(driver)


def test_cancelling_what_was_answered_does_nothing(driver: SelectorDriver) -> None:
    answers: list[Answer] = []
    lookup = driver.resolve("127.0.0.1", 0, 0, True, answers.append)
    driver.run()
    lookup.cancel()
    assert len(answers) == 1
    assert not is_alive(driver)


def test_there_are_few_threads_and_none_of_them_stays(driver: SelectorDriver, gate: Gate) -> None:
    answers: list[Answer] = []
    for number in range(20):
        driver.resolve(f"{number}.example", 0, 0, True, answers.append)
    for _ in range(MAX_THREADS):
        gate.inside.acquire()
    assert len(lookup_threads()) == MAX_THREADS == 4
    gate.open()
    until(driver, lambda: len(answers) == 20)
    assert gate.most == MAX_THREADS
    assert sorted(gate.hosts, key=lambda host: int(host.split(".")[0])) == [f"{number}.example" for number in range(20)]
    wait_for_threads()


def test_a_question_that_waits_for_a_thread_is_never_asked_once_it_is_cancelled(
    driver: SelectorDriver, gate: Gate
) -> None:
    answers: list[Answer] = []
    for number in range(MAX_THREADS):
        driver.resolve(f"{number}.example", 0, 0, True, answers.append)
    waiting = driver.resolve("waiting.example", 0, 0, True, answers.append)
    waiting.cancel()
    driver.resolve("next.example", 0, 0, True, answers.append)
    gate.open()
    driver.run()
    assert len(answers) == MAX_THREADS + 1
    assert "waiting.example" not in gate.hosts
    assert "next.example" in gate.hosts


def test_a_closed_driver_drops_its_lookups(gate: Gate) -> None:
    answers: list[Answer] = []
    with SelectorDriver() as driver:
        for _ in range(10):
            driver.resolve("a.example", 0, 0, True, answers.append)
        for _ in range(MAX_THREADS):
            gate.inside.acquire()
    assert not is_alive(driver)
    gate.open()
    wait_for_threads()  # an exception in one of them would fail the test
    assert answers == []
    assert len(gate.hosts) == MAX_THREADS


def test_a_loop_that_closes_while_the_system_looks_is_nobody_s_trouble(gate: Gate) -> None:
    def refuse(callback: Callable[[], None]) -> None:
        raise RuntimeError("the loop is closed")

    resolver = Resolver(refuse)
    resolver.look_up("a.example", 0, 0, True, print)
    gate.open()
    wait_for_threads()


def test_without_a_thread_to_spare_a_lookup_fails(driver: SelectorDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    answers: list[Answer] = []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        driver.resolve("a.example", 0, 0, True, answers.append)
        assert answers == []
        driver.run()
    assert answers == [Fault("EAGAIN", errno=errno.EAGAIN, syscall="getaddrinfo", hostname="a.example")]
    driver.resolve("127.0.0.1", 0, 0, True, answers.append)
    driver.run()
    assert answers[1:] == [(Found("127.0.0.1", 4),)]


def test_with_a_thread_at_work_a_lookup_waits_for_that_one(
    driver: SelectorDriver, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    answers: list[Answer] = []
    driver.resolve("a.example", 0, 0, True, answers.append)
    gate.inside.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        driver.resolve("b.example", 0, 0, True, answers.append)
    settle(driver)
    assert answers == []
    gate.open()
    driver.run()
    assert gate.hosts == ["a.example", "b.example"]
    assert len(answers) == 2


def test_a_lookup_that_hangs_does_not_hold_up_the_interpreter_s_exit() -> None:
    script = """
import socket, threading
from sansnet.drivers.selector import SelectorDriver
inside = threading.Event()
def hang(*args):
    inside.set()
    threading.Event().wait()
socket.getaddrinfo = hang
driver = SelectorDriver()
driver.resolve("a.example", 0, 0, True, print).cancel
inside.wait()
print("leaving", driver.alive)
"""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False, text=True, timeout=60
    )
    assert (done.stdout, done.stderr, done.returncode) == ("leaving True\n", "", 0)
    assert time.monotonic() - before < 30
