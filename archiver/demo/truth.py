"""What a perfect crawl and extraction of the demo's outlet give: gold to score against.

Each entry has the keys of a reviewed page (page, publisher, country, url, title, authors,
published, topics, standfirst, sections, images) and besides:

- `expected`: article, consent, not-html, empty, http-500, gone, robots, dns or no-link
- `special`: what is unusual about it (see `archiver.demo.site`), or None
- `feed_url`: its address in the feed, where it differs: a redirect leads from there to `url`
- `modified`, `section`, `language`, `kind`, `headlines` (other variants of the title),
  `read_time` (minutes, where the page prints them), `original`, `related`, `videos`, and
  `posts` (id, time, author, headline, paragraphs) of a live blog, newest first
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from archiver.demo import markup, outlet, sources
from archiver.demo.story import Block, Post, Story


def of_story(
    story: Story, *, posts: Sequence[Post], related: Iterable[Story], base: str, edition: int
) -> dict[str, Any]:
    """The entry of an article that is there."""
    modified = posts[0].time if posts else story.touched  # pages repeat `published` here
    failing = story.special == "http-500" and edition == 1
    links = [f"{base}{one.path}" for one in related]
    return {
        **_common(story.path.lstrip("/"), f"{base}{story.path}", story.title),
        "feed_url": f"{base}{story.path_of(story.old_slug)}" if story.old_slug else None,
        "expected": "http-500" if failing else "article",
        "special": story.special,
        "headlines": [story.social_title] if story.social_title else [],
        "authors": list(story.authors),
        "published": story.published.isoformat(),
        "modified": modified.isoformat(),
        "topics": list(story.tags),
        "section": outlet.SECTIONS[story.section],
        "language": outlet.language(story.section),
        "kind": "liveblog" if posts else "article",
        "standfirst": [story.standfirst],
        "sections": [*_sections(story.body), *(_post_section(post) for post in posts)],
        "images": [_image(story, place, base) for place in range(len(story.images))],
        "read_time": story.minutes,
        "original": story.original,
        "related": [] if story.special == "js-only" else links,
        "videos": [story.video_caption] if story.video_caption else [],
        "posts": [
            {
                "id": post.id,
                "time": post.time.isoformat(),
                "author": post.author,
                "headline": post.headline,
                "paragraphs": list(post.paragraphs),
            }
            for post in posts
        ],
    }


def of_gone(story: Story, *, base: str) -> dict[str, Any]:
    """The entry of an article that an earlier edition had."""
    common = _common(story.path.lstrip("/"), f"{base}{story.path}", story.title)
    return {**common, "expected": "gone", "special": story.special}


def of_unusual(item: dict[str, Any], *, base: str) -> dict[str, Any]:
    """The entry of a feed item that never becomes an article."""
    url = sources.unusual_url(item, base)
    common = _common(f"{item['section']}/{item['slug'] or 'no-link'}", url, item["title"])
    return {**common, "expected": item["case"], "special": item["case"]}


def _common(page: str, url: str | None, title: str) -> dict[str, Any]:
    return {
        "page": page,
        "publisher": outlet.NAME,
        "country": outlet.COUNTRY,
        "url": url,
        "title": title,
        "feed_url": None,
    }


def _sections(body: Iterable[Block]) -> Iterator[dict[str, list[str]]]:
    section: dict[str, list[str]] = {"heading": [], "paragraphs": []}
    for block in body:
        if block.kind == "heading":
            if section["paragraphs"] or section["heading"]:
                yield section
            section = {"heading": [block.plain], "paragraphs": []}
        elif block.kind not in {"image", "insert"}:
            section["paragraphs"].append(block.plain)
    yield section


def _post_section(post: Post) -> dict[str, list[str]]:
    return {"heading": [post.headline], "paragraphs": list(post.paragraphs)}


def _image(story: Story, place: int, base: str) -> dict[str, Any]:
    picture = story.images[place]
    widths = (960,) if picture.bars else (960, 480)
    return {
        "urls": [base + markup.image_path(picture, width) for width in widths],
        "is_cover": place == 0,
        "alt": picture.alt,
        "caption": picture.caption,
        "credits": [picture.credit],
    }
