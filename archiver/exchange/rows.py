"""An article's revision as others get it: a JSON object, or a row of a table. Pure functions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from archiver.contract import article_to_json, changes_to_json
from archiver.model import Revision
from archiver.store.exports import KeptArticle

TEXT, WHOLE, MOMENT, TEXTS, FLAG = "text", "whole number", "moment", "texts", "flag"

# A table's columns in their order, and what each holds. Add at the end only.
COLUMNS: dict[str, str] = {
    "article_id": WHOLE,
    "revision": WHOLE,
    "outlet": TEXT,
    "url": TEXT,
    "page_url": TEXT,
    "captured_at": MOMENT,
    "published": TEXT,
    "modified": TEXT,
    "first_seen": MOMENT,
    "last_seen": MOMENT,
    "state": TEXT,
    "gone_at": MOMENT,
    "gone_status": WHOLE,
    "title": TEXT,
    "standfirst": TEXT,
    "text": TEXT,
    "section": TEXT,
    "authors": TEXTS,
    "agencies": TEXTS,
    "tags": TEXTS,
    "language": TEXT,
    "kind": TEXT,
    "free": FLAG,
    "word_count": WHOLE,
    "text_digest": TEXT,
    "against": WHOLE,
    "change_kinds": TEXTS,
    "words_added": WHOLE,
    "words_removed": WHOLE,
    "stealth": TEXTS,
    "extractor": TEXT,
    "extractor_version": TEXT,
    "warc_file": TEXT,
    "warc_offset": WHOLE,
    "warc_length": WHOLE,
    "warc_record_id": TEXT,
    "warc_payload_digest": TEXT,
}


def to_json(kept: KeptArticle, revision: Revision) -> dict[str, Any]:
    """All that is known of a revision: facts of its article, the contract's object, what changed.

    `url` is what the article is known by, `page_url` what was captured.
    """
    contract = article_to_json(revision.article)
    page_url = contract.pop("url")
    contract.pop("outlet")
    return {
        "article_id": kept.article_id,
        "revision": revision.number,
        "outlet": kept.outlet,
        "url": kept.url,
        "page_url": page_url,
        "first_seen": _iso(kept.first_seen),
        "last_seen": _iso(kept.last_seen),
        "state": kept.state,
        "gone_at": _iso(kept.gone_at),
        "gone_status": kept.gone_status,
        "text_digest": revision.text_digest,
        **contract,
        "against": revision.against,
        "changes": changes_to_json(revision.changes) if revision.changes else None,
    }


def to_row(kept: KeptArticle, revision: Revision) -> dict[str, Any]:
    """The row of a revision: a value for each of `COLUMNS`.

    Texts are as they are, moments aware datetimes, several texts a list. Where nothing is known
    of what changed, as of the first revision, all of that is None.
    """
    article, changes = revision.article, revision.changes
    ref, made = article.warc, article.extractor
    return {
        "article_id": kept.article_id,
        "revision": revision.number,
        "outlet": kept.outlet,
        "url": kept.url,
        "page_url": article.url,
        "captured_at": revision.captured_at,
        "published": article.published,
        "modified": article.modified,
        "first_seen": kept.first_seen,
        "last_seen": kept.last_seen,
        "state": kept.state,
        "gone_at": kept.gone_at,
        "gone_status": kept.gone_status,
        "title": article.title,
        "standfirst": article.standfirst,
        "text": article.text,
        "section": article.section,
        "authors": list(article.authors),
        "agencies": list(article.agencies),
        "tags": list(article.tags),
        "language": article.language,
        "kind": str(article.kind),
        "free": article.access.free,
        "word_count": article.word_count,
        "text_digest": revision.text_digest,
        "against": revision.against,
        "change_kinds": sorted(map(str, changes.kinds)) if changes else None,
        "words_added": sum(one.added for one in changes.changes) if changes else None,
        "words_removed": sum(one.removed for one in changes.changes) if changes else None,
        "stealth": list(map(str, changes.stealth)) if changes else None,
        "extractor": made.name if made else None,
        "extractor_version": made.version if made else None,
        "warc_file": ref.file if ref else None,
        "warc_offset": ref.offset if ref else None,
        "warc_length": ref.length if ref else None,
        "warc_record_id": ref.record_id if ref else None,
        "warc_payload_digest": ref.payload_digest if ref else None,
    }


def to_cells(row: dict[str, Any]) -> list[str]:
    """A row for CSV: nothing for what is not known, ISO 8601 for moments, JSON for several."""
    return [_cell(row[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _iso(value) or ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None
