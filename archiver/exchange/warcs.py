"""Chosen captures as WARC files: one of any size, or a folder of several."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from archiver.exchange.captured import Account, CaptureWriter
from archiver.exchange.choosing import ChosenCaptures
from archiver.exchange.output import output_file
from archiver.exchange.warcfile import WarcFileWriter, warcinfo
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.names import new_name

MAX_SIZE = 1_000_000_000  # bytes of a file in a folder, about
DESCRIPTION = (
    "a selection of captures; records are copied as they were, but each revisit of an equal payload"
    " is a response with that payload, beside a metadata record that names what it was made of"
)


def is_folder(target: str) -> bool:
    """Whether files are to be made in a folder, by a name of it: `out/`, or one that is there."""
    return target.endswith("/") or Path(target).is_dir()


class _Files:
    """The file that is being written: the one of a name, or the next one in a folder."""

    def __init__(self, target: str, operator: str | None, max_size: int) -> None:
        self._target = target
        self._operator = operator
        self._max_size = max_size
        self._stack = ExitStack()
        self._file: WarcFileWriter | None = None
        self.count = 0

    def writer(self, size: int) -> WarcFileWriter:
        folder = is_folder(self._target)
        if folder and self._file is not None and self._file.size + size > self._max_size:
            self._stack.close()
            self._file = None
        if self._file is None:
            path = self._target
            name = Path(path).name if path != "-" else "export.warc.gz"
            if folder:
                Path(path).mkdir(parents=True, exist_ok=True)
                name = new_name("export", utcnow())
                path = str(Path(path) / name)
            out = self._stack.enter_context(output_file(path))
            self._file = WarcFileWriter(
                out, name, warcinfo(name, DESCRIPTION, operator=self._operator)
            )
            self.count += 1
        return self._file

    def __enter__(self) -> _Files:
        self._stack.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]  # as it is given


def export_warc(
    catalogue: Catalogue,
    warcs: Warcs,
    captures: ChosenCaptures,
    target: str,
    *,
    operator: str | None = None,
    max_size: int = MAX_SIZE,
) -> Account:
    """Write captures to a file, `-` for standard output, or files in a folder; what came of it.

    Raises:
        StorageError: the store does not answer.
        DiskFullError, WarcError: they cannot be written.
    """
    with _Files(target, operator, max_size) as files:
        writing = CaptureWriter(catalogue, warcs, chosen=captures.has, writer=files.writer)
        writing.write(captures)
        if not files.count:
            files.writer(0)  # nothing is a file as well
    return writing.account
