"""The core facts, one a stage: Outlet -> Discovery -> Capture -> Article -> Revision.

Every type is a frozen, keyword-only dataclass; every time an aware datetime in UTC; no I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from archiver.model.article import (
    Access,
    Article,
    ArticleKind,
    Block,
    BlockKind,
    Cut,
    DateCandidate,
    Extraction,
    Extractor,
    Image,
    Links,
    Page,
    ReadTime,
    Video,
)
from archiver.model.changes import (
    Change,
    ChangeKind,
    Changes,
    Evidence,
    Fact,
    FactKind,
    Stealth,
)
from archiver.model.crossing import crosses_quickly
from archiver.model.warcref import WarcRef

__all__ = [
    "Access",
    "Article",
    "ArticleKind",
    "Block",
    "BlockKind",
    "Capture",
    "CaptureKind",
    "Change",
    "ChangeKind",
    "Changes",
    "Cut",
    "DateCandidate",
    "Discovery",
    "Evidence",
    "Extraction",
    "ExtractionState",
    "Extractor",
    "Fact",
    "FactKind",
    "Image",
    "Links",
    "Outlet",
    "Page",
    "Problem",
    "ReadTime",
    "Revision",
    "Source",
    "SourceKind",
    "Stealth",
    "Video",
    "WarcRef",
    "utcnow",
]


def utcnow() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


class SourceKind(StrEnum):
    """What kind of listing an outlet's source is."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"


class CaptureKind(StrEnum):
    """Why something was fetched; what a page turned out to be is `Article.kind`."""

    PAGE = "page"
    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"
    ROBOTS = "robots"
    REQUISITE = "requisite"  # what a page needs to be seen: style sheets, pictures, fonts
    OTHER = "other"


class ExtractionState(StrEnum):
    """Where a captured page stands on its way to an article."""

    NONE = "none"  # never to be extracted: robots.txt, a redirect, an error page
    # Captured, not read yet. A page is picked up from its WARC later; a listing, whose mentions
    # may not have been kept, is asked for again without validators.
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"  # extraction ended with a reason, see Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One listing of an outlet that is polled for new article URLs."""

    kind: SourceKind
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlet:
    """One publication to watch, as its seed file describes it.

    `article_include`, `article_exclude`: regular expressions searched in the whole URL; none to
    include admit every URL of the outlet's own hosts. `addresses`: ranges that may be reached.
    """

    id: str
    name: str
    homepage: str
    sources: tuple[Source, ...]
    country: str | None = None
    language: str | None = None
    timezone: str | None = None
    article_include: tuple[str, ...] = ()
    article_exclude: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # hosts beside the homepage's whose pages are this outlet's
    delay: float | None = None  # seconds between requests to one host; None = installation's
    concurrency: int | None = None  # requests side by side to one host; None = installation's
    proxy: str | None = None
    proxy_password_variable: str | None = None  # of the environment
    ports: str = ""  # that may be connected to beside the installation's: "8080, 9000-9009"
    addresses: tuple[str, ...] = ()  # ranges that may be connected to though not public
    verify_tls: bool = True
    render: bool = False  # whether its pages need a browser to be read
    enabled: bool = True


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class Discovery:
    """One mention of an article URL in a source, in the source's own words.

    `url` is canonical; `link` is the source's own where it is another. That, `guid`, `title` and
    `published_raw` are kept as written: publishers delete feeds, and what they said is evidence.
    """

    url: str
    outlet: str
    via: SourceKind
    source_url: str
    found_at: datetime
    guid: str | None = None
    title: str | None = None
    published_raw: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    link: str | None = None
    run_id: int | None = None  # where another run found it than the one that uses it


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """One answer that was kept, and where it is kept.

    `status` is None where no HTTP answer came. `payload_digest` is that of the WARC (transfer
    coding stripped); `body_digest` that of the decoded body, equal however a page was coded.
    """

    url: str
    urlkey: str
    captured_at: datetime
    kind: CaptureKind
    outlet: str
    run_id: int | None
    status: int | None
    mime: str | None
    warc: WarcRef
    record_type: str = "response"  # or "revisit"
    body_digest: str | None = None
    body_size: int | None = None  # bytes, decoded
    redirect_to: str | None = None
    truncated: str | None = None  # WARC-Truncated
    etag: str | None = None
    last_modified: str | None = None
    extraction: ExtractionState = ExtractionState.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One state of an article; number 1 is the first that was seen.

    `changes` have no facts and no notice: see `archiver.revise` for these.
    """

    article_id: int
    number: int
    captured_at: datetime
    text_digest: str
    article: Article
    changes: Changes | None = None  # from the one before; None for the first, or where not known
    against: int | None = None  # number of the one before


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that went wrong and cost only itself."""

    stage: str  # discover, fetch, requisite, extract
    reason: str  # one word, counted by `archiver status`
    url: str | None
    at: datetime
    detail: str | None = None
