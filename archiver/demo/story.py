"""The demo's articles as data: read from text files, or composed from facts.

An article is a file `articles/SLUG.md`: TOML between two `+++` lines, then the body, whose
blocks stand between empty lines. `## ` begins a heading, `> ` a quotation, `- ` the items of a
list; `![name]` places one of the article's pictures, `{{word}}` an insert of its template, and
`[text](url)` is a link. `SLUG.edition-2.md` takes the place of `SLUG.md` from edition 2 on.

Families of alike articles (council votes, match reports) are files in `articles/composed`: a
pattern, and the facts of each story (over the family's defaults), which fill `{name}` marks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

ARTICLES = Path(__file__).parent / "articles"
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_EDITION = ".edition-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One piece of a body: `kind` is paragraph, heading, quote, item, image or insert.

    `text` may hold links as `[text](url)`; of an image or insert it is the name.
    """

    kind: str
    text: str

    @property
    def plain(self) -> str:
        """The text as a reader sees it."""
        return LINK.sub(r"\1", self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture with its words; `scene` says what is painted, `bars` are a chart's figures."""

    name: str
    scene: str
    alt: str
    caption: str
    credit: str
    bars: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One entry of a live blog, there from edition `since` on."""

    id: str
    time: datetime
    author: str
    headline: str
    text: str
    since: int = 1

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text's paragraphs."""
        return tuple(_paragraphs(self.text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One article in the state of one edition; times carry the outlet's offset.

    `special` names what is unusual about how it is served, see `archiver.demo.site`. It is
    there from edition `since` to edition `until`. `minutes` is the read time that the page
    prints, `original` the address that a copy came from, `embedded` the slugs of the list of
    links in the midst of its body, `old_slug` the slug that the feed still has.
    """

    slug: str
    section: str
    title: str
    standfirst: str
    authors: tuple[str, ...]
    published: datetime
    tags: tuple[str, ...]
    images: tuple[Picture, ...]
    body: tuple[Block, ...]
    modified: datetime | None = None
    posts: tuple[Post, ...] = ()
    special: str | None = None
    social_title: str | None = None
    minutes: int | None = None
    original: str | None = None
    video_caption: str | None = None
    embedded: tuple[str, ...] = ()
    old_slug: str | None = None
    since: int = 1
    until: int | None = None

    @property
    def path(self) -> str:
        """Its address below the site's root."""
        return self.path_of(self.slug)

    def path_of(self, slug: str) -> str:
        """The address that it has under another slug."""
        return f"/{self.section}/{self.published:%Y/%m/%d}/{slug}"

    @property
    def touched(self) -> datetime:
        """When it was last changed."""
        return self.modified or self.published


def stories(edition: int) -> tuple[Story, ...]:
    """Every article that is there in an edition, newest first."""
    there = (
        story
        for story in (*_written(edition), *_composed())
        if story.since <= edition and (story.until is None or edition <= story.until)
    )
    return tuple(sorted(there, key=lambda story: (story.published, story.slug), reverse=True))


def parse_story(slug: str, text: str) -> Story:
    """The article of one file's text.

    Raises:
        ValueError: where the `+++` lines or the TOML between them are wrong.
    """
    _, head, body = text.split("+++\n", 2)
    return _story(slug, tomllib.loads(head), body)


def parse_body(text: str) -> tuple[Block, ...]:
    """The blocks of a body."""
    return tuple(_blocks(text))


def unusual_items() -> list[dict[str, Any]]:
    """What stands in the feed beside articles: case, section, slug, title, published."""
    items: list[dict[str, Any]] = _toml(ARTICLES / "unusual.toml")["items"]
    return items


def _written(edition: int) -> Iterator[Story]:
    chosen: dict[str, Path] = {}
    for path in sorted(ARTICLES.glob("*.md"), key=lambda path: path.stem):
        slug, _, since = path.stem.partition(_EDITION)
        if int(since or 1) <= edition:
            chosen[slug] = path
    for slug, path in chosen.items():
        yield parse_story(slug, path.read_text(encoding="utf-8"))


@cache
def _composed() -> tuple[Story, ...]:
    return tuple(
        _compose(family, facts)
        for path in sorted((ARTICLES / "composed").glob("*.toml"))
        for family in [_toml(path)]
        for facts in family["stories"]
    )


def _compose(family: Mapping[str, Any], own: Mapping[str, Any]) -> Story:
    facts = {**family.get("defaults", {}), **own}

    def fill(pattern: str) -> str:
        return pattern.format_map(facts)

    picture = {key: fill(family[f"image_{key}"]) for key in ("scene", "alt", "caption", "credit")}
    head = {
        "section": family["section"],
        "title": fill(family["title"]),
        "standfirst": fill(family["standfirst"]),
        "authors": facts["authors"],
        "published": facts["published"],
        "since": facts.get("since", 1),
        "tags": [fill(tag) for tag in family["tags"]],
        "images": [{"name": facts["slug"], **picture}],
    }
    return _story(facts["slug"], head, fill(family["bodies"][facts["body"]]))


def _story(slug: str, head: Mapping[str, Any], body: str) -> Story:
    made = {
        "authors": tuple(head["authors"]),
        "tags": tuple(head["tags"]),
        "embedded": tuple(head.get("embedded", ())),
        "images": tuple(_picture(image) for image in head["images"]),
        "posts": tuple(Post(**post) for post in head.get("posts", ())),
    }
    return Story(**{**head, **made}, slug=slug, body=parse_body(body))


def _picture(image: Mapping[str, Any]) -> Picture:
    return Picture(**{**image, "bars": tuple(image.get("bars", {}).items())})


def _paragraphs(text: str) -> Iterator[str]:
    for part in re.split(r"\n\s*\n", text):
        if words := " ".join(part.split()):
            yield words


_MARKS = {"## ": "heading", "> ": "quote"}


def _blocks(text: str) -> Iterator[Block]:
    for part in re.split(r"\n\s*\n", text.strip()):
        if part.startswith("- "):
            for item in part.removeprefix("- ").split("\n- "):
                yield Block(kind="item", text=" ".join(item.split()))
        elif found := re.fullmatch(r"!\[(.+)\]", part):
            yield Block(kind="image", text=found[1])
        elif found := re.fullmatch(r"\{\{(.+)\}\}", part):
            yield Block(kind="insert", text=found[1])
        else:
            mark = next((mark for mark in _MARKS if part.startswith(mark)), "")
            words = " ".join(part.removeprefix(mark).split())
            yield Block(kind=_MARKS.get(mark, "paragraph"), text=words)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
