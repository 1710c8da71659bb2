"""The core facts, one a stage: Outlet -> Discovery -> Capture -> Article -> Revision.

Every type is a frozen, keyword-only dataclass; every time an aware datetime in UTC; no I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovery:
    """One mention of an article URL in a source, in the source's own words.

    `url` is absolute. `guid`, `title` and `published_raw` are kept as the source wrote them:
    publishers delete feeds, and what they said is evidence.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcRef:
    """Where a record stands: the file, and the bytes of its own gzip member."""

    file: str  # relative to the archive's WARC folder
    offset: int
    length: int
    record_id: str
    payload_digest: str | None = None


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


class BlockKind(StrEnum):
    """What a piece of an article's body is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    QUOTE = "quote"
    LIST = "list"
    EMBED = "embed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One piece of the body, in reading order; an embedded one's text is not the article's."""

    kind: BlockKind
    text: str
    time: str | None = None  # this and `author` are for posts of live blogs
    author: str | None = None
    url: str | None = None  # of what is embedded


@dataclass(frozen=True, kw_only=True, slots=True)
class DateCandidate:
    """A date that the page gives: ISO 8601 `value`, what it dates, where it stood."""

    value: str
    of: str  # "published" or "modified"
    source: str  # such as "json-ld:datePublished", "meta:article:published_time"
    chosen: bool = False
    why: str | None = None  # why it was chosen, or could not be; None where another is trusted more


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTime:
    """Minutes to read, and whether the page said so ("published") or we counted ("computed")."""

    minutes: int
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A picture of the article with its words."""

    url: str
    alt: str | None = None
    caption: str | None = None
    credits: tuple[str, ...] = ()
    is_cover: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Video:
    """A film of the article; its caption never counts as an image's."""

    url: str | None
    caption: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """`original`: where a syndicated copy came from; `related`: the page's own further reading."""

    original: str | None = None
    related: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Whether the page says that it is free to read, and what says so."""

    free: bool | None = None
    evidence: str | None = None


class ArticleKind(StrEnum):
    """What a page is. A consent or blocked page is never stored as an article."""

    ARTICLE = "article"
    LIVEBLOG = "liveblog"
    VIDEO = "video"
    GALLERY = "gallery"
    SECTION = "section"
    BLOCKED = "blocked"
    CONSENT = "consent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extractor:
    """Which code made an article of a page."""

    name: str
    version: str
    method: str | None = None  # how the body was found, such as "trafilatura" or "json-ld"


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """What a reader would take from a page. Field order is that of the JSON contract.

    `published` and `modified` are ISO 8601 texts with the page's own offset (or a bare date
    where the page gives no time), because the offset is information of its own.
    """

    url: str
    canonical_url: str | None
    outlet: str | None
    captured_at: datetime | None
    title: str | None
    headlines: tuple[str, ...] = ()
    section: str | None = None
    standfirst: str | None = None
    text: str = ""
    blocks: tuple[Block, ...] = ()
    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()  # those that it is by or from; they may stand in authors, too
    published: str | None = None
    modified: str | None = None
    date_candidates: tuple[DateCandidate, ...] = ()
    language: str | None = None
    read_time: ReadTime | None = None
    word_count: int = 0
    images: tuple[Image, ...] = ()
    videos: tuple[Video, ...] = ()
    links: Links = field(default_factory=Links)
    tags: tuple[str, ...] = ()
    access: Access = field(default_factory=Access)
    kind: ArticleKind = ArticleKind.ARTICLE
    warc: WarcRef | None = None
    extractor: Extractor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A captured page, ready to be extracted: all that extraction may know."""

    url: str
    body: bytes  # every transfer and content coding removed
    content_type: str | None = None
    outlet: str | None = None
    language: str | None = None  # the outlet's, a hint
    captured_at: datetime | None = None
    warc: WarcRef | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A text that stood on the page and was left out of the body, and why, in a word."""

    reason: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What came of extracting a page: an article, or the reason why there is none.

    `reason` is one of not-html, empty, no-text, consent, blocked, timeout, memory, crashed, error.
    `cuts`: what was left out of the article's text.
    """

    article: Article | None = None
    reason: str | None = None
    detail: str | None = None
    seconds: float = 0.0
    cuts: tuple[Cut, ...] = ()  # what was left out of the article's text


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One state of an article; number 1 is the first that was seen."""

    article_id: int
    number: int
    captured_at: datetime
    text_digest: str
    article: Article


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that went wrong and cost only itself."""

    stage: str  # discover, fetch, requisite, extract
    reason: str  # one word, counted by `archiver status`
    url: str | None
    at: datetime
    detail: str | None = None
