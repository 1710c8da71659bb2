"""What a robots.txt says (RFC 9309): its rules, for how long they hold, and which one decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

MAX_SIZE = 500 * 1024  # bytes that are read (section 2.5)
_LONGEST = timedelta(days=1)  # that rules are used without asking again (section 2.4)
_TRIED = 200  # rules that are looked through for the one that decided
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_UNKEPT = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b", re.IGNORECASE)
_LINE = re.compile(r"\s*(user-agent|allow|disallow)\s*:\s*([^#\r\n]*)", re.IGNORECASE)


def read_text(body: bytes) -> str:
    """The part of a robots.txt that counts: its first 500 KiB, without a line that is cut off."""
    if len(body) > MAX_SIZE:
        body = body[:MAX_SIZE].rpartition(b"\n")[0]
    return body.decode("utf-8-sig", "replace")


def expiry(now: datetime, cache_control: bytes | None) -> datetime:
    """When it is to be asked for again: after a day, or sooner where its Cache-Control says so."""
    text = (cache_control or b"").decode("latin-1")
    if _UNKEPT.search(text):
        return now
    match = _MAX_AGE.search(text)
    return now + min(timedelta(seconds=int(match[1])), _LONGEST) if match else now + _LONGEST


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules of one robots.txt for one user agent."""

    text: str
    agent: str
    _parsed: Protego = field(repr=False)

    @classmethod
    def of(cls, text: str, agent: str) -> Rules:
        """Parse; cost grows with the text, which `read_text` bounds."""
        return cls(text=text, agent=agent, _parsed=Protego.parse(text))

    @property
    def crawl_delay(self) -> float | None:
        """Seconds between two requests that the host asks for; no part of the RFC, but usual."""
        return self._parsed.crawl_delay(self.agent)

    def allows(self, url: str) -> bool:
        """Whether the user agent may fetch a URL (section 2.2.2)."""
        return self._parsed.can_fetch(url, self.agent)

    def deciding(self, url: str) -> str | None:
        """The line that forbids a URL: of those that match, the longest (section 2.2.2).

        None where the URL is allowed, or none of the longest 200 that come into question does it.
        """
        if self.allows(url):
            return None
        parts = urlsplit(url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        near = {
            pattern
            for pattern in self._disallowed()
            if target.startswith(re.split(r"[*$%]", pattern, maxsplit=1)[0])
        }
        for pattern in sorted(near, key=len, reverse=True)[:_TRIED]:
            alone = Protego.parse(f"User-agent: *\nDisallow: {pattern}\n")
            if not alone.can_fetch(url, self.agent):
                return f"Disallow: {pattern}"
        return None

    def _disallowed(self) -> list[str]:
        """The patterns of the groups that are meant for this user agent, or else for all."""
        product = re.split(r"[/\s]", self.agent, maxsplit=1)[0].lower()
        ours: list[str] = []
        everyones: list[str] = []
        named = False
        for agents, pattern in self._lines():
            if product in agents:
                named = True
                ours.append(pattern)
            elif "*" in agents:
                everyones.append(pattern)
        return [pattern for pattern in (ours if named else everyones) if pattern]

    def _lines(self) -> Iterator[tuple[frozenset[str], str]]:
        """Each rule with the agents of its group; an allowing one with an empty pattern."""
        agents: frozenset[str] = frozenset()
        begun = False  # whether the group has rules already
        for line in self.text.splitlines():
            match = _LINE.match(line)
            if match is None:
                continue
            name, value = match[1].lower(), match[2].strip()
            if name == "user-agent":
                agents = frozenset({value.lower()}) | (frozenset() if begun else agents)
                begun = False
            else:
                begun = True
                yield agents, value if name == "disallow" else ""
