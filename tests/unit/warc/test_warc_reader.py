from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import WarcError, WireError
from archiver.warc import frames, reader
from archiver.warc.frames import Fault, cut_records
from archiver.warc.members import FileWindow, JoinedMembers
from archiver.warc.reader import Damage, StoredRecord, iter_records, read_record

HOSTILE = Path(__file__).parents[2] / "hostile" / "warc"
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "warcs"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"other people's WARCs are not beside the repo ({SHARED})"
)

# File: the numbers of the records that are found, and what is said of the rest, in order.
FOUND: dict[str, tuple[str, list[str]]] = {
    "empty.warc": ("", []),
    "blank-lines.warc": ("12", []),
    "line-feeds.warc": ("12", []),
    "lower-case-names.warc": ("12", []),
    "folded.warc": ("12", []),
    "no-colon.warc": ("12", []),
    "latin-1-header.warc": ("12", []),
    "angle-brackets.warc": ("12", []),
    "no-length.warc": ("2", ["0: Content-Length is missing (1)"]),
    "length-no-number.warc": ("2", ["0: Content-Length is abc (1)"]),
    "length-negative.warc": ("2", ["0: Content-Length is -4 (1)"]),
    "length-huge.warc": ("2", [f"0: Content-Length is {'9' * 30} (1)"]),
    "length-twice.warc": ("2", ["0: Content-Length is 4 and 40 (1)"]),
    "length-petabyte.warc": (
        "2",
        ["0: 267 bytes of block where Content-Length says 1000000000000000 (1)"],
    ),
    "length-too-small.warc": ("12", ["189: no WARC record begins here: b'ock 1\\n'"]),
    "length-too-large.warc": (
        "13",
        ["223: 267 bytes of block where Content-Length says 4000 (2)"],
    ),
    "junk-between.warc": ("12", ["223: no WARC record begins here: b'junk\\r\\n'"]),
    "nul-bytes.warc": ("12", [f"223: no WARC record begins here: {bytes(40)!r}"]),
    "header-without-end.warc": ("1", ["223: the record's header does not end"]),
    "torn-block.warc": ("1", ["223: 24 bytes of block where Content-Length says 40 (2)"]),
    "not-a-warc.warc": ("", ["0: no WARC record begins here: b'<html>no</html>\\n'"]),
    "torn-tail.warc.gz": ("1", ["169: the file ends inside a gzip member"]),
    "torn-trailer.warc.gz": ("1", ["169: the file ends inside a gzip member (2)"]),
    "wrong-checksum.warc.gz": ("13", ["169: broken gzip member"]),
    "wrong-size.warc.gz": ("13", ["169: broken gzip member"]),
    "broken-middle.warc.gz": ("13", ["169: broken gzip member"]),
    "junk-between.warc.gz": ("12", ["169: broken gzip member"]),
    "no-magic.warc.gz": ("2", ["0: broken gzip member"]),
    "zeros-at-end.warc.gz": ("1", ["169: broken gzip member"]),
    "one-member.warc.gz": ("123", ["0: several records in one gzip member"]),
    "one-torn-member.warc.gz": ("123", ["0: the file ends inside a gzip member"]),
    "several-members.warc.gz": ("12", ["0: one record in several gzip members (1)"]),
    "empty-members.warc.gz": ("12", []),
    "junk-in-member.warc.gz": ("12", ["0: no WARC record begins here: b'more' (1)"]),
    "no-record-in-member.warc.gz": (
        "2",
        ["0: no WARC record begins here: b'nothing of the kind'"],
    ),
    "length-lies.warc.gz": ("2", ["0: 44 bytes of block where Content-Length says 400 (1)"]),
    "length-lies-a-little.warc.gz": ("2", ["0: 44 bytes of block where Content-Length says 50"]),
}  # fmt: skip


def records_of(path: Path) -> list[StoredRecord]:
    return [item for item in iter_records(path) if isinstance(item, StoredRecord)]


def damages_of(path: Path) -> list[Damage]:
    return [item for item in iter_records(path) if isinstance(item, Damage)]


def test_every_hostile_file_is_expected() -> None:
    names = {path.name for path in HOSTILE.glob("*.warc*")}
    assert names == set(FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_intact_records_are_read_and_faults_are_named(name: str) -> None:
    numbers, said = FOUND[name]
    records, damages = records_of(HOSTILE / name), damages_of(HOSTILE / name)
    assert [r.record_id for r in records] == [f"<urn:test:{number}>" for number in numbers]
    for record, number in zip(records, numbers, strict=True):
        whole = b"block %d\n" % int(number) * 5
        assert record.block == (whole[:10] if "too-small" in name and number == "1" else whole)
        assert record.file == name
    assert len(damages) == len(said)
    for damage, text in zip(damages, said, strict=True):
        whose = f" ({damage.record_id[10:-1]})" if damage.record_id else ""
        assert f"{damage.offset}: {damage.what}{whose}".startswith(text)
        assert damage.file == name


@pytest.mark.parametrize("name", sorted(FOUND))
def test_every_record_is_read_again_by_its_offset(name: str) -> None:
    for record in records_of(HOSTILE / name):
        if record.length:
            assert read_record(HOSTILE / name, record.offset) == record


def test_a_record_that_shares_its_member_says_so() -> None:
    assert {record.length for record in records_of(HOSTILE / "one-member.warc.gz")} == {0}


@pytest.mark.parametrize("name", ["old-arc.arc", "old-arc.arc.gz"])
def test_an_arc_is_refused(name: str) -> None:
    with pytest.raises(WarcError, match=r"ARC file.*warcio recompress"):
        list(iter_records(HOSTILE / name))


@pytest.mark.parametrize(
    ("name", "offset", "said"),
    [
        ("torn-tail.warc.gz", 169, "ends inside"),
        ("torn-tail.warc.gz", 5, "broken gzip member"),
        ("torn-tail.warc.gz", 10**6, "file ends here"),
        ("blank-lines.warc", 0, "no record begins here"),
        ("blank-lines.warc", -1, "cannot be read"),
        ("no-such.warc", 0, "cannot be opened"),
    ],
)
def test_an_offset_without_a_record_is_an_error(name: str, offset: int, said: str) -> None:
    with pytest.raises(WarcError, match=said) as caught:
        read_record(HOSTILE / name, offset)
    assert name in str(caught.value)


def test_header_details() -> None:
    (first, _) = records_of(HOSTILE / "angle-brackets.warc")
    assert first.target_uri == "http://a.example/1%20x"
    assert first.header("warc-target-uri") == "<http://a.example/1 x>"
    assert first.date == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    (folded, _) = records_of(HOSTILE / "folded.warc")
    assert folded.header("Content-Type") == "text/plain; charset=utf-8"
    (latin, _) = records_of(HOSTILE / "latin-1-header.warc")
    assert latin.header("Content-Type") == "text/ä"


def test_what_is_no_http_has_its_block_as_body() -> None:
    (record, _) = records_of(HOSTILE / "folded.warc")
    assert not record.is_http
    assert record.body(100) == record.block
    with pytest.raises(WireError):
        record.http()


class Endless:
    """A header that never ends, and how much of it was asked for."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece * 100
        self.given = 0

    def read(self) -> bytes:
        piece = self.piece if self.given else b"WARC/1.1\r\n"
        self.given += len(piece)
        assert self.given < 100_000, "reads on and on"
        return piece


@pytest.mark.parametrize("piece", [b"A: b\r\n", b"a"], ids=["lines", "one-line"])
def test_a_header_without_end_costs_bounded_memory(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(frames, "_MAX_HEADER", 10_000)
    (fault,) = cut_records(Endless(piece).read)
    assert isinstance(fault, Fault)
    assert fault.what == "the record's header does not end"


def test_lies_about_length_are_followed_once_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks like a record in several members; to read on for all would take for ever."""
    followed = []

    class Counted(JoinedMembers):
        def __init__(self, file: FileWindow, offset: int) -> None:
            followed.append(offset)
            super().__init__(file, offset)

    monkeypatch.setattr(reader, "JoinedMembers", Counted)
    lie = one_record(1).replace(b"Content-Length: 50", b"Content-Length: 900000")
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gzip.compress(lie) * 20 + gzip.compress(one_record(2)))
    assert [record.record_id for record in records_of(path)] == ["<urn:test:2>"]
    assert len(followed) == 1
    assert len(damages_of(path)) == 20


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_damage_makes_it_raise_or_loses_more_than_it_touches(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of one member changed, put in or taken out: the other members are still read."""
    whole = [gzip.compress(one_record(number), mtime=0) for number in range(4)]
    place = data.draw(st.integers(0, 3))
    hurt = bytearray(whole[place])
    at = data.draw(st.integers(0, len(hurt) - 1))
    hurt[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    path = tmp_path_factory.mktemp("hurt") / "x.warc.gz"
    path.write_bytes(b"".join([*whole[:place], bytes(hurt), *whole[place + 1 :]]))
    items = list(iter_records(path))
    found = {item.record_id for item in items if isinstance(item, StoredRecord)}
    assert found >= {f"<urn:test:{number}>" for number in range(4) if number != place}
    if f"<urn:test:{place}>" not in found and hurt:
        assert any(isinstance(item, Damage) for item in items)


PIECES = [b"WARC/1.1\r\n", b"WARC-Type: x\r\n", b"Content-Length: 3\r\n", b"\r\n", b"\n", b"abc",
          b"\x1f\x8b\x08\x00", b": :\r\n", b" fold\r\n", b"\xff\xfe"]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)), st.booleans())
def test_nothing_in_a_file_makes_it_raise(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], packed: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.warc"
    data = b"".join(pieces)
    path.write_bytes(gzip.compress(data) if packed else data)
    covered = list(iter_records(path))
    assert covered or not data.strip(b"\r\n")


def one_record(number: int) -> bytes:
    block = b"%d" % number * 50
    return (
        b"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:test:%d>\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (number, len(block), block)
    )


def test_a_bomb_in_a_member_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as out:
        out.write(one_record(1))
        for _ in range(50):
            out.write(bytes(1 << 20))
    path.write_bytes(packed.getvalue() + gzip.compress(one_record(2)))
    record, damage, other = iter_records(path)
    assert isinstance(record, StoredRecord)
    assert isinstance(damage, Damage)
    assert isinstance(other, StoredRecord)


@needs_shared
@pytest.mark.parametrize(
    ("name", "types", "said"),
    [
        ("20130729-heritrix-original.warc.gz", "response", []),
        ("20130729-heritrix-revisit-with-http-headers.warc.gz", "revisit", []),
        ("20141124-heritrix-server-not-modified.warc.gz", "revisit", []),
        ("20141129-heritrix-original.warc.gz", "response", []),
        (
            "20141129-heritrix-revisit-with-http-headers-and-new-warc-headers.warc.gz",
            "revisit",
            [],
        ),
        (
            "example-bad-non-chunked.warc.gz",
            "warcinfo warcinfo response request revisit request",
            ["several records in one gzip member"],
        ),
        (
            "example-bad.warc.gz.bad",
            "warcinfo response request revisit request response",
            ["several records in one gzip member"],
        ),
        ("example-iana.org-chunked.warc", "warcinfo response request", []),
        ("example-space-in-target-uri.warc.gz", "warcinfo resource", []),
        (
            "example-trunc.warc",
            "warcinfo warcinfo response request",
            ["no WARC record begins here: b'\\x00\\x00\\r\\n'"],
        ),
        (
            "example-wget-bad-target-uri.warc.gz",
            "warcinfo request response metadata resource resource",
            [],
        ),
        (
            "example-wrong-chunks.warc.gz",
            "response request",
            ["one record in several gzip members"],
        ),
        ("example.warc.gz", "warcinfo warcinfo response request revisit request", []),
        ("post-test.warc.gz", "response request response request response request", []),
    ],
)
def test_warcs_of_others(name: str, types: str, said: list[str]) -> None:
    records = records_of(SHARED / name)
    assert " ".join(record.type for record in records) == types
    assert [damage.what for damage in damages_of(SHARED / name)] == said
    for record in records:
        assert record.target_uri is None or not {" ", "<"} & set(record.target_uri)
        assert record.date is not None
        if record.type == "response":
            assert record.http().status in {200, 302}
            assert record.body(10**6)
        if record.length:
            assert read_record(SHARED / name, record.offset) == record


@needs_shared
@pytest.mark.parametrize("name", ["bad.arc", "example.arc.gz"])
def test_arcs_of_others_are_refused(name: str) -> None:
    with pytest.raises(WarcError, match="ARC file"):
        list(iter_records(SHARED / name))
