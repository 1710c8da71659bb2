"""The catalogue: what the archive holds, in SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from archiver.errors import NoArchiveError
from archiver.store.aliases import Aliases
from archiver.store.articles import Articles
from archiver.store.batches import Batches
from archiver.store.captures import Captures
from archiver.store.days import Days
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.exports import Exports
from archiver.store.files import Files
from archiver.store.history import History
from archiver.store.holdings import Holdings
from archiver.store.hosts import Hosts
from archiver.store.hubs import Hubs
from archiver.store.index import CaptureIndex
from archiver.store.leases import Leases
from archiver.store.likenesses import Likenesses
from archiver.store.lists import Lists
from archiver.store.lookups import Lookups
from archiver.store.mementos import Mementos
from archiver.store.migrate import migrate
from archiver.store.outletdays import OutletDays
from archiver.store.patience import LONG
from archiver.store.polls import Polls
from archiver.store.rechecks import Rechecks
from archiver.store.redactions import Redactions
from archiver.store.referring import Referring
from archiver.store.refusals import Refusals
from archiver.store.retention import Retention
from archiver.store.rewriting import Rewriting
from archiver.store.robots import RobotsTexts
from archiver.store.runs import Runs
from archiver.store.schedule import Schedule
from archiver.store.shapes import Shapes
from archiver.store.signals import Signals
from archiver.store.standings import Standings
from archiver.store.status import Status


class Catalogue(
    Runs,
    Schedule,
    Files,
    Captures,
    Articles,
    Aliases,
    Polls,
    Rechecks,
    Standings,
    Refusals,
    Lookups,
    Referring,
    CaptureIndex,
    Mementos,
    Days,
    OutletDays,
    Lists,
    History,
    Likenesses,
    Status,
    Hubs,
    Shapes,
    Hosts,
    RobotsTexts,
    Signals,
    Redactions,
    Exports,
    Rewriting,
    Retention,
    Leases,
    Batches,
    Holdings,
):
    """An open catalogue. Each method is one transaction; threads may share it.

    Times go in and come out as aware UTC datetimes, exact to the microsecond.
    """

    @classmethod
    def open(cls, url: str, *, create: bool = False, patience: float = LONG) -> Catalogue:
        """Open the catalogue of a database URL, its tables brought up to date.

        `patience`: seconds that its methods wait, later on, for a server that is away.

        Raises:
            NoArchiveError: where there is none, or one without tables, and `create` is false.
            CatalogueError: where it cannot be opened or was written by a newer version.
        """
        address = catalogue_url(url)
        if address.get_backend_name() == "sqlite":
            path = Path(address.database or "")
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.is_file():
                raise NoArchiveError(
                    "no archive here", thing=str(path), todo="Make one: archiver init DIR."
                )
        engine = make_engine(address)
        try:
            migrate(engine, create=create)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, patience=patience)

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no server that may be slow or away."""
        return self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Catalogue:
        """Use as a context manager, closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
