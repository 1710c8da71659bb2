"""Which of the pages that sources mention a run asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from archiver.fetch.budget import REASON
from archiver.fetch.redacted import REASON as REDACTED
from archiver.fetch.run import RunExtension
from archiver.model import Discovery, utcnow
from archiver.store.aliases import joined
from archiver.store.base import BATCH
from archiver.urls import host_of


class Choosing:
    """Chooses among mentions by what the archive holds, and by what a run may spend.

    `host_requests` is the most that one host is asked in a run; 0: no limit.
    """

    def __init__(self, run: RunExtension, *, host_requests: int) -> None:
        self._run = run
        self._most = host_requests
        self._queued: Counter[str] = Counter()

    def unknown(self, urls: Sequence[str]) -> list[str]:
        """Those URLs that are no other spelling of a page that is here; the others are noted."""
        catalogue, outlet = self._run.catalogue, self._run.outlet.id
        known = catalogue.known_spellings(urls)
        catalogue.add_aliases(outlet, joined(known, utcnow()))
        self._run.refuse("other-spelling", len(known))
        return [url for url in urls if url not in known]

    def with_mentions(self, urls: Sequence[str]) -> Iterator[tuple[str, Discovery | None]]:
        """URLs of earlier runs with what their sources said of them then."""
        for start in range(0, len(urls), BATCH):
            batch = urls[start : start + BATCH]
            said = self._run.catalogue.mentions_of(batch)
            yield from ((url, said.get(url)) for url in batch)

    def as_first_said(self, chosen: Sequence[Discovery]) -> Iterator[tuple[str, Discovery]]:
        """Mentions that are to be followed, each as it was first made.

        A listing is read again after a crash: what it says then was found before.
        """
        first = self._run.catalogue.mentions_of([seen.url for seen in chosen])
        for seen in chosen:
            known = first.get(seen.url)
            earlier = known is not None and known.found_at < seen.found_at
            yield seen.url, known if known is not None and earlier else seen

    def is_modified(self, seen: Discovery) -> bool:
        """Whether a source says that a page was modified after its last capture."""
        if seen.modified is None:
            return False
        last = self._run.catalogue.latest_capture(seen.url)
        return last is not None and seen.modified > last.captured_at

    def is_redacted(self, url: str) -> bool:
        """Whether a page was taken down, and is not to be fetched; counted."""
        hidden = self._run.veil.now().of_url(url) is not None
        self._run.refuse(REDACTED, int(hidden))
        return hidden

    def afford(self, url: str) -> bool:
        """Whether a page is within its host's budget; else it is not even queued, and counted."""
        host = host_of(url)
        if self._most and self._queued[host] >= self._most:
            self._run.refuse(REASON)
            return False
        self._queued[host] += 1
        return True
