"""Handlers for files; multipart bodies are read with the standard library's mail parser."""

from __future__ import annotations

from email import policy
from email.message import MIMEPart
from email.parser import BytesParser

from . import errors, objects
from .objects import JsonObject
from .pages import paginate
from .requests import Content, Request
from .state import World


def upload_file(world: World, request: Request) -> JsonObject:
    """POST /files, multipart."""
    name, data, purpose = parse_upload(request.raw, request.content_type)
    created = objects.file(world.mint("file-"), request.now, name, len(data), purpose)
    world.files[created["id"]] = (created, data)
    return created


def list_files(world: World, request: Request) -> JsonObject:
    """GET /files."""
    return paginate([item for item, _ in world.files.values()], request.query, "file")


def _file(world: World, request: Request) -> tuple[JsonObject, bytes]:
    file_id = request.ids["file_id"]
    if file_id not in world.files:
        raise errors.no_such_file(file_id)
    return world.files[file_id]


def retrieve_file(world: World, request: Request) -> JsonObject:
    """GET /files/{file_id}."""
    return _file(world, request)[0]


def file_content(world: World, request: Request) -> Content:
    """GET /files/{file_id}/content."""
    return Content(_file(world, request)[1])


def delete_file(world: World, request: Request) -> JsonObject:
    """DELETE /files/{file_id}."""
    item, _ = _file(world, request)
    del world.files[item["id"]]
    return {"id": item["id"], "object": "file", "deleted": True}


def parse_upload(raw: bytes, content_type: str) -> tuple[str, bytes, str]:
    """The (file name, content, purpose) of an upload; raises the API's 400 for a part that is missing."""
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\nMIME-Version: 1.0\r\n\r\n"
    form = BytesParser(policy=policy.HTTP).parsebytes(head + raw)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    if "file" not in parts:
        raise errors.missing_parameter("file")
    if "purpose" not in parts:
        raise errors.missing_parameter("purpose")
    upload = parts["file"]
    return upload.get_filename() or "upload", _content(upload), _content(parts["purpose"]).decode("utf-8", "replace")


def _content(part: MIMEPart) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
