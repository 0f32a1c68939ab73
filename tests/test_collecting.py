from __future__ import annotations

import gc

import pytest

from toolreel.collecting import no_collecting, set_aside


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_afterwards_as_it_was_before(is_enabled: bool) -> None:
    try:
        (gc.enable if is_enabled else gc.disable)()
        with no_collecting():
            with no_collecting():
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled() is is_enabled
        with pytest.raises(ZeroDivisionError), no_collecting():
            1 / 0  # noqa: B018 - it fails
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()


def test_what_is_set_aside_is_so_only_for_a_while() -> None:
    counts = []
    with pytest.raises(ZeroDivisionError), set_aside():
        counts.append(gc.get_freeze_count() / 0)
    with set_aside():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_has_set_aside_stays_there() -> None:
    with set_aside():
        count = gc.get_freeze_count()
        with set_aside():
            assert gc.get_freeze_count() == count
        assert gc.get_freeze_count() == count
