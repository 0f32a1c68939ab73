from __future__ import annotations

import pytest

from toolreel.dialects.ids import ID, is_id_key
from toolreel.normalise.names import names_in

SUFFIX = "AbCdEf0123456789ghIJklMN"
UUID = "0b8f2c1e-9d3a-4f6b-8a7c-1234567890ab"
PREFIXES = "thread_ run_ step_ msg_ asst_ call_ file- file_ assistant- vs_ vsf_ vsfb_ batch_ resp_ fc_ rs_ chatcmpl-"


@pytest.mark.parametrize("prefix", PREFIXES.split())
def test_every_prefix_of_the_apis_is_known(prefix: str) -> None:
    match = ID.fullmatch(prefix + SUFFIX)
    assert match is not None
    assert match["prefix"] == prefix


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(f"thread_{SUFFIX}", [f"thread_{SUFFIX}"], id="alone"),
        pytest.param(f"/threads/thread_{SUFFIX}/runs/run_{SUFFIX}", [f"thread_{SUFFIX}", f"run_{SUFFIX}"], id="path"),
        pytest.param(f"see thread_{SUFFIX}.", [f"thread_{SUFFIX}"], id="sentence"),
        pytest.param(f"'call_{SUFFIX}', 'call_{SUFFIX}x'", [f"call_{SUFFIX}", f"call_{SUFFIX}x"], id="quoted"),
        pytest.param("run_1234567", [], id="seven-characters"),
        pytest.param("run_12345678", ["run_12345678"], id="eight-characters"),
        pytest.param("step_123", [], id="example"),
        pytest.param(f"xthread_{SUFFIX}", [], id="letter-in-front"),
        pytest.param(f"_thread_{SUFFIX}", [], id="underscore-in-front"),
        pytest.param(f"my-thread_{SUFFIX}", [], id="hyphen-in-front"),
        pytest.param(f"thread_{SUFFIX}_x", [], id="underscore-behind"),
        pytest.param(f"thread_{SUFFIX}-x", [], id="hyphen-behind"),
        pytest.param("thread_of_conversation", [], id="words"),
        pytest.param(f"Thread_{SUFFIX}", [], id="capital"),
        pytest.param(UUID, [UUID], id="uuid"),
        pytest.param(UUID.upper(), [UUID.upper()], id="uuid-in-capitals"),
        pytest.param(UUID + "0", [], id="longer-than-a-uuid"),
        pytest.param(f"call_{UUID}", [f"call_{UUID}"], id="uuid-with-prefix"),
        pytest.param(f"chatcmpl-{UUID}", [f"chatcmpl-{UUID}"], id="uuid-with-hyphened-prefix"),
        pytest.param(f"assistant-{SUFFIX}", [f"assistant-{SUFFIX}"], id="azure"),
    ],
)
def test_ids_are_found_on_their_boundaries(text: str, found: list[str]) -> None:
    assert [match.group() for match in ID.finditer(text)] == found


def test_no_id_is_shorter_than_the_search_for_ids_takes_for_granted() -> None:
    shortest = min(len(prefix) for prefix in PREFIXES.split()) + 8
    assert list(names_in(["vs_1234567", "vs_12345678", "REDACTED-0001"])) == ["vs_12345678", "REDACTED-0001"]
    assert shortest == len("vs_12345678")


@pytest.mark.parametrize("key", ["id", "thread_id", "tool_call_id", "file_ids", "first_id", "vector_store_ids"])
def test_keys_that_hold_ids(key: str) -> None:
    assert is_id_key(key)


@pytest.mark.parametrize("key", ["", "ids", "value", "identity", "idea", "paid", "text", "id_token"])
def test_keys_that_hold_no_ids(key: str) -> None:
    assert not is_id_key(key)
