"""Batches over files that stand in an S3 store alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from support.batches import archive_of
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place
from support.workdir import run

from archiver.config.storage import StorageSettings
from archiver.store.blobs.opening import open_blobs
from archiver.store.catalogue import Catalogue

FILES, PAGES = 3, 2


def given(settings: StorageSettings) -> str:
    lines = settings.model_dump(exclude_defaults=True).items()
    return "\n".join(["[storage]", *(f"{name} = {json.dumps(value)}" for name, value in lines)])


@pytest.fixture
def settings(s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch) -> StorageSettings:
    use_credentials(monkeypatch, s3_moto)
    return bucket_settings(s3_moto, keep_local=0)


@pytest.fixture
def folder(tmp_path: Path, settings: StorageSettings) -> Path:
    """An archive whose files all have been shipped, and are here no more."""
    archive_of(tmp_path, files=FILES, pages=PAGES)
    (tmp_path / "config" / "archiver.toml").write_text(given(settings))
    shipped = run(tmp_path, "archiver", "ship")
    assert shipped.returncode == 0, shipped.stderr
    assert list((tmp_path / "archive" / "warc").glob("*.warc.gz")) == []
    return tmp_path


def do(folder: Path, *arguments: str) -> None:
    found = run(folder, "archiver", *arguments)
    assert found.returncode == 0, found.stderr
    assert f"{FILES} done" in found.stdout
    assert "failed" not in found.stdout


def totals(folder: Path) -> tuple[int, int]:
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
        counted = catalogue.status()["totals"]
    return counted["captures"], counted["articles"]


def test_they_are_checked_and_extracted_where_they_stand(folder: Path) -> None:
    assert totals(folder) == (FILES * PAGES, 0)
    do(folder, "check", "--batch", "--read-data")
    do(folder, "extract", "--batch")
    assert totals(folder) == (FILES * PAGES, FILES * PAGES)
    assert list((folder / "archive" / "warc").glob("*.warc.gz")) == []


def test_a_machine_without_anything_indexes_them(
    folder: Path, settings: StorageSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "config").mkdir()
    (other / "config" / "archiver.toml").write_text(given(settings))
    do(other, "reindex", "--batch", "--extract", "--from", settings.url)
    assert totals(other) == (FILES * PAGES, FILES * PAGES)


def test_articles_go_from_one_store_into_another(
    folder: Path, s3_moto: S3Place, settings: StorageSettings
) -> None:
    parts = f"s3://{s3_moto.new_bucket()}/parts"
    do(folder, "extract", "--batch", "--from", settings.url, "--to", parts)
    blobs = open_blobs(settings, parts, ca_file=Path(settings.ca_file))
    made = [key for key in (entry.key for entry in blobs.list("")) if key.endswith(".jsonl.gz")]
    titles = [
        json.loads(line)["title"]
        for key in made
        for line in gzip.decompress(b"".join(blobs.stream(key))).splitlines()
    ]
    assert titles == ["Rain in the north"] * (FILES * PAGES)
