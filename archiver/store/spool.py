"""The spool: local WARC files of which the store has no verified copy yet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import DiskFullError
from archiver.store.files import Files
from archiver.warc.names import OPEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Spool:
    """How many files wait here, and their size in bytes; `open_size` of those being written."""

    files: int
    size: int
    open_size: int

    @property
    def total(self) -> int:
        """Bytes of all that the store does not have."""
        return self.size + self.open_size


def spool_of(folder: Path, catalogue: Files) -> Spool:
    """What waits in the WARC folder. Costs a look at each waiting file, however many are kept."""
    sizes = []
    for known in catalogue.uncopied():
        with suppress(FileNotFoundError):  # another machine's
            sizes.append((folder / known.name).stat().st_size)
    being_written = 0
    for path in folder.glob(f"*{OPEN}"):
        with suppress(FileNotFoundError):  # closed since
            being_written += path.stat().st_size
    return Spool(files=len(sizes), size=sum(sizes), open_size=being_written)


def check_spool(folder: Path, catalogue: Files, *, bound: int) -> None:
    """See that there is room for more.

    Raises:
        DiskFullError: what waits has reached the bound (bytes).
    """
    waiting = spool_of(folder, catalogue)
    if waiting.total >= bound:
        raise DiskFullError(
            f"{waiting.files} WARC files ({waiting.total} bytes) wait for the store, more than"
            " storage.spool_max allows",
            thing=str(folder),
            todo="See why the store does not take them: archiver ship. Nothing kept is lost.",
        )
