"""When the catalogue was backed up last, as is noted beside it: no store has to be asked."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_NAME = "last-backup.json"  # in the archive's folder


@dataclass(frozen=True, kw_only=True, slots=True)
class LastBackup:
    """A backup that was made and verified: when, where it is, and how many bytes it has."""

    at: datetime
    url: str
    size: int

    def to_json(self) -> dict[str, object]:
        """In JSON types."""
        return {"at": self.at.isoformat(), "url": self.url, "bytes": self.size}


def note_backup(archive: Path, made: LastBackup) -> None:
    """Note a backup; where that cannot be written, nothing is lost but the note."""
    path = archive / _NAME
    part = path.with_name(f".{_NAME}.part")
    with suppress(OSError):
        part.write_text(json.dumps(made.to_json()), "utf-8")
        part.replace(path)


def last_backup(archive: Path) -> LastBackup | None:
    """The backup that was made here last; None where none is known."""
    try:
        said = json.loads((archive / _NAME).read_text("utf-8"))
        return LastBackup(
            at=datetime.fromisoformat(said["at"]), url=str(said["url"]), size=int(said["bytes"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
