"""What changed between two captures of an article, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archiver.model.article import Article


class ChangeKind(StrEnum):
    """What of an article changed. A trivial difference has none of these."""

    HEADLINE = "headline"
    STANDFIRST = "standfirst"
    FACTS = "facts"  # of the body: numbers, dates, quotes, names, or a negation
    STYLE = "style"  # of the body: other words for the same facts
    BYLINE = "byline"
    DATES = "dates"  # when it says that it was published
    IMAGES = "images"  # pictures or their captions
    CORRECTION = "correction"  # a notice of one was added or changed
    ACCESS = "access"  # free to read, or no longer


class FactKind(StrEnum):
    """What a fact is."""

    NUMBER = "number"
    DATE = "date"
    QUOTE = "quote"
    NAME = "name"
    NEGATION = "negation"


class Stealth(StrEnum):
    """What is missing where headline or body changed."""

    MODIFIED_UNCHANGED = "modified-unchanged"  # the page dates itself as before
    MODIFIED_MISSING = "modified-missing"  # neither capture says when it was modified
    NO_NOTICE = "no-notice"  # what had been said was changed, and nothing says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One kind of change and its size in words; a picture counts as one."""

    kind: ChangeKind
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A fact that stands in only one of the two captures."""

    kind: FactKind
    text: str
    added: bool  # else it was removed


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A capture that a claim rests on, and where its record stands in the archive."""

    captured_at: datetime | None
    modified: str | None  # as the page says, ISO 8601
    file: str | None = None
    offset: int | None = None
    record_id: str | None = None
    payload_digest: str | None = None

    @classmethod
    def of(cls, article: Article) -> Evidence:
        """The capture that an article was made of."""
        ref = article.warc
        return cls(
            captured_at=article.captured_at,
            modified=article.modified,
            file=ref.file if ref else None,
            offset=ref.offset if ref else None,
            record_id=ref.record_id if ref else None,
            payload_digest=ref.payload_digest if ref else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What changed from one capture to another; nothing but noise where `changes` is empty.

    `unverified` says why the two could not be compared as captures of one extractor version;
    nothing is claimed then.
    """

    changes: tuple[Change, ...] = ()
    facts: tuple[Fact, ...] = ()
    stealth: tuple[Stealth, ...] = ()
    notice: str | None = None  # the notice of a correction that was added or changed
    moved: int = 0  # paragraphs that stand in another place
    redesign: bool = False  # whether the template is another; only edits in place count then
    old: Evidence | None = None
    new: Evidence | None = None
    unverified: str | None = None
    # Digests of whole paragraphs that came or went: what many articles share is furniture.
    lines: tuple[int, ...] = field(default=(), repr=False)

    @property
    def kinds(self) -> frozenset[ChangeKind]:
        """All kinds of change."""
        return frozenset(change.kind for change in self.changes)

    @property
    def trivial(self) -> bool:
        """Whether a reader would call the two the same."""
        return not self.changes and self.unverified is None

    def size(self) -> int:
        """Words added and removed, of all kinds."""
        return sum(change.added + change.removed for change in self.changes)
