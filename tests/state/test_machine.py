"""State is a value: it can be frozen, thawed, copied and compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from sansnet.state import Event, Fault, Found, ListenPlan, Machine, Route, ServerMachine, SocketMachine
from sansnet.state.machine import Part, shape
from sansnet.state.phases import Read, Write
from sansnet.state.queues import Queue, put
from sansnet.state.reading import ReadHalf
from sansnet.state.writing import WriteHalf
from tests.builds import slots_of
from tests.state.loop import TCP, Sock


class Inner(Part):
    FIELDS = ("size",)
    __slots__ = FIELDS

    def __init__(self) -> None:
        self.size = 0


class Outer(Machine):
    FIELDS = ("inner", "waiting", "name", "count")
    __slots__ = FIELDS
    QUEUES = ("waiting",)
    KEY: ClassVar[dict[str, Callable[[Any], object]]] = {"waiting": shape}
    NOT_KEY: ClassVar[dict[str, str]] = {"count": "counts up for ever"}

    def __init__(self) -> None:
        self.inner = Inner()
        self.waiting: Queue[bytes] = ()
        self.name = "a"
        self.count = 0

    def grow(self, by: int) -> list[Any]:
        self.inner.size += by
        return [by]


def busy() -> Outer:
    outer = Outer()
    outer.inner.size = 3
    outer.waiting = deque([b"ab", b"c"])
    outer.count = 9
    return outer


def test_frozen_is_every_field_as_immutable_data() -> None:
    assert busy().freeze() == ((3,), (b"ab", b"c"), "a", 9)
    hash(busy().freeze())


def test_thawed_is_equal_and_alive() -> None:
    thawed = Outer.thaw(busy().freeze())
    assert thawed.freeze() == busy().freeze()
    assert isinstance(thawed.inner, Inner)
    assert put(thawed.waiting, b"d") == deque([b"ab", b"c", b"d"])
    assert Outer.thaw(Outer().freeze()).waiting == ()


def test_a_clone_shares_nothing_that_changes() -> None:
    original = busy()
    clone = original.clone()
    clone.grow(1)
    put(clone.waiting, b"d")
    assert original.freeze() == busy().freeze() != clone.freeze()


def test_a_key_has_payloads_by_length_and_no_counters() -> None:
    one, other = busy(), busy()
    other.waiting = deque([b"xy", b"z"])
    other.count = 1000
    assert one.key() == other.key() == ((3,), (2, 1), "a")
    other.waiting = put(other.waiting, b"d")
    assert one.key() != other.key()


def test_an_input_as_data_is_the_same_as_the_call() -> None:
    outer = Outer()
    assert outer.feed(Event("grow", (2,))) == [2]
    assert outer.inner.size == 2
    assert str(Event("grow", (2, "b"))) == "grow(2, 'b')"
    assert str(Event("stop")) == "stop()"


def parts() -> list[type[Part]]:
    machine = SocketMachine()
    return [SocketMachine, ServerMachine, type(machine.connecting), type(machine.reading), type(machine.writing)]


@pytest.mark.parametrize("kind", parts(), ids=lambda kind: kind.__name__)
def test_every_slot_is_a_field_and_left_out_only_with_a_reason(kind: type[Part]) -> None:
    assert slots_of(kind) == kind.FIELDS
    assert not hasattr(kind(), "__dict__")
    assert set(kind.KEY) | set(kind.NOT_KEY) <= set(kind.FIELDS)
    assert not set(kind.KEY) & set(kind.NOT_KEY)
    assert all(kind.NOT_KEY.values())
    assert len(kind().key()) == len(kind.FIELDS) - len(kind.NOT_KEY)
    hash(kind().key())


def a_busy_socket() -> SocketMachine:
    """Something in every container: reads and writes waiting, an answer due, options set."""
    sock = Sock.opened(write_high_water_mark=4, read_high_water_mark=4)
    sock.sends.append(1)
    sock.write(b"abc", 1)
    sock.write(b"def", 2)
    sock.receive(b"unread")
    sock.end(3)
    sock.end(4, b"late")
    sock.ask("set_keep_alive", True, 5, 1, 10)
    return sock.machine


def a_busy_server() -> ServerMachine:
    server = ServerMachine(max_connections=3)
    server.listen(ListenPlan(port=80))
    server.listening(1)
    server.accepted(1, "a", False)
    server.close()
    server.listen(ListenPlan(port=80, host="h"))
    return server


@pytest.mark.parametrize("busy_machine", [a_busy_socket, a_busy_server])
def test_a_machine_in_the_middle_of_its_life_is_a_value(busy_machine: Callable[[], Machine]) -> None:
    machine = busy_machine()
    for copy in (machine.clone(), type(machine).thaw(machine.freeze())):
        assert copy.freeze() == machine.freeze()
        assert copy.key() == machine.key()
        hash(copy.key())


def test_a_copy_goes_on_as_the_original_would() -> None:
    machine = a_busy_socket()
    copy = SocketMachine.thaw(machine.freeze())
    for event in (Event("send_failed", (Fault("EPIPE"), False)), Event("closed"), Event("destroy")):
        assert machine.feed(event) == copy.feed(event)
        assert machine.key() == copy.key()


WRITING: dict[str, Callable[[bytes, int], object]] = {
    "queue": lambda payload, token: deque([(payload, len(payload), token)]),
    "batch": lambda payload, token: ((payload, len(payload), token),),
    "done": lambda _, token: deque([(token,)]),
    "failed": lambda _, token: ((token,), Fault("EPIPE", text=str(token))),
    "enders": lambda _, token: (token,),
    "answers": lambda _, token: deque([(token, Fault("EPIPE", text=str(token)))]),
}


@pytest.mark.parametrize("field", WRITING)
def test_a_key_tells_a_callback_from_none_but_not_from_another(field: str) -> None:
    def key(payload: bytes, token: int) -> tuple[object, ...]:
        machine = SocketMachine()
        setattr(machine.writing, field, WRITING[field](payload, token))
        return machine.key()

    assert key(b"abc", 1) == key(b"xyz", 2)
    assert key(b"abc", 1) != key(b"abc", 0)
    if field in ("queue", "batch"):
        assert key(b"abc", 1) != key(b"ab", 1)


def test_a_half_is_whole_unless_it_is_made_without() -> None:
    assert (SocketMachine().reading.phase, SocketMachine().writing.phase) == (Read.OPEN, Write.OPEN)
    assert (ReadHalf().phase, WriteHalf().phase) == (Read.OPEN, Write.OPEN)
    assert (ReadHalf(readable=False).phase, WriteHalf(writable=False).phase) == (Read.NONE, Write.NONE)
    assert ReadHalf().high_water_mark == WriteHalf().high_water_mark == 65536


def test_the_key_of_a_socket_has_the_kind_of_error_but_not_its_text() -> None:
    def failed(*faults: Fault) -> list[tuple[object, ...]]:
        keys = []
        for fault in faults:
            machine = SocketMachine()
            machine.destroy(fault)
            keys.append(machine.key())
        return keys

    same, again, other = failed(Fault("EA", text="1"), Fault("EA", text="2"), Fault("EB"))
    assert same == again != other


def test_the_key_of_a_server_has_listeners_by_number_and_faults_by_kind() -> None:
    def failed(rounds: int, fault: Fault) -> tuple[object, ...]:
        server = ServerMachine()
        for _ in range(rounds):
            server.listen(ListenPlan(port=80))
            server.listening(server.number)
            server.close()
            server.listener_closed(server.number)
        server.listen(ListenPlan(port=80, path="p"))
        server.listen_failed(server.number, fault)
        return server.key()

    assert failed(0, Fault("EACCES", text="1")) == failed(3, Fault("EACCES", text="2"))
    assert failed(0, Fault("EACCES")) != failed(0, Fault("EADDRINUSE"))


def test_what_was_attempted_is_a_record_only() -> None:
    machine = SocketMachine()
    machine.connect(Route(host="h", select=True, port=1))
    machine.looked_up((Found("127.0.0.1", 4), Found("::1", 6)))
    before = machine.key()
    machine.connecting.attempted = ("x",)
    assert machine.key() == before
    assert SocketMachine().connect(TCP) != []
