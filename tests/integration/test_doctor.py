"""What `archiver doctor` says of installations and of real stores."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place
from support.workdir import run, working_folder

from archiver.config.load import load
from archiver.config.storage import StorageSettings
from archiver.daemon.diagnosis import diagnose
from archiver.errors import StorageError
from archiver.store.backup import sqlite_file
from archiver.store.blobs import Blob
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobs.probe import FOLDER, Fact, probe
from archiver.store.blobs.s3 import S3Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.migrate import HEAD


@pytest.fixture(params=["s3_moto", "s3_real"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    found: S3Place = request.getfixturevalue(request.param)
    use_credentials(monkeypatch, found)
    return found


def s3(settings: StorageSettings) -> S3Blobs:
    opened = open_blobs(settings, settings.url, ca_file=Path(settings.ca_file))
    assert isinstance(opened, S3Blobs)
    return opened


def told(blobs: Any) -> dict[str, Fact]:
    return {found.name: found for found in probe(blobs)}


def failed(facts: dict[str, Fact]) -> list[str]:
    return [name for name, found in facts.items() if found.state == "fail"]


def objects(store: S3Blobs) -> list[str]:
    """What is left in the bucket: versions and unfinished uploads too."""
    versions = store.client.list_object_versions(Bucket=store.bucket).get("Versions", [])
    uploads = store.client.list_multipart_uploads(Bucket=store.bucket).get("Uploads", [])
    return [found["Key"] for found in (*versions, *uploads)]


def test_another_dialect_is_in_order(s3_swift: S3Place, monkeypatch: Any) -> None:
    use_credentials(monkeypatch, s3_swift)
    store = s3(bucket_settings(s3_swift, checksums="md5"))
    facts = told(store)
    assert failed(facts) == [], facts
    assert list(store.list()) == []


@pytest.mark.parametrize("checksums", ["sha256", "md5"])
def test_a_store_that_is_in_order(place: S3Place, checksums: str) -> None:
    store = s3(bucket_settings(place, checksums=checksums))
    facts = told(store)
    assert failed(facts) == [], facts
    names = list(facts)
    assert (names[0], names[-1]) == ("put", "delete")
    assert {"head", "range", "read", "list", "exists", "upload", "digests"} < facts.keys()
    assert {"condition", "part", "unfinished", "condition of parts", "lock"} < facts.keys()
    assert facts["upload"].what.startswith("5,242,881 bytes, verified by ")
    assert all(found.seconds is not None for found in facts.values())
    assert objects(store) == []


def test_what_is_configured_is_what_comes_back(s3_moto: S3Place, monkeypatch: Any) -> None:
    use_credentials(monkeypatch, s3_moto)
    wanted = {"storage_class": "STANDARD_IA", "encryption": "AES256"}
    store = s3(bucket_settings(s3_moto, **wanted))
    assert told(store)["rules"].state == "ok"

    def lose(params: dict[str, Any], **_: object) -> None:
        params.pop("StorageClass", None)

    store.client.meta.events.register("provide-client-params.s3.PutObject", lose)
    facts = told(store)
    assert failed(facts) == ["rules"]
    assert "STANDARD, not STANDARD_IA" in facts["rules"].what
    assert objects(store) == []


def test_locks_are_tried_for_a_minute(place: S3Place) -> None:
    store = s3(bucket_settings(place, locked=True, lock="compliance", lock_for="900d"))
    began = time.time()
    facts = told(store)
    assert failed(facts) == [], facts
    for name in ("lock", "lock of parts"):
        assert "GOVERNANCE" in facts[name].what
        assert "it holds" in facts[name].what
    assert "2 locked probes stay until" in facts["delete"].what
    left = objects(store)
    assert len(left) == 2
    for key in left:
        found = store.head(key.removeprefix(store.prefix))
        assert found is not None
        assert found.locked_until is not None
        assert found.locked_until.timestamp() < began + 600
        assert found.key.startswith(FOLDER)


def test_a_lock_in_a_bucket_that_has_none_is_said(place: S3Place) -> None:
    store = s3(bucket_settings(place, lock="governance"))
    facts = told(store)
    assert {"lock", "lock of parts"} >= set(failed(facts)) != set()
    assert objects(store) == []


def test_a_lock_that_does_not_hold_is_said(s3_moto: S3Place, monkeypatch: Any) -> None:
    use_credentials(monkeypatch, s3_moto)
    store = s3(bucket_settings(s3_moto, locked=True, lock="governance"))
    store.client.meta.events.register(
        "provide-client-params.s3.DeleteObject",
        lambda params, **_: params.update(BypassGovernanceRetention=True),
    )
    facts = told(store)
    assert failed(facts) == ["lock", "lock of parts"]
    assert "and yet it was deleted" in facts["lock"].what


def test_no_bucket_wrong_keys_and_no_server_are_told_apart(
    s3_real: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(monkeypatch, s3_real)
    settings = bucket_settings(s3_real)
    (found,) = told(s3(settings.model_copy(update={"url": "s3://no-such-bucket"}))).values()
    assert (found.state, "NoSuchBucket" in found.what) == ("fail", True)
    assert "storage.url" in found.todo
    (found,) = told(s3(settings.model_copy(update={"endpoint": "https://127.0.0.1:9"}))).values()
    assert (found.state, "no whole answer" in found.what) == ("fail", True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-wrong-wrong")
    (found,) = told(s3(settings)).values()
    assert (found.state, "403" in found.what) == ("fail", True)
    assert "credentials" in found.todo


class Forgetful(DiskBlobs):
    """A folder that gives back other bytes, keeps no list, or writes over files."""

    def __init__(self, root: Path, fault: str) -> None:
        super().__init__(root)
        self._fault = fault

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        for piece in super().stream(key, offset):
            yield piece[:-1] + b"?" if self._fault == "stream" else piece

    def read(self, key: str, offset: int, length: int) -> bytes:
        return super().read(key, offset + (self._fault == "read"), length)

    def put(self, key: str, body: bytes, *, absent: bool = False) -> Blob:
        return super().put(key, body, absent=absent and self._fault != "absent")

    def head(self, key: str) -> Blob | None:
        if self._fault == "delete" and key.endswith("large"):
            raise StorageError("not allowed", reason="refused")
        return None if self._fault == "head" else super().head(key)

    def list(self, prefix: str = "") -> Iterator[Blob]:
        return iter(()) if self._fault == "list" else super().list(prefix)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("none", {}),
        ("stream", {"read": "fail", "upload": "fail"}),
        ("read", {"range": "fail"}),
        ("absent", {"exists": "fail"}),
        ("head", {"head": "fail"}),
        ("list", {"list": "warn"}),
        ("delete", {"delete": "fail"}),
    ],
)
def test_each_thing_that_a_store_gets_wrong_is_said(
    tmp_path: Path, fault: str, names: dict[str, str]
) -> None:
    facts = told(Forgetful(tmp_path / "store", fault))
    assert {name: found.state for name, found in facts.items() if found.state != "ok"} == names
    if fault == "none":
        assert list((tmp_path / "store").iterdir()) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return working_folder(tmp_path / "work", connect_to={})


def looked_at(folder: Path, **flags: str) -> dict[str, Fact]:
    loaded = load(start=folder, explicit=None, env={}, flags=flags)
    return {found.name: found for found in diagnose(loaded)}


def test_a_new_folder_is_in_order_but_for_outlets(folder: Path) -> None:
    facts = looked_at(folder)
    assert {name: f.state for name, f in facts.items() if f.state != "ok"} == {"seeds": "warn"}
    done = run(folder, "archiver", "doctor")
    assert done.returncode == 0, done.stdout
    assert "warn  seeds: 0 outlets" in done.stdout
    assert "is made by the first crawl" in done.stdout


def test_each_thing_that_is_amiss_is_said(folder: Path) -> None:
    loaded = load(start=folder, explicit=None, env={}, flags={})
    assert looked_at(folder, **{"daemon.disk_reserve": "900TB"})["disk"].state == "fail"
    store = {"storage.url": "file:///x", "storage.spool_max": "900TB"}
    assert looked_at(folder, **store)["disk"].state == "warn"
    assert looked_at(folder, **{"operator.contact": ""})["contact"].state == "fail"
    (folder / "seeds" / "a.toml").write_text("nonsense", "utf-8")
    assert looked_at(folder)["seeds"].state == "warn"
    (folder / "seeds" / "a.toml").write_text(
        'id = "a"\nname = "X"\nhomepage = "http://a.example/"\nfeeds = ["http://a.example/f"]\n'
        "[fetch]\nrender = true\n",
        "utf-8",
    )
    assert looked_at(folder, **{"network.browser": "/no/such"})["browser"].state == "fail"
    path = sqlite_file(loaded.catalogue_url)
    Catalogue.open(loaded.catalogue_url, create=True).close()
    assert HEAD in looked_at(folder)["catalogue"].what
    later = time.time() + 7200
    os.utime(path, (later, later))
    assert looked_at(folder)["clock"].state == "warn"
    path.write_bytes(b"no" * 5000)
    assert looked_at(folder)["catalogue"].state == "fail"
    path.unlink()
    loaded.warc_folder.mkdir()
    (loaded.warc_folder / "a.warc.gz").touch()
    assert "restore" in looked_at(folder)["catalogue"].todo


def test_a_wrong_configuration_fails(folder: Path) -> None:
    with (folder / "config" / "archiver.toml").open("a") as file:
        file.write("[crawl]\nnonsense = 1\n")
    done = run(folder, "archiver", "doctor", "--json")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["state"] for row in rows} == {"fail"}


def test_the_command_shows_no_credentials(folder: Path, s3_real: S3Place) -> None:
    more = {
        **s3_real.environment(),
        "ARCHIVER_STORAGE__URL": "s3://no-such-bucket/kept",
        "ARCHIVER_STORAGE__ENDPOINT": s3_real.endpoint,
        "ARCHIVER_STORAGE__CA_FILE": s3_real.ca_file,
        "ARCHIVER_STORAGE__ADDRESSING": "path",
    }
    for key in (s3_real.secret_key, "another-secret-of-somebody"):
        done = run(folder, "archiver", "doctor", **{**more, "AWS_SECRET_ACCESS_KEY": key})
        assert done.returncode == 1
        assert "fail  store: put:" in done.stdout
        for secret in (key, s3_real.access_key):
            assert secret not in done.stdout + done.stderr


def test_the_moment_is_utc(folder: Path) -> None:
    assert datetime.fromisoformat(looked_at(folder)["clock"].what).utcoffset() is not None
