from __future__ import annotations

import pytest

from toolreel import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ToolreelError, 70),
        (errors.CommandError, 2),
        (errors.CommandNotFoundError, 127),
        (errors.CassetteError, 65),
        (errors.UpstreamError, 69),
        (errors.MachineError, 74),
    ],
)
def test_every_error_has_its_exit_status_and_is_caught_as_ours(
    error: type[errors.ToolreelError], status: int
) -> None:
    assert error("x").exit_status == status
    assert isinstance(error("x"), errors.ToolreelError)
    assert str(error("which, what, what to do")) == "which, what, what to do"


def test_no_error_is_mistaken_for_success_or_misses() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert {0, 1, errors.MISSES}.isdisjoint(
        kind.exit_status for kind in kinds if issubclass(kind, errors.ToolreelError)
    )
    assert errors.MISSES == 3
