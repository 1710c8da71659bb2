"""Under which URL an article is known, and by which rule. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.forms import Form, plain_form, rule_between, spelling_key
from archiver.model import Article, Outlet
from archiver.store.base import key_of
from archiver.urls import host_of

CANONICAL = "canonical"  # the page's own word for its address
REDIRECT = "redirect"
AMPHTML = "amphtml"
# The last segment of a section's address is a word or two; of an article's, a number or a sentence.
_ARTICLE_LIKE = re.compile(r"\d|(?:[^-_]+[-_]){2}")
_AMP = re.compile(r"(?<![a-z])amp(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Territory:
    """What an outlet's pages may say of themselves: its hosts, and what is no article there.

    `hosts` are bare, without `www.`; those below them count too. `listings` are the
    `spelling_key` of its homepage and sources.
    """

    hosts: frozenset[str] = frozenset()
    listings: frozenset[str] = frozenset()

    @classmethod
    def of(cls, outlet: Outlet) -> Territory:
        """The territory that an outlet's seed describes."""
        hosts = (host_of(outlet.homepage), *(host.lower() for host in outlet.hosts))
        listings = (outlet.homepage, *(source.url for source in outlet.sources))
        return cls(
            hosts=frozenset(host.removeprefix("www.") for host in hosts),
            listings=frozenset(spelling_key(url) for url in listings),
        )

    def owns(self, url: str) -> bool:
        """Whether a URL is on a host on which the outlet's pages stand."""
        try:
            bare = host_of(url).removeprefix("www.")
        except ValueError:
            return False
        return any(bare == own or bare.endswith("." + own) for own in self.hosts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The URL under which an article is known; `rule` is None where the page's own address is."""

    url: str
    rule: str | None = None


def identity_of(article: Article, territory: Territory | None = None) -> Identity:
    """The URL under which an article is known.

    Its canonical one (RFC 6596), where that can be believed: on a host of the outlet's (of the
    page's own, where no territory is given), and neither a front page nor a section above it.
    Syndicated copies name another site, and some publishers name their homepage on every page:
    either would join articles that are not one. A page in a form (AMP, mobile, print) that says
    nothing is known by its plain form.
    """
    named = article.canonical_url
    if named is not None and _believable(named, article.url, territory or Territory()):
        plain = _form(named)
        if key_of_spelling(named) == key_of_spelling(article.url):
            # A form that calls itself canonical is still one.
            url = plain.url if plain.rule else named
            return Identity(url=url, rule=_rule(article.url, url))
        return Identity(url=named, rule=CANONICAL)
    form = _form(article.url)
    return Identity(url=form.url, rule=form.rule)


def is_amp(url: str, page: str) -> bool:
    """Whether `url`, which a page names as its AMP form (rel=amphtml), has the looks of one.

    Any other claim would keep that address from being fetched.
    """
    return key_of_spelling(url) == key_of_spelling(page) or _AMP.search(url) is not None


def key_of_spelling(url: str) -> str:
    """The `spelling_key`; of what is no usable URL (a file's name, say), the text itself."""
    try:
        return spelling_key(url)
    except ValueError:
        return url


def plain_or_same(url: str) -> str:
    """The plain form of a URL; of what is no usable URL, the text itself."""
    return _form(url).url


def _form(url: str) -> Form:
    try:
        return plain_form(url)
    except ValueError:
        return Form(url=url)


def _rule(page: str, url: str) -> str | None:
    return None if page == url else rule_between(page, url)


def _believable(named: str, page: str, territory: Territory) -> bool:
    key, page_key = key_of_spelling(named), key_of_spelling(page)
    if key == page_key:
        return True
    own_host = key_of(named).partition(")")[0] == key_of(page).partition(")")[0]
    if not own_host and not territory.owns(named):
        return False
    path = key.partition("?")[0].partition("/")[2]
    if not path or key in territory.listings:
        return False
    above = page_key.startswith(key + "/")
    return not above or _ARTICLE_LIKE.search(path.rpartition("/")[2]) is not None
