"""Two articles side by side, part by part: what is shown of a change, as text, HTML or JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archiver.model import Article, Changes, Revision
from archiver.revise.align import Piece, align
from archiver.revise.body import body_lines
from archiver.revise.compare import comparable, compare
from archiver.revise.edits import Edit, Op

_BEGIN, _END = {Op.REMOVED: "[-", Op.ADDED: "{+"}, {Op.REMOVED: "-]", Op.ADDED: "+}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One part of an article, such as its headline, with its pieces in reading order."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        """Whether anything differs in it."""
        return any(piece.op is not Op.SAME for piece in self.pieces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """What changed from one revision to another, and every part in which that is to be seen.

    `versions`: whether two versions of the extractor made them, so that it may be its doing.
    """

    old: Revision
    new: Revision
    changes: Changes
    sections: tuple[Section, ...]
    versions: bool


def make_sheet(old: Revision, new: Revision) -> Sheet:
    """The sheet of two revisions of an article; kinds as kept, where they are neighbours."""
    changes = compare(old.article, new.article)
    kept = new.changes
    if kept is not None and new.against == old.number:
        kinds = kept.kinds
        changes = Changes(
            changes=kept.changes,
            stealth=kept.stealth,
            moved=kept.moved,
            old=kept.old,
            new=kept.new,
            facts=changes.facts if kinds & changes.kinds else (),
            notice=changes.notice if kinds else None,
        )
    before, after = _parts(old.article), _parts(new.article)
    sections = (
        Section(name=name, pieces=align(before[name], after[name]))
        for name in before
        if before[name] or after[name]
    )
    return Sheet(
        old=old,
        new=new,
        changes=changes,
        sections=tuple(sections),
        versions=not comparable(old.article, new.article),
    )


def _parts(article: Article) -> dict[str, tuple[str, ...]]:
    return {
        "headline": _some(article.title),
        "standfirst": _some(article.standfirst),
        "byline": article.authors,
        "published": _some(article.published),
        "modified": _some(article.modified),
        "body": body_lines(article),
        "captions": tuple(image.caption for image in article.images if image.caption),
    }


def _some(text: str | None) -> tuple[str, ...]:
    return (text,) if text else ()


def summary(changes: Changes) -> str:
    """All kinds with their sizes, such as "headline +3 -2, facts +10 -4"."""
    return ", ".join(
        f"{change.kind} +{change.added} -{change.removed}" for change in changes.changes
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of a sheet as text: a paragraph, or how many were left out between two."""

    spans: tuple[tuple[Op, str], ...] = ()
    left_out: int = 0


def text_lines(section: Section, *, context: int = 1) -> Iterable[Line]:
    """The changed paragraphs of a section with `context` others around each.

    Words that went stand in `[-…-]`, those that came in `{+…+}`.
    """
    near = {
        place + step
        for place, piece in enumerate(section.pieces)
        if piece.op is not Op.SAME
        for step in range(-context, context + 1)
    }
    left_out = 0
    for place, piece in enumerate(section.pieces):
        if place not in near:
            left_out += 1
            continue
        if left_out:
            yield Line(left_out=left_out)
            left_out = 0
        yield Line(spans=tuple(_span(edit) for edit in piece.edits))
    if left_out:
        yield Line(left_out=left_out)


def _span(edit: Edit) -> tuple[Op, str]:
    if edit.op is Op.SAME:
        return edit.op, edit.new
    text = edit.old if edit.op is Op.REMOVED else edit.new
    bare = text.rstrip()
    return edit.op, f"{_BEGIN[edit.op]}{bare}{_END[edit.op]}{text[len(bare) :]}"
