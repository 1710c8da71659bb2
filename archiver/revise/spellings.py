"""What a captured page says of its other spellings."""

from __future__ import annotations

from archiver.discover.amphtml import amp_address
from archiver.revise.checks import Reading
from archiver.store.identity import (
    AMPHTML,
    REDIRECT,
    Territory,
    is_amp,
    key_of_spelling,
)
from archiver.urls import canonical_url


def spellings_of(item: Reading, territory: Territory) -> dict[str, str]:
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
