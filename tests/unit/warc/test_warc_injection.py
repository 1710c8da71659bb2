"""Ten thousand hostile exchanges, read back by a reader that is not ours."""

from __future__ import annotations

import random
from io import BytesIO

from fastwarc.warc import ArchiveIterator
from support.exchanges import exchange

from archiver.warc.record import exchange_records
from archiver.wire.exchange import Exchange, PeerCertificates

COUNT = 10_000
# What ends lines, headers and records, for one reader or another, and what looks like either.
PIECES = [
    *"\r\n\0\x0b\x0c\x1c\x1d\x1e\x7f\x85\u2028\u2029\ud800<>: ;,%", "\r\n", "\r\n\r\n", "\n\n",
    "\r\n ", "\r\n\t", "WARC/1.1\r\n", "WARC-Type: warcinfo", "WARC-Record-ID: <urn:uuid:0>",
    "Content-Length: 0", "Content-Length: 99999", "\r\nX-Evil: 1\r\n", "X-Evil: 1", "x", "ä", "中",
    "http://", "=?utf-8?q?=0D=0AX-Evil:?=", "%0d%0aX-Evil:1", "0\r\n\r\n",
]  # fmt: skip
NAMES = {
    "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-IP-Address",
    "WARC-Protocol", "WARC-Cipher-Suite", "WARC-Concurrent-To", "WARC-Block-Digest",
    "WARC-Payload-Digest", "WARC-Truncated", "Content-Type", "Content-Length",
}  # fmt: skip


def test_no_header_is_injected() -> None:
    dice = random.Random(11)

    def text() -> str:
        return "".join(dice.choices(PIECES, k=dice.randrange(8)))

    def data() -> bytes:
        return text().encode("utf-8", "surrogatepass")

    kept: list[tuple[Exchange, int]] = []
    written = BytesIO()
    for _ in range(COUNT):
        head = b"HTTP/1.1 200 " + b"\r\n".join(data() for _ in range(dice.randrange(6)))
        fields = tuple((data(), data()) for _ in range(3))
        one = exchange(
            response=head + data(),
            head_length=len(head),
            status=200,
            reason=data(),
            headers=(*fields, (b"Content-Type", data())),
            payload=data(),
            interim=data(),
            request=data(),
            url="http://news.example/" + text(),
            ip=text(),
            cipher=text(),
            protocols=tuple(text() for _ in range(dice.randrange(3))),
            truncated=text(),
            error=text(),
            detail=text(),
            tried=(text(), text()),
            tls=PeerCertificates(certificates=(data(),), verified=True),
            reused=dice.random() < 0.9,
        )
        records = exchange_records(one, metadata=[(text(), text()) for _ in range(3)])
        kept.append((one, len(records)))
        for record in records:
            written.write(record.data)
    written.seek(0)
    read = iter(ArchiveIterator(written, parse_http=False))
    for one, count in kept:
        for place in range(count):
            record = next(read)
            names = [name for name, _ in record.headers.items()]
            assert set(names) <= NAMES
            assert all(names.count(name) == 1 for name in NAMES & set(names) - {"WARC-Protocol"})
            block = record.reader.read()
            assert len(block) == int(record.headers["Content-Length"])
            if place == 0:
                assert block == one.response
            elif place == count - 1:  # one line a field, each with a name
                lines = block.split(b"\r\n")
                assert lines.pop() == b""
                assert all(b": " in line for line in lines)
                assert not any(line.isspace() or b"\n" in line or b"\r" in line for line in lines)
    assert next(read, None) is None
