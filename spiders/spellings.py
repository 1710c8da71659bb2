"""Spellings of pages in a crawl: which of them is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.forms import plain_form
from archiver.model import Discovery
from archiver.store.identity import key_of_spelling


def one_of_each(mentions: Iterable[Discovery]) -> list[Discovery]:
    """One mention of each page, at the place of its first: the plain one, where there is one."""
    chosen: dict[str, Discovery] = {}
    for seen in mentions:
        key = key_of_spelling(seen.url)
        if key not in chosen or (_spelled(chosen[key]) and not _spelled(seen)):
            chosen[key] = seen
    return list(chosen.values())


def _spelled(seen: Discovery) -> bool:
    return plain_form(seen.url).rule is not None
