"""Requests of a run as they were made, redirects and all, from its captures alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from archiver.model import Capture
from archiver.revise.sightings import is_permanent
from archiver.urls import canonical_url

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS = 20  # as a crawl follows


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """One request and its answer.

    `hops`: the URLs that redirected, in order; `permanent`: whether all of these say that they are
    for good. `last` is the answer at the end: a redirect itself where what it leads to was asked
    for in another way, or not at all. `leads_to` is that URL.
    """

    asked: str
    last: Capture
    hops: tuple[str, ...] = ()
    permanent: bool = False
    leads_to: str | None = None


def chains_of(captures: Sequence[Capture], *, alone: Collection[str]) -> Iterator[Chain]:
    """What a run's captures, in the order of time, were: each request with its last answer.

    A URL that was asked for again after a failure counts by its last answer. `alone` are URLs that
    were asked for by themselves, such as pages of known articles: a redirect to one of these was
    not followed, since a crawl asks for no URL twice.
    """
    answers: dict[str, Capture] = {}
    for capture in captures:
        answers.pop(capture.url, None)  # so that the last one stands where it came
        answers[capture.url] = capture
    behind = dict(_followed(answers, alone))
    reached = set(behind.values())
    for url, first in answers.items():
        if url in reached:
            continue
        last = first
        hops: list[str] = []
        statuses: list[int | None] = []
        while last.url in behind and len(hops) < _MOST_HOPS:
            hops.append(last.url)
            statuses.append(last.status)
            last = answers[behind[last.url]]
        target = _target(last)
        if target is not None:
            hops.append(last.url)
            statuses.append(last.status)
        yield Chain(
            asked=url,
            last=last,
            hops=tuple(hops),
            permanent=is_permanent(statuses),
            leads_to=target,
        )


def _followed(answers: dict[str, Capture], alone: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each URL that redirected, with the one that was asked for because of it."""
    taken: set[str] = set()
    for url, capture in answers.items():
        target = _target(capture)
        end = answers.get(target) if target is not None else None
        if target is None or end is None or target in alone or target in taken:
            continue
        if end.captured_at >= capture.captured_at and end.kind is capture.kind and target != url:
            taken.add(target)
            yield url, target


def _target(capture: Capture) -> str | None:
    if capture.status not in _REDIRECTS or not capture.redirect_to:
        return None
    try:
        return canonical_url(urljoin(capture.url, capture.redirect_to))
    except ValueError:
        return None
