"""Tables read back by others: the standard library's csv and json, and pyarrow."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.captures import START, make_article, make_ref

from archiver.errors import UsageError
from archiver.exchange import tables
from archiver.exchange.rows import COLUMNS, to_row
from archiver.model import Change, ChangeKind, Changes, Revision, Stealth
from archiver.store.exports import KeptArticle

PAGE = "https://news.example/a"
Pair = tuple[KeptArticle, Revision]


def pair(text: str = "some words", title: str | None = "A title", **more: Any) -> Pair:
    facts: dict[str, Any] = {"title": title, "warc": make_ref(offset=7), **more}
    article = make_article(PAGE + "?page", text, START, **facts)
    changes = Changes(
        changes=(Change(kind=ChangeKind.HEADLINE, added=2, removed=1),),
        stealth=(Stealth.NO_NOTICE,),
    )
    revision = Revision(
        article_id=3,
        number=2,
        captured_at=START,
        text_digest="sha1:X",
        article=article,
        changes=changes,
        against=1,
    )
    return (
        KeptArticle(
            article_id=3,
            outlet="sky-news",
            url=PAGE,
            state="live",
            first_seen=START,
            last_seen=START,
            gone_at=None,
            gone_status=None,
            revisions=(revision,),
        ),
        revision,
    )


def written(form: str, pairs: list[Pair]) -> bytes:
    out = io.BytesIO()
    assert tables.WRITERS[form](pairs, out) == len(pairs)
    return out.getvalue()


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def read_parquet(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return found


def test_a_row_has_a_value_for_every_column() -> None:
    assert list(to_row(*pair())) == list(COLUMNS)


def test_a_json_line_is_the_article_and_more() -> None:
    [line] = written("jsonl", [pair(authors=("A", "B"))]).splitlines()
    found = json.loads(line)
    assert (found["url"], found["page_url"]) == (PAGE, PAGE + "?page")
    assert (found["authors"], found["title"]) == (["A", "B"], "A title")
    assert found["warc"]["offset"] == 7
    assert found["changes"]["changes"] == [{"kind": "headline", "added": 2, "removed": 1}]
    assert (found["revision"], found["against"]) == (2, 1)


def test_a_row_of_csv_tells_what_is_not_known_and_what_is_several() -> None:
    [row] = read_csv(written("csv", [pair(title=None, authors=("A, B", 'C "D"'))]))
    assert row["title"] == ""
    assert json.loads(row["authors"]) == ["A, B", 'C "D"']
    assert row["captured_at"] == "2026-03-01T12:00:00.123456Z"
    assert (row["warc_offset"], row["change_kinds"]) == ("7", '["headline"]')


def test_no_rows_still_have_columns() -> None:
    assert written("jsonl", []) == b""
    assert written("csv", []).decode().strip().split(",") == list(COLUMNS)
    assert parquet.read_schema(io.BytesIO(written("parquet", []))).names == list(COLUMNS)


def test_parquet_has_types() -> None:
    [row] = read_parquet(written("parquet", [pair(tags=("x",))]))
    assert isinstance(row["captured_at"], datetime)
    assert row["captured_at"] == START
    assert (row["tags"], row["stealth"], row["free"]) == (["x"], ["no-notice"], None)
    assert (row["words_added"], row["gone_at"]) == (2, None)


def test_parquet_is_written_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_GROUP_ROWS", 2)
    data = written("parquet", [pair(text=str(number)) for number in range(5)])
    assert parquet.ParquetFile(io.BytesIO(data)).num_row_groups == 3
    assert [row["text"] for row in read_parquet(data)] == ["0", "1", "2", "3", "4"]


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"news-archiver\[parquet\]"):
        written("parquet", [pair()])


@settings(deadline=None)  # pyarrow takes its time at first
@given(st.lists(st.tuples(st.text(), st.none() | st.text(), st.lists(st.text())), max_size=4))
def test_any_text_comes_back(texts: list[tuple[str, str | None, list[str]]]) -> None:
    pairs = [pair(text, title, authors=tuple(names)) for text, title, names in texts]
    found = [json.loads(line) for line in written("jsonl", pairs).split(b"\n") if line]
    assert [(one["text"], one["title"], one["authors"]) for one in found] == texts
    rows = read_csv(written("csv", pairs))
    cells = [(row["text"], row["title"], json.loads(row["authors"])) for row in rows]
    assert cells == [(text, title or "", names) for text, title, names in texts]
    stored = [
        (row["text"], row["title"], row["authors"])
        for row in read_parquet(written("parquet", pairs))
    ]
    free = [
        (text.replace("\0", "\ufffd"), title and title.replace("\0", "\ufffd"), names)
        for text, title, names in texts
    ]
    assert [one[:2] for one in stored] == [one[:2] for one in free]


@pytest.mark.parametrize("form", list(tables.WRITERS))
def test_half_a_character_stops_nothing(form: str) -> None:
    assert b"before" in written(form, [pair(text="before \ud83d after", title="x\ud83d")])
