"""The explorer's fast copies and keys mean what `clone()` and `key()` mean."""

from __future__ import annotations

import pytest

from sansnet.state.server import ServerMachine
from sansnet.state.socket import SocketMachine
from sansnet.testing.explore import always, explore
from sansnet.testing.laws import Reached
from sansnet.testing.loop import World
from sansnet.testing.models import CONNECTING, IDLING, READABLE, SocketModel
from sansnet.testing.snapshots import Numbers, copier, keyer


def test_equal_things_have_one_number() -> None:
    numbers = Numbers()
    a, b, again = [numbers(thing) for thing in ("a", "b", "a")]
    assert a == again != b
    assert Numbers()("b") == b
    assert len(numbers) == 2


@pytest.mark.parametrize("model", [CONNECTING, IDLING, READABLE], ids=lambda model: model.name.rpartition(".")[2])
def test_numbers_are_equal_where_keys_are(model: SocketModel) -> None:
    keys: dict[int, object] = {}
    numbers: dict[object, int] = {}

    @always(Reached)
    def number_and_key_agree(world: World, _moment: Reached) -> bool:
        """One number, one key."""
        assert world.known is not None
        key, number = world.machine.key(), world.known.number
        return keys.setdefault(number, key) == key and numbers.setdefault(key, number) == number

    explore(model, laws=[number_and_key_agree]).check()
    assert len(keys) > 100


@pytest.mark.parametrize("machine", [SocketMachine(), ServerMachine()])
def test_a_copy_is_a_clone(machine: SocketMachine | ServerMachine) -> None:
    copy = copier(machine, machine.FIELDS)(machine)
    assert copy is not machine
    assert copy.freeze() == machine.freeze()
    key = keyer(machine)
    assert key(copy) == key(machine)
