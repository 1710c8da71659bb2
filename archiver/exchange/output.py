"""Where an export goes: a file that is whole or not there, or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from archiver.errors import disk_error
from archiver.warc.names import sync_folder

PART = ".part"  # of a file that is being made


@contextmanager
def output_file(target: str) -> Iterator[BinaryIO]:
    """Open what an export is written to: a path, or `-` for standard output.

    A file gets its name at the end, durable and whole; what is broken off leaves an older one of
    that name as it was.

    Raises:
        DiskFullError, WarcError: it cannot be written.
    """
    if target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise disk_error("write the export", path, error) from error
        raise
