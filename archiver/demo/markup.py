"""Pieces of a page: templates, figures, the blocks of a body, structured data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from archiver.demo import outlet
from archiver.demo.story import LINK, Block, Picture, Story

_TEMPLATES = Path(__file__).parent / "templates"
NEWSLETTER = """<aside class="newsletter">
<h2>The Lantern before breakfast</h2>
<p>Five stories in your letter box every morning at six. No advertisements.</p>
<p><a href="/contact">Sign up</a></p>
</aside>"""


@cache
def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))


def fill(name: str, **values: str) -> str:
    """A template file with its marks filled; the values are HTML already."""
    return _template(name).substitute(values)


def inline(text: str) -> str:
    """Text with links as `[text](url)` as HTML."""
    return LINK.sub(r'<a href="\2">\1</a>', escape(text))


def image_path(picture: Picture, width: int = 960) -> str:
    """Where a picture is served."""
    return f"/media/{picture.name}.svg" if picture.bars else f"/media/{picture.name}-{width}.png"


def figure(picture: Picture, words: outlet.Phrases, *, cover: bool = False) -> str:
    """A picture with its caption and, in a span of its own, its credit."""
    sizes = (
        ""
        if picture.bars
        else f' srcset="{image_path(picture, 480)} 480w, {image_path(picture)} 960w"'
        ' sizes="(max-width: 760px) 100vw, 720px"'
    )
    label = words.graphic if picture.bars else words.photo
    return (
        f'<figure class="{"cover" if cover else "inset"}">'
        f'<img src="{image_path(picture)}"{sizes} alt="{escape(picture.alt)}" width="960"'
        ' height="540">'
        f"<figcaption>{escape(picture.caption)} "
        f'<span class="credit">{label} {escape(picture.credit)}</span></figcaption></figure>'
    )


def labelled_figure(picture: Picture, *, cover: bool = False) -> str:
    """A picture as the aggregators print it: label, caption and credit in one line."""
    return (
        f'<figure class="{"cover" if cover else "inset"}">'
        f'<img src="{image_path(picture)}" alt="{escape(picture.alt)}" width="960" height="540">'
        f'<figcaption class="caption"><span class="label">Image:</span> {escape(picture.caption)}'
        f" Pic: {escape(picture.credit)}</figcaption></figure>"
    )


_TAGS = {"paragraph": "p", "heading": "h2", "item": "li"}


def body(
    blocks: Iterable[Block],
    pictures: Mapping[str, str] | None = None,
    inserts: Mapping[str, str] | None = None,
) -> str:
    """The blocks as HTML; pictures and inserts are given as HTML by their names."""
    return "\n".join(_body(blocks, {**(pictures or {}), **(inserts or {})}))


def _body(blocks: Iterable[Block], named: Mapping[str, str]) -> Iterator[str]:
    listing = False
    for block in blocks:
        if listing is not (block.kind == "item"):
            listing = not listing
            yield "<ul>" if listing else "</ul>"
        if block.kind in {"image", "insert"}:
            yield named[block.text]
        elif block.kind == "quote":
            yield f"<blockquote><p>{inline(block.text)}</p></blockquote>"
        else:
            tag = _TAGS[block.kind]
            yield f"<{tag}>{inline(block.text)}</{tag}>"
    if listing:
        yield "</ul>"


def json_script(data: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(data, ensure_ascii=False, indent=1).replace("</", "<\\/")


def link_list(stories: Iterable[Story]) -> str:
    """Links to articles as list items."""
    return "\n".join(
        f'<li><a href="{story.path}">{escape(story.title)}</a></li>' for story in stories
    )


def structured(story: Story, absolute: Callable[[str], str]) -> dict[str, Any]:
    """An article's JSON-LD; `absolute` makes a path a URL."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": absolute(story.path)},
        "headline": story.title,
        "description": story.standfirst,
        "datePublished": story.published.isoformat(),
        "dateModified": story.touched.isoformat(),
        "author": [_author(name, absolute) for name in story.authors],
        "publisher": {
            "@type": "NewsMediaOrganization",
            "name": outlet.NAME,
            "logo": {"@type": "ImageObject", "url": absolute("/static/logo.svg")},
        },
        "image": [
            {"@type": "ImageObject", "url": absolute(image_path(picture))}
            for picture in story.images
        ],
        "articleSection": outlet.SECTIONS[story.section],
        "keywords": list(story.tags),
        "inLanguage": outlet.language(story.section),
        "isAccessibleForFree": True,
    }
    if story.posts:
        data["@type"] = "LiveBlogPosting"
        data["coverageStartTime"] = story.published.isoformat()
    return data


def _author(name: str, absolute: Callable[[str], str]) -> dict[str, str]:
    if name == "Farwire":
        return {"@type": "Organization", "name": name}
    return {
        "@type": "Person",
        "name": name,
        "url": absolute(f"/authors/{outlet.slug_of(name)}"),
    }
