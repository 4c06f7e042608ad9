"""What mypyc is told means nothing to Python."""

from __future__ import annotations

from sansnet.state.compiled import mypyc_attr


def test_a_class_stays_as_it_is() -> None:
    class Thing:
        pass

    assert mypyc_attr(allow_interpreted_subclasses=True)(Thing) is Thing
