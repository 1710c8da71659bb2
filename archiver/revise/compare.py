"""What changed from one article to another, by kind, with what proves it. Pure functions.

Both must come from one version of the extractor: what another version does differently is no
change of the article (see `comparable`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from archiver.extract.summaries import has_summary
from archiver.extract.template import likeness
from archiver.extract.text import fold, letters
from archiver.model import Article, ArticleKind, Change, ChangeKind, Changes, Evidence, Stealth
from archiver.revise.body import Side, Size, compare_bodies
from archiver.revise.corrections import is_notice
from archiver.revise.edits import Op, diff_words, is_in_place
from archiver.revise.pictures import compare_pictures
from archiver.revise.trivial import same_line
from archiver.revise.words import count

_SEPARATOR = re.compile(r"\s[|\-:\u00b7\u2022\u00bb/]\s|: | \|")
_TRUNCATED = re.compile(r"\s*(?:\.\.\.|\[\.\.\.\])$")
_SAME_TEMPLATE = 0.55  # share of class names; pages of one template have 0.7 or more
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def comparable(old: Article, new: Article) -> bool:
    """Whether one version of the extractor made both."""
    return _version(old) == _version(new)


def _version(article: Article) -> tuple[str, str] | None:
    made = article.extractor
    return (made.name, made.version) if made else None


def compare(old: Article, new: Article, *, furniture: Collection[int] = ()) -> Changes:
    """All changes from `old` to `new`, none where they differ in noise only.

    `furniture`: digests (`Changes.lines`) of paragraphs that other articles of the outlet got
    or lost as well; these count for nothing.
    """
    before, after = Side(old), Side(new)
    redesign, wall = _redesigned(old, new), _wall(old, new)
    in_place = redesign or wall is not None  # a wall hides pictures and summaries, too
    body = compare_bodies(before, after, furniture=furniture, wall=wall, in_place=redesign)
    notice = body.notice_text or _notice_above(before, after)
    sizes: dict[ChangeKind, Size] = {
        ChangeKind.HEADLINE: _headline(before, after, redesign=redesign),
        ChangeKind.STANDFIRST: _standfirst(before, after, in_place=in_place, redesign=redesign),
        ChangeKind.FACTS: body.facts,
        ChangeKind.STYLE: body.style,
        ChangeKind.BYLINE: Size() if redesign else _byline(old, new),
        ChangeKind.DATES: Size() if redesign else _redated(old, new),
        ChangeKind.IMAGES: compare_pictures(before, after, in_place=in_place),
        ChangeKind.CORRECTION: body.notice if body.notice_text else Size(added=count(notice or "")),
        ChangeKind.ACCESS: Size(added=1, removed=1) if wall else Size(),
    }
    changes = tuple(
        Change(kind=kind, added=size.added, removed=size.removed)
        for kind, size in sizes.items()
        if size
    )
    return Changes(
        changes=changes,
        facts=body.touched,
        notice=notice,
        moved=body.moved,
        redesign=redesign,
        stealth=_stealth(
            old,
            new,
            {change.kind for change in changes},
            undone=body.undone,
            noticed=notice is not None,
        ),
        old=Evidence.of(old),
        new=Evidence.of(new),
        lines=body.lines,
    )


def _notice_above(old: Side, new: Side) -> str | None:
    """A notice that came with the standfirst."""
    text = new.article.standfirst or ""
    return text if text and is_notice(text) and not old.says(text) else None


def unverified(old: Article, new: Article, why: str) -> Changes:
    """That two captures could not be compared, and why."""
    return Changes(old=Evidence.of(old), new=Evidence.of(new), unverified=why)


def _sized(old: str, new: str) -> Size:
    size = Size()
    size.add(diff_words(old, new))
    if not size:  # only marks, which make a difference all the same: "Mayor out?"
        size.added = size.removed = 1
    return size


def _headline(old: Side, new: Side, *, redesign: bool) -> Size:
    before, after = old.article.title or "", new.article.title or ""
    if not before or not after or same_line(before, after) or letters(before) == letters(after):
        return Size()
    olds = {letters(one) for one in (before, *old.article.headlines)}
    news = {letters(one) for one in (after, *new.article.headlines)}
    stays, had = letters(before) in news, letters(after) in olds
    if (stays or had) if redesign else (stays and had):  # another choice of what the page has
        return Size()
    if _only_more(before, after, old, new) or _only_more(after, before, new, old):
        return Size()
    return _sized(before, after)


def _only_more(short: str, long: str, of_short: Side, of_long: Side) -> bool:
    """Whether a title is the other with a kicker or the site's name beside it."""
    folded_short, folded_long = fold(short), fold(long)
    if folded_short == folded_long or folded_short not in folded_long:
        return False
    parts = [part for part in _SEPARATOR.split(folded_long) if part and part not in folded_short]
    known = {
        letters(text)
        for side in (of_short, of_long)
        for text in (side.article.section, side.article.outlet, *side.article.tags)
        if text
    }
    return bool(parts) and all(letters(part) in known or _is_host(part, of_long) for part in parts)


def _is_host(part: str, side: Side) -> bool:
    """Whether a part of a title is the site's name, as its address has it."""
    name = letters(part)
    return len(name) > 2 and name in letters(
        side.article.url.split("/")[2:3][0] if "//" in side.article.url else ""
    )


def _redesigned(old: Article, new: Article) -> bool:
    """Whether the pages have different templates, as far as both tell theirs."""
    one, other = (
        article.extractor.template if article.extractor else None for article in (old, new)
    )
    if one is None or other is None:
        return False
    alike = likeness(one, other)
    return alike is not None and alike < _SAME_TEMPLATE


def _standfirst(old: Side, new: Side, *, in_place: bool, redesign: bool) -> Size:
    before, after = old.apart(), new.apart()
    if not before and not after:  # what came or went with a paragraph of the text is the text's
        before, after = _others(old, new), _others(new, old)
        in_place = True
    if in_place and not (before and after and is_in_place(diff_words(before, after))):
        return Size()
    if same_line(before, after) or letters(before) == letters(after):
        return Size()
    if _is_cut(before, after) or _is_cut(after, before):
        return Size()
    stayed = not before or new.says(before)
    stood = not after or old.says(after)
    if stayed and stood:  # it stands in another place
        return Size()
    stays = not before or has_summary(_summaries(new), old.article.standfirst or "")
    had = not after or has_summary(_summaries(old), new.article.standfirst or "")
    if (stays or had) if redesign else (stays and had):  # another choice of what the page has
        return Size()
    return _sized(before, after)


def _others(side: Side, than: Side) -> str:
    """The sentences of a standfirst that the other one has not."""
    known = set(map(letters, than.standfirst))
    return "".join(part for part in side.standfirst if letters(part) not in known).strip()


def _summaries(side: Side) -> str | None:
    made = side.article.extractor
    return made.summaries if made else None


def _is_cut(short: str, long: str) -> bool:
    """Whether a text is the beginning of the other, as descriptions are."""
    begin, cuts = _TRUNCATED.subn("", fold(short))
    return bool(cuts) and len(begin) > 20 and letters(long).startswith(letters(begin))


def _byline(old: Article, new: Article) -> Size:
    olds, news = ({letters(name) for name in one.authors} for one in (old, new))
    known_old, known_new = (
        {letters(name) for name in (*one.authors, *one.agencies)} for one in (old, new)
    )
    gone = [name for name in old.authors if letters(name) not in known_new]
    come = [name for name in new.authors if letters(name) not in known_old]
    if not (olds and news) and not (gone or come):
        return Size()
    return Size(added=_words(come), removed=_words(gone))


def _words(names: Iterable[str]) -> int:
    return sum(max(1, count(name)) for name in names)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _redated(old: Article, new: Article) -> Size:
    return Size(added=1, removed=1) if _is_redated(old, new) else Size()


def _is_redated(old: Article, new: Article) -> bool:
    """Whether an article gives another time of publication, not only another form of it."""
    before, after = _moment(old.published), _moment(new.published)
    if before is None or after is None or old.published == new.published:
        return False
    if before.replace(tzinfo=None, second=0) == after.replace(tzinfo=None, second=0):
        return False  # the same by the clock: one of the two tells its zone wrongly
    if before.tzinfo is None or after.tzinfo is None:
        bare = len(old.published or "") <= 10 or len(new.published or "") <= 10
        apart = abs(before.replace(tzinfo=None) - after.replace(tzinfo=None))
        return apart >= (2 * _DAY if bare and before.tzinfo != after.tzinfo else _MINUTE)
    return abs(before - after) >= _MINUTE


def _wall(old: Article, new: Article) -> Op | None:
    """Whether a paywall was put up, which removes text, or taken away; None for neither."""
    before, after = old.access.free, new.access.free
    if before is None or after is None or before == after:
        return None
    return Op.ADDED if after else Op.REMOVED


def _stealth(
    old: Article, new: Article, kinds: Collection[ChangeKind], *, undone: bool, noticed: bool
) -> tuple[Stealth, ...]:
    """What should have been said of the change and was not.

    A notice is looked for where what had been said is said no more: the headline changed, or a
    fact went. A live blog needs none, it adds.
    """
    if not {ChangeKind.HEADLINE, ChangeKind.FACTS, ChangeKind.STYLE} & set(kinds):
        return ()
    marks = []
    if old.modified is None and new.modified is None:
        marks.append(Stealth.MODIFIED_MISSING)
    elif new.modified is not None and _moment(old.modified) == _moment(new.modified):
        marks.append(Stealth.MODIFIED_UNCHANGED)
    live = ArticleKind.LIVEBLOG in {old.kind, new.kind}
    if (ChangeKind.HEADLINE in kinds or undone) and not live and not noticed:
        marks.append(Stealth.NO_NOTICE)
    return tuple(marks)
