"""Revisions as JSON lines, CSV or Parquet; each is written as it comes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, BinaryIO

from archiver.errors import UsageError
from archiver.exchange.rows import (
    COLUMNS,
    FLAG,
    MOMENT,
    TEXT,
    TEXTS,
    WHOLE,
    to_cells,
    to_json,
    to_row,
)
from archiver.model import Revision
from archiver.store.columntypes import clean
from archiver.store.exports import KeptArticle

Pairs = Iterable[tuple[KeptArticle, Revision]]

_GROUP_ROWS = 5000  # of Parquet: what is held in memory at once
_GROUP_BYTES = 16 * 1024 * 1024  # about, of texts


def write_jsonl(pairs: Pairs, out: BinaryIO) -> int:
    """One JSON object a line, in UTF-8; how many."""
    count = 0
    for kept, revision in pairs:
        line = json.dumps(to_json(kept, revision), ensure_ascii=False)
        out.write(line.encode("utf-8", "replace") + b"\n")
        count += 1
    return count


def write_csv(pairs: Pairs, out: BinaryIO) -> int:
    """CSV as RFC 4180 has it, in UTF-8, with a header; how many rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    count = 0
    for kept, revision in pairs:
        writer.writerow(to_cells(to_row(kept, revision)))
        out.write(text.getvalue().encode("utf-8", "replace"))
        text.seek(0)
        text.truncate()
        count += 1
    out.write(text.getvalue().encode())
    return count


def write_parquet(pairs: Pairs, out: BinaryIO) -> int:
    """Parquet, packed with Zstandard; how many rows. Memory is that of one row group.

    Raises:
        UsageError: pyarrow is not installed.
    """
    arrow, parquet = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    types = {
        TEXT: arrow.string(),
        WHOLE: arrow.int64(),
        MOMENT: arrow.timestamp("us", tz="UTC"),
        TEXTS: arrow.list_(arrow.string()),
        FLAG: arrow.bool_(),
    }
    schema = arrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        size = 0

        def flush() -> None:
            if group:
                writer.write_table(arrow.Table.from_pylist(group, schema=schema))
                group.clear()

        for kept, revision in pairs:
            row = {name: _clean(value) for name, value in to_row(kept, revision).items()}
            group.append(row)
            size += len(row["text"])
            count += 1
            if len(group) >= _GROUP_ROWS or size >= _GROUP_BYTES:
                flush()
                size = 0
        flush()
    return count


WRITERS: dict[str, Callable[[Pairs, BinaryIO], int]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [clean(one) for one in value] if isinstance(value, list) else value


def _arrow(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            "pyarrow is not installed",
            thing="--format parquet",
            todo="Install news-archiver[parquet], or choose jsonl or csv.",
        ) from error
