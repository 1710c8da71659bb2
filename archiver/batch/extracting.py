"""The articles of one WARC file: kept in the catalogue, or written into a part of its own."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import archiver
from archiver.batch.workshop import URLS, Outcome, Workshop
from archiver.errors import StorageError, disk_error
from archiver.exchange.extracting import PageExtractor
from archiver.exchange.pagelines import extracted, line_of, shown
from archiver.extract.inputs import inputs_of_file
from archiver.store.copies import open_whole

PART = ".articles.jsonl.gz"
_ODD = re.compile(r"[^A-Za-z0-9_=.-]+", re.ASCII)
_SHOWN = 20  # faults of one file that are kept


def extract_file(workshop: Workshop, place: str, options: Mapping[str, Any]) -> Outcome:
    """Extract all pages of a WARC file; with the option `to` into a part there.

    Again changes nothing: a revision is kept by its capture, and a part that is there is whole.

    Raises:
        WarcError, StorageError: the file, or the store for the part, cannot be had.
    """
    to = options.get("to")
    if to:
        return _write_part(workshop, place, str(to))
    obey = workshop.loaded.settings.politeness.tdm == "no-extract"
    extractor = PageExtractor(
        workshop.catalogue, workshop.warcs, workshop.pool, workshop.outlets, obey=obey
    )
    counts = extractor.again(place, failed=bool(options.get("failed")))
    words = {
        "damaged": "records are damaged: archiver check",
        "not-indexed": "pages are not in the catalogue: archiver reindex",
    }
    faults = tuple(f"{counts[key]} {text}" for key, text in words.items() if counts[key])
    return Outcome(counts=counts, faults=faults)


def part_of(place: str) -> str:
    """The key of a file's part: below the extractor's version, since another makes others.

    Of a file that is not the archive's own, its place is in the name: two may have one name.
    """
    name = _ODD.sub("-", place.rpartition("/")[2])
    name = name.removesuffix(".gz").removesuffix(".warc")
    if place.startswith((*URLS, "/")):
        name += "-" + hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{archiver.__version__}/{name}{PART}"


def _write_part(workshop: Workshop, place: str, to: str) -> Outcome:
    blobs, key = workshop.stores.open(to), part_of(place)
    if blobs.head(key) is not None:
        return Outcome(counts={"parts-there": 1})
    counts: Counter[str] = Counter()
    faults: list[str] = []
    veil = workshop.catalogue.veil()
    found = workshop.place(place)
    inputs = inputs_of_file(found if isinstance(found, Path) else open_whole(found))
    with tempfile.TemporaryDirectory(prefix="archiver-part-") as folder:
        path = Path(folder) / "part"
        try:
            # without a time, so that the same articles are the same bytes
            with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
                for given, extraction in extracted(workshop.pool, shown(inputs, veil)):
                    line = line_of(given, extraction)
                    counts[line.get("reason") or "articles"] += 1
                    if line.get("reason") == "unreadable" and len(faults) < _SHOWN:
                        faults.append(f"{line['source']}: {line['detail']}")
                    text = json.dumps(line, ensure_ascii=False) + "\n"
                    out.write(text.encode("utf-8", "replace"))
            with path.open("rb") as whole:
                digest = hashlib.file_digest(whole, "sha256").hexdigest()
        except OSError as error:
            raise disk_error("write the articles", path, error) from error
        try:
            blobs.upload(key, path, sha256=digest)
        except StorageError as error:
            if error.reason != "exists":  # else another worker was faster
                raise
    return Outcome(counts=counts, faults=tuple(faults))
