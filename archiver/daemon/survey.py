"""Orders for surveys of outlets' sources and the reports of them: files between processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archiver.daemon.dispatch import CrawlOrder
from archiver.model import Outlet


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyOrder(CrawlOrder):
    """Surveys instead of crawls; `desk` is the folder in which orders and reports lie."""

    desk: Path

    def command(self, outlet: str) -> list[str]:
        """The child's command line."""
        line = [sys.executable, "-m", "scrapy", "survey", str(order_file(self.desk, outlet))]
        for name, value in self.settings.items():
            line += ["-s", f"{name}={value}"]
        return line


def order_file(desk: Path, outlet: str) -> Path:
    """Where the order of an outlet's survey lies."""
    return desk / f"{outlet}.order.json"


def write_order(desk: Path, outlet: Outlet, **order: Any) -> None:
    """Lay down an order: the outlet as it is known, and what the spider is to do."""
    document = {"outlet": asdict(outlet), "report": str(_report_file(desk, outlet.id)), **order}
    order_file(desk, outlet.id).write_text(json.dumps(document), encoding="utf-8")


def read_report(desk: Path, outlet: str) -> Mapping[str, Any] | None:
    """The report of a survey; None where it ended without one."""
    path = _report_file(desk, outlet)
    if not path.is_file():
        return None
    report: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def _report_file(desk: Path, outlet: str) -> Path:
    return desk / f"{outlet}.report.json"
