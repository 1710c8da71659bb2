"""Media types of what is kept in a store, by the endings of names."""

from __future__ import annotations

_TYPES = {
    ".warc": "application/warc",
    ".warc.gz": "application/warc",
    ".cdxj": "text/x-cdxj",
    ".sha256": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".sqlite": "application/vnd.sqlite3",
    ".zst": "application/zstd",
    ".gz": "application/gzip",
    ".wacz": "application/wacz+zip",
    ".parquet": "application/vnd.apache.parquet",
}


def media_type(key: str) -> str:
    """The media type of a file; the longest ending that is known counts."""
    name = key.rpartition("/")[2].lower()
    _, *endings = name.split(".")
    for start in range(len(endings)):
        found = _TYPES.get("." + ".".join(endings[start:]))
        if found is not None:
            return found
    return "application/octet-stream"
