"""Bodies that are kept but too large to be handed to a spider, in a real Scrapy crawl."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.odd_cases import HTML, sized
from support.odd_server import OddServer

CHILD = Path(__file__).parents[1] / "support" / "crawl_child.py"


def crawl(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """What was kept of one page, if anything, and what the spider got."""
    with OddServer({"page": (sized(HTML),)}) as server:
        asked = {"id": "page", "url": "http://odd.test/page"}
        settings |= {"ARCHIVER_CONNECT_TO": {"*": f"127.0.0.1:{server.port}"}}
        done = subprocess.run(
            [sys.executable, str(CHILD)],
            input=json.dumps({"settings": settings, "chains": [[asked]]}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_body_over_the_limit_is_kept_and_flagged() -> None:
    kept, result = crawl({"ARCHIVER_BODY_MAXSIZE": len(HTML) - 1})
    assert base64.b64decode(kept["payload"]) == HTML
    assert (result["status"], result["body"]) == (200, "")
    assert result["flags"] == ["body_in_archive"]
    assert result["capture"] == "capture of page"
    assert base64.b64decode(result["signals"]["bytes"]) == HTML


def test_a_body_of_just_the_limit_is_handed_over() -> None:
    _, result = crawl({"ARCHIVER_BODY_MAXSIZE": len(HTML)})
    assert base64.b64decode(result["body"]) == HTML
    assert result["flags"] == []


def test_where_nothing_is_kept_the_spider_gets_everything() -> None:
    (result,) = crawl({"ARCHIVER_BODY_MAXSIZE": 1, "EXTENSIONS": {}})
    assert base64.b64decode(result["body"]) == HTML
    assert result["flags"] == []
