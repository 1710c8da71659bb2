"""What a WACZ holds: every line of its index leads to its record, every digest is true."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from support.captures import make_article
from support.exchanges import answer
from support.judges import INDEXERS, judge
from support.redactions import redact
from support.replay_site import Archive, day

from archiver.errors import ConfigError
from archiver.exchange import wacz as module
from archiver.exchange.choosing import ChosenCaptures, chosen_articles, revisions_of
from archiver.exchange.signing import KEY_FILE, signing_key
from archiver.exchange.sorting import SortedLines
from archiver.exchange.wacz import export_wacz, packed_index
from archiver.store.exports import Choice
from archiver.warc.reader import read_record

STORY = "https://news.example/story"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path / "archive")
    first = made.keep(STORY, day(1), "the first words")
    made.keep(STORY, day(2), "the first words", refers_to=first)
    unmodified = answer(b"", status=b"304 Not Modified", length=False)
    made.keep(STORY, day(3), unmodified, refers_to=first)
    for number in range(4):
        url = f"{STORY}/{number}"
        made.keep(url, day(4), f"words of {number}")
        made.catalogue.save_article(make_article(url, f"words of {number}", day(4)))
    yield made
    made.close()


def written(archive: Archive, out: Any = None, **more: Any) -> zipfile.ZipFile:
    choice, out = Choice(), out or io.BytesIO()
    pages = revisions_of(chosen_articles(archive.catalogue, choice), every=True)
    captures = ChosenCaptures(archive.catalogue, choice)
    facts: dict[str, Any] = {"title": "Rain", "key": None, **more}
    export_wacz(archive.catalogue, archive.reading, captures, pages, out, **facts)
    return zipfile.ZipFile(io.BytesIO(out.getvalue()))


def index_of(files: zipfile.ZipFile) -> list[str]:
    return gzip.decompress(files.read("indexes/index.cdx.gz")).decode().splitlines()


def test_every_line_of_the_index_leads_to_its_record(archive: Archive, tmp_path: Path) -> None:
    files = written(archive, max_size=4000)
    assert files.testzip() is None
    names = [name for name in files.namelist() if name.startswith("archive/")]
    assert len(names) > 1
    files.extractall(tmp_path / "out")
    assert [judge(tmp_path / "out" / name) for name in names] == [[]] * len(names)
    lines = index_of(files)
    assert lines == sorted(lines)
    assert len(lines) == 6  # not that of the 304, which is no page
    for line in lines:
        facts = json.loads(line.split(" ", 2)[2])
        place = tmp_path / "out" / "archive" / facts["filename"]
        record = read_record(place, int(facts["offset"]))
        assert (record.type, record.target_uri) == ("response", facts["url"])
        assert str(record.length) == facts["length"]
        assert str(record.http().status) == facts["status"]


def test_its_account_of_itself_is_true(archive: Archive) -> None:
    files = written(archive)
    package = json.loads(files.read("datapackage.json"))
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    for one in package["resources"]:
        data = files.read(one["path"])
        assert one["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert (one["bytes"], one["name"]) == (len(data), one["path"].rpartition("/")[2])
    listed = {one["path"] for one in package["resources"]}
    assert listed | {"datapackage.json", "datapackage-digest.json"} == set(files.namelist())
    digest = json.loads(files.read("datapackage-digest.json"))
    own = hashlib.sha256(files.read("datapackage.json")).hexdigest()
    assert digest == {"path": "datapackage.json", "hash": f"sha256:{own}"}
    for info in files.infolist():
        stored = info.filename.endswith(".gz")
        assert info.compress_type == (zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
        assert info.extra == b""  # no ZIP64


def test_pages_have_title_and_text(archive: Archive) -> None:
    head, *pages = map(json.loads, written(archive).read("pages/pages.jsonl").splitlines())
    assert (head["format"], head["hasText"]) == ("json-pages-1.0", True)
    assert [(one["url"], one["text"]) for one in pages] == [
        (f"{STORY}/{number}", f"words of {number}") for number in range(4)
    ]
    assert {one["ts"] for one in pages} == {f"{day(4):%Y-%m-%dT%H:%M:%SZ}"}


def test_nothing_redacted_is_in_it(archive: Archive) -> None:
    redact(archive.catalogue, archive.warcs, f"{STORY}/2")
    files = written(archive)
    for name in files.namelist():
        data = files.read(name)
        data = gzip.decompress(data) if name.endswith(".gz") else data
        assert b"words of 2" not in data
        assert b"story/2" not in data


def test_it_can_be_written_into_a_pipe(archive: Archive) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError("not this one")

        def tell(self) -> int:
            raise OSError("not this one")

    files = written(archive, Pipe())
    assert files.testzip() is None
    assert len(index_of(files)) == 6


def test_an_empty_choice_is_a_wacz_as_well(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = written(archive)
    assert index_of(files) == []
    assert len(files.read("pages/pages.jsonl").splitlines()) == 1
    archive.close()


def test_the_signature_is_that_of_the_archives_key(archive: Archive, tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    files = written(archive, key=key)
    digest = json.loads(files.read("datapackage-digest.json"))
    said = digest["signedData"]
    assert said["hash"] == digest["hash"]
    assert said["created"] == json.loads(files.read("datapackage.json"))["created"]
    public = serialization.load_der_public_key(base64.b64decode(said["publicKey"]))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    raw = base64.b64decode(said["signature"])
    assert len(raw) == 96
    packed = encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    public.verify(packed, digest["hash"].encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(packed, b"another", ec.ECDSA(hashes.SHA256()))
    again = signing_key(tmp_path)
    assert again.private_numbers() == key.private_numbers()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    (tmp_path / KEY_FILE).write_text("no key")
    with pytest.raises(ConfigError, match="P-384"):
        signing_key(tmp_path)


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_lines_are_sorted_by_bytes_however_few_are_held(texts: list[str]) -> None:
    for held in (1, 20, 10_000):
        lines = SortedLines(held=held)
        for text in texts:
            lines.add(text)
        assert list(lines) == sorted(text.encode() + b"\n" for text in texts)


@given(count=st.integers(0, 20))
def test_each_block_of_the_index_is_found_by_its_own(count: int) -> None:
    lines = [b'example,news)/%05d 20260501060000 {"n": %d}\n' % (n, n) for n in range(count)]
    out = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", 3)
        meta, *index = packed_index(lines, out)
    assert json.loads(meta.removeprefix("!meta 0 "))["format"] == "cdxj-gzip-1.0"
    data, found = out.getvalue(), []
    for line in index:
        key, _, text = line.partition(" {")
        facts = json.loads("{" + text)
        block = data[facts["offset"] : facts["offset"] + facts["length"]]
        assert facts["digest"] == f"sha256:{hashlib.sha256(block).hexdigest()}"
        inside = gzip.decompress(block).splitlines(keepends=True)
        assert inside[0].startswith(key.encode())
        found += inside
    assert found == lines


@pytest.mark.skipif(
    not (INDEXERS / "wacz").exists(), reason="py-wacz is not here: run `make judges`"
)
def test_another_validator_finds_it_valid(archive: Archive, tmp_path: Path) -> None:
    files = written(archive, key=signing_key(tmp_path))
    assert files.fp
    path = tmp_path / "all.wacz"
    files.fp.seek(0)
    path.write_bytes(files.fp.read())
    command = [str(INDEXERS / "wacz"), "validate", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "the passed WACZ is valid" in done.stdout, done.stdout + done.stderr
