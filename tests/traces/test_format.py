"""What is written is what is read, and what can't be read is refused by its line."""

from __future__ import annotations

import contextlib
import enum
import functools
import inspect
import itertools
import json
import sys
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.state import Event, Fault, effects, notices, ops
from sansnet.state.effects import Effect
from sansnet.state.endpoints import Endpoint, ListenPlan
from sansnet.state.ops import Discard, Send
from sansnet.state.values import Value
from sansnet.testing import (
    Changed,
    Entry,
    Fed,
    Made,
    Opaque,
    Opened,
    Trace,
    TraceError,
    annotated,
    dump_trace,
    load_trace,
    parse_trace,
)
from sansnet.testing.trace import KINDS, kind_of
from sansnet.testing.trace_codec import Malformed, decode, encode
from sansnet.testing.trace_format import lines_of

# ------------------------------------------------------------------------------------------------- anything at all

PAYLOADS = st.one_of(st.binary(max_size=40), st.text(max_size=20), st.text("\ud800\udfff", max_size=2))
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    Any: st.none() | PAYLOADS,
    object: st.none() | st.builds(Opaque, st.text(max_size=8)),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(0, 1e6) | st.integers(0, 1000),
    str: st.text(max_size=12),
    types.NoneType: st.none(),
}


@functools.cache
def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation of the machines."""
    if hint in LEAVES:
        return LEAVES[hint]
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return st.lists(st.deferred(lambda: anything(inner)), max_size=1).map(tuple)
    if members := typing.get_args(hint):
        # `int | Any`: what is no int is told by the name of its type, and never read back.
        return st.one_of(*[anything(member) for member in members if member is not Any])
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    return st.builds(hint, **{name: anything(inner) for name, inner in parameters(hint.__init__).items()})


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: parameter.hint for name, parameter in annotated.parameters(function).items()}


KINDS_OF_EFFECTS = [
    kind
    for module in (effects, notices, ops)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Effect) and kind.__module__ == module.__name__ and not kind.__subclasses__()
]
TIMES = st.floats(0, 1e6)


@st.composite
def some_effect(draw: st.DrawFn) -> Effect:
    kind: Any = draw(st.sampled_from(KINDS_OF_EFFECTS))
    effect: Effect = draw(anything(kind))
    return effect


@st.composite
def entries(draw: st.DrawFn, who: str) -> Entry:
    kind = kind_of(who)
    which = draw(st.integers(0, 4))
    if which == 0:
        name = draw(st.sampled_from(list(kind.attributes)))
        return Changed(draw(TIMES), who, name, draw(anything(kind.attributes[name])))
    if which == 1:
        return Opened(draw(TIMES), who, draw(anything(Endpoint | None)), draw(anything(Endpoint | None)))
    name = draw(st.sampled_from(list(kind.inputs)))
    arguments = [draw(anything(hint)) for hint in parameters(getattr(kind.machine, name)).values()]
    fed = Fed(draw(TIMES), who, Event(name, tuple(arguments)))
    if which == 2:
        return fed._replace(misuse=draw(anything(Fault)))
    if which == 3:
        return fed._replace(crash=draw(st.text(min_size=1, max_size=20)))
    return fed._replace(effects=tuple(draw(st.lists(some_effect(), max_size=4))))


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    names = [f"{kind} {number}" for kind in KINDS for number in range(1, draw(st.integers(1, 3)))]
    made: list[Entry] = []
    for name in names:
        attributes = kind_of(name).attributes
        state = draw(st.fixed_dictionaries({}, optional={key: anything(hint) for key, hint in attributes.items()}))
        made.append(Made(draw(TIMES), name, state, draw(st.sampled_from(["", "server 1"])), "connection 1", "socket 1"))
    others = [draw(entries(draw(st.sampled_from(names)))) for _ in range(draw(st.integers(0, 6)))] if names else []
    return Trace((*made, *others))


@given(traces())
def test_what_is_written_is_read(trace: Trace) -> None:
    text = "\n".join(lines_of(trace))
    assert text.isascii()
    read = parse_trace(text)
    assert read == trace
    assert "\n".join(lines_of(read)) == text


@given(traces(), st.data())
def test_a_trace_that_was_cut_off_is_refused(trace: Trace, data: st.DataObject) -> None:
    text = "\n".join(lines_of(trace))
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(TraceError) as refused:
        parse_trace(text[:cut])
    assert refused.value.line in (text[:cut].count("\n") + 1, text[:cut].count("\n") + 2)


@given(traces(), st.data())
def test_no_text_does_more_than_to_be_refused(trace: Trace, data: st.DataObject) -> None:
    lines = list(lines_of(trace))
    number = data.draw(st.integers(0, len(lines) - 1))
    words = json.loads(lines[number])
    word = data.draw(st.sampled_from(sorted(words)))
    other: object = data.draw(st.sampled_from([None, 1, "x", [], {}, [{}], {"opaque": 1}, True, 1.5, -1]))
    lines[number] = json.dumps({**words, word: other})
    with contextlib.suppress(TraceError):
        parse_trace("\n".join(lines))


def test_every_effect_and_every_input_is_tried() -> None:
    assert len(KINDS_OF_EFFECTS) > 45
    for kind in KINDS_OF_EFFECTS:
        assert set(parameters(kind.__init__)) == set(kind.names())
    for kind_, name in itertools.chain(*[[(kind, name) for name in kind.inputs] for kind in KINDS.values()]):
        method = annotated.as_written(getattr(kind_.machine, name))
        assert ["self", *parameters(method)] == list(inspect.signature(method).parameters)


# ------------------------------------------------------------------------------------------------------------ details


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        (b"hi\n", {"bytes": "hi\n", "length": 3}),
        (b"\xff\xfe", {"base64": "//4=", "length": 2}),
        (b"\x1b[2J", {"base64": "G1sySg==", "length": 4}),
        ("hi", {"text": "hi", "length": 2}),
        (memoryview(b"view"), {"bytes": "view", "length": 4}),
        ("\ud83d\ude00", {"points": [0xD83D, 0xDE00], "length": 2}),  # two halves, and not one character
        ("\U0001f600", {"text": "\U0001f600", "length": 1}),
        (None, None),
        (5, {"opaque": "int"}),
    ],
)
def test_payloads(payload: Any, written: Any) -> None:
    assert encode(payload, Any) == written
    if not isinstance(payload, int):
        assert decode(written, Any) == payload


class Odd(Value):
    """A value that no annotation has."""

    __slots__ = ()


@pytest.mark.parametrize("hint", [int, str, bool, float, Fault, Endpoint | None, tuple[Fault, ...], object, Any])
@pytest.mark.parametrize("value", [Odd(), "text", 1.5, b"", (1,), ValueError("x"), Fault("E"), Opaque("thing 1")])
def test_what_does_not_fit_is_opaque_and_never_fails(value: Any, hint: Any) -> None:
    written = json.loads(json.dumps(encode(value, hint)))
    decode(written, hint)


def test_what_is_opaque_is_a_name_without_its_words() -> None:
    class Secret(Exception):
        def __repr__(self) -> str:
            raise AssertionError("nobody asks")

    assert encode(Secret("password"), object) == {"opaque": "Secret"}
    assert encode(Fault("E", cause=Secret()), Fault) == {"code": "E", "cause": {"opaque": "Secret"}}


def test_defaults_are_left_out() -> None:
    assert encode(ListenPlan(port=5), ListenPlan) == {"port": 5}
    trace = parse_trace("\n".join(lines_of(Trace((Made(0.0, "socket 1"),)))))
    assert trace == Trace((Made(0.0, "socket 1"),))


def test_an_argument_behind_one_that_is_left_out() -> None:
    """A file that was made by hand may leave out what has a default."""
    line = '{"at": 0, "to": "socket 1", "input": "end", "arguments": {"payload": null, "size": 0}, "effects": []}'
    [_, fed] = parse(line).entries
    assert isinstance(fed, Fed)
    assert fed.event == Event("end", (0, None, 0))


# -------------------------------------------------------------------------------------------------------- bad files

FIRST = '{"format": "sansnet-trace", "version": 1}'
MADE = '{"at": 0, "made": "socket 1"}'


def parse(*lines: str) -> Trace:
    return parse_trace("\n".join([FIRST, MADE, *lines, json.dumps({"end": len(lines) + 1})]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "JSON object"),
        ("[" * 100_000, "no JSON"),
        ("", "cut off"),
        ('{"at": 0}', "one of made, to, of"),
        ('{"to": "socket 1", "input": "cork", "effects": []}', "in seconds when"),
        ('{"at": true, "to": "socket 1", "input": "cork", "effects": []}', "in seconds when"),
        ('{"at": 0, "to": "socket 2", "input": "cork", "effects": []}', "no 'socket 2' was made"),
        ('{"at": 0, "to": ["socket 1"], "input": "cork", "effects": []}', "was made"),
        ('{"at": 0, "made": "socket 1"}', "was made before"),
        ('{"at": 0, "made": "plug 1"}', "no name of a machine"),
        ('{"at": 0, "made": "socket \\u202e"}', "no name of a machine"),
        ('{"at": 0, "made": "socket 3", "state": {"link": "OPEN"}}', "no attribute 'link'"),
        (
            '{"at": 0, "made": "socket 3", "state": {"reading.flow": "FAST"}}',
            "is no Flow (UNSET, FLOWING, PAUSED)",
        ),
        ('{"at": 0, "made": "socket 3", "state": []}', "a state is an object"),
        ('{"at": 0, "made": "socket 3", "colour": 1}', "nobody knows what 'colour' is"),
        ('{"at": 0, "to": "socket 1", "input": "sing", "effects": []}', "no input 'sing'"),
        ('{"at": 0, "to": "socket 1", "input": "freeze", "effects": []}', "no input 'freeze'"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "by": "driver", "effects": []}', "given by the user"),
        ('{"at": 0, "to": "socket 1", "input": "cork"}', "has effects"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [], "crash": "x"}', "has effects"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [5]}', "is no effect"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [{"op": "Sing"}]}', "no op 'Sing'"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [{"op": "Data"}]}', "no op 'Data'"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [{"op": "Close", "x": 1}]}', "Close has no 'x'"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "effects": [{"op": "Send"}]}', "Send needs 'payloads'"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "arguments": [], "effects": []}', "are no arguments"),
        ('{"at": 0, "to": "socket 1", "input": "cork", "arguments": {"x": 1}, "effects": []}', "cork has no 'x'"),
        ('{"at": 0, "to": "socket 1", "input": "sent", "effects": []}', "sent needs 'at_once'"),
        ('{"at": 0, "to": "socket 1", "input": "sent", "arguments": {"at_once": 1}, "effects": []}', "1 is no bool"),
        ('{"at": 0, "of": "socket 1", "local": 5}', "5 is no Endpoint"),
        ('{"at": 0, "of": "socket 1", "attribute": "no_delay", "value": "yes"}', "'yes' is no bool"),
        ('{"end": 7}', "says 7 entries, and there are 1"),
    ],
)
def test_a_bad_line_is_named(line: str, reason: str) -> None:
    with pytest.raises(TraceError) as refused:
        parse(line)
    assert refused.value.line == 3
    assert str(refused.value).startswith("line 3: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"bytes": "ab", "length": 3}, "has the length 2, and says 3"),
        ({"bytes": "é", "length": 1}, "is no payload"),
        ({"base64": "?", "length": 1}, "no base64"),
        ({"text": "a"}, "is no payload"),
        ({"points": [1 << 21], "length": 1}, "is no payload"),
        ({"points": [True], "length": 1}, "is no payload"),
        ({"text": "a", "length": 1, "more": 1}, "is no payload"),
        ("a", "is no payload"),
    ],
)
def test_a_bad_payload_is_refused(payload: object, reason: str) -> None:
    with pytest.raises(Malformed, match=reason.replace("?", r"\?")):
        decode(payload, Any)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "nothing here"),
        ("hello", 1, "no JSON"),
        ("{}", 1, "no trace"),
        ('{"format": "sansnet-trace", "version": 2}', 1, "version 2, and this sansnet reads version 1"),
        (FIRST, 2, "cut off"),
        (f"{FIRST}\n{MADE}\n", 3, "cut off"),
        (f'{FIRST}\n{MADE}\n{{"en', 3, "no JSON"),
        (f'{FIRST}\n{{"end": 0}}\n{FIRST}', 3, "after the last line"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(text: str, line: int, reason: str) -> None:
    with pytest.raises(TraceError, match=reason) as refused:
        parse_trace(text)
    assert refused.value.line == line


# --------------------------------------------------------------------------------------------------------------- files


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    trace = Trace((Made(0.0, "socket 1"), Fed(0.0, "socket 1", Event("cork"))))
    dump_trace(trace, path)
    assert load_trace(path) == trace
    with pytest.raises(KeyError, match="colour"):
        dump_trace(Trace((*trace.entries, Changed(0.0, "socket 1", "colour", 5))), path)
    assert load_trace(path) == trace
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    dump_trace(Trace(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load_trace(tmp_path / "real") == Trace()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="line 1"):
        load_trace(tmp_path / "a")


def test_effects_are_equal_when_read_again() -> None:
    """What makes a comparison of two files one of effects."""
    fed = Fed(0.0, "server 1", Event("pause"), (Send((b"a", memoryview(b"b"))), Discard(Opaque("connection 1"))))
    trace = Trace((Made(0.0, "server 1"), fed))
    assert parse_trace("\n".join(lines_of(trace))) == trace
