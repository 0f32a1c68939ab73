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


def test_what_was_made_is_old_at_once() -> None:
    gc.collect()
    with no_collecting():
        made: list[object] = [[] for _ in range(50_000)]
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert not young & set(map(id, made))
    assert any(one is made for one in gc.get_objects(generation=2))


def test_what_somebody_has_set_aside_for_good_stays_there() -> None:
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        with no_collecting():
            pass
        assert gc.get_freeze_count() == count > 0
    finally:
        gc.unfreeze()


def test_what_is_set_aside_is_so_only_for_a_while() -> None:
    counts = []
    with pytest.raises(ZeroDivisionError), set_aside():
        counts.append(gc.get_freeze_count() / 0)
    with set_aside():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
