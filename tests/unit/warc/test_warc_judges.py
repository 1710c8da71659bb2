"""Three validators over everything odd, and whether they would have noticed."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from support import judges
from support.exchanges import PAGE, answer, chunked, exchange, odd_exchanges
from support.judges import INDEXERS, indexers, judge

from archiver.warc.cdxj import file_lines
from archiver.warc.compress import compress_member
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

UNSPLITTABLE = ("line-feeds", "torn-head")  # warcat stops at these: they come last


def test_odd_exchanges_pass(tmp_path: Path) -> None:
    cases = odd_exchanges()
    with WarcWriter(tmp_path, prefix="p", info=WarcInfo(software="s")) as writer:
        first = exchange_records(cases["plain"], metadata=[("via", "https://news.example/feed")])
        writer.append(first)
        refers_to = RefersTo(
            record_id=first[0].record_id,
            target_uri=first[0].target_uri or "",
            date=first[0].date,
            payload_digest=first[0].payload_digest,
        )
        for raw in (answer(PAGE, b"Age: 1"), b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"):
            writer.append(exchange_records(exchange(raw), refers_to=refers_to))
        names = sorted(cases.keys() - {"plain", *UNSPLITTABLE})
        for name in [*names, *UNSPLITTABLE]:
            writer.append(exchange_records(cases[name]))
    (path,) = tmp_path.glob("*.warc.gz")
    assert judge(path) == []


def sha1(data: bytes) -> bytes:
    return b"sha1:" + base64.b32encode(hashlib.sha1(data).digest())


@pytest.mark.parametrize("fault", ["block", "payload", "chunked-payload", "twice", "torn"])
def test_the_judges_notice(tmp_path: Path, fault: str) -> None:
    raw = answer()
    if fault == "chunked-payload":
        raw = answer(chunked(PAGE), b"Transfer-Encoding: chunked", length=False)
    datas = [record.data for record in exchange_records(exchange(raw))]
    wrong = sha1(b"something else")
    if fault == "block":
        datas[0] = re.sub(rb"(Block-Digest: )\S+", rb"\1" + wrong, datas[0])
    elif "payload" in fault:
        datas[0] = re.sub(rb"(Payload-Digest: )\S+", rb"\1" + wrong, datas[0])
    elif fault == "twice":
        datas.append(datas[2])
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(map(compress_member, datas))[: -5 if fault == "torn" else None])
    said = {text.partition(":")[0] for text in judge(path)}
    expected = {
        "block": {"fastwarc", "warcio", "warcat"},
        "payload": {"fastwarc", "warcio", "warcat"},
        "chunked-payload": {"fastwarc", "warcio", "warcat"},
        "twice": {"warcat"},
        "torn": {"ours", "warcat"},
    }
    assert said >= expected[fault]


@pytest.mark.skipif(not INDEXERS.is_dir(), reason="pywb is not set up: make judges")
def test_the_indexers_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WarcWriter(tmp_path, prefix="p", info=WarcInfo(software="x")) as writer:
        writer.append(exchange_records(exchange(answer())))
        name = writer.name
    path = tmp_path / str(name)
    assert indexers(path) == []
    for field, lie in (("offset", '"offset": "1'), ("status", '"status": "5')):
        lines = [re.sub(rf'"{field}": "\d', lie, line) for line in file_lines(path)]
        monkeypatch.setattr(judges, "file_lines", lambda _, lines=lines: lines)
        said = indexers(path)
        assert [text.partition(":")[0] for text in said] == ["cdx-indexer", "cdxj-indexer"]
        monkeypatch.undo()
