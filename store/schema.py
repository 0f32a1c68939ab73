"""The JSON Schema of cassettes, made from the models: `python -m toolreel.store.schema` prints it."""

from __future__ import annotations

import json
import sys

from toolreel.messages.model import Cassette


def schema_text() -> str:
    """The text of `docs/cassette.schema.json`."""
    schema = Cassette.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
