"""Golden pages: extract every tests/golden/*.html and write what came out beside it.

Run `python tests/golden/bless.py` after a change that is meant, and read the difference.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver.contract import article_to_json
from archiver.extract.article import extract_page
from archiver.model import Page

FOLDER = Path(__file__).parent


def golden_pages() -> list[Path]:
    """The golden pages, by name."""
    return sorted(FOLDER.glob("*.html"))


def extract_golden(path: Path) -> dict[str, Any]:
    """The article's JSON of a golden page, without the version that made it."""
    found = extract_page(
        Page(
            url=f"https://news.example/world/{path.stem}",
            body=path.read_bytes(),
            content_type="text/html",
            outlet="golden",
            captured_at=datetime(2026, 1, 15, 12, tzinfo=UTC),
        )
    )
    if found.article is None:
        return {"reason": found.reason, "detail": found.detail}
    article = article_to_json(found.article)
    article["extractor"]["version"] = "*"
    return article


def main() -> None:
    """Write the expected JSON of all pages, or of those named."""
    wanted = set(sys.argv[1:])
    for path in golden_pages():
        if not wanted or path.stem in wanted:
            text = json.dumps(extract_golden(path), ensure_ascii=False, indent=1)
            path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
