from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exchanges import STARTED, answer, exchange, odd_exchanges

from archiver.warc.cdxj import cdxj_line, file_lines, sort_lines, write_sidecar
from archiver.warc.reader import read_record
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

HOSTILE = Path(__file__).parents[2] / "hostile" / "warc"
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "warcs"


def parsed(line: str) -> tuple[str, str, dict[str, str]]:
    key, timestamp, fields = line.split(" ", 2)
    return key, timestamp, json.loads(fields)


def line(**changes: Any) -> str | None:
    values: dict[str, Any] = {
        "record_type": "response",
        "url": "https://www.news.example/B?b=1&a=2",
        "at": STARTED,
        "mime": "text/html",
        "status": 200,
        "digest": "sha1:X",
        "length": 10,
        "offset": 20,
        "filename": "a.warc.gz",
    }
    return cdxj_line(**(values | changes))


def test_a_line() -> None:
    assert line() == (
        'example,news)/b?a=2&b=1 20240506070809 {"url": "https://www.news.example/B?b=1&a=2", '
        '"mime": "text/html", "status": "200", "digest": "sha1:X", "length": "10", '
        '"offset": "20", "filename": "a.warc.gz"}'
    )


@pytest.mark.parametrize(
    ("at", "digits"),
    [
        (datetime(2026, 5, 1, 0, 30, 9, 999999, timezone(timedelta(hours=2))), "20260430223009"),
        (datetime(987, 1, 2, tzinfo=UTC), "09870102000000"),
    ],
)
def test_a_moment_is_fourteen_digits_in_utc(at: datetime, digits: str) -> None:
    made = line(at=at)
    assert made
    assert parsed(made)[1] == digits


def test_what_is_not_known_and_what_is_a_revisit() -> None:
    made = line(mime=None, status=None, digest=None)
    assert made
    fields = parsed(made)[2]
    assert (fields["mime"], fields["status"], fields["digest"]) == ("unk", "-", "-")
    revisit = line(record_type="revisit")
    assert revisit
    assert parsed(revisit)[2]["mime"] == "warc/revisit"


@pytest.mark.parametrize(
    "changes",
    [{"record_type": "request"}, {"record_type": "metadata"}, {"url": "dns:a.example"},
     {"url": "http://a.example:x/"}, {"url": ""}],
)  # fmt: skip
def test_what_an_index_does_not_list(changes: dict[str, str]) -> None:
    assert line(**changes) is None


@given(st.text(), st.text())
def test_no_text_breaks_a_line(url: str, name: str) -> None:
    made = line(url=f"http://a.example/{url}", filename=name)
    if made:
        assert "\n" not in made
        assert parsed(made)[2]["filename"] == name


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_lines_sort_by_bytes(lines: list[str]) -> None:
    assert [made.encode() for made in sort_lines(lines)] == sorted(made.encode() for made in lines)


def test_the_index_of_a_file_finds_its_records(tmp_path: Path) -> None:
    with WarcWriter(tmp_path, prefix="p", info=WarcInfo(software="s")) as writer:
        for kept in odd_exchanges().values():
            writer.append(exchange_records(kept))
        page = exchange_records(exchange(answer()))[0]
        assert page.target_uri
        refers_to = RefersTo(
            record_id=page.record_id,
            target_uri=page.target_uri,
            date=page.date,
            payload_digest=page.payload_digest,
        )
        writer.append(exchange_records(exchange(answer()), refers_to=refers_to))
    (path,) = tmp_path.glob("*.warc.gz")
    (sidecar,) = tmp_path.glob("*.cdxj")
    lines = file_lines(path)
    assert sidecar.read_bytes() == b"".join(f"{made}\n".encode() for made in lines)
    assert lines == sorted(lines)
    answered = [kept for kept in odd_exchanges().values() if kept.head_length]
    assert len(lines) == len(answered) + 1
    for made in lines:
        _, timestamp, fields = parsed(made)
        record = read_record(path, int(fields["offset"]))
        assert fields["url"] == record.target_uri
        assert fields["length"] == str(record.length)
        assert fields["filename"] == path.name
        assert record.date
        assert f"{record.date:%Y%m%d%H%M%S}" == timestamp
        assert fields["status"] == str(record.http().status)


def test_damaged_and_other_files_have_lines_for_what_is_whole(tmp_path: Path) -> None:
    lines = [parsed(made) for made in file_lines(HOSTILE / "broken-middle.warc.gz")]
    assert [(key, fields["mime"], fields["status"]) for key, _, fields in lines] == [
        ("example,a)/1", "text/plain", "-"),
        ("example,a)/3", "text/plain", "-"),
    ]
    path = write_sidecar(tmp_path / "a.warc.gz", ["b", "a"])
    assert path.name == "a.warc.gz.cdxj"
    assert path.read_text() == "a\nb\n"


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"other people's WARCs are not there ({SHARED})")
def test_the_index_of_others_files() -> None:
    made = [parsed(one)[2] for one in file_lines(SHARED / "example.warc.gz")]
    assert [(one["mime"], one["status"], one["offset"]) for one in made] == [
        ("text/html", "200", "784"),
        ("warc/revisit", "200", "2621"),
    ]
    (revisit,) = file_lines(SHARED / "20141124-heritrix-server-not-modified.warc.gz")
    assert parsed(revisit)[2]["status"] == "-"  # it has no block
