from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.dialects.paths import split_base


@pytest.mark.parametrize(
    ("path", "base", "rest"),
    [
        pytest.param("/v1/threads", "/v1", "/threads", id="openai"),
        pytest.param("/v1", "/v1", "", id="openai-base-only"),
        pytest.param("/v1/", "/v1", "/", id="openai-with-slash"),
        pytest.param("/v1/v1/threads", "/v1", "/v1/threads", id="only-once"),
        pytest.param("/openai/threads", "/openai", "/threads", id="azure"),
        pytest.param("/openai/v1/threads", "/openai/v1", "/threads", id="azure-v1"),
        pytest.param("/openai/v1", "/openai/v1", "", id="azure-v1-base-only"),
        pytest.param("/openai/v1x/threads", "/openai", "/v1x/threads", id="azure-longer-name"),
        pytest.param(
            "/openai/deployments/gpt-4o/chat/completions",
            "/openai/deployments/gpt-4o",
            "/chat/completions",
            id="azure-deployment",
        ),
        pytest.param("/openai/deployments", "/openai", "/deployments", id="azure-without-deployment"),
        pytest.param(
            "/api/projects/my%20p/threads/t_1/runs", "/api/projects/my%20p", "/threads/t_1/runs", id="foundry"
        ),
        pytest.param("/api/projects", "", "/api/projects", id="foundry-without-project"),
        pytest.param("/api/projects//threads", "", "/api/projects//threads", id="foundry-with-empty-project"),
        pytest.param("/threads/thread_1", "", "/threads/thread_1", id="no-base"),
        pytest.param("/v1beta/threads", "", "/v1beta/threads", id="longer-name"),
        pytest.param("/v10/threads", "", "/v10/threads", id="longer-number"),
        pytest.param("/V1/threads", "", "/V1/threads", id="capitals"),
        pytest.param("/proxy/v1/threads", "", "/proxy/v1/threads", id="base-within"),
        pytest.param("v1/threads", "", "v1/threads", id="no-slash-in-front"),
        pytest.param("/v1/a\nb", "/v1", "/a\nb", id="newline"),
        pytest.param("/", "", "/", id="root"),
        pytest.param("", "", "", id="empty"),
        pytest.param("*", "", "*", id="asterisk"),
    ],
)
def test_the_base_of_a_path_is_cut_off(path: str, base: str, rest: str) -> None:
    assert split_base(path) == (base, rest)


PARTS = st.sampled_from(["v1", "openai", "deployments", "api", "projects", "p", "", "threads", "v1 "])


@given(st.lists(PARTS).map(lambda parts: "/" + "/".join(parts)) | st.text())
@settings(max_examples=200, deadline=None)
def test_base_and_rest_put_together_are_the_path(path: str) -> None:
    base, rest = split_base(path)
    assert base + rest == path
    assert not base or rest == "" or rest.startswith("/")
