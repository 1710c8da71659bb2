"""WARC exports judged by others; nothing redacted in them, nothing missing that was chosen."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exchanges import answer, chunked, odd_exchanges
from support.judges import judge
from support.redactions import redact, second
from support.replay_site import Archive, day

from archiver.exchange.captured import Account
from archiver.exchange.choosing import ChosenCaptures
from archiver.exchange.warcfile import WarcFileWriter, warcinfo
from archiver.exchange.warcs import export_warc
from archiver.store.exports import Choice
from archiver.warc.check import check_file
from archiver.warc.members import MAGIC
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.source import FileSource

STORY = "https://news.example/story"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path / "archive")
    yield made
    made.close()


def export(
    archive: Archive,
    target: Path,
    choice: Choice | None = None,
    urls: list[str] | None = None,
    max_size: int = 10**9,
) -> Account:
    captures = ChosenCaptures(archive.catalogue, choice or Choice(), urls)
    return export_warc(archive.catalogue, archive.reading, captures, str(target), max_size=max_size)


def records(path: Path) -> list[StoredRecord]:
    found = list(iter_records(path))
    assert all(isinstance(one, StoredRecord) for one in found), found
    return found  # type: ignore[return-value]


def answers(path: Path) -> list[tuple[str, str | None, bytes]]:
    return [
        (one.type, one.target_uri, bytes(one.http().payload))
        for one in records(path)
        if one.is_http
    ]


def test_an_export_stands_alone_by_the_word_of_others(archive: Archive, tmp_path: Path) -> None:
    first = archive.keep(STORY, day(1), "the same words")
    archive.keep(STORY, day(2), "the same words", b"X-Day: 2", refers_to=first)
    body = chunked(b"the same words")
    raw = answer(body, b"Transfer-Encoding: chunked", length=False)
    archive.keep("https://other.example/copy", day(3), raw, refers_to=first)
    unmodified = answer(b"", status=b"304 Not Modified", length=False)
    archive.keep(STORY, day(4), unmodified, refers_to=first)
    out = tmp_path / "out.warc.gz"
    account = export(archive, out)
    assert (account.captures, account.resolved, account.left_out) == (4, 2, [])
    assert judge(out) == []
    assert check_file(out) == []
    assert answers(out) == [
        ("response", STORY, b"the same words"),
        ("response", STORY, b"the same words"),
        ("response", "https://other.example/copy", b"the same words"),
        ("revisit", STORY, b""),
    ]
    assert [one.type for one in records(out)].count("request") == 4
    assert [one.type for one in records(out)].count("warcinfo") == 2


def test_what_is_not_changed_is_copied_member_by_member(archive: Archive, tmp_path: Path) -> None:
    for name, taken in odd_exchanges().items():
        if taken.head_length and name not in ("strange-url", "no-http"):
            archive.keep(taken.url, taken.started, taken.response)
    out = tmp_path / "out.warc.gz"
    account = export(archive, out)
    assert account.captures > 15
    assert account.left_out == []
    data = out.read_bytes()
    [path] = archive.warcs.glob("*.open")
    source = path.read_bytes()
    members = [source[one.offset : one.offset + one.length] for one in records(path)]
    assert all(member in data for member in members)
    assert judge(out) == []


def test_a_revisit_whose_original_was_not_chosen(archive: Archive, tmp_path: Path) -> None:
    first = archive.keep(STORY, day(1), "the same words")
    unmodified = answer(b"", status=b"304 Not Modified", length=False)
    archive.keep(STORY, day(2), unmodified, refers_to=first)
    archive.keep(STORY, day(3), unmodified, refers_to=first)
    archive.keep(STORY, day(4), "the same words", refers_to=first)
    out = tmp_path / "out.warc.gz"
    account = export(archive, out, Choice(since=day(2)))
    assert account.left_out == []
    found = [(kind, one) for kind, _, one in answers(out)]
    assert found == [
        ("response", b"the same words"),  # the original, once
        ("revisit", b""),
        ("revisit", b""),
        ("response", b"the same words"),
    ]
    assert judge(out) == []


def test_nothing_redacted_is_in_it(archive: Archive, tmp_path: Path) -> None:
    secret = archive.keep("https://news.example/secret", day(1), "secret words")
    archive.keep("https://news.example/folder/a", day(1), "foldered words")
    archive.keep(STORY, day(1), "first words")
    taken = archive.keep(STORY, day(2), "second words")
    archive.keep(STORY, day(3), "second words", refers_to=taken)
    unmodified = answer(b"", status=b"304 Not Modified", length=False)
    archive.keep(STORY, day(4), unmodified, refers_to=taken)
    archive.keep("https://news.example/mirror", day(5), "paid words")
    redact(archive.catalogue, archive.warcs, secret.url)
    redact(archive.catalogue, archive.warcs, "https://news.example/folder", prefix=True)
    redact(archive.catalogue, archive.warcs, STORY, moment=second(day(2)))
    redact(archive.catalogue, archive.warcs, "https://news.example/mirror", payload=True)
    for urls in (None, [STORY, secret.url, "https://news.example/folder/a"]):
        out = tmp_path / "out.warc.gz"
        account = export(archive, out, urls=urls)
        data = gzip.decompress(out.read_bytes())
        for hidden in (b"secret", b"folder", b"paid words", b"/mirror"):
            assert hidden not in data
        assert taken.warc.record_id.encode() not in data
        # the same bytes at another time are that page's own, as in replay
        assert [one for _, _, one in answers(out)] == [b"first words", b"second words"]
        assert len(account.left_out) == 1


def test_what_is_damaged_is_left_out_and_named(archive: Archive, tmp_path: Path) -> None:
    archive.keep(STORY, day(1), "one")
    broken = archive.keep(STORY + "2", day(2), "two")
    archive.keep(STORY + "3", day(3), "three")
    archive.writer.close()
    [path] = archive.warcs.glob("*.warc.gz")
    data = bytearray(path.read_bytes())
    data[broken.warc.offset + 30] ^= 0xFF
    path.write_bytes(data)
    out = tmp_path / "out.warc.gz"
    account = export(archive, out)
    assert [one for _, _, one in answers(out)] == [b"one", b"three"]
    [left] = account.left_out
    assert broken.url in left
    path.unlink()
    account = export(archive, out)
    assert len(account.left_out) == 3
    assert [one.type for one in records(out)] == ["warcinfo"]


def test_a_folder_gets_files_of_a_size(archive: Archive, tmp_path: Path) -> None:
    for number in range(6):
        archive.keep(f"{STORY}{number}", day(number + 1), f"words {number}")
    folder = tmp_path / "out"
    folder.mkdir()
    export(archive, folder, max_size=3000)
    paths = sorted(folder.iterdir())
    assert len(paths) > 1
    assert all(path.name.startswith("export-") for path in paths)
    found = [one[2] for path in paths for one in answers(path)]
    assert sorted(found) == [f"words {number}".encode() for number in range(6)]
    assert all(judge(path) == [] for path in paths)


def test_a_file_that_is_not_packed_is_packed_record_by_record(
    archive: Archive, tmp_path: Path
) -> None:
    archive.keep(STORY, day(1), "one")
    archive.keep(STORY, day(2), "two")
    archive.writer.close()
    [path] = archive.warcs.glob("*.warc.gz")
    path = path.rename(path.with_suffix(""))
    path.write_bytes(gzip.decompress(path.read_bytes()))
    whole = records(path)
    out = io.BytesIO()
    writer = WarcFileWriter(out, "x.warc.gz", warcinfo("x.warc.gz", "test"))
    with FileSource.of(path) as source:
        for record in whole[1:]:
            writer.copy(record, source)
    made = tmp_path / "x.warc.gz"
    made.write_bytes(out.getvalue())
    assert made.read_bytes().startswith(MAGIC)
    again = {one.record_id: one for one in records(made)}
    for record in whole:  # with the warcinfo that they name
        assert again[record.record_id].headers == record.headers
        assert again[record.record_id].block == record.block
    assert judge(made) == []
