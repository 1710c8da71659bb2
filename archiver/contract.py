"""The article's JSON, which people script against: one shape, written and read here only."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from archiver.model import Article, Changes


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)  # a StrEnum becomes its value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if is_dataclass(value):  # dataclasses.asdict would copy it first
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def article_to_json(article: Article) -> dict[str, Any]:
    """The contract's JSON object of an article: JSON types only, keys in the contract's order."""
    plain: dict[str, Any] = _plain(article)
    return plain


def changes_to_json(changes: Changes) -> dict[str, Any]:
    """What changed as a JSON object; without the digests by which furniture is told."""
    plain: dict[str, Any] = _plain(changes)
    del plain["lines"]
    return plain


@cache
def _adapter() -> TypeAdapter[Article]:
    return TypeAdapter(Article)


def article_from_json(data: dict[str, Any]) -> Article:
    """The article of a contract JSON object.

    Raises:
        pydantic.ValidationError: where the object does not follow the contract.
    """
    return _adapter().validate_python(data)
