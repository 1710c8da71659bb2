"""Rows added while files are read, which may begin before it is known which of them count."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.minutes import URL, write

from archiver.errors import WarcError
from archiver.fetch import fileindex
from archiver.fetch.fileindex import FileIndex, gathered, iter_index, reading_ahead
from archiver.fetch.reindex import reindex
from archiver.store.catalogue import Catalogue


def test_what_is_read_ahead_counts(catalogue: Catalogue, folder: Path) -> None:
    paths = [write(folder, 0, 1), write(folder, 2)]
    with reading_ahead(folder) as ahead:
        found = list(reindex(folder, catalogue, ahead=ahead))
    assert [(one.file, one.captures, one.known) for one in found] == [
        (path.name, count, False) for path, count in zip(paths, (2, 1), strict=True)
    ]
    assert len(catalogue.captures_of(URL)) == 3
    assert [one.captures for one in reindex(folder, catalogue)] == [0, 0]


def test_a_file_that_came_since_is_read_too(catalogue: Catalogue, folder: Path) -> None:
    write(folder, 0)
    with reading_ahead(folder) as ahead:
        write(folder, 1)
        assert [one.captures for one in reindex(folder, catalogue, ahead=ahead)] == [1, 1]


def test_a_file_that_went_since_is_not_asked_for(catalogue: Catalogue, folder: Path) -> None:
    write(folder, 0)
    gone = write(folder, 1)
    with reading_ahead(folder) as ahead:
        gone.unlink()
        assert [one.captures for one in reindex(folder, catalogue, ahead=ahead)] == [1]
    assert len(catalogue.captures_of(URL)) == 1


def test_rows_come_while_the_file_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fileindex, "_ROWS", 2)
    path = write(folder, 0, 1, 2, 3, 4)
    *rows, last = iter_index(path)
    assert [len(some) for some in rows if isinstance(some, list)] == [2, 2, 1]
    assert isinstance(last, FileIndex)
    assert len(last.rows) == 0
    whole = gathered(iter_index(path))
    assert [row for some in rows if isinstance(some, list) for row in some] == list(whole.rows)
    assert (whole.size, whole.sha256) == (last.size, last.sha256)


def test_a_file_that_was_not_read_to_its_end_has_no_index(folder: Path) -> None:
    *rows, _ = iter_index(write(folder, 0))
    with pytest.raises(WarcError, match="not read to its end"):
        gathered(rows)
