"""The spellings of one page: mobile, AMP, print, session and tracking forms of its plain URL.

Pure functions on text. The plain form is a guess until a page is known under it: who fetches
asks for the URL as it was written, unless another spelling of it is known already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from archiver.urls import canonical_url, left_out

_HOST_LABELS = {
    "amp": "amp-host",
    **dict.fromkeys(("m", "mobile", "mobil", "touch", "wap"), "mobile-host"),
}
_ALL = r"(?:=(?:1|true|yes|y|on)?)?"  # what switches a form on
_QUERIES = (
    (
        re.compile(
            rf"_?amp{_ALL}|(?:output_?type|output|view|format|mode|layout|type)=amp|usqp=.*"
            r"|amp_(?:js_v|gsa|markup)=.*",
            re.IGNORECASE,
        ),
        "amp-query",
    ),
    (
        re.compile(rf"(?:m|mobile|mobi){_ALL}|(?:view|layout|output)=mobile", re.IGNORECASE),
        "mobile-query",
    ),
    (
        re.compile(
            rf"(?:print|printable|print_?view|printer_?friendly|pf){_ALL}"
            r"|(?:view|format|mode|output|layout|action|page)=(?:print|printable|printer)",
            re.IGNORECASE,
        ),
        "print-query",
    ),
)
_PRINT = r"(?:print|printer-?friendly|printable|imprimir|imprimer|drucken|stampa)"
# What is matched goes; what is left is never only the front page.
_PATHS = (
    (re.compile(r"(?<=[^/])/amp/?$|^(?:/platform)?/amp(?=/[^/])", re.IGNORECASE), "amp-path"),
    (re.compile(r"\.amp(?=$|\.s?html?$)", re.IGNORECASE), "amp-path"),
    (re.compile(rf"(?<=[^/])/{_PRINT}/?$|^/{_PRINT}(?=/[^/])", re.IGNORECASE), "print-path"),
    (re.compile(r"[._]print(?=\.s?html?$)", re.IGNORECASE), "print-path"),
    (re.compile(r"^/mobile(?=/[^/])", re.IGNORECASE), "mobile-path"),
)
# Google's AMP cache (developers.google.com/amp/cache/overview) and viewer: the page's own address
# stands in the path, after "s/" where it is https.
_CACHE = re.compile(r"(?:/[acriv])?/(?P<tls>s/)?(?P<rest>[^/]+\.[^/]+/.+)")
_VIEWER = re.compile(r"/amp/(?P<tls>s/)?(?P<rest>[^/]+\.[^/]+/.+)")
_REMEMBERED = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A page's plain URL, and the rules that lead from a spelling to it.

    `rule` is None where the spelling is plain already; several are joined by "+". The words:
    fragment, tracking, session, amp-cache, amp-host, amp-path, amp-query, mobile-host,
    mobile-path, mobile-query, print-path, print-query.
    """

    url: str
    rule: str | None = None


@lru_cache(maxsize=_REMEMBERED)
def plain_form(url: str) -> Form:
    """The plain form of a URL, and what led to it. The plain form of a plain form is itself.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    rules = dict.fromkeys(left_out(url))
    plain = canonical_url(url)
    for _ in range(4):  # the mobile host of an AMP page's print view, and the cache of that
        peeled, found = _peeled(plain)
        if peeled == plain:
            break
        plain = peeled
        rules |= dict.fromkeys(found)
    return Form(url=plain, rule="+".join(rules) or None)


@lru_cache(maxsize=_REMEMBERED)
def spelling_key(url: str) -> str:
    """What all spellings of one page share, and other pages do not.

    The plain form without its scheme, `www.` and the slash at its end; case stays.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    parts = urlsplit(plain_form(url).url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}{query}"


def rule_between(url: str, other: str) -> str:
    """Why two URLs of one `spelling_key` are one page: the rules that tell them apart.

    Where none does: "scheme", "www" or "slash".
    """
    mine, theirs = ((plain_form(one).rule or "").split("+") for one in (url, other))
    rules = [
        rule for rule in dict.fromkeys(mine + theirs) if rule and (rule in mine) != (rule in theirs)
    ]
    if rules:
        return "+".join(rules)
    ours, plain = urlsplit(canonical_url(url)), urlsplit(canonical_url(other))
    if ours.netloc.removeprefix("www.") == plain.netloc.removeprefix("www."):
        if ours.netloc != plain.netloc:
            return "www"
        if ours.path != plain.path:
            return "slash"
        if ours.scheme != plain.scheme:
            return "scheme"
    return "spelling"


def _peeled(url: str) -> tuple[str, list[str]]:
    """The URL with one layer of each kind taken off, and by which rules."""
    parts = urlsplit(url)
    cached = _of_cache(parts.netloc, parts.path)
    if cached:
        return canonical_url(cached), ["amp-cache"]
    rules = []
    host, path = parts.netloc, parts.path
    labels = host.split(".")
    for place, label in enumerate(labels[: max(0, min(2, len(labels) - 2))]):
        if label in _HOST_LABELS:  # m.news.example, en.m.news.example
            rules.append(_HOST_LABELS[label])
            host = ".".join(labels[:place] + labels[place + 1 :])
            break
    for pattern, rule in _PATHS:
        shorter = pattern.sub("", path, count=1)
        if shorter != path and shorter.strip("/"):
            path = shorter
            rules.append(rule)
    kept = []
    for piece in filter(None, parts.query.split("&")):
        form = next((rule for pattern, rule in _QUERIES if pattern.fullmatch(piece)), None)
        if form is None:
            kept.append(piece)
        else:
            rules.append(form)
    query = "?" + "&".join(kept) if kept else ""
    return f"{parts.scheme}://{host}{path}{query}", rules


def _of_cache(host: str, path: str) -> str | None:
    """The address that a page of an AMP cache stands for."""
    if host.endswith(".cdn.ampproject.org") or host == "cdn.ampproject.org":
        found = _CACHE.fullmatch(path)
    elif re.fullmatch(r"(?:www\.)?google\.[a-z.]{2,6}", host):
        found = _VIEWER.fullmatch(path)
    else:
        return None
    return f"http{'s' if found['tls'] else ''}://{found['rest']}" if found else None
