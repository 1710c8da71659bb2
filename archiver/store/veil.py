"""What redactions hide: pure functions and facts, no database.

A redaction is of URLs, by their urlkeys; the plain form of a URL counts too, so that a spelling
(a mobile or AMP form, say) that turns up later is hidden as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from archiver.model import Capture
from archiver.store.base import key_of
from archiver.store.identity import plain_or_same

_CUTS = re.compile(r"(?<=\))/|(?<!\))[/?]")  # where one of a key's own prefixes ends
_REMEMBERED = 8192
# After every character that a urlkey with a given prefix may go on with.
LAST = "\U0010ffff"


class Scope(StrEnum):
    """What a redaction names."""

    URL = "url"  # every capture of a page
    PREFIX = "prefix"  # every page in a folder of addresses
    CAPTURE = "capture"  # what was captured of a page within one second


class What(StrEnum):
    """What the key of a redaction is compared with."""

    URL = "url"
    PREFIX = "prefix"
    PAYLOAD = "payload"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replaced:
    """A WARC file that was written anew without its redacted payloads; digests are SHA-256.

    `copy_url`: where a copy of the old one stood, which is not the archiver's to remove.
    """

    old: str
    old_sha256: str
    new: str
    new_sha256: str
    copy_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Redaction:
    """A tombstone: what was taken down, by whom, when and why; whether that was lifted.

    `urls` are all spellings of the page that were known. `moment`, a whole second, is that of
    the scope `capture`. `payloads` are digests that are hidden under whatever URL.
    """

    id: str
    url: str
    scope: Scope
    urls: tuple[str, ...]
    by: str
    reason: str
    made: datetime
    moment: datetime | None = None
    payloads: tuple[str, ...] = ()
    lifted: datetime | None = None
    lifted_by: str | None = None
    lifted_why: str | None = None
    rewritten: datetime | None = None
    files: tuple[Replaced, ...] = ()

    def marks(self) -> list[tuple[What, str]]:
        """By what it is found: each kind of key, and its text."""
        if self.scope is Scope.PREFIX:
            found = [(What.PREFIX, key_of(self.url))]
        else:
            keys = {key for url in self.urls for key in keys_of(url)}
            found = [(What.URL, key) for key in sorted(keys)]
        return found + [(What.PAYLOAD, digest) for digest in self.payloads]


@lru_cache(maxsize=_REMEMBERED)
def keys_of(url: str) -> frozenset[str]:
    """The urlkeys under which a URL may be redacted: its own, and that of its plain form."""
    return frozenset((key_of(url), key_of(plain_or_same(url))))


@lru_cache(maxsize=_REMEMBERED)
def prefixes_of(key: str) -> tuple[str, ...]:
    """The prefixes of a urlkey that may be redacted: its host, each folder, itself.

    Of `example,news)/a/b?c=1` these are `example,news)/`, `example,news)/a`,
    `example,news)/a/b` and the key.
    """
    host, bracket, path = key.partition(")")
    root = f"{host}{bracket}/"
    cuts = [len(host) + 1 + cut.start() for cut in _CUTS.finditer(path) if cut.start()]
    return tuple(dict.fromkeys((root, *(key[:cut] for cut in cuts), key)))


def second_of(at: datetime) -> datetime:
    """The whole second in which a moment lies: what replay and CDX indexes tell captures by."""
    return at.replace(microsecond=0)


class Veil:
    """Redactions in force, to be asked what they hide.

    Args:
        entries: each redaction with a key of it, and what that is compared with.
    """

    def __init__(self, entries: Iterable[tuple[What, str, Redaction]] = ()) -> None:
        self._by: dict[tuple[What, str], list[Redaction]] = {}
        for what, key, redaction in entries:
            self._by.setdefault((what, key), []).append(redaction)

    def __bool__(self) -> bool:
        """Whether there is anything in force."""
        return bool(self._by)

    @property
    def finer(self) -> bool:
        """Whether single captures or payloads are hidden, too."""
        return any(
            what is What.PAYLOAD or any(one.moment is not None for one in found)
            for (what, _), found in self._by.items()
        )

    def of_url(self, url: str) -> Redaction | None:
        """What hides all that there is of a URL; None where nothing does."""
        return next((one for one in self._naming(url) if one.moment is None), None)

    def seconds_of(self, url: str) -> frozenset[datetime]:
        """The seconds within which what was captured of a URL is hidden."""
        return frozenset(one.moment for one in self._naming(url) if one.moment is not None)

    def of(
        self, url: str, at: datetime | None = None, digest: str | None = None
    ) -> Redaction | None:
        """What hides a capture of a URL at a moment with a payload; None where nothing does."""
        if not self._by:
            return None
        second = second_of(at) if at is not None else None
        for one in self._naming(url):
            if one.moment is None or one.moment == second:
                return one
        found = self._by.get((What.PAYLOAD, digest)) if digest else None
        return found[0] if found else None

    def of_capture(self, capture: Capture) -> Redaction | None:
        """What hides a capture; None where nothing does."""
        return self.of(capture.url, capture.captured_at, capture.warc.payload_digest)

    def _naming(self, url: str) -> Iterable[Redaction]:
        if not self._by:
            return
        for what, key in named_keys([url]):
            yield from self._by.get((what, key), ())


def named_keys(urls: Iterable[str], digests: Iterable[str] = ()) -> Sequence[tuple[What, str]]:
    """Every key by which redactions of these URLs and payloads can be found."""
    keys = {key for url in urls for key in keys_of(url)}
    prefixes = {prefix for key in keys for prefix in prefixes_of(key)}
    return [
        *((What.URL, key) for key in sorted(keys)),
        *((What.PREFIX, prefix) for prefix in sorted(prefixes)),
        *((What.PAYLOAD, digest) for digest in sorted(set(digests))),
    ]
