"""Pages of files as JSON lines: each with the article that came of it, or why none did."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.contract import article_to_json
from archiver.extract.inputs import Input
from archiver.extract.worker import ExtractionPool
from archiver.model import Extraction, Page
from archiver.store.veil import Veil

REDACTED = "redacted on "  # begins the fault of a page that may not be shown


def shown(inputs: Iterable[Input], veil: Veil) -> Iterator[Input]:
    """The inputs, without the pages that are redacted."""
    for one in inputs:
        page = one.page
        digest = page.warc.payload_digest if page and page.warc else None
        hidden = veil.of(page.url, page.captured_at, digest) if page else None
        yield (
            one
            if hidden is None
            else Input(page=None, source=one.source, fault=f"{REDACTED}{hidden.made:%Y-%m-%d}")
        )


def extracted(
    pool: ExtractionPool, inputs: Iterable[Input]
) -> Iterator[tuple[Input, Extraction | None]]:
    """Each input with what came of it; inputs that are no page keep their place."""
    waiting: deque[Input] = deque()

    def pages() -> Iterator[Page]:
        for given in inputs:
            waiting.append(given)
            if given.page is not None:
                yield given.page

    for extraction in pool.map(pages()):
        while waiting[0].page is None:
            yield waiting.popleft(), None
        yield waiting.popleft(), extraction
    while waiting:
        yield waiting.popleft(), None


def line_of(given: Input, extraction: Extraction | None) -> dict[str, Any]:
    """The object of a page: the contract's, or its `url`, `source`, `reason` and `detail`."""
    line: dict[str, Any] = {"page": given.name} if given.name else {}
    if extraction is not None and extraction.article is not None:
        return {**line, **article_to_json(extraction.article)}
    line["url"] = given.page.url if given.page else None
    line["source"] = given.source
    if extraction is None:
        hidden = (given.fault or "").startswith(REDACTED)
        return {
            **line,
            "reason": "redacted" if hidden else "unreadable",
            "detail": given.fault,
        }
    if extraction.reason in {"consent", "blocked"}:
        line["kind"] = extraction.reason
    return {**line, "reason": extraction.reason, "detail": extraction.detail}
