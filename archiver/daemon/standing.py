"""How the timetable is kept: who is due, late, fresh, at work, and what is amiss. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from archiver.config.load import Loaded
from archiver.config.seeds import Seeds, read_seeds
from archiver.daemon.holder import daemon_process
from archiver.daemon.plan import GRACE, Timetable, make_timetable
from archiver.store.catalogue import Catalogue
from archiver.store.lastbackup import LastBackup, last_backup
from archiver.store.lock import holder_of
from archiver.store.schedule import GoodRun, Turn
from archiver.store.spool import Spool, spool_of

_NOTHING = Spool(files=0, size=0, open_size=0)

Freshness = Literal["fresh", "stale", "never", "off"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An outlet's place in the timetable at a moment. Durations in seconds.

    `late`: since it is due, 0 where it is not, or is at work. `running`: since when it is at work.
    `wanted`: when its timetable had the turn after its last good run.
    """

    due: datetime | None
    late: float
    last_good: datetime | None
    age: float | None
    wanted: datetime | None
    freshness: Freshness
    running: datetime | None

    def to_json(self) -> dict[str, object]:
        """In JSON types; times in ISO 8601."""
        return {
            "next_due": _iso(self.due),
            "late": self.late,
            "last_good": _iso(self.last_good),
            "age": self.age,
            "wanted": _iso(self.wanted),
            "freshness": self.freshness,
            "running_since": _iso(self.running),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The timetable as it is kept at a moment.

    `daemon`: its process id. `processes`: of the crawls that can be seen from here, by outlet.
    `amiss`: since when, by subject and what. `free`, `reserve`: bytes of disk. `spool`: what waits
    for the store, `spool_max`: how many bytes may, None where there is no store; `shipped`: when a
    file came there last; `backup`: the last one of the catalogue that was made here.
    """

    at: datetime
    places: Mapping[str, Place]
    daemon: int | None
    processes: Mapping[str, int]
    amiss: Mapping[tuple[str, str], datetime]
    free: int
    reserve: int
    spool: Spool = _NOTHING
    spool_max: int | None = None
    shipped: datetime | None = None
    backup: LastBackup | None = None
    seed_faults: tuple[str, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether no crawl of the timetable begins, for want of disk or of the store."""
        return self.free < self.reserve or (
            self.spool_max is not None and self.spool.total >= self.spool_max
        )

    @property
    def running(self) -> dict[str, datetime]:
        """The outlets at work, and since when."""
        return {name: place.running for name, place in self.places.items() if place.running}

    @property
    def queue(self) -> list[float]:
        """Seconds that each outlet has been waiting for its crawl, longest first."""
        return sorted((p.late for p in self.places.values() if p.late), reverse=True)

    def to_json(self) -> dict[str, Any]:
        """The keys that `archiver status --json` has beside the counts.

        {"at", "daemon": {"process"} or null, "timetable": {OUTLET: as `Place.to_json`},
         "running": {OUTLET: {"since", "process"}}, "queue": {"due": n, "longest": seconds},
         "amiss": [{"subject", "what", "since"}],
         "disk": {"free", "reserve", "paused", "spool", "spool_max"},
         "spool": {"files", "bytes", "open", "bound", "last_shipped"} or null: there is no store,
         "backup": {"at", "url", "bytes"} or null: none was made here, "seed_faults": [text]}
        """
        return {
            "at": self.at.isoformat(),
            "daemon": {"process": self.daemon} if self.daemon else None,
            "timetable": {name: place.to_json() for name, place in self.places.items()},
            "running": {
                name: {"since": since.isoformat(), "process": self.processes.get(name)}
                for name, since in self.running.items()
            },
            "queue": {"due": len(self.queue), "longest": max(self.queue, default=0.0)},
            "amiss": [
                {"subject": subject, "what": what, "since": since.isoformat()}
                for (subject, what), since in sorted(self.amiss.items())
            ],
            "disk": {
                "free": self.free,
                "reserve": self.reserve,
                "paused": self.paused,
                "spool": self.spool.total if self.spool_max is not None else 0,
                "spool_max": self.spool_max,
            },
            "spool": None
            if self.spool_max is None
            else {
                "files": self.spool.files,
                "bytes": self.spool.size,
                "open": self.spool.open_size,
                "bound": self.spool_max,
                "last_shipped": _iso(self.shipped),
            },
            "backup": self.backup.to_json() if self.backup else None,
            "seed_faults": list(self.seed_faults),
        }


def place_of(
    outlet: str, timetable: Timetable, turn: Turn | None, good: GoodRun | None, now: datetime
) -> Place:
    """Where an outlet stands.

    It is fresh until ten minutes after the turn that follows its last good run: the next one in
    the catalogue, which knows what its sources told, where that run was the last; otherwise the
    one that its rule had. While a crawl is at work the clock stands still for it.
    """
    due = turn.due if turn else None
    running = turn.started if turn and turn.state == "running" else None
    wanted = None
    freshness: Freshness = "never" if good is None else "fresh"
    if outlet not in timetable.rules:
        freshness = "off"
    elif good:
        wanted = due
        if due is None or not turn or turn.started != good.started:
            last = good.planned or good.started
            wanted = timetable.next(outlet, after=good.ended, turn=turn, last=last)
        if wanted and (running or now) > wanted + GRACE:
            freshness = "stale"
    late = 0.0 if running or not due else max(0.0, _seconds(now - due))
    return Place(
        due=due,
        late=late,
        last_good=good.ended if good else None,
        age=_seconds(now - good.ended) if good else None,
        wanted=wanted,
        freshness=freshness,
        running=running,
    )


def standing(
    loaded: Loaded, catalogue: Catalogue, now: datetime, *, seeds: Seeds | None = None
) -> Standing:
    """How the timetable of a working folder is kept; cost grows with the outlets.

    Every outlet of seeds and catalogue is there, in order of its id. To read the `seeds` takes most
    of the time: give them where you look again and again.
    """
    seeds = seeds or read_seeds(loaded.seeds_folder)
    timetable = make_timetable(loaded, seeds)
    turns, good = catalogue.turns(), catalogue.good_runs()
    places = {
        name: place_of(name, timetable, turns.get(name), good.get(name), now)
        for name in sorted({*seeds.outlets, *turns})
    }
    archive = loaded.archive_folder
    store = loaded.settings.storage
    seen = {
        name: holder_of(archive / "locks", name) for name, place in places.items() if place.running
    }
    return Standing(
        at=now,
        places=places,
        daemon=daemon_process(archive),
        processes={name: process for name, process in seen.items() if process},
        amiss=catalogue.alerts(),
        free=shutil.disk_usage(_there(archive)).free,
        reserve=loaded.settings.daemon.disk_reserve,
        spool=spool_of(loaded.warc_folder, catalogue) if store.url else _NOTHING,
        spool_max=store.spool_max if store.url else None,
        shipped=catalogue.last_copied() if store.url else None,
        backup=last_backup(archive),
        seed_faults=seeds.faults,
    )


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: its catalogue may stand elsewhere."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)
