"""What a reader takes from a page, and what extraction is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archiver.model.warcref import WarcRef


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
    template: str | None = None  # a sketch of the page's template, see archiver.extract.template
    summaries: str | None = None  # and one of its summaries, see archiver.extract.summaries


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
