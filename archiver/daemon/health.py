"""/healthz, /readyz and /metrics: whether the daemon lives, is fresh, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from archiver.daemon.outcome import RunReport
from archiver.daemon.plan import GRACE
from archiver.daemon.turns import Turns
from archiver.model import utcnow

_SHOWN = 20  # overdue outlets that an answer names


class Metrics:
    """The daemon's metrics. Labels are outlets' ids and words of fixed lists, never URLs."""

    def __init__(self, turns: Turns) -> None:
        self.registry = made = CollectorRegistry()
        self.runs = Counter(
            "archiver_runs", "Runs that ended, by their state.", ["outlet", "state"], registry=made
        )
        self.articles = Counter(
            "archiver_articles",
            "Articles, by what came of them.",
            ["outlet", "outcome"],
            registry=made,
        )
        self.captures = Counter("archiver_captures", "Captures, by kind.", ["kind"], registry=made)
        self.problems = Counter(
            "archiver_problems",
            "Problems, by stage and reason.",
            ["stage", "reason"],
            registry=made,
        )
        self.seconds = Histogram(
            "archiver_run_seconds",
            "Wall time of runs.",
            buckets=(2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200),
            registry=made,
        )
        self.delay = Histogram(
            "archiver_run_delay_seconds",
            "How much later than planned runs began.",
            buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600),
            registry=made,
        )
        self.events = Counter(
            "archiver_events", "Things that began to be amiss.", ["what"], registry=made
        )
        running = Gauge("archiver_running_crawls", "Crawls that run.", registry=made)
        running.set_function(lambda: len(turns.running))
        free = Gauge(
            "archiver_disk_free_bytes", "Free space where the archive stands.", registry=made
        )
        free.set_function(turns.free_disk)
        paused = Gauge(
            "archiver_paused", "1 while no crawl begins: disk or spool is full.", registry=made
        )
        paused.set_function(lambda: float(turns.paused))
        spool = Gauge(
            "archiver_spool_bytes", "WARC files that the store does not have.", registry=made
        )
        spool.set_function(lambda: turns.spool().total)
        waiting = Gauge(
            "archiver_spool_files", "Closed WARC files that the store does not have.", registry=made
        )
        waiting.set_function(lambda: turns.spool().files)
        self.shipped = Counter(
            "archiver_shipped_files", "WARC files brought to the store.", registry=made
        )
        self.shipped_bytes = Counter("archiver_shipped_bytes", "Their size.", registry=made)
        self.not_shipped = Counter(
            "archiver_ship_failures", "Attempts to ship of which nothing came.", registry=made
        )
        outlets = Gauge("archiver_outlets", "Outlets in the timetable.", registry=made)
        outlets.set_function(lambda: len(turns.timetable.rules))
        overdue = Gauge(
            "archiver_outlets_overdue",
            "Outlets over ten minutes late, a thousand at most; in a fleet of all of it.",
            registry=made,
        )
        overdue.set_function(lambda: len(_late(turns, utcnow())))

    def count(self, report: RunReport) -> None:
        """Add a run."""
        outlet = report.ended.outlet
        self.runs.labels(outlet, report.state).inc()
        self.seconds.observe(report.seconds)
        late = (report.ended.started - report.ended.planned).total_seconds()
        self.delay.observe(max(0.0, late))
        for key, n in report.counts.items():
            first, _, rest = key.partition("/")
            if first == "articles":
                self.articles.labels(outlet, rest).inc(n)
            elif first == "captures":
                self.captures.labels(rest).inc(n)
            elif first == "problems":
                stage, _, reason = rest.partition("/")
                self.problems.labels(stage, reason).inc(n)

    def count_shipping(self, counts: Mapping[str, int], *, failed: bool = False) -> None:
        """Add what an attempt to ship has told."""
        self.shipped.inc(counts.get("shipped", 0))
        self.shipped_bytes.inc(counts.get("bytes", 0))
        self.not_shipped.inc(failed)


@dataclass(frozen=True, kw_only=True)
class Sights:
    """What the server shows: when the daemon last looked at its timetable, and its turns."""

    turns: Turns
    metrics: Metrics
    clock: Callable[[], datetime]
    last_tick: Callable[[], datetime]
    longest_sleep: timedelta


def overdue(sights: Sights) -> Mapping[str, str]:
    """The outlets whose turn passed over ten minutes ago without a crawl, with their due time.

    One look into an index, and one row for each that is overdue, 1,000 at most.
    """
    return _late(sights.turns, sights.clock())


def _late(turns: Turns, now: datetime) -> Mapping[str, str]:
    late = turns.catalogue.due(now - GRACE, limit=1000, but=set(turns.running))
    return {turn.outlet: turn.due.isoformat() for turn in late if turn.due}


def make_app(sights: Sights) -> Starlette:
    """The ASGI application of the three addresses."""

    def healthz(request: Request) -> Response:
        since = sights.clock() - sights.last_tick()
        alive = since <= 3 * sights.longest_sleep
        return PlainTextResponse("alive\n" if alive else "stuck\n", 200 if alive else 503)

    def readyz(request: Request) -> Response:
        late = overdue(sights)
        fresh = not late and not sights.turns.paused and not sights.turns.stopping
        answer: dict[str, Any] = {
            "ready": fresh,
            "paused": sights.turns.pause,
            "stopping": sights.turns.stopping,
            "running": sorted(sights.turns.running)[:_SHOWN],
            "overdue": dict(list(late.items())[:_SHOWN]),
            "overdue_count": len(late),
        }
        return JSONResponse(answer, 200 if fresh else 503)

    def metrics(request: Request) -> Response:
        text = generate_latest(sights.metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )
