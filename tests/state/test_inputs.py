"""The table of inputs is total, and the machines keep to it: what acts, what is ignored, what is misuse."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sansnet.state import (
    SERVER_INPUTS,
    SOCKET_INPUTS,
    Event,
    Fault,
    Found,
    ListenPlan,
    Machine,
    Misuse,
    Route,
    ServerMachine,
    SocketMachine,
    Step,
    Timer,
)
from sansnet.state.inputs import By, Input, Owes, Verdict
from sansnet.state.phases import Link, Listen
from sansnet.testing.annotated import as_written
from tests.state.loop import PEER, TCP, ServerLoop, Sock

FAULT = Fault("EOWN")

# An example of each input, and of the driver's reports one that answers what the examples of states below owe.
SOCKET_EXAMPLES: dict[str, tuple[Any, ...]] = {
    "connect": (TCP,),
    "adopt": (False, False),
    "take_bound": (False,),
    "call_off": (),
    "write": (b"abc", 3, 1),
    "end": (1,),
    "cork": (),
    "uncork": (),
    "pause": (),
    "resume": (),
    "hold": (),
    "listen_readable": (True, False),
    "read": (None,),
    "recode": ((b"abc",),),
    "set_timeout": (1.0,),
    "set_no_delay": (True,),
    "set_keep_alive": (True, 5, 1, 10),
    "set_type_of_service": (16,),
    "destroy": (FAULT,),
    "destroy_soon": (),
    "reset": (),
    "looked_up": ((PEER,),),
    "lookup_failed": (FAULT,),
    "bound": (0,),
    "bind_failed": (0, FAULT),
    "connected": (0,),
    "attempt_failed": (0, FAULT),
    "received": (b"abc", 3),
    "eof": (),
    "read_failed": (FAULT,),
    "progressed": (1,),
    "send_deferred": (1,),
    "sent": (False,),
    "send_failed": (FAULT, False),
    "shut_down": (),
    "shutdown_failed": (FAULT,),
    "closed": (),
    "timer_fired": (Timer.CONNECT,),
    "hand_over": (),
    "ticked": (Step.FLOW,),
}
SERVER_EXAMPLES: dict[str, tuple[Any, ...]] = {
    "listen": (ListenPlan(port=80),),
    "close": (),
    "pause": (),
    "resume": (),
    "limit": (1,),
    "connection_gone": (),
    "looked_up": (1, (PEER,)),
    "lookup_failed": (1, FAULT),
    "listening": (1,),
    "listen_failed": (1, FAULT),
    "accepted": (1, "connection", False),
    "accept_failed": (1, FAULT),
    "listener_closed": (1,),
    "timer_fired": (Timer.BACK_OFF,),
    "ticked": (Step.BIND,),
}


def looking_up() -> SocketMachine:
    machine = SocketMachine()
    machine.connect(Route(host="example", port=80))
    return machine


def connecting() -> SocketMachine:
    sock = Sock()
    sock.ask("connect", Route(known=PEER, port=80, connect_seconds=1))
    sock.run()
    return sock.machine


def binding() -> SocketMachine:
    machine = SocketMachine()
    machine.connect(Route(known=PEER, port=80, local_port=8080))
    machine.ticked(Step.ATTEMPT)
    return machine


def only_bound() -> SocketMachine:
    machine = SocketMachine()
    machine.take_bound(False)
    return machine


def refused() -> SocketMachine:
    machine = connecting()
    machine.attempt_failed(0, FAULT)
    return machine


def opened() -> SocketMachine:
    return Sock.opened().machine


def sending() -> SocketMachine:
    sock = Sock.opened()
    sock.sends.append(0)
    sock.write(b"abc", 1)
    return sock.machine


def asking() -> SocketMachine:
    machine = opened()
    machine.write(b"abc", 3, 1)
    return machine


def shutting() -> SocketMachine:
    machine = opened()
    machine.end()
    return machine


def closing() -> SocketMachine:
    machine = opened()
    machine.destroy()
    return machine


def closed() -> SocketMachine:
    machine = closing()
    machine.closed()
    return machine


SOCKETS: dict[Callable[[], SocketMachine], set[Owes]] = {
    SocketMachine: {Owes.TCP, Owes.UNBOUND},
    only_bound: {Owes.TCP},
    looking_up: {Owes.LOOKUP, Owes.TCP},
    connecting: {Owes.ATTEMPT, Owes.TIMER, Owes.TCP},
    binding: {Owes.BIND, Owes.TCP},
    refused: {Owes.TIMER, Owes.TCP},
    opened: {Owes.READ, Owes.TCP},
    sending: {Owes.READ, Owes.SEND, Owes.TCP},
    asking: {Owes.READ, Owes.ASK, Owes.TCP},
    shutting: {Owes.READ, Owes.SHUTDOWN, Owes.TCP},
    closing: {Owes.READ, Owes.CLOSE, Owes.TCP},
    closed: {Owes.TCP},
}


def looking() -> ServerMachine:
    machine = ServerMachine()
    machine.listen(ListenPlan(port=80, host="example"))
    return machine


def answering() -> ServerMachine:
    machine = ServerMachine()
    machine.listen(ListenPlan(port=80))
    return machine


def listening() -> ServerMachine:
    server = ServerLoop()
    server.ask("listen", ListenPlan(port=80))
    server.report("accepted", 1, "connection", False)
    return server.machine


def backing_off() -> ServerMachine:
    machine = listening()
    machine.accept_failed(1, Fault("EMFILE"))
    return machine


def closing_listener() -> ServerMachine:
    machine = listening()
    machine.close()
    return machine


SERVERS: dict[Callable[[], ServerMachine], set[Owes]] = {
    ServerMachine: set(),
    looking: {Owes.LOOKUP},
    answering: {Owes.LISTEN},
    listening: {Owes.ACCEPT, Owes.CONNECTION},
    backing_off: {Owes.ACCEPT, Owes.CONNECTION, Owes.TIMER},
    closing_listener: {Owes.ACCEPT, Owes.CONNECTION, Owes.LISTENER_CLOSE},
}


# -- the table ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "inputs", "examples"),
    [(SocketMachine, SOCKET_INPUTS, SOCKET_EXAMPLES), (ServerMachine, SERVER_INPUTS, SERVER_EXAMPLES)],
    ids=["socket", "server"],
)
def test_every_method_that_takes_an_input_is_in_the_table(
    machine: type[Machine], inputs: Mapping[str, Input], examples: Mapping[str, object]
) -> None:
    views = {"describe", "successor"}
    methods = {name for name, value in vars(machine).items() if inspect.isroutine(value) and name[0] != "_"}
    assert methods - views == inputs.keys() == examples.keys()
    assert all(inspect.signature(as_written(getattr(machine, name))).return_annotation == "Effects" for name in inputs)


@pytest.mark.parametrize(
    ("inputs", "phases"), [(SOCKET_INPUTS, Link), (SERVER_INPUTS, Listen)], ids=["socket", "server"]
)
def test_there_is_a_verdict_for_every_phase(inputs: Mapping[str, Input], phases: type[enum.Enum]) -> None:
    assert all(set(entry.verdicts) == set(phases) for entry in inputs.values())


def test_a_report_answers_something_and_only_the_loop_goes_on() -> None:
    for inputs, turns in ((SOCKET_INPUTS, ["hand_over", "ticked"]), (SERVER_INPUTS, ["ticked"])):
        assert [name for name, entry in inputs.items() if entry.by is By.LOOP] == turns
        assert not [name for name, entry in inputs.items() if entry.by is By.DRIVER and entry.owes is Owes.NOTHING]


@pytest.mark.parametrize("phase", Link)
def test_there_is_an_example_of_each_phase_of_a_link(phase: Link) -> None:
    assert phase in [make().link for make in SOCKETS]


@pytest.mark.parametrize("phase", Listen)
def test_there_is_an_example_of_each_phase_of_a_listener(phase: Listen) -> None:
    assert phase in [make().listener for make in SERVERS]


# -- the machines keep to it -------------------------------------------------------------------------------------


def check(machine: Machine, event: Event, entry: Input, phase: enum.Enum, owed: set[Owes]) -> None:
    """Give the input: it is refused and changes nothing, or has no effect and changes nothing, or it acts."""
    before = machine.freeze()
    verdict = entry.verdicts[phase]
    if entry.owes not in owed | {Owes.NOTHING, Owes.TURN}:
        verdict = Verdict.MISUSE
    if verdict is Verdict.MISUSE:
        with pytest.raises(Misuse):
            machine.feed(event)
    elif verdict is Verdict.IGNORED:
        assert machine.feed(event) == []
    else:
        machine.feed(event)
        return
    assert machine.freeze() == before


@pytest.mark.parametrize("make", SOCKETS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", SOCKET_INPUTS)
def test_a_socket_keeps_to_the_table(name: str, make: Callable[[], SocketMachine]) -> None:
    machine = make()
    check(machine, Event(name, SOCKET_EXAMPLES[name]), SOCKET_INPUTS[name], machine.link, SOCKETS[make])


@pytest.mark.parametrize("make", SERVERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", SERVER_INPUTS)
def test_a_server_keeps_to_the_table(name: str, make: Callable[[], ServerMachine]) -> None:
    machine = make()
    check(machine, Event(name, SERVER_EXAMPLES[name]), SERVER_INPUTS[name], machine.listener, SERVERS[make])


def test_a_report_about_another_attempt_or_listener_is_misuse() -> None:
    for name in ("connected", "attempt_failed"):
        with pytest.raises(Misuse):
            connecting().feed(Event(name, (1, *SOCKET_EXAMPLES[name][1:])))
    for make, name in (
        (binding, "bound"),
        (looking, "looked_up"),
        (answering, "listening"),
        (listening, "accepted"),
        (closing_listener, "listener_closed"),
    ):
        machine: Machine = make()
        examples = SOCKET_EXAMPLES if isinstance(machine, SocketMachine) else SERVER_EXAMPLES
        with pytest.raises(Misuse, match=name):
            machine.feed(Event(name, (7, *examples[name][1:])))


def test_misuse_names_the_report() -> None:
    with pytest.raises(Misuse, match="shut_down: nothing was asked that this answers") as caught:
        SocketMachine().shut_down()
    assert caught.value.fault.code == "ERR_UNEXPECTED_REPORT"
    assert Found("127.0.0.1", 4) == PEER
