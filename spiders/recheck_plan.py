"""How many known articles a crawl may ask for again."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.config.settings import Settings

COUNT = "articles/rechecked"
"""The run's count of known articles that were asked for again."""

_MOST = 10_000  # that one crawl asks for again, whatever its budget


def allowance(settings: Settings, *, in_run: int, today: int) -> int:
    """How many more articles may be asked for again, after so many in this run and today.

    `today`: in earlier runs. A share of what a crawl may ask one host and of what an outlet may be
    asked in a day, and no more than `recheck.daily_checks`.
    """
    own, share = settings.recheck, settings.recheck.share
    left = [_MOST]
    if settings.crawl.host_requests:
        left.append(int(settings.crawl.host_requests * share) - in_run)
    if settings.politeness.daily_requests:
        left.append(int(settings.politeness.daily_requests * share) - in_run - today)
    if own.daily_checks:
        left.append(own.daily_checks - in_run - today)
    return max(0, min(left))


def today_of(counts: Mapping[str, Mapping[str, int]], outlet: str) -> int:
    """How many articles of an outlet were asked for again, by the counts of runs."""
    return counts.get(outlet, {}).get(COUNT, 0)
