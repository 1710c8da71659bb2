"""Makes the odd WARC files beside it; run it again after a change: python make.py."""

from __future__ import annotations

import gzip
from pathlib import Path

HERE = Path(__file__).parent


def record(number: int, block: bytes | None = None, *, said: bytes | None = None) -> bytes:
    block = b"block %d\n" % number * 5 if block is None else block
    said = b"%d" % len(block) if said is None else said
    return (
        b"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:test:%d>\r\n"
        b"WARC-Date: 2024-01-02T03:04:05Z\r\nWARC-Target-URI: http://a.example/%d\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %s\r\n\r\n"
        % (number, number, said)
        + block
        + b"\r\n\r\n"
    )


def member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def flipped(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 0xFF
    return bytes(changed)


one, two, three = record(1), record(2), record(3)
packed = member(two)

FILES = {
    "empty.warc": b"",
    "blank-lines.warc": b"\r\n\r\n" + one + b"\r\n\n\n" + two,
    "line-feeds.warc": one.replace(b"\r\n", b"\n") + two,
    "lower-case-names.warc": one.replace(b"Content-Length", b"content-length")
    + two.replace(b"WARC-Type", b"warc-type"),
    "folded.warc": one.replace(b"text/plain", b"text/plain;\r\n charset=utf-8") + two,
    "no-colon.warc": one.replace(b"Content-Type:", b"nonsense\r\nContent-Type:") + two,
    "latin-1-header.warc": one.replace(b"text/plain", b"text/\xe4") + two,
    "angle-brackets.warc": one.replace(b"http://a.example/1", b"<http://a.example/1 x>") + two,
    "no-length.warc": one.replace(b"Content-Length: 40\r\n", b"") + two,
    "length-no-number.warc": record(1, said=b"abc") + two,
    "length-negative.warc": record(1, said=b"-4") + two,
    "length-huge.warc": record(1, said=b"9" * 30) + two,
    "length-twice.warc": record(1, said=b"4\r\nContent-Length: 40") + two,
    "length-petabyte.warc": record(1, said=b"1000000000000000") + two,
    "length-too-small.warc": record(1, said=b"10") + two,
    "length-too-large.warc": one + record(2, said=b"4000") + three,
    "junk-between.warc": one + b"junk\r\n" + two,
    "header-without-end.warc": one + two[:60],
    "torn-block.warc": one + two[:-20],
    "not-a-warc.warc": b"<html>no</html>\n",
    "nul-bytes.warc": one + bytes(600) + two,
    "old-arc.arc": b"filedesc://x.arc 0.0.0.0 20140301000000 text/plain 3\n1 0 X\n",
    "torn-tail.warc.gz": member(one) + packed[:-20],
    "torn-trailer.warc.gz": member(one) + packed[:-4],
    "wrong-checksum.warc.gz": member(one) + flipped(packed, -6) + member(three),
    "wrong-size.warc.gz": member(one) + flipped(packed, -2) + member(three),
    "broken-middle.warc.gz": member(one) + flipped(packed, 60) + member(three),
    "junk-between.warc.gz": member(one) + b"\x1f\x8bjunk" + member(two),
    "no-magic.warc.gz": b"XX" + member(one)[2:] + member(two),
    "zeros-at-end.warc.gz": member(one) + bytes(500),
    "one-member.warc.gz": member(one + two + three),
    "one-torn-member.warc.gz": member(one + two + three)[:-10],
    "several-members.warc.gz": member(one[:190]) + member(one[190:]) + member(two),
    "empty-members.warc.gz": member(b"") + member(one) + member(b"") + member(two),
    "junk-in-member.warc.gz": member(one + b"more") + member(two),
    "no-record-in-member.warc.gz": member(b"nothing of the kind") + member(two),
    "length-lies.warc.gz": member(record(1, said=b"400")) + member(two),
    "length-lies-a-little.warc.gz": member(record(1, said=b"50")) + member(two),
    "old-arc.arc.gz": member(b"filedesc://x.arc 0.0.0.0 20140301000000 text/plain 3\n1 0 X\n"),
}

if __name__ == "__main__":
    for name, data in FILES.items():
        (HERE / name).write_bytes(data)
