"""The part of `archiver status` that says what looking at articles again costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from archiver.revise.costs import Cost, total
from archiver.store.catalogue import Catalogue

COLUMNS = (
    "outlet",
    "checks due",
    "in a day",
    "unmodified",
    "changed",
    "bytes",
    "requests an article",
    "bytes an article",
)
_DAY = timedelta(days=1)


def costs_of(catalogue: Catalogue, account: Mapping[str, Any], now: datetime) -> dict[str, Cost]:
    """By outlet, what is due and what the last 24 hours cost; `account` is `Catalogue.status`."""
    due, counts = catalogue.due_counts(now), catalogue.counts_since(now - _DAY)
    return {
        name: Cost.of(counts.get(name, {}), due=due.get(name, 0), articles=outlet["articles"])
        for name, outlet in account["outlets"].items()
    }


def costs_to_json(costs: Mapping[str, Cost]) -> dict[str, Any]:
    """{"outlets": {NAME: as `Cost.to_json`}, "total": the same}."""
    return {
        "outlets": {name: cost.to_json() for name, cost in costs.items()},
        "total": total(costs.values()).to_json(),
    }


def rows_of(costs: Mapping[str, Cost]) -> list[tuple[object, ...]]:
    """Lines as `COLUMNS`: outlets with anything to tell, then all."""
    told = {name: cost for name, cost in costs.items() if cost.due or cost.checks}
    if not told:
        return []
    return [_row(name, cost) for name, cost in (*told.items(), ("all", total(costs.values())))]


def _row(name: str, cost: Cost) -> tuple[object, ...]:
    return (
        name,
        cost.due,
        cost.checks,
        cost.unmodified,
        cost.changed,
        f"{cost.size:,}",
        f"{cost.requests_an_article:.3f}",
        f"{cost.bytes_an_article:,.0f}",
    )
