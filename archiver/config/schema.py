"""JSON Schemas of archiver.toml and of a seed, for editors that check while one types."""

from __future__ import annotations

from typing import Any

from archiver.config.seeds import Seed
from archiver.config.settings import Settings
from archiver.config.sources import SECRETS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def archiver_schema() -> dict[str, Any]:
    """The JSON Schema of config/archiver.toml; secrets, which no file may hold, are left out."""
    schema = Settings.model_json_schema()
    defaults = Settings().model_dump(mode="json")
    for section, reference in schema["properties"].items():
        reference.pop("default")
        properties = schema["$defs"][reference["$ref"].rpartition("/")[2]]["properties"]
        for name in list(properties):
            if f"{section}.{name}" in SECRETS:
                del properties[name]
            else:
                properties[name]["default"] = defaults[section][name]  # "1GB", not 1000000000
    return {"$schema": _DIALECT} | schema


def outlet_schema() -> dict[str, Any]:
    """The JSON Schema of a seed file."""
    schema = Seed.model_json_schema()
    for name in ("articles", "fetch"):
        schema["properties"][name].pop("default")
    return {"$schema": _DIALECT} | schema


SCHEMAS = {"archiver": archiver_schema, "outlet": outlet_schema}
