"""Checks of what comes to the loop from outside it: callbacks of other threads, and the answers of lookups."""

from __future__ import annotations

import functools
import threading
from typing import Final

from ..state.endpoints import Endpoint, Found
from ..state.faults import Fault
from .conformance_bench import LOOPBACK, Bench, Check, check, expect, same
from .conformance_loop import Trouble, fail

__all__ = ["CHECKS"]

CHECKS: Final[list[Check]] = []
_check = functools.partial(check, CHECKS)


# -------------------------------------------------------------------------------------------------------------- threads


@_check(6, needs="threads")
def another_thread_wakes_a_loop_that_waits(bench: Bench) -> None:
    near, _ = bench.pair()
    near.handle.start_read()
    seen: list[int] = []

    def outside() -> None:
        bench.driver.call_soon_threadsafe(lambda: seen.append(threading.get_ident()))

    thread = threading.Thread(target=outside)
    bench.driver.call_soon(thread.start)
    bench.until(lambda: seen, "the other thread's callback")
    thread.join()
    same(seen, [threading.get_ident()], "the thread that it was called on")


@_check(needs="threads")
def many_threads_are_all_heard_each_in_its_order(bench: Bench) -> None:
    heard: list[tuple[int, int]] = []

    def outside(thread: int) -> None:
        for number in range(100):
            bench.driver.call_soon_threadsafe(functools.partial(heard.append, (thread, number)))

    threads = [threading.Thread(target=outside, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    bench.until(lambda: len(heard) >= 400, "all callbacks")
    for thread in threads:
        thread.join()
    for number in range(4):
        same([each for who, each in heard if who == number], list(range(100)), f"the order of thread {number}")


@_check(8, needs="threads")
def a_callback_from_a_thread_counts_until_it_was_called(bench: Bench) -> None:
    seen: list[str] = []
    bench.driver.call_soon_threadsafe(lambda: seen.append("called"))
    same(seen, [], "what was called back inside call_soon_threadsafe")
    expect(bench.alive, "a driver with a callback that waits is alive")
    bench.idle()
    same(seen, ["called"], "callbacks when the driver rests")


@_check(needs="threads")
def what_such_a_callback_raises_surfaces(bench: Bench) -> None:
    thread = threading.Thread(target=lambda: bench.driver.call_soon_threadsafe(fail))
    thread.start()
    thread.join()
    bench.errors(bench.turn, Trouble)


@_check(9, needs="threads")
def what_runs_first_runs_before_it(bench: Bench) -> None:
    order: list[str] = []
    bench.driver.call_soon_threadsafe(lambda: order.append("posted"))
    bench.driver.call_first(lambda: order.append("first"))
    bench.idle()
    same(order, ["first", "posted"], "the order")


# -------------------------------------------------------------------------------------------------------------- lookups

_Answer = tuple[Found, ...] | Fault


@_check(8)
def a_name_is_looked_up_and_answered_from_the_loop(bench: Bench) -> None:
    answers: list[_Answer] = []
    bench.driver.resolve("localhost", 4, 0, True, answers.append)
    same(answers, [], "what was answered inside resolve")
    expect(bench.alive, "a lookup keeps the driver alive")
    bench.idle()
    same(answers, [(Found(LOOPBACK, 4),)], "the answer")


@_check()
def one_answer_will_do(bench: Bench) -> None:
    answers: list[_Answer] = []
    bench.driver.resolve("localhost", 0, 0, False, answers.append)
    bench.until(lambda: answers, "the answer")
    expect(not isinstance(answers[0], Fault) and len(answers[0]) >= 1, "an address at least")


@_check(7)
def a_name_that_there_is_not_is_a_fault(bench: Bench) -> None:
    answers: list[_Answer] = []
    bench.driver.resolve("x" * 64 + ".example", 0, 0, True, answers.append)
    bench.until(lambda: answers, "the answer")
    answer = answers[0]
    expect(isinstance(answer, Fault), "a fault")
    assert isinstance(answer, Fault)
    same((answer.code, answer.syscall), ("ENOTFOUND", "getaddrinfo"), "the fault")
    same(answer.hostname, "x" * 64 + ".example", "its hostname")


@_check(8)
def a_lookup_that_is_cancelled_is_not_answered_and_not_waited_for(bench: Bench) -> None:
    answers: list[_Answer] = []
    lookup = bench.driver.resolve("localhost", 4, 0, True, answers.append)
    lookup.cancel()
    lookup.cancel()
    bench.idle()
    other: list[_Answer] = []
    bench.driver.resolve("localhost", 4, 0, True, other.append)
    bench.until(lambda: other, "another answer")
    bench.settle()
    same(answers, [], "the answers to the cancelled one")


@_check(8)
def cancelling_what_was_answered_does_nothing(bench: Bench) -> None:
    answers: list[_Answer] = []
    lookup = bench.driver.resolve("localhost", 4, 0, True, answers.append)
    bench.idle()
    lookup.cancel()
    bench.settle()
    same(len(answers), 1, "the number of answers")
    expect(not bench.alive, "nothing is left")


@_check()
def many_lookups_are_each_answered_once(bench: Bench) -> None:
    answers: list[int] = []
    for number in range(30):
        bench.driver.resolve("localhost", 4, 0, True, lambda _, number=number: answers.append(number))  # type: ignore[misc]
    bench.idle()
    same(sorted(answers), list(range(30)), "those that were answered")


@_check()
def what_the_receiver_of_an_answer_raises_surfaces(bench: Bench) -> None:
    bench.driver.resolve("localhost", 4, 0, True, lambda _: fail())
    bench.errors(bench.turn, Trouble)


@_check(9)
def what_runs_first_may_cancel_a_lookup(bench: Bench) -> None:
    answers: list[_Answer] = []
    lookup = bench.driver.resolve("localhost", 4, 0, True, answers.append)
    bench.driver.call_first(lookup.cancel)
    bench.idle()
    bench.settle()
    same(answers, [], "the answers")


@_check(6)
def a_callback_may_make_sockets(bench: Bench) -> None:
    names: list[Endpoint] = []
    bench.driver.call_soon(lambda: names.append(bench.listen().endpoint))
    bench.until(lambda: names, "the callback")
    expect((names[0].port or 0) > 0, "a port")
