"""Chosen captures and articles as one WACZ 1.1.1, written from front to end."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO, cast

from cryptography.hazmat.primitives.asymmetric import ec

from archiver import __version__
from archiver.errors import ArchiverError
from archiver.exchange.captured import Account, CaptureWriter
from archiver.exchange.choosing import ChosenCaptures
from archiver.exchange.signing import signed
from archiver.exchange.sorting import SortedLines
from archiver.exchange.warcfile import WarcFileWriter, warcinfo
from archiver.exchange.warcs import DESCRIPTION
from archiver.model import Revision, utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.exports import KeptArticle
from archiver.store.warcs import Warcs

MAX_SIZE = 1_000_000_000  # bytes of one WARC file in it, about
_BLOCK = 1024  # lines of the index that are packed together, and inflated to find one
_PLAIN_LIMIT = (1 << 31) - 1  # bytes of an entry that needs no ZIP64


class _Measured:
    """A stream that counts and digests what is written to it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._out.write(data)

    @property
    def hash(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"


class WaczWriter:
    """A ZIP that is written entry by entry, and says at its end what is in it.

    Entries are stored or deflated; ZIP64 is used only where the whole is larger than 2 GiB, since
    readers in browsers do not expect it in small ones.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(out, "w")
        self._resources: list[dict[str, Any]] = []

    @contextmanager
    def entry(self, path: str, *, packed: bool = False) -> Iterator[BinaryIO]:
        """What is written to it becomes a file in the ZIP; `packed`: deflated."""
        info = zipfile.ZipInfo(path, time.gmtime()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w") as out:
            measured = _Measured(cast("BinaryIO", out))
            yield cast("BinaryIO", measured)
        self._resources.append(
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "hash": measured.hash,
                "bytes": measured.size,
            }
        )

    def finish(
        self, *, title: str, created: datetime, key: ec.EllipticCurvePrivateKey | None
    ) -> None:
        """Write the package's own account of itself, with its digest and signature."""
        moment = f"{created:%Y-%m-%dT%H:%M:%SZ}"
        package = {
            "profile": "data-package",
            "title": title,
            "description": f"{title}: {DESCRIPTION}",
            "created": moment,
            "wacz_version": "1.1.1",
            "software": f"news-archiver {__version__}",
            "resources": self._resources[:],
        }
        text = json.dumps(package, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        digest: dict[str, Any] = {
            "path": "datapackage.json",
            "hash": f"sha256:{hashlib.sha256(text).hexdigest()}",
        }
        if key is not None:
            digest["signedData"] = signed(digest["hash"], moment, key)
        with self.entry("datapackage.json", packed=True) as out:
            out.write(text)
        with self.entry("datapackage-digest.json", packed=True) as out:
            out.write(json.dumps(digest, indent=2).encode())
        self._zip.close()


class _Files:
    """The WARC files in it, one after the other."""

    def __init__(self, wacz: WaczWriter, on_line: Callable[[str], object], max_size: int) -> None:
        self._wacz = wacz
        self._on_line = on_line
        self._max_size = max_size
        self._number = 0
        self._open: Any = None
        self._file: WarcFileWriter | None = None

    def writer(self, size: int) -> WarcFileWriter:
        if size > _PLAIN_LIMIT - self._max_size:
            raise ArchiverError("is too large for a WACZ", todo="Use --format warc.")
        if self._file is not None and self._file.size + size > self._max_size:
            self.close()
        if self._file is None:
            self._number += 1
            name = f"data-{self._number:05}.warc.gz"
            self._open = self._wacz.entry(f"archive/{name}")
            out = self._open.__enter__()
            self._file = WarcFileWriter(out, name, warcinfo(name, DESCRIPTION), self._on_line)
        return self._file

    def close(self) -> None:
        if self._file is not None:
            self._open.__exit__(None, None, None)
            self._file = None


def export_wacz(
    catalogue: Catalogue,
    warcs: Warcs,
    captures: ChosenCaptures,
    articles: Iterable[tuple[KeptArticle, Revision]],
    out: BinaryIO,
    *,
    title: str,
    key: ec.EllipticCurvePrivateKey | None,
    max_size: int = MAX_SIZE,
) -> Account:
    """Write a WACZ; what came of the captures. `articles`: its pages, with their texts.

    Raises:
        StorageError: the store does not answer.
        OSError, DiskFullError: it cannot be written.
    """
    created = utcnow()
    wacz, lines = WaczWriter(out), SortedLines()
    files = _Files(wacz, lines.add, max_size)
    writing = CaptureWriter(catalogue, warcs, chosen=captures.has, writer=files.writer)
    writing.write(captures)
    files.writer(0)  # none is no archive
    files.close()
    with wacz.entry("indexes/index.cdx.gz") as packed:
        index = list(packed_index(lines, packed))
    with wacz.entry("indexes/index.idx", packed=True) as text:
        text.write("".join(index).encode())
    with wacz.entry("pages/pages.jsonl", packed=True) as pages:
        for page in page_lines(articles, title=title):
            pages.write(page)
    wacz.finish(title=title, created=created, key=key)
    return writing.account


def packed_index(lines: Iterable[bytes], out: BinaryIO) -> Iterator[str]:
    """Write sorted CDXJ lines in gzip members of many lines; the lines of their index."""
    head = {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}
    yield f"!meta 0 {json.dumps(head)}\n"
    offset = 0
    block: list[bytes] = []

    def pack() -> str:
        nonlocal offset
        data = zlib.compress(b"".join(block), 9, wbits=31)
        out.write(data)
        facts = {
            "offset": offset,
            "length": len(data),
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "filename": "index.cdx.gz",
        }
        offset += len(data)
        key = block[0].partition(b" {")[0].decode()
        block.clear()
        return f"{key} {json.dumps(facts)}\n"

    for line in lines:
        block.append(line)
        if len(block) >= _BLOCK:
            yield pack()
    if block:
        yield pack()


def page_lines(articles: Iterable[tuple[KeptArticle, Revision]], *, title: str) -> Iterator[bytes]:
    """The list of pages (json-pages-1.0): each revision of an article with its text."""
    head = {"format": "json-pages-1.0", "id": "pages", "title": title, "hasText": True}
    yield _json_line(head)
    for kept, revision in articles:
        article = revision.article
        yield _json_line(
            {
                "id": f"{kept.article_id}-{revision.number}",
                "url": article.url,
                "ts": f"{revision.captured_at:%Y-%m-%dT%H:%M:%SZ}",
                "title": article.title or article.url,
                "text": article.text,
            }
        )


def _json_line(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
