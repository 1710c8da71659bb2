"""On which machine a WARC file stands, until the store that all share has it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from archiver.errors import disk_error
from archiver.store.files import Files, WarcFile

_NAME = "machine"  # in the archive's folder, beside that of the WARC files


def machine_of(folder: Path, catalogue: Files) -> str | None:
    """The name by which others know who writes to this WARC folder, made with the first file.

    None where the catalogue is this folder's alone.

    Raises:
        DiskFullError, WarcError: its file cannot be made.
    """
    if not catalogue.shared:
        return None
    path = folder.parent / _NAME
    if name := _read(path):
        return name
    made = path.with_name(f"{_NAME}-{secrets.token_hex(4)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made.write_text(f"{socket.gethostname()}-{secrets.token_hex(4)}\n", "utf-8")
        with suppress(FileExistsError):  # of several processes the first has it
            os.link(made, path)
        made.unlink()
    except OSError as error:
        raise disk_error("say which machine this is", path, error) from error
    return _read(path)


def is_elsewhere(file: WarcFile, folder: Path, catalogue: Files) -> bool:
    """Whether a file stands, or stood, in another machine's folder, as far as is known."""
    return file.machine is not None and catalogue.shared and file.machine != _read_of(folder)


def not_elsewhere(files: Iterable[WarcFile], folder: Path, catalogue: Files) -> list[WarcFile]:
    """The files that are this machine's, or of which nobody knows whose they are."""
    here = _read_of(folder)
    return [f for f in files if not catalogue.shared or f.machine in (None, here)]


def _read_of(folder: Path) -> str:
    return _read(folder.parent / _NAME)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
