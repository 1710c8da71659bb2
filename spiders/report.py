"""Surveys' orders and reports as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from archiver.discover.survey import Finding
from archiver.model import Outlet


def finding_to_json(found: Finding) -> dict[str, Any]:
    """A finding for people and scripts: without the links by which it was compared."""
    return {
        "url": found.url,
        "kind": found.kind.value if found.kind else None,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "how": found.how,
        "format": found.format,
        "items": found.items,
        "newest": found.newest.isoformat() if found.newest else None,
        "language": found.language,
        "hubs": list(found.hubs),
        "moved_to": found.moved_to,
    }


def read_order(path: Path) -> tuple[Outlet, Path, dict[str, Any]]:
    """The outlet of an order, where the report goes, and what is to be done."""
    document = json.loads(path.read_text(encoding="utf-8"))
    outlet = TypeAdapter(Outlet).validate_python(document.pop("outlet"))
    return outlet, Path(document.pop("report")), document
