"""Which sources a run asks, and what came of asking them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from archiver.discover.cadence import Bounds, cache_hint, due_after, feed_hint, next_interval
from archiver.discover.listing import Listing
from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import run_of
from archiver.model import Capture, ExtractionState, Source, SourceKind, utcnow
from archiver.store.polls import Poll
from archiver.urls import canonical_url
from spiders.walk import MAX_CHILDREN, Step

_NEARLY = 0.1  # share of its interval by which a source may be asked before it is due


@dataclass(kw_only=True)
class _Seen:
    """What sources of this run were, by what tells duplicates: the first of each."""

    addresses: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    contents: dict[tuple[str, str], str] = field(default_factory=dict)


class Polling:
    """One run's polls of an outlet's sources.

    A source that is another's duplicate is not asked, nor, with `due_only`, one that is not due.
    """

    def __init__(self, crawler: Crawler, *, due_only: bool) -> None:
        self._run = run_of(crawler)
        self._due_only = due_only
        settings = crawler.settings
        self._bounds = Bounds(
            least=settings.getfloat("ARCHIVER_POLL_LEAST"),
            first=settings.getfloat("ARCHIVER_POLL_FIRST"),
            most=settings.getfloat("ARCHIVER_POLL_MOST"),
        )
        self._seeds = [canonical_url(source.url) for source in self._run.outlet.sources]
        self._polls: dict[str, Poll] = {}
        self._seen = _Seen()
        crawler.signals.connect(self.dropped, signal=signals.request_dropped)

    def to_ask(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Those sources that are to be asked in this run."""
        by_url = {canonical_url(source.url): source for source in sources}
        known = self._run.catalogue.polls(self._run.outlet.id, by_url)
        self._polls |= known
        now = utcnow()
        for url, source in by_url.items():
            poll = known.get(url)
            early = poll is not None and (poll.due - now).total_seconds() > _NEARLY * poll.interval
            if poll and early and poll.same_as in self._seeds:
                self._run.count("sources/duplicate")
                self._run.refuse("duplicate-source")
            elif early and self._due_only:
                self._run.count("sources/not-due")
            else:
                yield source

    def answered_by(self, source: Source) -> str:
        """The URL whose capture has a source's validators: where it last redirected to."""
        url = canonical_url(source.url)
        poll = self._polls.get(url)
        return (poll and poll.answered_by) or url

    def is_unchanged(self, step: Step, response: Response) -> bool:
        """Whether an answer says what the source said before: 304, or the same bytes again.

        Not so the bytes of a section page: its links are read by what was learned since.
        """
        if response.status == 304:
            return True
        capture, base = _capture(response), _base(response)
        return (
            response.status == 200
            and step.source.kind is not SourceKind.SECTION
            and capture is not None
            and base is not None
            and base.extraction is ExtractionState.DONE
            and base.body_digest is not None
            and base.body_digest == capture.body_digest
        )

    def children(self, step: Step) -> Listing:
        """The sitemaps that an unchanged source named when it was read; none for most."""
        index = canonical_url(step.source.url)
        return Listing(sitemaps=tuple(self._run.catalogue.children_of(index)))

    def ended(
        self,
        step: Step,
        response: Response,
        listing: Listing | None = None,
        *,
        brought: int = 0,
    ) -> None:
        """Note an answer; `listing` is None where the source is unchanged."""
        capture = _capture(response)
        if listing is None and capture is not None and response.status == 200:
            self._run.catalogue.set_extraction(capture, ExtractionState.DONE)
        if step.page > 1:
            return  # the further pages of a list are no sources of their own
        url = canonical_url(step.source.url)
        if listing is not None and (listing.sitemaps or self.children(step).sitemaps):
            children = [canonical_url(one) for one in listing.sitemaps[:MAX_CHILDREN]]
            self._run.catalogue.name_children(url, children)
        final = canonical_url(response.url)
        same, rule = self._original(url, final, response, listing)
        fresh = cache_hint(b",".join(response.headers.getlist(b"Cache-Control")).decode("latin-1"))
        last = self._polls.get(url)
        hint = last.hint if last and listing is None else 0.0
        if listing is not None and step.source.kind is SourceKind.FEED:
            hint = feed_hint(response.body)
        self._note(
            step,
            brought=bool(brought),
            hint=hint,
            fresh=fresh,
            answered_by=None if final == url else final,
            same_as=same,
            same_rule=rule,
        )

    def failed(self, step: Step) -> None:
        """Note a source that could not be read: it is asked less often, like one without news."""
        if step.page == 1:
            self._note(step, brought=False)

    def dropped(self, request: Request, spider: Spider) -> None:
        """A redirect to a source that was asked in this run, which Scrapy passes over."""
        step, hops = request.cb_kwargs.get("step"), request.meta.get("redirect_urls")
        if isinstance(step, Step) and hops and step.page == 1:
            final = canonical_url(request.url)
            self._run.source_ended(good=True)
            same = final if final in self._seeds else self._seen.addresses.get(final)
            rule = "redirect" if same else None
            self._note(step, brought=False, answered_by=final, same_as=same, same_rule=rule)

    def _original(
        self, url: str, final: str, response: Response, listing: Listing | None
    ) -> tuple[str | None, str | None]:
        """The source of which this one is a duplicate, and the rule that says so."""
        seen = self._seen
        if url not in self._seeds:
            return None, None
        if final != url and final in self._seeds:
            return final, "redirect"
        first = seen.addresses.setdefault(final, url)
        if first != url:
            return first, "redirect"
        read = _capture(response) if listing is not None else _base(response)
        if read is not None and read.body_digest and (listing is None or listing.discoveries):
            first = seen.bodies.setdefault(read.body_digest, url)
            # What has no items yet may be anything: so two that are unchanged prove nothing.
            if first != url and listing is not None:
                return first, "same-bytes"
        topic = listing.about.topic if listing is not None else None
        if listing is not None and topic and listing.discoveries:
            items = sha256("\n".join(one.url for one in listing.discoveries).encode()).hexdigest()
            first = seen.contents.setdefault((canonical_url(topic), items), url)
            if first != url:
                return first, "self-link"
        return None, None

    def _note(
        self,
        step: Step,
        *,
        brought: bool,
        hint: float = 0.0,
        fresh: float = 0.0,
        answered_by: str | None = None,
        same_as: str | None = None,
        same_rule: str | None = None,
    ) -> None:
        url, now = canonical_url(step.source.url), utcnow()
        last = self._polls.get(url)
        interval = next_interval(
            last.interval if last else None, brought=brought, bounds=self._bounds
        )
        if same_as is not None:
            interval = self._bounds.most
            self._run.count("sources/duplicate")
        poll = Poll(
            source=url,
            kind=step.source.kind,
            polled=now,
            due=due_after(now, interval, hint=max(hint, fresh), bounds=self._bounds),
            interval=interval,
            hint=hint,
            brought=now if brought else last.brought if last else None,
            answered_by=answered_by,
            same_as=same_as,
            same_rule=same_rule,
        )
        self._polls[url] = poll
        self._run.catalogue.note_poll(self._run.outlet.id, poll, of=self._seeds)


def _capture(response: Response) -> Capture | None:
    found = response.meta.get("archiver_capture")
    return found if isinstance(found, Capture) else None


def _base(response: Response) -> Capture | None:
    return purpose_of(response.request).base if response.request else None
