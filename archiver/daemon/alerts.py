"""What is amiss with an outlet, by its last run, its last day and its rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver.daemon.plan import known_a_day
from archiver.store.schedule import Rhythm

_MISSED = 12.0  # articles that a silent outlet would have brought: chance explains that no more
_SILENT = timedelta(days=1)
_TIMES, _MORE = 4.0, 20.0  # the usual number of a day, so often and so many more
_FEW = 5  # pages by which no share is judged
_HALF = 0.5
_BLOCKS = ("blocked", "captcha", "http-401", "http-403", "http-429")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that began to be amiss, or ended: `subject` is an outlet's id or "archive"."""

    what: str
    subject: str
    at: datetime
    ended: bool = False
    detail: str = ""

    def to_json(self) -> dict[str, object]:
        """As it is posted to webhooks."""
        return {
            "event": self.what,
            "subject": self.subject,
            "state": "ended" if self.ended else "began",
            "at": self.at.isoformat(),
            "detail": self.detail,
        }


def amiss(
    *, rhythm: Rhythm | None, run: Mapping[str, int], day: Mapping[str, int], now: datetime
) -> dict[str, str]:
    """What is amiss with an outlet, each with a sentence.

    `run`: the counts of the run that has just ended; `day`: those of the last 24 hours.

    - silent: its rhythm would have brought a dozen articles since the last one, a day ago or more
    - volume: over four times as many new articles in a day as usual, and twenty more
    - blocked: at least half of the pages asked for were refused
    - quality: over half of the pages had no article, or of the articles no date
    """
    found: dict[str, str] = {}
    a_day = known_a_day(rhythm)
    if rhythm and rhythm.last_new and a_day:
        silence = now - rhythm.last_new
        missed = a_day * (silence / timedelta(days=1))
        if silence >= _SILENT and missed >= _MISSED:
            found["silent"] = f"nothing new since {rhythm.last_new:%Y-%m-%d %H:%M} UTC"
        new = day.get("articles/new", 0)
        if new > _TIMES * a_day + _MORE:
            found["volume"] = f"{new} new articles in a day; usual are {a_day:.1f}"
    refused = sum(
        n
        for key, n in run.items()
        if key.startswith("problems/") and key.rpartition("/")[2] in _BLOCKS
    )
    asked = refused + sum(run.get(f"articles/{k}", 0) for k in ("new", "changed", "unchanged"))
    if refused and refused >= _HALF * asked:
        found["blocked"] = f"{refused} of {asked} pages were refused"
    failed = sum(n for key, n in run.items() if key.startswith("problems/extract/"))
    new = run.get("articles/new", 0)
    undated = run.get("articles/undated", 0)
    if failed + new >= _FEW and failed > _HALF * (failed + new):
        found["quality"] = f"{failed} of {failed + new} pages had no article"
    elif new >= _FEW and undated > _HALF * new:
        found["quality"] = f"{undated} of {new} articles had no date"
    return found
