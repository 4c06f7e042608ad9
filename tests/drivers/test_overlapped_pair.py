"""The two ends of a pipe, over a pipe that is made up: what each sees of the other's end, in every order.

A pipe has no half-close; `overlapped_pipe` says what happens instead. Here both ends are ours. Whatever the order of
writing, ending, closing, reading and being silent:

- what one reads is the beginning of what the other wrote; all of it, when it reads the end of the file, unless it has
  closed the pipe itself before;
- who has not ended is never told of an end before the other has ended, and was silent, or has closed;
- when both have ended and read on, both come to the end, and no handle is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from sansnet.drivers.overlapped_pipe import PipeChannel
from sansnet.state.faults import Fault
from tests.drivers.fake_port import BROKEN, FakeOverlapped, FakePort, FakeSystem, windows_error
from tests.drivers.orders import explore, replayed

MOST_WRITES: Final = 2


class End:
    """One end: what was asked of it, and what it was told. It always reads."""

    def __init__(self, port: FakePort, system: FakeSystem, handle: int) -> None:
        self.handle = handle
        self.channel = PipeChannel(port, system, handle, None, None)
        self.inbox = bytearray()  # on the way to it
        self.wrote = bytearray()
        self.read = bytearray()
        self.told: Fault | str | None = "nothing"  # of the end: a fault, or None for the end of the file
        self.writes = 0
        self.failed = False
        self.ended = self.closed = False
        self.released_itself = False

    @property
    def is_over(self) -> bool:
        return self.told != "nothing"

    def go_on(self) -> None:
        self.channel.read(10, self._has_read)

    def _has_read(self, answer: Any) -> None:
        assert not self.is_over
        if type(answer) is bytes:
            self.read += answer
            if not self.closed:
                self.go_on()
        else:
            self.told = answer


class Life:
    """Both."""

    def __init__(self) -> None:
        self.system = FakeSystem()
        self.port = FakePort(self.system)
        self.ends = [self._end(), self._end()]
        for end in self.ends:
            end.go_on()

    def _end(self) -> End:
        handle = self.system.open_pipe("a pipe")
        self.port.attach(handle)
        return End(self.port, self.system, handle)

    # -- what may be done

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        for number, end in enumerate(self.ends):
            if not end.closed:
                if not end.ended and end.writes < MOST_WRITES and not end.failed:
                    yield f"{number} writes", partial(self._write, end)
                if not end.ended:
                    yield f"{number} ends", partial(self._finish, end)
                yield f"{number} closes", partial(self._close, end)
        if self.port.soon:
            yield "a turn", self.port.turn
        for number, timer in enumerate(self.port.timers):
            if timer.callback is not None:
                yield f"silence {number}", timer.fire
        for number, flying in enumerate(self.system.flying):
            if self._result(flying) is not None:
                yield f"packet {number}", partial(self._packet, flying)

    def _write(self, end: End) -> None:
        payload = b"%d" % end.writes
        end.writes += 1
        before = len(self.system.flying)
        answer = end.channel.write((payload,), partial(self._has_written, end, payload))
        assert answer == 0
        [flying] = self.system.flying[before:]
        self._packet(flying)  # there is room: what is written at the same moment is another test's

    def _has_written(self, end: End, payload: bytes, fault: Fault | None) -> None:
        if fault is None:
            end.wrote += payload
        else:
            end.failed = True

    def _finish(self, end: End) -> None:
        end.ended = True
        end.channel.shutdown(lambda fault: None)

    def _close(self, end: End) -> None:
        end.closed = True
        end.channel.close(False)

    # -- the pipe

    def _other(self, end: End) -> End:
        return self.ends[1 - self.ends.index(end)]

    def _owner(self, flying: FakeOverlapped) -> End:
        return next(end for end in self.ends if end.handle == flying.handle)

    def _result(self, flying: FakeOverlapped) -> object:
        """What the system says now; None if there is nothing yet."""
        end = self._owner(flying)
        if end.handle not in self.system.open or flying.cancelled:
            return windows_error(995)
        if flying.kind == "read":
            if end.inbox:
                return bytes(end.inbox)
            return None if self._other(end).handle in self.system.open else windows_error(BROKEN)
        return len(flying.what) if self._other(end).handle in self.system.open else windows_error(BROKEN)

    def _packet(self, flying: FakeOverlapped) -> None:
        end, result = self._owner(flying), self._result(flying)
        if flying.kind == "read" and isinstance(result, bytes):
            end.inbox.clear()
        elif flying.kind == "write" and isinstance(result, int):
            self._other(end).inbox += flying.what
        self.port.packet(flying, result)

    # -- the laws

    def check(self) -> None:
        for end in self.ends:
            other = self._other(end)
            assert other.wrote.startswith(end.read), "not what was written"
            if end.told is None and not end.closed and not end.ended:
                assert end.read == other.wrote, "the end came before what was written"
                assert other.ended or other.closed, "an end that nobody has said"
            if end.told is None and end.ended and not end.closed:
                assert end.handle not in self.system.open, "over, and still open"

    def finish(self) -> None:
        """Both end, and read on."""
        for end in self.ends:
            if not end.ended and not end.closed:
                self._finish(end)
        for _ in range(50):
            step = next((act for name, act in self.steps() if not name.endswith("closes")), None)
            if step is None:
                break
            step()
            self.check()
        assert not self.system.open, "a handle is left"
        assert all(end.is_over for end in self.ends), "somebody waits for ever"


def test_every_order() -> None:
    assert explore(Life, 5) > 1000


def test_the_peer_s_end_comes_after_all_that_was_written() -> None:
    life = replayed(Life(), ("0 writes", "0 writes", "0 ends"))
    assert life.ends[0].handle in life.system.open, "the answer may still come"
    replayed(life, ("silence 0", "packet 0", "packet 0", "packet 0"))
    asked, answering = life.ends
    assert asked.told is None
    assert (bytes(answering.read), answering.told) == (b"01", None)


def test_an_answer_that_begins_in_time_is_heard_to_its_end() -> None:
    life = replayed(Life(), ("0 writes", "0 ends", "packet 1", "1 writes", "packet 0", "1 writes", "1 ends"))
    replayed(life, ("packet 1",))
    assert bytes(life.ends[0].read) == b"01"
