from __future__ import annotations

import pytest

from toolreel.commands.run import default_mode


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        (None, "once"),
        ("", "once"),
        ("0", "once"),
        ("false", "once"),
        ("False", "once"),
        ("true", "none"),
        ("1", "none"),
        ("woodpecker", "none"),
    ],
)
def test_the_mode_is_that_of_the_place(value: str | None, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    if value is not None:
        monkeypatch.setenv("CI", value)
    assert default_mode() == mode
