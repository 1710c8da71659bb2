"""Rows that could not be written: what is said of it, and that it is why a crawl ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.captures import make_capture

from archiver.errors import CatalogueError, DiskFullError
from archiver.fetch.late_rows import LateRows
from archiver.fetch.run import RunExtension
from archiver.store.catalogue import Catalogue

FULL = DiskFullError("database or disk is full", thing="catalogue.sqlite")
UNKNOWN = CatalogueError("a capture that the catalogue does not know")


@pytest.fixture
def lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LateRows:
    """Rows of which some could not be written, as somebody was told already."""

    def refuse(*_: object) -> None:
        raise FULL

    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        rows = LateRows(catalogue)
        assert rows.lost is None
        monkeypatch.setattr(catalogue, "add_captures", refuse)
        rows._rows.append(make_capture("https://news.example/a"))
        with pytest.raises(DiskFullError):
            rows.write()
        monkeypatch.undo()
        rows.write()  # those that came later
        return rows


def test_what_was_lost_stays_lost(lost: LateRows) -> None:
    assert lost.lost is FULL


@pytest.mark.parametrize("rows_are_lost", [True, False])
def test_a_crawl_ends_for_what_came_first(lost: LateRows, rows_are_lost: bool) -> None:
    """And not for what somebody met who looked for a row that was lost."""
    told: dict[str, Any] = {}
    run = object.__new__(RunExtension)
    run._ended_by = None
    run._recorder = SimpleNamespace(rows=lost if rows_are_lost else SimpleNamespace(lost=None))  # type: ignore[assignment]
    run._crawler = SimpleNamespace(  # type: ignore[assignment]
        engine=SimpleNamespace(close_spider=lambda _, reason: told.update(reason=reason)),
        stats=SimpleNamespace(set_value=lambda name, value: told.update({name: value})),
        spider=None,
    )
    run._give_up(UNKNOWN)
    why = FULL if rows_are_lost else UNKNOWN
    reason = "disk-full" if rows_are_lost else "archive-failed"
    assert told == {"reason": reason, "archiver/exit_code": why.exit_code}
