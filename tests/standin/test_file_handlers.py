from __future__ import annotations

import pytest

from .conftest import StandIn

BINARY = bytes(range(256)) * 3


def test_file_from_birth_to_death(standin: StandIn) -> None:
    response = standin.send(
        "POST", "/v1/files", files={"file": ("données.bin", BINARY)}, data={"purpose": "assistants"}
    )
    made = response.json()
    assert list(made) == [
        "object",
        "id",
        "purpose",
        "filename",
        "bytes",
        "created_at",
        "expires_at",
        "status",
        "status_details",
    ]
    assert (made["purpose"], made["bytes"], made["id"][:5]) == ("assistants", len(BINARY), "file-")
    path = f"/v1/files/{made['id']}"
    assert standin.ok("GET", path) == made
    assert standin.ok("GET", "/v1/files")["data"] == [made]
    content = standin.send("GET", path + "/content")
    assert content.content == BINARY
    assert content.headers["content-type"] == "application/octet-stream"
    assert standin.ok("DELETE", path) == {"id": made["id"], "object": "file", "deleted": True}
    assert standin.send("GET", path + "/content").status_code == 404


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"a\r\n\r\nb\r\n", b"--x\r\n", "ü👋".encode()])
def test_content_comes_back_as_it_was(standin: StandIn, content: bytes) -> None:
    made = standin.send(
        "POST", "/v1/files", files={"file": ("a.txt", content)}, data={"purpose": "assistants"}
    ).json()
    assert standin.send("GET", f"/v1/files/{made['id']}/content").content == content
    assert made["bytes"] == len(content)


@pytest.mark.parametrize(
    ("files", "data", "param"),
    [({"other": b"x"}, {"purpose": "assistants"}, "file"), ({"file": b"x"}, {}, "purpose")],
)
def test_missing_parts(standin: StandIn, files: dict[str, bytes], data: dict[str, str], param: str) -> None:
    response = standin.send("POST", "/v1/files", files=files, data=data)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == f"Missing required parameter: '{param}'."


def test_body_that_is_no_form(standin: StandIn) -> None:
    assert standin.send("POST", "/v1/files", {"file": "x"}).status_code == 400
    assert standin.send("POST", "/v1/files").status_code == 400
