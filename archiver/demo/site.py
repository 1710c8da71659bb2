"""The Daily Lantern: a small news site of our own, as a pure function of edition and request.

Edition 1 is the site on 4 March 2026 in the evening, edition 2 the next noon. What is unusual
(`Story.special`, and the cases of `articles/unusual.toml`), each once:

- changes: headline, facts and date differ in edition 2; trivial: only a counter and an advert do
- disappears: 410 in edition 2; http-500: fails in edition 1, is fine in edition 2
- liveblog, syndicated, js-only, consent: kinds of pages that need care
- redirect: the feed has an old address, which answers 301
- gzip, br, chunked, windows-1252: codings of the body
- not-html, empty, robots, dns, no-link: feed items that never become articles

Everything but errors, the consent wall and redirects answers a conditional request with 304.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no types

from archiver.demo import fronts, outlet, pictures, sources, truth
from archiver.demo.article_pages import ArticlePages, shown_posts
from archiver.demo.story import Picture, Story, stories, unusual_items

SEED: Final = Path(__file__).parent / "seed.toml"
_STATIC = Path(__file__).parent / "static"
_HTML = "text/html; charset=utf-8"
_CHUNK = 1500  # bytes; no multiple of anything, so that chunks cut through tags and letters
_RELATED = 3
_PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer to a GET. More than one piece in `chunks` asks for chunked transfer coding."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    chunks: tuple[bytes, ...] = ()

    @property
    def body(self) -> bytes:
        """The body, its content coding still on."""
        return b"".join(self.chunks)

    def header(self, name: str) -> str | None:
        """The value of a header field, by name in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Site:
    """One edition of the site. `base` stands before all addresses, without a slash at its end.

    Raises:
        ValueError: where there is no such edition.
    """

    def __init__(self, edition: int = 1, *, base: str = outlet.BASE) -> None:
        if edition not in outlet.CLOCK:
            raise ValueError(f"no edition {edition}; there are {list(outlet.CLOCK)}")
        self.edition = edition
        self.base = base
        self.stories = stories(edition)
        self._by_slug = {story.slug: story for story in self.stories}
        self._articles = ArticlePages(edition, base)

    def pages(self) -> dict[str, Answer]:
        """Everything that the site has, by path, as a plain request gets it."""
        return {path: make() for path, make in self._routes.items()}

    def answer(
        self, path: str, headers: Mapping[str, str] | None = None, *, host: str | None = None
    ) -> Answer:
        """What a GET of `path` gets.

        Of the request's `headers` those count that ask for a condition or a coding. `host`
        tells the agency's site from the outlet's; any other host is the outlet.
        """
        asked = {name.lower(): value for name, value in (headers or {}).items()}
        wire = (host or asked.get("host", "")).partition(":")[0] == outlet.WIRE_HOST
        make = (self._wire_routes if wire else self._routes).get(path.partition("?")[0])
        if make is None:
            return _notice(404, "Not found", "There is nothing at this address.")
        answer = make(asked.get("accept-encoding", ""))
        return _not_modified(answer) if _is_known(answer, asked) else answer

    def truth(self) -> list[dict[str, Any]]:
        """What a perfect crawl and extraction give, see `archiver.demo.truth`."""
        entries = [
            truth.of_story(
                story,
                posts=shown_posts(story, self.edition),
                related=self._related(story),
                base=self.base,
                edition=self.edition,
            )
            for story in self.stories
        ]
        gone = [truth.of_gone(story, base=self.base) for story in self._gone]
        return entries + gone + [truth.of_unusual(one, base=self.base) for one in unusual_items()]

    @cached_property
    def _gone(self) -> list[Story]:
        earlier = (story for edition in range(1, self.edition) for story in stories(edition))
        return [story for story in earlier if story.slug not in self._by_slug]

    def _related(self, story: Story) -> list[Story]:
        # The same in every edition: articles that neither come, go nor change.
        steady = [one for one in self.stories if one.special is None and one.since == 1]
        same = [one for one in steady if one.section == story.section and one is not story]
        return same[:_RELATED]

    @cached_property
    def _wire_routes(self) -> dict[str, Callable[..., Answer]]:
        base = f"http://{outlet.WIRE_HOST}"
        copy = next(story for story in self.stories if story.original)
        routes: dict[str, Callable[..., Answer]] = {
            path: partial(_page, text.encode(), _HTML, copy.touched)
            for path, text in fronts.wire_pages(copy, base).items()
        }
        robots = b"User-agent: *\nDisallow:\n"
        routes["/robots.txt"] = partial(_page, robots, "text/plain", outlet.BUILT)
        return routes

    @cached_property
    def _routes(self) -> dict[str, Callable[..., Answer]]:
        """Makers of answers by path; each takes the request's Accept-Encoding."""
        routes: dict[str, Callable[..., Answer]] = {}
        newest = max(story.touched for story in self.stories)
        html = {"/": fronts.front_page(self.stories)}
        for slug in outlet.SECTIONS:
            html[f"/{slug}/"] = fronts.section_page(slug, self._of_section(slug))
        for name in sorted({name for story in self.stories for name in story.authors}):
            own = [story for story in self.stories if name in story.authors]
            html[f"/authors/{outlet.slug_of(name)}"] = fronts.author_page(name, own)
        for path, text in html.items():
            routes[path] = partial(_page, text.encode(), _HTML, newest)
        for path, text in fronts.plain_pages().items():
            routes[path] = partial(_page, text.encode(), _HTML, outlet.BUILT)
        for file in sorted(_STATIC.iterdir()):
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            routes[f"/static/{file.name}"] = partial(_page, file.read_bytes(), kind, outlet.BUILT)
        routes |= self._source_routes(newest)
        for story in self.stories:
            routes[story.path] = partial(self._article, story)
            for picture in story.images:
                routes |= _picture_routes(picture)
            if story.old_slug:
                routes[story.path_of(story.old_slug)] = partial(_moved, self.base + story.path)
        for story in self._gone:
            routes[story.path] = partial(
                _notice, 410, "Gone", "This article has been taken down by the editor."
            )
        return routes | self._unusual_routes()

    def _of_section(self, section: str) -> list[Story]:
        return [story for story in self.stories if story.section == section]

    def _source_routes(self, newest: datetime) -> dict[str, Callable[..., Answer]]:
        french, science = self._of_section("francais"), self._of_section("science")
        lists = ["/", *(f"/{slug}/" for slug in outlet.SECTIONS), *fronts.plain_pages()]
        base, xml = self.base, "application/xml"
        news = sources.news_sitemap(self.stories, outlet.CLOCK[self.edition], base)
        made = {
            "/feed.xml": (sources.rss(self.stories, unusual_items(), base), "application/rss+xml"),
            "/francais/feed.atom": (sources.atom("francais", french, base), "application/atom+xml"),
            "/science/feed.json": (
                sources.json_feed("science", science, base),
                "application/feed+json",
            ),
            "/sitemaps/index.xml": (sources.sitemap_index(self.stories, base), xml),
            "/sitemaps/news.xml": (news, xml),
            "/sitemaps/pages.xml": (sources.page_sitemap(lists, base), xml),
            "/robots.txt": (sources.robots(base), "text/plain; charset=utf-8"),
        }
        return {path: partial(_page, body, kind, newest) for path, (body, kind) in made.items()}

    def _unusual_routes(self) -> dict[str, Callable[..., Answer]]:
        paths = {
            item["case"]: urlsplit(sources.unusual_url(item, self.base) or "").path
            for item in unusual_items()
        }
        wall = fronts.consent_page(paths["consent"]).encode()
        return {
            paths["consent"]: partial(_plain, 200, wall, _HTML),
            paths["not-html"]: partial(_page, _PDF, "application/pdf", outlet.BUILT),
            paths["empty"]: partial(_plain, 200, b"", _HTML),
            paths["robots"]: partial(
                _notice, 200, "Advertisement", "A good mattress is a dry mattress."
            ),
        }

    def _article(self, story: Story, accepted: str = "") -> Answer:
        if story.special == "http-500" and self.edition == 1:
            return _notice(500, "Something went wrong", "The lamp has gone out. Try again later.")
        text = self._articles.page(story, self._related(story), self._by_slug)
        touched = outlet.CLOCK[self.edition] if story.special == "trivial" else story.touched
        if story.posts:
            touched = shown_posts(story, self.edition)[0].time
        if story.special == "windows-1252":
            return _page(text.encode("cp1252"), "text/html; charset=windows-1252", touched)
        if story.special == "gzip" and _accepts("gzip", accepted):
            return _page(gzip.compress(text.encode(), mtime=0), _HTML, touched, coding="gzip")
        if story.special == "br" and _accepts("br", accepted):
            return _page(brotli.compress(text.encode()), _HTML, touched, coding="br")
        return _page(text.encode(), _HTML, touched, chunked=story.special == "chunked")


def _picture_routes(picture: Picture) -> dict[str, Callable[..., Answer]]:
    def painted(width: int, _accepted: str = "") -> Answer:
        body = pictures.png(picture.name, picture.scene, width)
        return _page(body, "image/png", outlet.BUILT)

    if picture.bars:
        drawn = pictures.chart(picture.caption, picture.bars)
        return {f"/media/{picture.name}.svg": partial(_page, drawn, "image/svg+xml", outlet.BUILT)}
    return {f"/media/{picture.name}-{width}.png": partial(painted, width) for width in (480, 960)}


def _accepts(coding: str, accepted: str) -> bool:
    return not accepted or coding in {part.split(";")[0].strip() for part in accepted.split(",")}


def _page(
    body: bytes,
    kind: str,
    touched: datetime,
    _accepted: str = "",
    *,
    coding: str | None = None,
    chunked: bool = False,
) -> Answer:
    headers = [
        ("Content-Type", kind),
        ("ETag", f'"{hashlib.sha256(body).hexdigest()[:20]}"'),
        ("Last-Modified", format_datetime(touched.astimezone(UTC), usegmt=True)),
        ("Cache-Control", "public, max-age=60"),
    ]
    if coding:
        headers += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]
    size = _CHUNK if chunked else max(1, len(body))
    chunks = tuple(body[at : at + size] for at in range(0, len(body), size))
    return Answer(headers=tuple(headers), chunks=chunks)


def _plain(status: int, body: bytes, kind: str, _accepted: str = "") -> Answer:
    headers = (("Content-Type", kind), ("Cache-Control", "no-store"))
    return Answer(status=status, headers=headers, chunks=(body,))


def _notice(status: int, title: str, text: str, _accepted: str = "") -> Answer:
    return _plain(status, fronts.notice(title, text).encode(), _HTML)


def _moved(target: str, _accepted: str = "") -> Answer:
    body = f'<!DOCTYPE html><title>Moved</title><p><a href="{target}">Moved</a></p>\n'
    headers = (("Content-Type", _HTML), ("Location", target))
    return Answer(status=301, headers=headers, chunks=(body.encode(),))


def _is_known(answer: Answer, asked: Mapping[str, str]) -> bool:
    """Whether the request's condition holds off the body (RFC 9110 section 13.2.2)."""
    etag, modified = answer.header("ETag"), answer.header("Last-Modified")
    if etag is None or modified is None:
        return False
    if "if-none-match" in asked:
        tags = [tag.strip().removeprefix("W/") for tag in asked["if-none-match"].split(",")]
        return etag in tags or "*" in tags
    try:
        since = parsedate_to_datetime(asked.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and parsedate_to_datetime(modified) <= since


_KEPT: Final[Iterable[str]] = ("ETag", "Last-Modified", "Cache-Control", "Vary")


def _not_modified(answer: Answer) -> Answer:
    return Answer(status=304, headers=tuple(pair for pair in answer.headers if pair[0] in _KEPT))
