"""The archive's own account of redactions: durable, never torn, and all that a rebuild needs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.captures import START, after, make_capture
from support.redactions import redact

from archiver.errors import CatalogueError
from archiver.fetch.takedown import Takedown
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.tombstones import append, events_of, known_events, read, reconcile
from archiver.store.veil import Redaction, Replaced, Scope

PAGE = "https://news.example/a"
FILE = Replaced(old="a.warc.gz", old_sha256="x", new="b.warc.gz", new_sha256="y")


@pytest.fixture
def warcs(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "warc"


def fresh(tmp_path: Path) -> Catalogue:
    return Catalogue.open(f"sqlite:///{tmp_path / 'anew.sqlite'}", create=True)


@pytest.mark.parametrize("how", [{}, {"prefix": True}, {"moment": START.replace(microsecond=0)}])
def test_a_catalogue_that_is_made_anew_hides_the_same(
    catalogue: Catalogue, warcs: Path, tmp_path: Path, how: dict[str, Any]
) -> None:
    catalogue.add_captures([make_capture(PAGE), make_capture("https://news.example/b")])
    redact(catalogue, warcs, PAGE, payload=True, **how)
    lifted = redact(catalogue, warcs, "https://news.example/b")
    Takedown(catalogue, warcs).lift(lifted.id, by="Bob", reason="appeal")
    rewritten = redact(catalogue, warcs, "https://news.example/c")
    event = tombstones.rewriting(rewritten.id, FILE, at=after(days=1), by="Ada")
    append(tombstones.file_beside(warcs), [event])
    catalogue.apply_events([event, event])
    with fresh(tmp_path) as anew:
        assert reconcile(tombstones.file_beside(warcs), anew) == (0, 5)
        assert anew.redactions() == catalogue.redactions()
        anew.add_captures([make_capture(PAGE)])
        assert anew.captures_of(PAGE) == []
        assert reconcile(tombstones.file_beside(warcs), anew) == (0, 0)


def test_a_file_that_was_lost_is_written_anew_from_the_catalogue(
    catalogue: Catalogue, warcs: Path
) -> None:
    made = redact(catalogue, warcs, PAGE)
    Takedown(catalogue, warcs).lift(made.id, by="Bob", reason="appeal")
    path = tombstones.file_beside(warcs)
    before = path.read_text("utf-8")
    path.unlink()
    assert reconcile(path, catalogue) == (2, 0)
    assert path.read_text("utf-8") == before


@pytest.mark.parametrize("torn", [b'{"event": "red', b"\xff", b'{"event": "redact"}'])
def test_a_line_that_a_crash_cut_is_no_line_and_no_harm(
    catalogue: Catalogue, warcs: Path, torn: bytes
) -> None:
    redact(catalogue, warcs, PAGE)
    path = tombstones.file_beside(warcs)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert len(read(path)) == 1
    redact(catalogue, warcs, "https://news.example/b")
    assert len(read(path)) == 2
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "lift", "at": "2026-01-01", "id": "0a"}',
        "nonsense",
        "[]",
        '{"event": "other", "at": "2026-01-01"}',
        '{"event": "redact"}',
    ],
)
def test_a_line_that_cannot_be_read_is_not_passed_over(
    catalogue: Catalogue, warcs: Path, line: str
) -> None:
    redact(catalogue, warcs, PAGE)
    path = tombstones.file_beside(warcs)
    path.write_text(f"{line}\n{path.read_text('utf-8')}", "utf-8")
    with pytest.raises(CatalogueError, match=r"redactions\.jsonl, line 1"):
        reconcile(path, catalogue)


def test_no_room_leaves_the_account_as_it_was(
    catalogue: Catalogue, warcs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redact(catalogue, warcs, PAGE)
    path = tombstones.file_beside(warcs)
    before = path.read_bytes()

    def full(fd: int, data: bytes, offset: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tombstones.os, "pwrite", full)
        with pytest.raises(Exception, match="no room"):
            redact(catalogue, warcs, "https://news.example/b")
    assert path.read_bytes() == before
    assert len(catalogue.redactions()) == 1  # of nothing that is not written down


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)  # it syncs files
@given(
    reason=_TEXTS,
    by=_TEXTS,
    urls=st.lists(_TEXTS, max_size=3).map(tuple),
    scope=st.sampled_from(Scope),
    lifted=st.booleans(),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    reason: str,
    by: str,
    urls: tuple[str, ...],
    scope: Scope,
    lifted: bool,
) -> None:
    one = Redaction(
        id="0a", url=PAGE, scope=scope, urls=urls, by=by, reason=reason, made=START, files=(FILE,)
    )
    if lifted:
        one = replace(one, lifted=after(days=1), lifted_by=by, lifted_why=reason)
    path = tmp_path_factory.mktemp("account") / "redactions.jsonl"
    events = list(events_of(one))
    append(path, events[:1])
    append(path, events[1:])
    assert read(path) == events
    assert len(path.read_bytes().splitlines()) == len(events) == 2 + lifted
    assert list(known_events(events).values()) == events
    assert json.loads(path.read_text("utf-8").splitlines()[0])["reason"] == reason
