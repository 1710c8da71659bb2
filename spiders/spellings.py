"""Spellings of pages in a crawl: which of them is asked for, and what a page says of others."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.discover.amphtml import amp_address
from archiver.forms import plain_form
from archiver.model import Discovery
from archiver.store.identity import (
    AMPHTML,
    REDIRECT,
    Territory,
    is_amp,
    key_of_spelling,
)
from archiver.urls import canonical_url
from spiders.items import PageItem


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


def spellings_of(item: PageItem, territory: Territory) -> dict[str, str]:
    """Other URLs of a page, each with the rule that says so: redirects, and its AMP form."""
    page = item.page.url
    found = {}
    for hop in item.redirected_from:
        url = canonical_url(hop)
        if not {key_of_spelling(url), key_of_spelling(page)} & territory.listings:
            found[url] = REDIRECT
    amp = amp_address(item.page.body, url=page)
    if amp and amp != page and is_amp(amp, page) and _may_stand_at(amp, page, territory):
        found[amp] = AMPHTML
    return found


def _may_stand_at(amp: str, page: str, territory: Territory) -> bool:
    """Whether an AMP form is on one of the outlet's hosts, or a cache's copy of this page."""
    same = key_of_spelling(amp) == key_of_spelling(page)
    return same or (territory.owns(amp) and key_of_spelling(amp) not in territory.listings)
