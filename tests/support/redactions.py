"""Redactions for tests: made as the command makes them, in an archive's folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from archiver.fetch.takedown import Takedown
from archiver.store.catalogue import Catalogue
from archiver.store.veil import Redaction


def redact(catalogue: Catalogue, warcs: Path, url: str, **how: Any) -> Redaction:
    """Take something down; `prefix`, `moment` and `payload` as for `Takedown.plan`."""
    takedown = Takedown(catalogue, warcs)
    facts: dict[str, Any] = {"by": "Ada", "reason": "court order 12", **how}
    planned = takedown.plan(url, **facts)
    takedown.take_down([planned])
    return planned


def second(at: datetime) -> datetime:
    """The whole second of a moment."""
    return at.replace(microsecond=0)
