"""What checks of known articles cost in a day, by outlet and in all. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Of one outlet or of all: articles that are `due`, and the last day's checks.

    `checks` are requests; of their answers `unmodified` were a 304, and `changed` brought a new
    revision; `size`: bytes of all answers as they came; `articles`: how many are known.
    """

    due: int = 0
    checks: int = 0
    unmodified: int = 0
    changed: int = 0
    size: int = 0
    articles: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int], *, due: int, articles: int) -> Cost:
        """By the counts of a day's runs."""
        return cls(
            due=due,
            checks=counts.get("articles/rechecked", 0),
            unmodified=counts.get("rechecks/unmodified", 0),
            changed=counts.get("rechecks/changed", 0),
            size=counts.get("rechecks/bytes", 0),
            articles=articles,
        )

    @property
    def requests_an_article(self) -> float:
        """Requests in a day for each known article."""
        return self.checks / self.articles if self.articles else 0.0

    @property
    def bytes_an_article(self) -> float:
        """Bytes in a day for each known article."""
        return self.size / self.articles if self.articles else 0.0

    def to_json(self) -> dict[str, float]:
        """In JSON types."""
        return {
            "due": self.due,
            "checks": self.checks,
            "unmodified": self.unmodified,
            "changed": self.changed,
            "bytes": self.size,
            "requests_an_article": round(self.requests_an_article, 4),
            "bytes_an_article": round(self.bytes_an_article, 1),
        }


def total(costs: Iterable[Cost]) -> Cost:
    """Of all outlets together."""
    found = list(costs)
    return Cost(
        due=sum(one.due for one in found),
        checks=sum(one.checks for one in found),
        unmodified=sum(one.unmodified for one in found),
        changed=sum(one.changed for one in found),
        size=sum(one.size for one in found),
        articles=sum(one.articles for one in found),
    )
