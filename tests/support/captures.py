"""Captures and articles for tests, with what a test does not care about filled in."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from archiver.model import Article, Capture, CaptureKind, WarcRef
from archiver.urls import urlkey

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
_offsets = count(step=1000)


def after(**parts: float) -> datetime:
    """A moment counted from START, by timedelta's arguments."""
    return START + timedelta(**parts)


def make_capture(url: str, at: datetime = START, status: int | None = 200, **more: Any) -> Capture:
    """A capture of a page in a place of its own."""
    facts: dict[str, Any] = {
        "kind": CaptureKind.PAGE,
        "outlet": "sky-news",
        "run_id": None,
        "mime": "text/html",
        "body_size": 5000,
        "warc": make_ref(),
        **more,
    }
    return Capture(url=url, urlkey=urlkey(url), captured_at=at, status=status, **facts)


def make_ref(file: str = "sky-news/2026-03-01/a.warc.gz", offset: int | None = None) -> WarcRef:
    """A place in a WARC file: the next free one."""
    return WarcRef(
        file=file,
        offset=next(_offsets) if offset is None else offset,
        length=900,
        record_id=f"<urn:uuid:{uuid.uuid4()}>",
        payload_digest="sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A",
    )


def make_article(url: str, text: str, at: datetime | None = START, **more: Any) -> Article:
    """An article with a text."""
    facts: dict[str, Any] = {
        "canonical_url": None,
        "outlet": "sky-news",
        "title": "Rain expected",
        "word_count": len(text.split()),
        **more,
    }
    return Article(url=url, text=text, captured_at=at, **facts)


def template_named(letter: str) -> str:
    """A sketch of a template that has no name in common with one of another letter (a to f)."""
    return "".join(f"{letter}{number:07x}" for number in range(24))
