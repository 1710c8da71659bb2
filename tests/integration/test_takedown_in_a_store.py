"""What is taken down leaves the store as well: its indexes at once, whole files when asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place
from support.shelf import fill

from archiver.cli.main import main
from archiver.config.storage import StorageSettings
from archiver.fetch.copied_indexes import FOLDER, Marks
from archiver.store.blobs import Blobs
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobs.s3 import S3Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.lock import SHIPPING, outlet_lock
from archiver.store.tombstones import read
from archiver.warc.names import SIDECAR

PAGE = "https://news.example/0/1"
WHY = ("--reason", "court order")


class Place:
    """A working folder of two WARC files that are shipped, and the store."""

    def __init__(self, folder: Path, settings: StorageSettings) -> None:
        self.folder = folder
        ca_file = Path(settings.ca_file) if settings.ca_file else None
        self.blobs: Blobs = open_blobs(settings, settings.url, ca_file=ca_file)
        config = folder / "config" / "archiver.toml"
        config.parent.mkdir()
        given = settings.model_dump(exclude_defaults=True)
        lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
        config.write_text("\n".join(("[storage]", *lines, "")))
        (folder / "archive").mkdir()
        with self.catalogue(create=True) as catalogue:
            self.names = fill(folder / "archive" / "warc", catalogue, files=2)

    def catalogue(self, *, create: bool = False) -> Catalogue:
        return Catalogue.open(
            f"sqlite:///{self.folder / 'archive' / 'catalogue.sqlite'}", create=create
        )

    def key(self, name: str) -> str:
        with self.catalogue() as catalogue:
            file = catalogue.file(name)
        assert file is not None
        assert file.copy_url is not None
        return file.copy_url.removeprefix(f"{self.blobs.url}/")

    def index(self, name: str) -> str:
        return b"".join(self.blobs.stream(self.key(name) + SIDECAR)).decode()

    def marks(self) -> set[str]:
        return set(Marks(self.folder / "archive" / "warc").all())


@pytest.fixture(params=["folder", "s3"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StorageSettings:
    if request.param == "folder":
        return StorageSettings(url=f"file://{tmp_path / 'store'}")
    place: S3Place = request.getfixturevalue("s3_moto")
    use_credentials(monkeypatch, place)
    return bucket_settings(place)


@pytest.fixture
def place(tmp_path: Path, settings: StorageSettings, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    made = Place(tmp_path, settings)
    assert main(["ship"]) == 0
    return made


@pytest.fixture
def locked(s3_moto: S3Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """In a bucket with locks, which this archive makes use of."""
    use_credentials(monkeypatch, s3_moto)
    monkeypatch.chdir(tmp_path)
    made = Place(tmp_path, bucket_settings(s3_moto, locked=True, lock="governance", lock_for=3600))
    assert main(["ship"]) == 0
    return made


def test_the_index_of_a_copy_follows_at_once(place: Place) -> None:
    first, second = place.names
    before = place.index(second)
    assert PAGE in place.index(first)
    assert main(["redact", PAGE, *WHY]) == 0
    assert PAGE not in place.index(first)
    assert "https://news.example/0/0" in place.index(first)
    assert place.index(second) == before
    assert place.marks() == set()


def test_so_does_that_of_a_file_that_stands_in_the_store_alone(place: Place) -> None:
    assert main(["--set", "storage.keep_local=0", "ship"]) == 0
    assert list((place.folder / "archive" / "warc").glob("*.warc.gz")) == []
    assert main(["redact", PAGE, *WHY]) == 0
    assert PAGE not in place.index(place.names[0])


def test_what_is_lifted_is_in_it_again(place: Place) -> None:
    before = place.index(place.names[0])
    main(["redact", PAGE, *WHY])
    with place.catalogue() as catalogue:
        (made,) = catalogue.redactions()
    assert main(["redact", "--lift", made.id, *WHY]) == 0
    assert place.index(place.names[0]) == before


def test_while_another_process_ships_it_follows_with_the_next(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with outlet_lock(place.folder / "archive" / "locks", SHIPPING):
        assert main(["redact", PAGE, *WHY]) == 0
    assert "another process is shipping" in capsys.readouterr().err
    assert PAGE in place.index(place.names[0])
    assert place.marks() == {place.names[0]}
    assert main(["ship"]) == 0
    assert "its index in the store is replaced" in capsys.readouterr().out
    assert PAGE not in place.index(place.names[0])
    assert place.marks() == set()


def test_a_store_that_is_away_is_asked_again(place: Place) -> None:
    gone = ["--set", "storage.retries=0", "--set", "storage.timeout=1"]
    if isinstance(place.blobs, S3Blobs):
        gone += ["--set", "storage.endpoint=http://127.0.0.1:1"]
    else:
        (place.folder / "store").rename(place.folder / "away")
    assert main([*gone, "redact", PAGE, *WHY]) == 3
    assert place.marks() == {place.names[0]}
    if not isinstance(place.blobs, S3Blobs):
        (place.folder / "away").rename(place.folder / "store")
    assert main(["ship"]) == 0
    assert PAGE not in place.index(place.names[0])


def test_one_that_was_to_be_shipped_is_looked_at_afterwards(
    tmp_path: Path, settings: StorageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its index may have been read by who ships before the page was redacted."""
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, settings)
    (name, _) = place.names
    beside = tmp_path / "archive" / "warc" / f"{name}{SIDECAR}"
    old = beside.read_bytes()
    assert main(["redact", PAGE, *WHY]) == 0
    assert place.marks() == {name}
    shown = beside.read_bytes()
    assert shown != old
    assert main(["ship"]) == 0
    assert place.index(name).encode() == shown
    assert place.marks() == set()


def test_who_ships_before_the_catalogue_knows_takes_no_mark_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, StorageSettings(url=f"file://{tmp_path / 'store'}"))
    assert main(["ship"]) == 0
    apply, looked = Catalogue.apply_events, [0]

    def late(catalogue: Catalogue, events: Any) -> int:
        looked.append(len(place.marks()))
        assert main(["ship"]) == 0  # which finds the index as it may be shown, so far
        looked.append(len(place.marks()))
        return apply(catalogue, events)

    monkeypatch.setattr(Catalogue, "apply_events", late)
    assert main(["redact", PAGE, *WHY]) == 0
    assert looked == [0, 1, 0]
    assert PAGE not in place.index(place.names[0])


def test_a_newer_mark_stays(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "warc")
    marks.add(["a.warc.gz"])
    (found,) = marks.all().values()
    marks.add(["a.warc.gz"])
    marks.remove("a.warc.gz", found)
    assert list(marks.all()) == ["a.warc.gz"]
    assert (tmp_path / FOLDER / "a.warc.gz").exists()


def test_repair_finds_what_was_never_marked(place: Place) -> None:
    first, second = place.names
    before = place.index(first)
    main(["redact", PAGE, *WHY])
    place.blobs.put(place.key(first) + SIDECAR, before.encode())
    place.blobs.delete(place.key(second) + SIDECAR)
    said = _repair("--dry-run")
    assert said.count("copy-index: its index in the store is to be") == 2
    assert place.index(first) == before
    assert _repair().count("copy-index: its index in the store is replaced") == 2
    assert PAGE not in place.index(first)
    assert "https://news.example/1/0" in place.index(second)
    assert "nothing to repair" in _repair()


def _repair(*options: str) -> str:
    """In a process of its own: those that it begins have the environment of the first of all."""
    line = [sys.executable, "-m", "archiver.cli.main", "repair", "--to-store", *options]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_version_that_is_locked_is_said(
    locked: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(locked.blobs, S3Blobs)
    client, here = locked.blobs.client, locked.blobs.place(locked.key(locked.names[0]) + SIDECAR)
    assert main(["redact", PAGE, *WHY]) == 0
    assert "locked" not in capsys.readouterr().err
    versions = client.list_object_versions(Bucket=here["Bucket"], Prefix=here["Key"])
    assert len(versions["Versions"]) == 1  # the one before went
    rule = {"Mode": "GOVERNANCE", "RetainUntilDate": "2100-01-01T00:00:00Z"}
    client.put_object_retention(**here, Retention=rule)
    other = "https://news.example/0/0"
    assert main(["redact", other, *WHY]) == 0
    assert "is locked (Object Lock) until 2100-01-01" in capsys.readouterr().err
    assert other not in locked.index(locked.names[0])


def test_an_old_copy_stays_and_is_named_unless_that_is_asked_for(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    old = place.key(place.names[0])
    main(["redact", PAGE, *WHY])
    assert main(["rewrite", "--yes"]) == 0
    assert "rewrite --yes --store removes them" in capsys.readouterr().out
    assert place.blobs.head(old) is not None
    assert main(["rewrite", "--store"]) == 0
    assert "would go" in capsys.readouterr().out
    assert place.blobs.head(old) is not None
    _rewritten(place, old)


def test_the_new_file_is_in_the_store_before_the_old_one_goes(place: Place) -> None:
    old = place.key(place.names[0])
    main(["redact", PAGE, *WHY])
    _rewritten(place, old)


def _rewritten(place: Place, old: str) -> None:
    assert main(["rewrite", "--yes", "--store"]) == 0
    assert [place.blobs.head(old + end) for end in ("", SIDECAR, ".sha256")] == [None] * 3
    events = [one for one in read(place.folder / "archive" / "redactions.jsonl") if "new" in one]
    (event,) = events
    assert event["old"] == place.names[0]
    assert event["copy_url"] == f"{place.blobs.url}/{old}"
    new = place.key(event["new"])
    stored = b"".join(place.blobs.stream(new))
    assert stored == (place.folder / "archive" / "warc" / event["new"]).read_bytes()
    assert PAGE not in place.index(event["new"])
    assert main(["rewrite", "--yes", "--store"]) == 0  # once more: no harm
    assert place.blobs.head(new) is not None


def test_an_old_copy_stays_where_the_new_one_is_not_there(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    old = place.key(place.names[0])
    main(["redact", PAGE, *WHY])
    assert main(["rewrite", "--yes"]) == 0
    assert main(["ship"]) == 0
    event = read(place.folder / "archive" / "redactions.jsonl")[-1]
    place.blobs.delete(place.key(event["new"]))
    capsys.readouterr()
    assert main(["rewrite", "--yes", "--store"]) == 3
    assert f"of its new file {event['new']}: " in capsys.readouterr().out
    assert place.blobs.head(old) is not None


def test_a_locked_copy_stays_and_until_when_is_said(
    locked: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    old = locked.key(locked.names[0])
    main(["redact", PAGE, *WHY])
    assert main(["rewrite", "--yes", "--store"]) == 3
    assert "is locked (Object Lock) until" in capsys.readouterr().out
    assert locked.blobs.head(old) is not None
    assert locked.blobs.head(old + SIDECAR) is None


def test_without_a_store_nothing_is_rewritten(place: Place) -> None:
    main(["redact", PAGE, *WHY])
    (place.folder / "config" / "archiver.toml").write_text("")
    assert main(["rewrite", "--yes", "--store"]) == 4
    assert (place.folder / "archive" / "warc" / place.names[0]).exists()
