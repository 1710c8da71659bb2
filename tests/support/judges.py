"""Independent validators and indexers as judges of a WARC: what they hold against it, in words.

Each has known faults. A verdict is left out only by its name, and only where the record has
what that validator cannot do: payload digests over a transfer coding (none of their commands
undoes it; there the standard library's HTTP client decides), payloads of revisits, which are
elsewhere, and HTTP heads that warcat cannot split.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import http.client
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from archiver.warc.cdxj import file_lines
from archiver.warc.reader import Damage, StoredRecord, iter_records

# warcio 1.8 looks for an attribute that Google's brotli does not have.
_WARCIO = """
import brotli, sys, warcio.bufferedreaders as readers
class Brotli:
    unused_data = b""
    def __init__(self): self.inner = brotli.Decompressor()
    def decompress(self, data): return self.inner.process(data)
    def flush(self): return b""
readers.BufferedReader.DECOMPRESSORS["br"] = Brotli
from warcio.cli import main
main(["check", sys.argv[1]])
"""

INDEXERS = Path(__file__).parents[2] / ".venv-judges" / "bin"

Entry = tuple[str, str, str, str]
Records = dict[str, StoredRecord]


class _Socket(io.BytesIO):
    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.getvalue())


def _run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, f"{done.stdout}\n{done.stderr}"


def _payload(block: bytes) -> bytes:
    """The payload as the standard library finds it, however much of it is there."""
    packed = b"Transfer-Encoding: gzip, chunked"
    plain = block.replace(packed, b"Transfer-Encoding: chunked", 1)
    answer = http.client.HTTPResponse(_Socket(plain))  # type: ignore[arg-type]  # all it needs
    answer.begin()
    pieces = []
    with contextlib.suppress(http.client.IncompleteRead):
        while piece := answer.read1(65536):
            pieces.append(piece)
    payload = b"".join(pieces)
    return gzip.decompress(payload) if packed in block else payload


def _forgiven(record: StoredRecord | None) -> bool:
    """Whether a verdict on this record's payload digest is the validator's own fault."""
    if record is None or record.type == "revisit":
        return record is not None
    digest = hashlib.sha1(_payload(bytes(record.block))).digest()
    wanted = "sha1:" + base64.b32encode(digest).decode()
    return record.header("WARC-Payload-Digest") == wanted


def _unsplittable(record: StoredRecord) -> bool:
    head = bytes(record.block).partition(b"\r\n\r\n")[0].split(b"\r\n")
    return record.is_http and (len(head) == 1 or any(b":" not in line for line in head[1:]))


def fastwarc(path: Path, records: Records) -> list[str]:
    """Hear `fastwarc check -p`."""
    command = str(Path(sys.executable).with_name("fastwarc"))
    code, said = _run(command, "check", "-p", "-q", "-o", "-", str(path))
    failed = re.findall(r"^(\S+): (.*FAIL.*)$", said, re.MULTILINE)
    faults = [
        f"fastwarc: {record_id} {status}"
        for record_id, status in failed
        if status != "OK, PAYLOAD_FAIL" or not _forgiven(records.get(record_id))
    ]
    if code and not failed:
        faults.append(f"fastwarc: {said.strip()[-500:]}")
    return faults


def warcio(path: Path, records: Records) -> list[str]:
    """Hear `warcio check`."""
    code, said = _run(sys.executable, "-c", _WARCIO, str(path))
    faults = []
    verdicts = re.split(r"^  offset \d+ WARC-Record-ID (\S+).*$", said, flags=re.MULTILINE)
    for record_id, what in zip(verdicts[1::2], verdicts[2::2], strict=True):
        payload_only = "payload digest failed" in what and "block digest failed" not in what
        if not (payload_only and _forgiven(records.get(record_id))):
            faults.append(f"warcio: {record_id} {what.strip()}")
    if code and len(verdicts) == 1:
        faults.append(f"warcio: {said.strip()[-500:]}")
    return faults


def warcat(path: Path, records: Records) -> list[str]:
    """Hear `warcat verify`."""
    code, said = _run(sys.executable, "-m", "warcat", "verify", str(path))
    faults = []
    verdicts = re.split(r"^Record (\S+) failed validation$", said, flags=re.MULTILINE)
    for record_id, trace in zip(verdicts[1::2], verdicts[2::2], strict=True):
        found = re.search(r"VerifyProblem: (.*)", trace)
        what = found[1] if found else trace.strip()[-300:]
        record = records.get(record_id)
        elsewhere = record and record.type == "revisit" and "Refer to record ID" in what
        if not elsewhere and not ("Bad payload digest" in what and _forgiven(record)):
            faults.append(f"warcat: {record_id} {what}")
    stops = "not enough values to unpack" in said and any(map(_unsplittable, records.values()))
    if code and not re.search(r"Problems: \d+", said) and not stops:
        faults.append(f"warcat: {said.strip()[-500:]}")
    return faults


def indexers(path: Path) -> list[str]:
    """Hear pywb's cdx-indexer and cdxj-indexer: do they find what our index of the file lists?

    They live in an environment of their own (`make judges`); without it, nothing is heard.
    They list metadata records too, and escape odd URLs in other ways in their keys.
    """
    if not INDEXERS.is_dir():
        return []
    ours = _entries(file_lines(path))
    faults = []
    for command in (("cdx-indexer", "-j"), ("cdxj-indexer",)):
        code, said = _run(str(INDEXERS / command[0]), *command[1:], str(path))
        theirs = _entries(line for line in said.splitlines() if line.endswith("}"))
        faults += [f"{command[0]}: {said.strip()[-500:]}"] if code else []
        faults += [
            f"{command[0]}: {theirs.get(offset)} where we list {entry}"
            for offset, entry in ours.items()
            if entry not in (theirs.get(offset), _without_status(theirs.get(offset), entry))
        ]
    return faults


def _without_status(theirs: Entry | None, ours: Entry) -> Entry | None:
    """Their entry with our status: they find none in an HTTP answer without a reason."""
    return (*theirs[:2], ours[2], theirs[3]) if theirs and theirs[2] == "-" else theirs


def _entries(lines: Iterable[str]) -> dict[str, Entry]:
    """By offset, what indexers agree on: time, length, status, digest."""
    found = {}
    for line in lines:
        _, at, fields = line.split(" ", 2)
        entry = json.loads(fields)
        status = entry.get("status", "-")
        digest = entry.get("digest", "-").removeprefix("sha1:")
        found[entry["offset"]] = (at, entry["length"], status, digest)
    return found


def judge(path: Path) -> list[str]:
    """List what our reader, the validators and indexers hold against a WARC; empty = all well."""
    items = list(iter_records(path))
    faults = [f"ours: {item}" for item in items if isinstance(item, Damage)]
    records = {
        item.record_id: item
        for item in items
        if isinstance(item, StoredRecord) and item.record_id is not None
    }
    for validator in (fastwarc, warcio, warcat):
        faults += validator(path, records)
    return faults + indexers(path)
