from __future__ import annotations

import json
import subprocess
import sys

import jsonschema

from toolreel.messages.model import Cassette, Interaction, JsonBody, Request, Response
from toolreel.store.layout import cassette_text
from toolreel.store.schema import schema_text


def test_the_schema_is_one_and_says_which_kind() -> None:
    schema = json.loads(schema_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_cassettes_fit_the_schema_and_others_do_not() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    body = JsonBody(value={"a": 1}, style="compact")
    asked = Interaction(n=1, request=Request(method="GET", path="/"), response=Response(status=200, body=body))
    text = cassette_text(Cassette(upstreams=("https://a.example",), interactions=(asked,)))
    validator.validate(json.loads(text))
    assert not validator.is_valid(json.loads(text.replace('"compact"', '"pretty4"')))
    assert not validator.is_valid(json.loads(text.replace('"style"', '"stile"')))


def test_the_module_prints_it() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "toolreel.store.schema"], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout == schema_text()
