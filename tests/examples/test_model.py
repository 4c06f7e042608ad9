"""The example of a model, as a program."""

from __future__ import annotations

import re

from tests.examples.programs import running


def test_two_sockets_are_explored() -> None:
    with running("two_sockets") as program:
        [said] = program.rest()
    assert re.fullmatch(r"PAIR: [\d,]+ states, [\d,]+ edges, \d+ deep, [\d.]+ s; 4 laws hold", said)
