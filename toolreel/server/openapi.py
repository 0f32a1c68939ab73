"""The OpenAPI description of the control API, made from its routes: `python -m toolreel.server.openapi` prints it."""

from __future__ import annotations

import json
import re
import sys
from http import HTTPStatus
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .control import ROUTES, Problem, Route

_REF = "#/components/schemas/{model}"


def openapi_text() -> str:
    """The text of `docs/control.openapi.json`."""
    models: dict[str, type[BaseModel]] = {model.__name__: model for route in ROUTES for model in _models(route)}
    _, schemas = models_json_schema([(models[name], "serialization") for name in sorted(models)], ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "toolreel replay server, control API",
            "version": "1",
            "description": "Sessions of `toolreel replay`. Requests with the header Origin are refused with 403.",
        },
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }
    return json.dumps(document, indent=2) + "\n"


def _models(route: Route) -> list[type[BaseModel]]:
    """The models of what a route takes and gives."""
    return [get_type_hints(route.does)["return"], Problem, *([route.takes] if route.takes else [])]


def _operation(route: Route) -> dict[str, Any]:
    gives = get_type_hints(route.does)["return"]
    operation: dict[str, Any] = {
        "operationId": route.does.__name__.strip("_"),
        "summary": (route.does.__doc__ or "").strip(),
    }
    if names := re.findall(r"{(\w+)}", route.path):
        text = {"type": "string"}
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
    if route.takes:
        operation["requestBody"] = {"required": True, "content": _content(route.takes)}
    operation["responses"] = {str(route.status): _response(route.status, gives)}
    for status in (*route.problems, 403):
        operation["responses"][str(status)] = _response(status, Problem)
    return operation


def _response(status: int, model: type[BaseModel]) -> dict[str, Any]:
    description = _RENAMED.get(status) or HTTPStatus(status).phrase
    return {"description": description, "content": _content(model)}


_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110 §15.5; Python has these names from 3.13 on."""


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
