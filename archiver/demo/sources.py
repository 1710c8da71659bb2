"""What a crawler reads first: feeds (RSS 2.0, Atom, JSON Feed 1.1), news sitemap, robots.txt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

from archiver.demo import markup, outlet
from archiver.demo.story import Story

_FEED_LENGTH = 30
_NEWS_AGE = timedelta(days=2)  # as long as Google's news sitemaps keep an article


def feed_stories(stories: Sequence[Story]) -> list[Story]:
    """The articles of the main feed: the newest, and all that have something unusual."""
    newest = stories[:_FEED_LENGTH]
    return [*newest, *(story for story in stories[_FEED_LENGTH:] if story.special)]


def rss(stories: Sequence[Story], unusual: Iterable[dict[str, Any]], base: str) -> bytes:
    """The main feed; an article with an `old_slug` still stands there under it."""
    items = [(story.published, _rss_item(story, base)) for story in feed_stories(stories)]
    items += [(item["published"], _rss_unusual(item, base)) for item in unusual]
    items.sort(key=lambda pair: pair[0], reverse=True)
    return _xml(f"""<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
<title>{outlet.NAME}</title>
<link>{base}/</link>
<atom:link href="{base}/feed.xml" rel="self" type="application/rss+xml"/>
<description>News from Port Ellery and the sound</description>
<language>en-ca</language>
<lastBuildDate>{format_datetime(_newest(stories))}</lastBuildDate>
<ttl>30</ttl>
{"".join(text for _, text in items)}</channel>
</rss>""")


def _rss_item(story: Story, base: str) -> str:
    picture = base + markup.image_path(story.images[0])
    kind = "image/svg+xml" if story.images[0].bars else "image/png"
    return f"""<item>
<title>{escape(story.title)}</title>
<link>{base}{story.path_of(story.old_slug or story.slug)}</link>
<guid isPermaLink="false">{_tag(story.slug)}</guid>
<description>{escape(story.standfirst)}</description>
{"".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in story.authors)}
<category>{escape(outlet.SECTIONS[story.section])}</category>
<pubDate>{format_datetime(story.published)}</pubDate>
<media:content url="{picture}" medium="image" type="{kind}"/>
</item>
"""


def _rss_unusual(item: dict[str, Any], base: str) -> str:
    url = unusual_url(item, base)
    link = f"<link>{url}</link>" if url else ""
    return f"""<item>
<title>{escape(item["title"])}</title>
{link}<guid isPermaLink="false">{_tag(item["slug"] or "crossword")}</guid>
<pubDate>{format_datetime(item["published"])}</pubDate>
</item>
"""


def unusual_url(item: dict[str, Any], base: str) -> str | None:
    """The address of a feed item that is no article of the site; None where it has no link."""
    if not item["slug"]:
        return None
    start = f"http://{item['host']}" if "host" in item else base
    return f"{start}/{item['section']}/{item['published']:%Y/%m/%d}/{item['slug']}"


def atom(section: str, stories: Sequence[Story], base: str) -> bytes:
    """A section's articles as an Atom feed (RFC 4287)."""
    url = f"{base}/{section}/feed.atom"
    entries = "".join(
        f"""<entry>
<title>{escape(story.title)}</title>
<link rel="alternate" type="text/html" href="{base}{story.path}"/>
<id>{_tag(story.slug)}</id>
<published>{story.published.isoformat()}</published>
<updated>{story.touched.isoformat()}</updated>
{"".join(f"<author><name>{escape(name)}</name></author>" for name in story.authors)}
<summary>{escape(story.standfirst)}</summary>
</entry>
"""
        for story in stories
    )
    return _xml(f"""<feed xmlns="http://www.w3.org/2005/Atom" \
xml:lang="{outlet.language(section)}">
<title>{outlet.NAME}: {outlet.SECTIONS[section]}</title>
<link rel="self" href="{url}"/>
<link rel="alternate" type="text/html" href="{base}/{section}/"/>
<id>{url}</id>
<updated>{_newest(stories).isoformat()}</updated>
{entries}</feed>""")


def json_feed(section: str, stories: Sequence[Story], base: str) -> bytes:
    """A section's articles as a JSON Feed 1.1."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{outlet.NAME}: {outlet.SECTIONS[section]}",
        "home_page_url": f"{base}/{section}/",
        "feed_url": f"{base}/{section}/feed.json",
        "language": outlet.language(section),
        "items": [
            {
                "id": _tag(story.slug),
                "url": f"{base}{story.path}",
                "title": story.title,
                "summary": story.standfirst,
                "content_text": story.standfirst,
                "image": base + markup.image_path(story.images[0]),
                "date_published": story.published.isoformat(),
                "date_modified": story.touched.isoformat(),
                "authors": [{"name": name} for name in story.authors],
                "tags": list(story.tags),
            }
            for story in stories
        ],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode()


def news_sitemap(stories: Iterable[Story], now: datetime, base: str) -> bytes:
    """The articles of the last two days as a Google News sitemap."""
    entries = "".join(
        f"""<url>
<loc>{base}{story.path}</loc>
<lastmod>{story.touched.isoformat()}</lastmod>
<news:news>
<news:publication><news:name>{outlet.NAME}</news:name>\
<news:language>{outlet.language(story.section)}</news:language></news:publication>
<news:publication_date>{story.published.isoformat()}</news:publication_date>
<news:title>{escape(story.title)}</news:title>
</news:news>
</url>
"""
        for story in stories
        if now - story.published <= _NEWS_AGE
    )
    return _xml(f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" \
xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
{entries}</urlset>""")


def page_sitemap(paths: Iterable[str], base: str) -> bytes:
    """The pages that are no articles."""
    entries = "".join(f"<url><loc>{base}{path}</loc></url>\n" for path in paths)
    return _xml(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>')


def sitemap_index(stories: Sequence[Story], base: str) -> bytes:
    """The index over both sitemaps."""
    return _xml(f"""<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>{base}/sitemaps/news.xml</loc>\
<lastmod>{_newest(stories).isoformat()}</lastmod></sitemap>
<sitemap><loc>{base}/sitemaps/pages.xml</loc>\
<lastmod>{outlet.BUILT.isoformat()}</lastmod></sitemap>
</sitemapindex>""")


def robots(base: str) -> bytes:
    """robots.txt: the partners' pages are not for crawlers."""
    return (
        "# The lamps are lit at dusk. Please knock softly.\n"
        "User-agent: *\nDisallow: /partner/\nDisallow: /search\n\n"
        f"Sitemap: {base}/sitemaps/index.xml\n"
    ).encode()


def _newest(stories: Iterable[Story]) -> datetime:
    return max(story.touched for story in stories)


def _tag(slug: str) -> str:
    return f"tag:lantern.example,2026:{slug}"


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
