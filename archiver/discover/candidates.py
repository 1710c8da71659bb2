"""Which URLs may be an outlet's articles: its hosts, its patterns, and how a URL looks."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from archiver.model import Outlet
from archiver.urls import host_of

_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|js|json|xml|rss|atom|pdf|docx?|xlsx?|pptx?|zip|gz"
    r"|mp[34]|m4[av]|m3u8|webm|ogg|wav|apk|exe|ics)$",
    re.IGNORECASE,
)
# Path segments of lists and services, in the languages of the most outlets. Matched whole.
NOT_ARTICLES = re.compile(
    r"tags?|topics?|themen?|thema|sujets?|temas?|etiquetas?|author|authors|autor|autoren|autores"
    r"|auteurs?|profile|profiles|people|staff|contributors?|by|category|categories|kategorie"
    r"|categoria|rubrik|section|sections|archives?|archiv|search|suche|recherche|buscar?|login"
    r"|signin|sign-in|signup|register|account|user|users|subscriptions?|subscribe|abo|abonnement"
    r"|newsletters?|about|about-us|ueber-uns|impressum|imprint|datenschutz|contacts?|contact-us"
    r"|kontakt|contacto|privacy|privacy-policy|cookies?|cookie-policy|terms|terms-of-use|legal"
    r"|mentions-legales|agb|help|hilfe|aide|faqs?|jobs|careers|advertise|advertising|feeds?|rss"
    r"|sitemaps?|shop|store|app|apps|apply|print|share|email|cdn-cgi|wp-admin|wp-login\.php"
    r"|games|puzzles|crosswords?|horoscopes?|weather|wetter|meteo|tv-guide|schedule|page",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"/(?:19|20)\d\d[/_-]?(?:[01]\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
    r"[/_-]?(?:[0-3]?\d)?(?![0-9])",
    re.IGNORECASE,
)
_ID = re.compile(r"\d{5,}|[0-9a-f]{8}-[0-9a-f]{4}-|(?=[0-9a-z]*\d)(?<![0-9a-z])[a-z0-9]{11,}")
_QUERY_ID = re.compile(r"(?:^|&)(?:p|id|nid|aid|oid|article|article_?id|idx?no|news_?id)=\w*\d")
_ENOUGH = 4
_NEVER = -20


def bare_host(host: str) -> str:
    """A host without its leading `www.`."""
    return host.removeprefix("www.")


@lru_cache(maxsize=64)
def _hosts(outlet: Outlet) -> tuple[str, ...]:
    named = (host_of(outlet.homepage), *(host.lower() for host in outlet.hosts))
    return tuple(bare_host(host) for host in named)


def is_own(url: str, outlet: Outlet) -> bool:
    """Whether `url` is on a host of the outlet: its homepage's, those it names, and below them."""
    try:
        host = bare_host(host_of(url))
    except ValueError:
        return False
    return any(host == own or host.endswith("." + own) for own in _hosts(outlet))


def is_candidate(url: str, outlet: Outlet) -> bool:
    """Whether the outlet's hosts and patterns admit `url` as one of its articles.

    What an `article_exclude` finds is none, then what an `article_include` finds is one; an empty
    include list admits every URL of the outlet's own hosts.
    """
    return refusal_of(url, outlet) is None


def refusal_of(url: str, outlet: Outlet) -> str | None:
    """Why a URL is none of the outlet's articles: off-site, excluded, not-included; None if it is.

    See `is_candidate`.
    """
    if not is_own(url, outlet):
        return "off-site"
    if any(re.search(pattern, url) for pattern in outlet.article_exclude):
        return "excluded"
    included = outlet.article_include
    if included and not any(re.search(pattern, url) for pattern in included):
        return "not-included"
    return None


def is_page(url: str) -> bool:
    """Whether `url` does not name a picture, film, feed or other thing beside pages."""
    return not _NOT_PAGES.search(urlsplit(url).path)


def looks_like_article(url: str, words: str | None = None) -> bool:
    """Whether a URL, with the words that link to it, looks like an article's, not a list's."""
    return url_score(url, words) >= _ENOUGH


def url_score(url: str, words: str | None = None) -> int:
    """How much a URL, with the words that link to it, looks like an article's; 4 is enough.

    A date or a number in the path, a long slug, depth, and the length of the words count for it;
    a path segment that is known for lists and services rules it out, unless a long headline
    follows.
    """
    parts = urlsplit(url)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if not segments and not parts.query:
        return _NEVER
    slug = max(segments[-2:], key=len, default="")
    pieces = [piece for piece in re.split(r"[-_+ ,.]+", slug) if not piece.isdigit()]
    if len(pieces) < 6 and any(NOT_ARTICLES.fullmatch(segment) for segment in segments):
        return _NEVER
    score = min(len(pieces), 6) // 2  # 2 words 1, 4 words 2, 6 words 3
    if not slug.isascii() and len(slug) >= 10:  # scripts that put no hyphens between words
        score += 2
    score += 3 if _DATE.search(parts.path) else 0
    score += 2 if any(_ID.search(segment.lower()) for segment in segments[-2:]) else 0
    score += 2 if _QUERY_ID.search(parts.query) else 0
    score += 1 if re.search(r"\.(?:s?html?|php|aspx?)$", parts.path) else 0
    score += 1 if len(segments) >= 2 else 0
    length = len(words) * (1 if words.isascii() else 2) if words else 0
    score += 2 if length >= 40 else 1 if length >= 20 else 0
    return score
