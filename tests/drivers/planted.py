"""Drivers that break one rule of the contract each, and the checks that have to notice.

Each fault stands between the selector driver and whoever uses it: a handle or a sink that does almost what it should.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from sansnet.drivers.contract import Driver
from sansnet.drivers.selector import SelectorDriver
from sansnet.testing.conformance import Maker, Turn

__all__ = ["PLANTED", "SOUND", "Planted"]


class _Between:
    """What isn't defined here is what is behind it."""

    def __init__(self, behind: Any, driver: Any) -> None:
        self.behind = behind
        self.driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


class _Handle(_Between):
    sink: Any = None
    sink_class: type[_Between] = _Between

    def attach(self, sink: Any) -> None:
        self.sink = sink
        self.behind.attach(self.sink_class(sink, self.driver))


class _Driver(_Between):
    """Gives out handles and listeners of these classes; `behind` is the selector driver."""

    handle_class: type[_Handle] = _Handle
    door_class: type[_Between] = _Between

    def socket(self) -> Any:
        return self.handle_class(self.behind.socket(), self.behind)

    def adopt(self, source: Any) -> Any:
        return self.handle_class(self.behind.adopt(source), self.behind)

    def listen(self, endpoint: Any, plan: Any, sink: Any) -> Any:
        wrapper = self

        class Sink(_Between):
            def accepted(self, connection: Any) -> None:
                sink.accepted(wrapper.handle_class(connection, wrapper.behind))

        return self.behind.listen(endpoint, plan, self.door_class(Sink(sink, self.behind), self.behind))


# ---------------------------------------------------------------------------------- 1: every op ends, exactly once


class _SilentCancel(_Handle):
    def connect(self, attempt: int, endpoint: Any) -> None:
        self.dropped = attempt
        self.behind.connect(attempt, endpoint)

    class sink_class(_Between):  # it stands for an attribute
        def attempt_failed(self, attempt: int, fault: Any) -> None:
            if fault.code != "ECANCELED":
                self.behind.attempt_failed(attempt, fault)


class _TwiceShut(_Handle):
    class sink_class(_Between):
        def shut_down(self) -> None:
            self.behind.shut_down()
            self.driver.call_soon(self.behind.shut_down)


class _WrongCode(_Handle):
    class sink_class(_Between):
        def send_failed(self, fault: Any) -> None:
            self.behind.send_failed(type(fault)("EPIPE", syscall=fault.syscall))


# --------------------------------------------------------------------------------------- 2: a stop is a wish, once


class _DeafToStop(_Handle):
    def stop_read(self) -> None: ...


# ----------------------------------------------------------------------------------------- 3: closed is the last word


class _ClosedFirst(_Handle):
    def close(self) -> None:
        self.driver.call_soon(self.sink.closed)
        self.behind.close()

    class sink_class(_Between):
        def closed(self) -> None: ...


# ----------------------------------------------------------------------- 4, 5: one send at a time, of what was given


class _LateSent(_Handle):
    """Says that the send is complete while the next one may already be in flight."""

    class sink_class(_Between):
        def sent(self) -> None:
            self.behind.sent()
            self.driver.call_soon(self.behind.sent)


class _ReusedBuffer(_Handle):
    class sink_class(_Between):
        buffer = bytearray(65536)

        def received(self, payload: Any) -> None:
            self.buffer[: len(payload)] = payload
            self.behind.received(memoryview(self.buffer)[: len(payload)])


class _OverwrittenPayload(_Handle):
    def send(self, payloads: Any) -> Any:
        mine = [bytearray(payload) for payload in payloads]
        answer = self.behind.send(tuple(mine))
        for payload in mine:
            payload[:] = bytes(len(payload))
        return answer


# --------------------------------------------------------------------------------------- 6: completions from the loop


class _ClosedInside(_Handle):
    def close(self) -> None:
        if self.behind.fileno() != -1:
            self.behind.close()
            self.sink.closed()

    class sink_class(_Between):
        def closed(self) -> None: ...


class _ShutInside(_Handle):
    def shutdown(self) -> None:
        self.behind.shutdown()
        self.sink.shut_down()

    class sink_class(_Between):
        def shut_down(self) -> None: ...


class _SoonIsNow(_Driver):
    def call_soon(self, callback: Callable[[], None]) -> None:
        callback()


# ---------------------------------------------------------------------------------------------- 7: nothing raises


class _Raising(_Handle):
    def connect(self, attempt: int, endpoint: Any) -> None:
        if endpoint.address == "localhost":
            raise OSError("no address")
        self.behind.connect(attempt, endpoint)


class _NoFault(_Driver):
    def listen(self, endpoint: Any, plan: Any, sink: Any) -> Any:
        answer = super().listen(endpoint, plan, sink)
        if hasattr(answer, "code"):
            raise OSError(answer.code)
        return answer


# ----------------------------------------------------------------------------------------------------- 8: liveness


class _NeverAtRest(_Driver):
    alive = True


class _NeverAlive(_Driver):
    alive = False


class _UnrefForNothing(_Handle):
    def unref(self) -> None: ...


# ------------------------------------------------------------------------------------------- 9: what runs first


class _FirstIsSoon(_Driver):
    def call_first(self, callback: Callable[[], None]) -> None:
        self.behind.call_soon(callback)


class _FirstIsNever(_Driver):
    def call_first(self, callback: Callable[[], None]) -> None: ...


# --------------------------------------------------------------------------------------------------------- the table


class Planted(NamedTuple):
    """A fault: which obligation it breaks, the driver that has it, and a check that must fail because of it."""

    name: str
    obligation: int
    driver: type[_Driver]
    noticed_by: str

    @property
    def maker(self) -> Maker:
        """For the kit."""

        @contextlib.contextmanager
        def made() -> Iterator[tuple[Driver, Turn]]:
            with SelectorDriver() as behind:
                faulty: Any = self.driver(behind, behind)
                yield faulty, behind.step

        return made


def _with(handle: type[_Handle]) -> type[_Driver]:
    return type(f"_Driver{handle.__name__}", (_Driver,), {"handle_class": handle})


_SENDING: Final = "progress_is_told_in_parts_and_the_last_one_by_sent"
_STOPPING: Final = "after_a_stop_one_more_at_most_comes_and_nothing_is_lost"
_CLOSING: Final = "what_is_being_sent_is_cancelled_before_closed[close]"

PLANTED: Final = (
    Planted("a cancelled connect is not answered", 1, _with(_SilentCancel), "an_attempt_that_is_given_up_fails"),
    Planted("a shutdown is answered twice", 1, _with(_TwiceShut), "a_shutdown_is_told_in_a_later_turn"),
    Planted("a close fails with another code", 1, _with(_WrongCode), _CLOSING),
    Planted("stop_read is not obeyed", 2, _with(_DeafToStop), _STOPPING),
    Planted("closed comes before the rest", 3, _with(_ClosedFirst), _CLOSING),
    Planted("sent is told twice", 4, _with(_LateSent), _SENDING),
    Planted("a payload is a view of a buffer in use", 5, _with(_ReusedBuffer), "payloads_are_bytes_of_their_own"),
    Planted("a payload is overwritten too soon", 5, _with(_OverwrittenPayload), _SENDING),
    Planted("closed is told inside close", 6, _with(_ClosedInside), "an_end_is_told_in_a_later_turn[close]"),
    Planted("a shutdown is told inside the op", 6, _with(_ShutInside), "a_shutdown_is_told_in_a_later_turn"),
    Planted("call_soon calls at once", 6, _SoonIsNow, "call_soon_calls_back_later_and_in_order"),
    Planted("connect raises", 7, _with(_Raising), "an_address_that_is_none_fails_in_a_later_turn[localhost 4]"),
    Planted("listen raises", 7, _NoFault, "an_address_that_is_taken_is_a_fault"),
    Planted("the driver never rests", 8, _NeverAtRest, "a_new_driver_has_nothing_to_wait_for"),
    Planted("the driver is never alive", 8, _NeverAlive, "a_handle_counts_while_it_reads"),
    Planted("unref does nothing", 8, _with(_UnrefForNothing), "a_handle_counts_while_it_sends"),
    Planted("what runs first waits its turn", 9, _FirstIsSoon, "what_runs_first_runs_before_what_waited_already"),
    Planted("what runs first never runs", 9, _FirstIsNever, "it_runs_before_a_report[received]"),
)

SOUND: Final = _Driver
"""The same with nothing in between: it conforms, so it is the fault that a check notices."""
