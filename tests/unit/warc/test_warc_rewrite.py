"""A WARC written anew without some payloads: what is left, byte for byte, and who can read it."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import STARTED, answer, exchange
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from archiver.errors import WarcError
from archiver.warc.check import check_file
from archiver.warc.conversion import conversion_records
from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import StoredRecord, iter_records, read_record
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.rewrite import Rewritten, Why, rewrite_file
from archiver.warc.writer import WarcWriter

URLS = [f"https://news.example/{n}" for n in range(4)]
SECRET = b"a name that shall not be read"


def write(folder: Path, bodies: list[bytes]) -> Path:
    """A WARC of an exchange a body, one after the other of each URL; then a revisit."""
    folder.mkdir(parents=True, exist_ok=True)
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="t", is_part_of="x")) as writer:
        for number, body in enumerate(bodies):
            at = STARTED + timedelta(minutes=number)
            url = URLS[number % len(URLS)]
            records = exchange_records(
                exchange(answer(body), url=url, started=at), metadata=[("kind", "page")]
            )
            writer.append(records)
            digest = records[0].payload_digest
            again = exchange(answer(body), url=url, started=at + timedelta(seconds=5))
            refers = RefersTo(
                record_id=records[0].record_id, target_uri=url, date=at, payload_digest=digest
            )
            writer.append(exchange_records(again, refers_to=refers))
            made = conversion_records(
                body,
                url=url,
                at=at,
                refers_to=records[0].record_id,
                content_type="text/html",
                metadata=[("kind", "rendered")],
            )
            writer.append(made)
        name = writer.name
    assert name
    return folder / name


def rewrite(old: Path, hidden: set[str], name: str = "new.warc.gz") -> tuple[Path, Rewritten]:
    def why(record: StoredRecord) -> Why | None:
        if record.target_uri not in hidden:
            return None
        return Why(redaction="0a1b", by="Ada", reason="court\r\norder", made=STARTED)

    new = old.with_name(name)
    sha256 = hashlib.sha256(old.read_bytes()).hexdigest()
    return new, rewrite_file(old, new, sha256=sha256, why=why, at=STARTED)


def records(path: Path) -> list[StoredRecord]:
    return [one for one in iter_records(path) if isinstance(one, StoredRecord)]


def test_payloads_are_gone_and_the_chain_of_digests_is_whole(tmp_path: Path) -> None:
    bodies = [b"one " + SECRET, b"two", b"three", b"four"]
    old = write(tmp_path, bodies)
    new, done = rewrite(old, {URLS[0]})
    assert check_file(new) == []
    data = new.read_bytes()
    assert (done.size, done.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert not any(SECRET in bytes(record.block) for record in records(new))
    before, after = records(old), records(new)
    info = dict(parse_warc_fields(bytes(after[0].block)))
    assert info["replaces"] == old.name
    assert info["replaces-sha256"] == hashlib.sha256(old.read_bytes()).hexdigest()
    assert info["isPartOf"] == "x"  # by which a store names the file
    assert [one.record_id for one in after[1:]] == [one.record_id for one in before]
    gone = 0
    for was, now, moved in zip(before, after[1:], done.moved, strict=True):
        assert (moved.old, moved.new, moved.length) == (was.offset, now.offset, now.length)
        member = old.read_bytes()[was.offset : was.offset + was.length]
        if not moved.gone:
            assert data[now.offset : now.offset + now.length] == member
            assert was.target_uri != URLS[0] or was.type in {"request", "metadata"}
            continue
        gone += 1
        assert (was.target_uri, was.date) == (now.target_uri, now.date)
        assert now.type == "metadata"
        said = dict(parse_warc_fields(bytes(now.block)))
        assert said["removed-member-sha256"] == hashlib.sha256(member).hexdigest()
        assert said["removed-WARC-Type"] == was.type
        assert said["removed-WARC-Block-Digest"] == was.header("WARC-Block-Digest")
        assert said.get("removed-WARC-Payload-Digest") == was.header("WARC-Payload-Digest")
        assert (said["redaction"], said["redacted-by"]) == ("0a1b", "Ada")
        assert said["reason"] == "court order"
        assert read_record(new, moved.new).record_id == was.record_id
    assert gone == 3  # response, revisit and what a browser made of it


def test_other_readers_read_it(tmp_path: Path) -> None:
    new, done = rewrite(write(tmp_path, [SECRET, b"two"]), {URLS[0]})
    with new.open("rb") as file:
        found = [(one.record_id, bytes(one.reader.read())) for one in ArchiveIterator(file)]
    assert len(found) == len(done.moved) + 1
    assert not any(SECRET in block for _, block in found)
    with new.open("rb") as file:
        kinds = []
        for one in WarcioIterator(file, check_digests="raise"):
            one.content_stream().read()
            kinds.append(one.rec_type)
    assert kinds.count("response") == 1
    assert kinds.count("request") == 4


def test_a_damaged_file_is_not_written_anew(tmp_path: Path) -> None:
    old = write(tmp_path, [b"one"])
    data = bytearray(old.read_bytes())
    data[-30] ^= 1
    old.write_bytes(data)
    with pytest.raises(WarcError, match="damaged"):
        rewrite(old, {URLS[0]})


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    old = write(tmp_path, [b"one"])
    (tmp_path / "new.warc.gz").write_bytes(b"mine")
    with pytest.raises(WarcError, match="File exists"):
        rewrite(old, {URLS[0]})
    assert (tmp_path / "new.warc.gz").read_bytes() == b"mine"


@settings(deadline=None)  # it syncs files
@given(
    bodies=st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    hidden=st.sets(st.sampled_from(URLS)),
)
def test_any_file_comes_out_whole(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], hidden: set[str]
) -> None:
    old = write(tmp_path_factory.mktemp("any"), bodies)
    new, done = rewrite(old, hidden)
    assert check_file(new) == []
    kept = {(one.type, one.record_id) for one in records(new)}
    for was, moved in zip(records(old), done.moved, strict=True):
        assert ((was.type, was.record_id) in kept) is not moved.gone
    again, twice = rewrite(new, set(URLS), "again.warc.gz")
    assert check_file(again) == []
    assert {one.type for one in records(again)} <= {"warcinfo", "request", "metadata"}
    assert len(twice.moved) == len(done.moved) + 1


def test_the_digests_prove_a_copy(tmp_path: Path) -> None:
    """Who has the payload can show that it is the one that was taken out."""
    new, done = rewrite(write(tmp_path, [SECRET]), {URLS[0]})
    [note, *_] = [read_record(new, one.new) for one in done.moved if one.gone]
    said = dict(parse_warc_fields(bytes(note.block)))["removed-WARC-Payload-Digest"]
    assert said == "sha1:" + base64.b32encode(hashlib.sha1(SECRET).digest()).decode()
