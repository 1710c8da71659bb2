"""What changed in a run, as an event for webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from archiver.revise.feeds import Entry, entries_of
from archiver.revise.kinds import kinds_of
from archiver.store.catalogue import Catalogue
from archiver.store.history import ChangedArticle, RemovedArticle

_MOST = 50  # changes in one post; the rest is in the feeds


def changes_event(
    catalogue: Catalogue, outlet: str, *, kinds: Sequence[str], since: datetime, now: datetime
) -> dict[str, object] | None:
    """The event of an outlet's changes since a moment; None where there is none of these kinds."""
    wanted, removed = kinds_of(kinds)
    until = now + timedelta(days=1)
    found: list[ChangedArticle | RemovedArticle] = []
    if wanted:
        found += catalogue.changed_articles(
            since=since, until=until, kinds=wanted, outlets=[outlet], limit=_MOST + 1
        )
    if removed:
        found += catalogue.removed_articles(since=since, until=until, outlets=[outlet])
    if not found:
        return None
    found.sort(key=lambda one: one.at, reverse=True)
    return {
        "event": "changed",
        "subject": outlet,
        "at": now.isoformat(),
        "more": len(found) > _MOST,
        "changes": [_told(one) for one in entries_of(found[:_MOST])],
    }


def _told(one: Entry) -> dict[str, object]:
    return {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "at": one.at.isoformat(),
        "kinds": list(one.kinds),
        "summary": one.summary,
        "proof": list(one.proof),
        "revisions": list(one.revisions) if one.revisions else None,
    }
