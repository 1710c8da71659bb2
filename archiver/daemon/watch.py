"""Tells how runs went and what is amiss: in the log, in the metrics, to webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from archiver.config.load import Loaded
from archiver.daemon.alerts import Event, amiss
from archiver.daemon.health import Metrics
from archiver.daemon.outcome import RunReport
from archiver.daemon.telling import changes_event
from archiver.daemon.webhooks import Webhooks
from archiver.store.catalogue import Catalogue

log = structlog.get_logger("daemon")

_CHANGED = "changed"
_OF_OUTLETS = ("silent", "volume", "blocked", "quality")


@dataclass(kw_only=True)
class Watch:
    """Who is told: the log always, webhooks of the events that the settings name."""

    catalogue: Catalogue
    metrics: Metrics
    clock: Callable[[], datetime]
    webhooks: Webhooks = field(default_factory=lambda: Webhooks(urls=()))
    _events: frozenset[str] = frozenset()
    _kinds: tuple[str, ...] = ()

    def follow(self, loaded: Loaded) -> None:
        """Tell whom the settings name; what is under way to others still goes there."""
        settings = loaded.settings.daemon
        secret = settings.webhook_secret
        self._events = frozenset(settings.events)
        self._kinds = settings.tell
        self.webhooks = self.webhooks.replaced(
            urls=settings.webhooks,
            secret=secret.get_secret_value() if secret else None,
            private=settings.webhook_private,
        )

    def tell(self, what: str, event: Mapping[str, object]) -> None:
        """Post an event, where the settings name its kind."""
        if what in self._events:
            self.webhooks.post(event, self.clock())

    async def run_ended(self, report: RunReport) -> None:
        """One line a run with all its counts; then see whether the outlet is well."""
        ended, due = report.ended, report.turn.due
        log.info(
            "run",
            outlet=ended.outlet,
            state=report.state,
            cut=ended.cut,
            exit_code=ended.exit_code,
            planned=ended.planned.isoformat(),
            started=ended.started.isoformat(),
            seconds=report.seconds,
            peak_memory=ended.peak_memory,
            next=due.isoformat() if due else None,
            counts=dict(report.counts),
        )
        self.metrics.count(report)
        now = self.clock()
        day = await asyncio.to_thread(
            self.catalogue.counts_since, now - timedelta(days=1), ended.outlet
        )
        found = amiss(
            rhythm=report.turn.rhythm, run=report.counts, day=day.get(ended.outlet, {}), now=now
        )
        for what in _OF_OUTLETS:
            await self.note(ended.outlet, what, found.get(what))
        if _CHANGED in self._events:
            changed = await asyncio.to_thread(
                changes_event,
                self.catalogue,
                ended.outlet,
                kinds=self._kinds,
                since=ended.started,
                now=now,
            )
            if changed:
                self.tell(_CHANGED, changed)

    async def note(self, subject: str, what: str, detail: str | None) -> None:
        """Tell of something amiss (`detail`) once, and once of its end (None)."""
        now = self.clock()
        since = now if detail is not None else None
        if not await asyncio.to_thread(self.catalogue.set_alert, subject, what, since):
            return
        event = Event(what=what, subject=subject, at=now, ended=since is None, detail=detail or "")
        log.warning("amiss" if detail else "well-again", what=what, subject=subject, detail=detail)
        if detail:
            self.metrics.events.labels(what).inc()
        self.tell(what, event.to_json())
