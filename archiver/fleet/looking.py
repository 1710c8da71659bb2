"""What can be seen of a fleet by who only looks: its workers and its queue. Writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg.rows import dict_row

from archiver.errors import ArchiverError, CatalogueError
from archiver.store.direct import direct_address

SILENT = 25.0  # seconds without a heartbeat after which a worker is taken for dead
_SCHEMA = "procrastinate"
_SHOWN = 20  # jobs that are named
_FRESH = 10.0  # seconds for which the metrics are told from one look

_THERE = "SELECT to_regclass('procrastinate.archiver_workers') IS NOT NULL AS there"
_WORKERS = """
SELECT w.id AS number, m.host, m.process,
    extract(epoch FROM now() - w.last_heartbeat)::float AS silent,
    count(j.id) AS jobs
FROM procrastinate_workers w
LEFT JOIN archiver_workers m ON m.id = w.id
LEFT JOIN procrastinate_jobs j ON j.worker_id = w.id AND j.status = 'doing'
GROUP BY w.id, m.host, m.process ORDER BY w.id
"""
_KINDS = """
SELECT j.task_name AS kind,
    count(*) FILTER (WHERE j.status = 'todo') AS waiting,
    count(*) FILTER (WHERE j.status = 'doing') AS running,
    coalesce(extract(epoch FROM now() - min(e.at) FILTER (WHERE j.status = 'todo')), 0)::float
        AS oldest
FROM procrastinate_jobs j
LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
WHERE j.status IN ('todo', 'doing') GROUP BY j.task_name ORDER BY j.task_name
"""
_STALLED = """
SELECT coalesce(j.queueing_lock, j.task_name) AS key FROM procrastinate_jobs j
LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
WHERE j.status = 'doing' AND (w.id IS NULL
    OR w.last_heartbeat < now() - make_interval(secs => %(silent)s))
ORDER BY j.id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSeen:
    """A worker that signed on: seconds since its heart beat last, jobs that it has."""

    number: int
    host: str | None
    process: int | None
    silent: float
    jobs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KindSeen:
    """Jobs of a kind; `oldest`: seconds for which the first of those that wait has waited."""

    kind: str
    waiting: int
    running: int
    oldest: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetSeen:
    """A fleet at a moment. `stalled`: keys of jobs of dead workers, which wait to be reaped."""

    workers: Sequence[WorkerSeen]
    kinds: Sequence[KindSeen]
    stalled: Sequence[str]

    @property
    def alive(self) -> int:
        """How many workers' hearts beat."""
        return sum(one.silent <= SILENT for one in self.workers)

    def to_json(self) -> dict[str, Any]:
        """In JSON types; durations in seconds.

        {"workers": [{"number", "host", "process", "silent", "jobs"}], "alive": n,
         "queue": [{"kind", "waiting", "running", "oldest"}], "stalled": [key, at most 20],
         "stalled_count": n}
        """
        return {
            "workers": [asdict(one) for one in self.workers],
            "alive": self.alive,
            "queue": [asdict(one) for one in self.kinds],
            "stalled": list(self.stalled[:_SHOWN]),
            "stalled_count": len(self.stalled),
        }


def look(catalogue_url: str) -> FleetSeen | None:
    """The fleet of a catalogue in PostgreSQL as it is now; None where none has ever been.

    Raises:
        ConfigError: the catalogue is not in PostgreSQL.
        CatalogueError: the database does not answer.
    """
    address = direct_address(catalogue_url, search_path=_SCHEMA)
    try:
        with psycopg.connect(address, row_factory=dict_row) as conn:
            conn.read_only = True
            if not _one(conn, _THERE)["there"]:
                return None
            silent = {"silent": SILENT}
            return FleetSeen(
                workers=[WorkerSeen(**row) for row in conn.execute(_WORKERS)],
                kinds=[KindSeen(**row) for row in conn.execute(_KINDS)],
                stalled=[row["key"] for row in conn.execute(_STALLED, silent)],
            )
    except psycopg.Error as error:
        raise CatalogueError(
            f"the queue of jobs does not answer: {str(error).strip() or type(error).__name__}",
            thing="PostgreSQL",
            todo="See that the database is there, and that its user may read the schema.",
        ) from error


def _one(conn: psycopg.Connection[dict[str, Any]], query: str) -> dict[str, Any]:
    return conn.execute(query).fetchone() or {}


class FleetMetrics(Collector):
    """Metrics of the whole fleet, told by any of its workers; a look at the database each time.

    Labels are kinds of jobs. Nothing is told while the database does not answer.
    """

    def __init__(self, look: Callable[[], FleetSeen | None]) -> None:
        self._look = look
        self._seen: FleetSeen | None = None
        self._at = float("-inf")

    def describe(self) -> Iterator[Metric]:
        """None beforehand: the database is not asked when this is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """As of the last ten seconds."""
        if time.monotonic() - self._at > _FRESH:
            try:
                self._seen = self._look()
            except ArchiverError:
                self._seen = None
            self._at = time.monotonic()
        if (seen := self._seen) is None:
            return
        jobs = GaugeMetricFamily(
            "archiver_fleet_jobs", "Jobs in the queue.", labels=("kind", "state")
        )
        oldest = GaugeMetricFamily(
            "archiver_fleet_oldest_seconds",
            "How long the oldest waiting job waits.",
            labels=("kind",),
        )
        for kind in seen.kinds:
            jobs.add_metric((kind.kind, "waiting"), kind.waiting)
            jobs.add_metric((kind.kind, "running"), kind.running)
            oldest.add_metric((kind.kind,), kind.oldest)
        yield jobs
        yield oldest
        yield GaugeMetricFamily(
            "archiver_fleet_workers", "Workers whose hearts beat.", value=seen.alive
        )
        yield GaugeMetricFamily(
            "archiver_fleet_stalled", "Jobs of dead workers.", value=len(seen.stalled)
        )
