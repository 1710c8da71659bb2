"""Files that go by rule: which, what stays of them, and what stays because others need it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.captures import make_article
from support.catalogues import new_url
from support.exchanges import answer, exchange

from archiver.config.retention import Rule
from archiver.errors import ArchiverError, StorageError
from archiver.fetch import retention
from archiver.fetch.audit import Audit
from archiver.fetch.reindex import reindex
from archiver.fetch.retention import Going, Retaining
from archiver.model import utcnow
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.catalogue import Catalogue
from archiver.store.tombstones import file_beside, reconcile
from archiver.store.warcs import Stores, Warcs
from archiver.warc.names import SIDECAR, beside
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

NOW = utcnow()
OLD, NEW = NOW - timedelta(days=100), NOW - timedelta(days=5)
URL = "https://news.example/a"


def write(
    folder: Path,
    catalogue: Catalogue,
    *kept: tuple[datetime, str, str],  # when, which kind, what text
    outlet: str = "lantern",
    url: str = URL,
    refers_to: RefersTo | None = None,
) -> str:
    """The name of a closed WARC of these captures, with the articles of its pages."""
    with WarcWriter(folder, prefix=outlet, info=WarcInfo(software="test")) as writer:
        for at, kind, text in kept:
            said = [("kind", kind), ("outlet", outlet), ("run", "1")]
            taken = exchange(answer(text.encode()), url=url, started=at)
            ref = writer.append(exchange_records(taken, metadata=said, refers_to=refers_to))[0]
            if kind == "page":
                catalogue.save_article(make_article(url, text, at, outlet=outlet, warc=ref))
        name = writer.name
    list(reindex(folder, catalogue, sidecars=True))
    assert name
    return name


def rule(**facts: Any) -> Rule:
    return Rule(**{"outlets": ["*"], "older_than": "30d", **facts})


def retaining(
    folder: Path, catalogue: Catalogue, *rules: Rule, stores: Stores | None = None
) -> Retaining:
    return Retaining(folder, catalogue, rules, stores=stores, by="Ada")


def faults(catalogue: Catalogue, folder: Path) -> list[str]:
    audit = Audit(Warcs(folder, catalogue.file), catalogue)
    found = [fault for path in sorted(folder.glob("*.warc.gz")) for fault in audit.file(path)]
    return [str(fault) for fault in [*found, *audit.folder()]]


def test_a_plan_names_whole_files_and_changes_nothing(catalogue: Catalogue, folder: Path) -> None:
    old = write(folder, catalogue, (OLD, "page", "one"), (OLD, "feed", "two"))
    write(folder, catalogue, (OLD, "page", "three"), (NEW, "page", "four"))
    write(folder, catalogue, (NEW, "page", "five"))
    before = {one: one.read_bytes() for one in folder.iterdir()}
    [found] = retaining(folder, catalogue, rule()).plan()
    size = len((folder / old).read_bytes())
    assert found == Going(
        file=old,
        rule="*: all, older than 30d",
        size=size,
        records={"page": 1, "feed": 1},
        texts=False,
    )
    assert {one: one.read_bytes() for one in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("rules", "goes"),
    [
        ([rule(outlets=["lan*"])], True),
        ([rule(outlets=["other", "x-*"])], False),
        ([rule(kinds=["page"])], False),
        ([rule(kinds=["page"]), rule(kinds=["feed"])], True),
        ([rule(kinds=["page", "feed"])], True),
        ([rule(older_than="99d")], True),
        ([rule(older_than="101d")], False),
        ([], False),
    ],
)
def test_every_capture_must_fall_under_a_rule(
    catalogue: Catalogue, folder: Path, rules: list[Rule], goes: bool
) -> None:
    write(folder, catalogue, (OLD, "page", "one"), (OLD, "feed", "two"))
    assert bool(retaining(folder, catalogue, *rules).plan()) is goes


@pytest.mark.parametrize("articles", [False, True])
def test_a_file_goes_and_its_tombstone_stays(
    catalogue: Catalogue, folder: Path, tmp_path: Path, articles: bool
) -> None:
    name = write(folder, catalogue, (OLD, "page", "one"), (OLD, "robots", "two"))
    kept = write(folder, catalogue, (NEW, "page", "three"))
    known = catalogue.file(name)
    [done] = retaining(folder, catalogue, rule(articles=articles)).run()
    assert done.done
    assert [one.name for one in sorted(folder.iterdir())] == [kept, kept + SIDECAR]
    assert faults(catalogue, folder) == []
    [tombstone] = catalogue.removals()
    assert known is not None
    assert (tombstone.name, tombstone.sha256, tombstone.size) == (name, known.sha256, known.size)
    assert (tombstone.by, tombstone.records) == ("Ada", {"page": 1, "robots": 1})
    assert tombstone.rule == "*: all, older than 30d" + ("; with articles" if articles else "")
    texts = [one.article.text for one in catalogue.get_article(URL)]
    assert texts == (["three"] if articles else ["one", "three"])
    assert len(catalogue.captures_of(URL)) == 1
    totals = catalogue.status()["totals"]
    assert (totals["captures"], totals["revisions"]) == (1, 1 if articles else 2)
    assert list(retaining(folder, catalogue, rule()).run()) == []
    with Catalogue.open(new_url(tmp_path / "anew.sqlite"), create=True) as anew:
        reconcile(file_beside(folder), anew)
        assert anew.removals() == [tombstone]


def test_what_another_file_needs_stays_and_so_does_what_that_needs(
    catalogue: Catalogue, folder: Path
) -> None:
    first = write(folder, catalogue, (OLD, "page", "one"), url="https://news.example/1")
    second = write(folder, catalogue, (OLD, "page", "two"), url="https://news.example/2")
    lone = write(folder, catalogue, (OLD, "page", "three"))

    def again(of: str, text: str, at: datetime, more: tuple[datetime, str, str] | None) -> str:
        [original] = catalogue.captures_of(of)
        refers = RefersTo(
            record_id=original.warc.record_id,
            target_uri=of,
            date=original.captured_at,
            payload_digest=original.warc.payload_digest,
        )
        rest = (more,) if more else ()
        return write(folder, catalogue, (at, "page", text), *rest, url=of, refers_to=refers)

    # an old revisit of the first beside a response that a new revisit stands for
    middle = again("https://news.example/1", "one", OLD + timedelta(days=1), None)
    again("https://news.example/2", "two", NEW, None)
    found = {one.file: one.kept_because for one in retaining(folder, catalogue, rule()).run()}
    assert {name for name, why in found.items() if why} == {second}
    assert {name for name, why in found.items() if not why} == {first, middle, lone}
    assert faults(catalogue, folder) == []


def test_a_crash_leaves_a_file_that_goes_the_next_time(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(folder, catalogue, (OLD, "page", "one"))
    for step in ("apply_events", "remove_file"):
        with monkeypatch.context() as patch:
            patch.setattr(catalogue, step, lambda *_, **__: pytest.fail("crash"))
            with pytest.raises(pytest.fail.Exception):
                list(retaining(folder, catalogue, rule(articles=True)).run())
        assert (folder / name).exists()
        reconcile(file_beside(folder), catalogue)
    with monkeypatch.context() as patch:

        def broken(*_: object) -> None:
            raise ArchiverError("crash")

        patch.setattr(retention, "_unlink", broken)
        with pytest.raises(ArchiverError, match="crash"):
            list(retaining(folder, catalogue, rule(articles=True)).run())
    assert (folder / name).exists()
    list(reindex(folder, catalogue, sidecars=True))
    assert catalogue.captures_of(URL) == []  # it is told gone, and does not come back
    assert catalogue.get_article(URL) == []
    list(retaining(folder, catalogue, rule()).run())
    assert list(folder.iterdir()) == []
    assert len(catalogue.removals()) == 1
    assert faults(catalogue, folder) == []


def test_copies_go_only_where_that_is_asked_for_and_a_lock_keeps_all(
    catalogue: Catalogue, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(folder, catalogue, (OLD, "page", "one"))
    alone = write(folder, catalogue, (OLD, "page", "two"))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for one in (name, alone):
        (shelf / one).write_bytes((folder / one).read_bytes())
        (shelf / (one + SIDECAR)).write_bytes(b"x")
        catalogue.note_copy(one, f"file://{shelf}/{one}", at=OLD, how="etag")
    (folder / alone).unlink()
    beside(folder / alone, SIDECAR).unlink()
    from archiver.config.storage import StorageSettings

    stores = Stores(settings=StorageSettings())
    with monkeypatch.context() as patch:

        def locked(*_: object) -> None:
            raise StorageError("is locked until 2030", reason="refused")

        patch.setattr(DiskBlobs, "delete", locked)
        found = list(retaining(folder, catalogue, rule(), stores=stores).run())
        assert ["locked" in (one.kept_because or "") for one in found] == [True, True]
    assert (folder / name).exists()
    assert catalogue.removals() == []
    found = list(retaining(folder, catalogue, rule()).run())
    assert {one.file: one.done for one in found} == {name: True, alone: False}
    assert (shelf / name).exists()
    assert [one.copy_url for one in catalogue.removals()] == [f"file://{shelf}/{name}"]
    [last] = retaining(folder, catalogue, rule(), stores=stores).run()
    assert last.done
    assert not (shelf / alone).exists()
    assert not (shelf / (alone + SIDECAR)).exists()
    assert catalogue.removals()[-1].copy_url is None


@pytest.mark.parametrize(
    "facts",
    [
        {"outlets": []},
        {"older_than": "1h"},
        {"kinds": ["pages"]},
        {"outlets": ["../x"]},
        {"whatever": 1},
    ],
)
def test_wrong_rules(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**facts)
