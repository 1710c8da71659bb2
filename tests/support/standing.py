"""States of articles for tests of the catalogue."""

from __future__ import annotations

from datetime import datetime

from archiver.store.catalogue import Catalogue
from archiver.store.standings import StateChange


def mark(
    catalogue: Catalogue,
    url: str,
    *,
    at: datetime,
    status: int = 404,
    state: str = "missing",
    outlet: str = "sky-news",
) -> bool:
    """Note a state of the article whose page a URL is; whether that was new."""
    rows = catalogue.rechecks_of(outlet, [url])
    changes = [
        StateChange(
            article_id=row.article_id, state=state, at=at, reason=f"http-{status}", status=status
        )
        for row in rows.values()
    ]
    return bool(catalogue.change_states(changes))
