from __future__ import annotations

import gc

import pytest

from toolreel.collecting import no_collecting


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
