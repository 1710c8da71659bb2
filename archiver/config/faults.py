"""What pydantic found wrong, in words for the person who wrote the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from archiver.config.suggest import ask, near_names

_KINDS = {
    "model_type": "must be a table of keys and values",
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "list_type": "must be a list [ ] of texts",
    "tuple_type": "must be a list [ ] of texts",
}

Place = tuple[str | int, ...]


def dotted_keys(model: type[BaseModel], prefix: str = "") -> dict[str, FieldInfo]:
    """All keys of a model, tables and what they hold ("crawl", "crawl.delay"), with their field."""
    keys: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        keys[prefix + name] = field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys |= dotted_keys(field.annotation, f"{prefix}{name}.")
    return keys


def unknown(key: str, known: Iterable[str]) -> str:
    """`unknown key`, with near ones: by their last part, in the key's own table if it is there."""
    table, _, name = key.rpartition(".")
    by_name: dict[str, list[str]] = {}
    for candidate in known:
        by_name.setdefault(candidate.rpartition(".")[2], []).append(candidate)
    near: list[str] = []
    for match in near_names(name, by_name, count=2):
        own = f"{table}.{match}" if table else match
        near += [own] if own in by_name[match] else by_name[match]
    return f"unknown key.{ask(near)}"


def explain(error: ValidationError, known: Mapping[str, FieldInfo]) -> list[tuple[Place, str]]:
    """Each fault of a validation with its place: `key: what is wrong`, never a secret."""
    return [(detail["loc"], _text(detail, known)) for detail in error.errors(include_url=False)]


def _text(detail: ErrorDetails, known: Mapping[str, FieldInfo]) -> str:
    # "[key]" is pydantic's mark on the key of a mapping, which we show as the key itself.
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return f"{key}: {unknown(key, known)}"
    if detail["type"] == "string_pattern_mismatch" and key in known:
        return f"{key}: {detail['input']!r:.60} does not fit. It is: {known[key].description}"
    message = _KINDS.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "must be")
    if detail["type"] not in ("value_error", "missing"):
        given = detail["input"]
        if isinstance(given, str | int | float):
            message += f", not {given!r:.60}"
    return f"{key}: {message}" if key else message
