"""Rewriting an archive's files: catalogue and files together, old or new whatever happens."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.captures import make_article
from support.exchanges import STARTED, answer, exchange
from support.redactions import redact, second

from archiver.errors import ArchiverError, CatalogueError, LockedError
from archiver.fetch import rewriting
from archiver.fetch.audit import Audit
from archiver.fetch.recovery import finish_left_files
from archiver.fetch.reindex import reindex
from archiver.fetch.rewriting import Outcome, Rewriter
from archiver.fetch.settling import ASIDE, ORIGINAL, held
from archiver.fetch.takedown import Takedown
from archiver.store.catalogue import Catalogue
from archiver.store.likenesses import Kept
from archiver.store.tombstones import file_beside, reconcile
from archiver.store.warcs import Warcs
from archiver.warc.names import SIDECAR, beside
from archiver.warc.reader import read_record
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

URL, OTHER = "https://news.example/a", "https://news.example/b"
SECRET = "a name that shall not be read"
_KILLED = 77


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as opened:
        yield opened


def write(
    folder: Path, catalogue: Catalogue, *pages: tuple[str, str], refers_to: RefersTo | None = None
) -> Path:
    """A closed WARC of these pages (URL and text), a minute apart, each with its article."""
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="test")) as writer:
        for minute, (url, text) in enumerate(pages):
            at = STARTED + timedelta(minutes=minute)
            said = [("kind", "page"), ("outlet", "sky-news"), ("run", "1")]
            taken = exchange(answer(text.encode()), url=url, started=at)
            made = exchange_records(taken, metadata=said, refers_to=refers_to)
            ref = writer.append(made)[0]
            catalogue.save_article(make_article(url, text, at, title=text, warc=ref))
        name = writer.name
    list(reindex(folder, catalogue, sidecars=True))
    assert name
    return folder / name


PAGES = ((OTHER, "before"), (URL, SECRET), (OTHER, "after"), (URL, f"{SECRET}, again"))


def rewrite(catalogue: Catalogue, folder: Path, **how: Any) -> list[Outcome]:
    facts = {"by": "Ada", "keep": False, **how}
    return list(Rewriter(folder, catalogue, **facts).run(trial=False))


def digest(catalogue: Catalogue, name: str) -> str | None:
    known = catalogue.file(name)
    assert known is not None
    return known.sha256


def faults(catalogue: Catalogue, folder: Path) -> list[str]:
    audit = Audit(Warcs(folder, catalogue.file), catalogue)
    found = [fault for path in sorted(folder.glob("*.warc.gz")) for fault in audit.file(path)]
    return [str(fault) for fault in [*found, *audit.folder()]]


def is_readable(catalogue: Catalogue, folder: Path) -> bool:
    """Whether each capture and revision leads to its own record."""
    for url in (URL, OTHER):
        for one in catalogue.captures_of(url, redacted=True):
            record = read_record(folder / one.warc.file, one.warc.offset)
            if (record.record_id, record.length) != (one.warc.record_id, one.warc.length):
                return False
        for revision in catalogue.get_article(url):
            warc = revision.article.warc
            assert warc is not None
            if read_record(folder / warc.file, warc.offset).record_id != warc.record_id:
                return False
    return True


def test_a_trial_says_what_would_go_and_changes_nothing(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, catalogue, *PAGES)
    made = redact(catalogue, folder, URL)
    before = {one: one.read_bytes() for one in folder.iterdir()}
    [found] = Rewriter(folder, catalogue, by="x", keep=False).run(trial=True)
    assert found == Outcome(file=path.name, records=2, redactions=(made.id,))
    assert {one: one.read_bytes() for one in folder.iterdir()} == before


def test_payload_text_and_rows_are_gone_and_all_else_is_there(
    catalogue: Catalogue, folder: Path, tmp_path: Path
) -> None:
    # some builds of SQLite overwrite what is deleted by themselves
    event.listen(
        catalogue._engine, "connect", lambda conn, _: conn.execute("PRAGMA secure_delete=OFF")
    )
    catalogue._engine.dispose()
    path = write(folder, catalogue, *PAGES)
    others = [one.warc.record_id for one in catalogue.captures_of(OTHER)]
    old_sha256 = digest(catalogue, path.name)
    made = redact(catalogue, folder, URL)
    [done] = rewrite(catalogue, folder)
    assert done.new is not None
    assert [one.name for one in sorted(folder.glob("*.warc.gz*"))] == [
        done.new,
        done.new + SIDECAR,
    ]
    assert faults(catalogue, folder) == []
    assert is_readable(catalogue, folder)
    assert catalogue.captures_of(URL, redacted=True) == []
    assert [one.warc.record_id for one in catalogue.captures_of(OTHER)] == others
    assert [one.article.text for one in catalogue.get_article(OTHER)] == ["before", "after"]
    totals = catalogue.status()["totals"]
    assert (totals["articles"], totals["revisions"], totals["captures"]) == (1, 2, 2)
    [kept] = catalogue.redactions()
    [file] = kept.files
    assert (file.old, file.new) == (path.name, done.new)
    assert f"sha256:{file.old_sha256}" == old_sha256
    assert f"sha256:{file.new_sha256}" == digest(catalogue, done.new)
    assert catalogue.withheld(URL) == kept
    assert kept.id == made.id
    assert rewrite(catalogue, folder) == []

    # not a word of it in the catalogue's own file, nor in one that is made anew
    catalogue.close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    assert SECRET.encode() not in (tmp_path / "catalogue.sqlite").read_bytes()
    with Catalogue.open(f"sqlite:///{tmp_path}/anew.sqlite", create=True) as anew:
        reconcile(file_beside(folder), anew)
        finish_left_files(folder, anew)
        list(reindex(folder, anew))
        assert faults(anew, folder) == []
        assert anew.redactions() == [kept]
        assert len(anew.captures_of(OTHER)) == 2


@pytest.mark.parametrize("others", [1, 2])
def test_what_a_text_that_is_gone_was_like_is_forgotten(
    catalogue: Catalogue, folder: Path, others: int
) -> None:
    kept = [f"https://news.example/like/{number}" for number in range(others)]
    write(folder, catalogue, (URL, SECRET), *((url, "much the same") for url in kept))
    numbers = [catalogue.get_article(url)[0].article_id for url in (URL, *kept)]
    for place, number in enumerate(numbers):
        one = Kept(article_id=number, signature=b"x", bands=(7,), like=tuple(numbers[:place]))
        catalogue.keep_likenesses([one])
    redact(catalogue, folder, URL)
    [done] = rewrite(catalogue, folder)
    assert done.new is not None
    found = catalogue.alike([7])[7]
    assert {one.article_id for one in found} == set(numbers[1:])
    assert {one.group_id is None for one in found} == {others == 1}
    groups = catalogue.likeness_groups(across=False) if others > 1 else []
    assert [len(group.members) for group in groups] == [2] * (others - 1)


def test_one_capture_goes_and_the_article_keeps_its_other_text(
    catalogue: Catalogue, folder: Path
) -> None:
    write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL, moment=second(STARTED + timedelta(minutes=3)))
    [done] = rewrite(catalogue, folder)
    assert done.records == 1
    assert [one.article.text for one in catalogue.get_article(URL)] == [SECRET]
    [row] = [row for row in catalogue.article_list("sky-news") if row.url == URL]
    assert (row.revision, row.title) == (1, SECRET)
    assert faults(catalogue, folder) == []
    assert is_readable(catalogue, folder)


def test_the_old_file_is_set_aside_where_that_is_asked_for(
    catalogue: Catalogue, folder: Path
) -> None:
    path = write(folder, catalogue, *PAGES)
    before = path.read_bytes()
    redact(catalogue, folder, URL)
    rewrite(catalogue, folder, keep=True)
    assert beside(path, ORIGINAL).read_bytes() == before
    assert not path.exists()
    assert faults(catalogue, folder) == []


def test_a_payload_that_another_page_takes_from_there_stays(
    catalogue: Catalogue, folder: Path
) -> None:
    path = write(folder, catalogue, *PAGES)
    [_, original] = catalogue.captures_of(URL)
    refers = RefersTo(
        record_id=original.warc.record_id,
        target_uri=URL,
        date=original.captured_at,
        payload_digest=original.warc.payload_digest,
    )
    write(folder, catalogue, (OTHER, f"{SECRET}, again"), refers_to=refers)
    assert {one.record_type for one in catalogue.captures_of(OTHER)} == {"response", "revisit"}
    redact(catalogue, folder, URL)
    [found] = rewrite(catalogue, folder)
    assert found.new is None
    assert OTHER in (found.kept_because or "")
    assert path.exists()
    assert faults(catalogue, folder) == []
    redact(catalogue, folder, URL, payload=True)
    done = rewrite(catalogue, folder)
    assert [(one.records, one.kept_because) for one in done] == [(2, None), (1, None)]
    assert faults(catalogue, folder) == []


def test_what_cannot_be_written_anew_is_said(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL)
    whole = path.read_bytes()
    data = bytearray(whole)
    data[-20] ^= 1
    path.write_bytes(data)
    [found] = rewrite(catalogue, folder)
    assert "not the bytes that were closed" in (found.kept_because or "")
    catalogue.note_copy(path.name, "s3://b/k", at=STARTED, how="etag")
    path.unlink()
    [found] = rewrite(catalogue, folder)
    assert "fetch first" in (found.kept_because or "")
    assert "s3://b/k" in (found.kept_because or "")
    path.write_bytes(whole)
    [found] = rewrite(catalogue, folder)
    assert found.copy_url == "s3://b/k"
    assert [file.copy_url for one in catalogue.redactions() for file in one.files] == ["s3://b/k"]
    known = catalogue.file(found.new or "")
    assert known is not None
    assert known.copy_url is None  # the new one is yet to be shipped


def test_only_one_process_at_a_time(catalogue: Catalogue, folder: Path) -> None:
    write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL)
    (folder / ASIDE).mkdir()
    with held(folder / ASIDE) as alone:
        assert alone
        with pytest.raises(LockedError):
            rewrite(catalogue, folder)
        left = folder / ASIDE / "of-the-other.warc.gz"
        left.write_bytes(b"x")
        finish_left_files(folder, catalogue)
        assert left.exists()
    finish_left_files(folder, catalogue)
    assert not left.exists()


_CALLS = ("fsync", "rename", "unlink", "open", "mkdir", "pwrite", "ftruncate", "close")


def _counted(at: int, act: Callable[[], None], *, after: bool) -> Callable[[], int]:
    """Have `act` done before (or after) the n-th call to the system; how many there were."""
    number = 0

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **more: Any) -> Any:
            nonlocal number
            number += 1
            mine = number == at
            if mine and not after:
                act()
            came = call(*args, **more)
            if mine and after:
                act()
            return came

        return counted

    for name in _CALLS:
        setattr(os, name, wrap(getattr(os, name)))
    whole = Catalogue.replace_file
    setattr(Catalogue, "replace_file", wrap(whole))  # noqa: B010 - it is no attribute to assign to
    return lambda: number


def _crash(tmp_path: Path, at: int, *, after: bool) -> bool:
    """Rewrite in a child that dies at a call; whether it did."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite") as catalogue:
                _counted(at, lambda: os._exit(_KILLED), after=after)
                rewrite(catalogue, tmp_path / "warc")
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == _KILLED


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_call_it_is_the_old_state_or_the_new(tmp_path: Path, after: bool) -> None:
    seen = {"old": 0, "new": 0}
    for at in range(1, 200):
        trial = tmp_path / str(at)
        (trial / "warc").mkdir(parents=True)
        with Catalogue.open(f"sqlite:///{trial}/catalogue.sqlite", create=True) as catalogue:
            path = write(trial / "warc", catalogue, *PAGES)
            redact(catalogue, trial / "warc", URL)
        old = path.read_bytes()
        died = _crash(trial, at, after=after)
        with Catalogue.open(f"sqlite:///{trial}/catalogue.sqlite") as catalogue:
            assert is_readable(catalogue, trial / "warc"), at
            finish_left_files(trial / "warc", catalogue)
            assert faults(catalogue, trial / "warc") == [], at
            assert not list((trial / "warc").glob(f"{ASIDE}/*")), at
            if path.exists():
                assert path.read_bytes() == old
                assert len(catalogue.captures_of(URL, redacted=True)) == 2
                [done] = rewrite(catalogue, trial / "warc")
                assert done.new is not None
            seen["old" if path.exists() else "new"] += 1
            assert catalogue.captures_of(URL, redacted=True) == [], at
            assert len(catalogue.redactions()[0].files) == 1, at
            assert faults(catalogue, trial / "warc") == [], at
        if not died:
            break
    else:
        pytest.fail("never came to its end")
    assert seen["new"] > 3
    assert at > 10


@pytest.mark.parametrize("step", ["rewrite_file", "write_sidecar", "write_note", "publish", "end"])
def test_a_full_disk_leaves_the_old_state(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rewriting, step, full)
        with pytest.raises((ArchiverError, OSError), match="No space left"):
            rewrite(catalogue, folder)
    assert path.exists() is (step != "end")  # which is done again by who tidies up
    assert faults(catalogue, folder) == []
    assert is_readable(catalogue, folder)


def test_a_new_file_that_somebody_else_catalogued_does_not_cost_the_old_one(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL)

    def raced(_old: str, new: str, **_: object) -> None:
        catalogue.close_file(new, at=STARTED, size=1, sha256=None)
        raise CatalogueError("there is one of this name")

    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "replace_file", raced)
        with pytest.raises(CatalogueError, match="of this name"):
            rewrite(catalogue, folder)
    assert [one.name for one in folder.glob("*.warc.gz")] == [path.name]
    assert is_readable(catalogue, folder)


def test_a_lifted_redaction_takes_nothing_out(catalogue: Catalogue, folder: Path) -> None:
    write(folder, catalogue, *PAGES)
    made = redact(catalogue, folder, URL)
    Takedown(catalogue, folder).lift(made.id, by="x", reason="y")
    assert rewrite(catalogue, folder) == []


def test_a_capture_that_the_file_does_not_have_stops_it(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, catalogue, *PAGES)
    redact(catalogue, folder, URL)
    [first, _] = catalogue.captures_of(OTHER)
    wrong = replace(first, warc=replace(first.warc, offset=first.warc.offset + 1))
    catalogue.add_captures([wrong])
    before = path.read_bytes()
    with pytest.raises(ArchiverError, match="captures where the file has none"):
        rewrite(catalogue, folder)
    assert path.read_bytes() == before
    assert [one.name for one in folder.glob("*.warc.gz")] == [path.name]
