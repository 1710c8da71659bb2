"""Known edits of real pages: what an editor, a template or a counter does to the HTML.

What an edit is to be called is said beside it; no code of `archiver.revise` is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from support import revision_noise as noise
from support import revision_texts as texts
from support.revision_subjects import Pair, Subject

MAKERS: dict[str, tuple[Callable[[Subject], Pair | None], frozenset[str]]] = {
    "headline": (texts.headline, frozenset({"headline"})),
    "standfirst": (texts.standfirst, frozenset({"standfirst"})),
    "standfirst again": (texts.standfirst, frozenset({"standfirst"})),
    "number": (texts.number, frozenset({"facts"})),
    "date": (texts.date, frozenset({"facts"})),
    "name": (texts.name, frozenset({"facts"})),
    "quote": (texts.quote, frozenset({"facts"})),
    "paragraph added": (texts.added, frozenset({"facts"})),
    "paragraph removed": (texts.removed, frozenset({"facts"})),
    "style": (texts.style, frozenset({"style"})),
    "style again": (texts.style, frozenset({"style"})),
    "byline": (texts.byline, frozenset({"byline"})),
    "published": (texts.published, frozenset({"dates"})),
    "caption": (texts.caption, frozenset({"images"})),
    "notice": (texts.notice, frozenset({"correction"})),
    "closed": (texts.access, frozenset({"access"})),
    "opened": (texts.opened, frozenset({"access"})),
    "counter": (noise.counter, frozenset()),
    "advert": (noise.advert, frozenset()),
    "advert added": (noise.advert_added, frozenset()),
    "typography": (noise.typography, frozenset()),
    "picture URLs": (noise.pictures, frozenset()),
    "class names": (noise.classes, frozenset()),
    "modified": (noise.bumped, frozenset()),
}
# Edits that are made together: each of the second's texts is that of the first's page.
TOGETHER = (
    ("headline", "number"),
    ("number", "notice"),
    ("style", "counter"),
    ("byline", "caption"),
)
