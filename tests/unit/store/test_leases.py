"""Of many machines one does what is to be done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archiver.store.catalogue import Catalogue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_piece_of_work_is_claimed_once_for_a_while(catalogue: Catalogue) -> None:
    def claim(what: str, at: datetime) -> bool:
        return catalogue.claim(what, by="me", at=at, lasting=MINUTE)

    assert claim("report", NOW)
    assert not claim("report", NOW)
    assert not claim("report", NOW + MINUTE / 2)
    assert claim("check", NOW)
    assert claim("report", NOW + MINUTE)
