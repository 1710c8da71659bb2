"""Shipping an archive's WARC files to its store: by hand, after a crawl, by the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver.config.load import Loaded
from archiver.daemon.commands import run_command
from archiver.errors import ArchiverError, ConfigError, LockedError
from archiver.fetch.copied_indexes import CopiedIndex, marked_copies, veil_copies
from archiver.store.blobs import Blobs
from archiver.store.blobs.opening import open_blobs
from archiver.store.catalogue import Catalogue
from archiver.store.lock import SHIPPING, outlet_lock
from archiver.store.machines import not_elsewhere
from archiver.store.shipper import Shipped, Shipper
from archiver.store.spool import spool_of
from archiver.store.warcs import Stores

_LONGEST_PAUSE = timedelta(minutes=15)
_PARTIAL = 3  # exit code of archiver ship: some files, not all
_WORRY = 3  # failures in a row of which somebody is told


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """A local file that went, since its copy was verified long enough ago."""

    file: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An upload that was begun long ago and never finished: `key` is what it was for."""

    key: str


def store_of(loaded: Loaded) -> Blobs:
    """The archive's store.

    Raises:
        ConfigError: none is configured.
        StorageError: the AWS SDK lacks what it needs.
    """
    settings = loaded.settings.storage
    if not settings.url:
        where = loaded.file or loaded.folder
        fault = f'{where}: no store is configured: write url = "s3://…" below [storage]'
        raise ConfigError([fault])
    return open_blobs(settings, settings.url, ca_file=loaded.storage_ca_file)


def ship(loaded: Loaded, catalogue: Catalogue) -> Iterator[Shipped | CopiedIndex | Removed | Ended]:
    """Ship what waits, remove what may go, end what was abandoned; each as it is done.

    Indexes in the store that have lines of what was redacted since are replaced.

    Raises:
        ConfigError: no store is configured.
        LockedError: another process is at it.
        StorageError: the store cannot be asked what it has.
    """
    blobs = store_of(loaded)
    shipper = Shipper(loaded.warc_folder, catalogue, blobs, loaded.settings.storage)
    with outlet_lock(loaded.archive_folder / "locks", SHIPPING):
        failed = False
        for done in shipper.ship():
            failed = failed or done.error is not None
            yield done
        if failed:
            return  # of a store that is in trouble nothing is asked that can wait
        yield from veil_copies(loaded.warc_folder, Stores.of(loaded), catalogue)
        for name in shipper.remove_old():
            yield Removed(file=name)
        for key in shipper.tidy():
            yield Ended(key=key)


class ShippingError(ArchiverError):
    """What waits was not shipped; `counts` of what was tried, and of what came of it."""

    def __init__(self, said: str, counts: Mapping[str, int]) -> None:
        super().__init__(
            f"WARC files were not shipped ({counts['failed']} failed): {said}",
            todo="They stay here, and are tried again. See archiver ship.",
        )
        self.counts = counts


class Shipping:
    """What the daemon keeps of its shipping: when it is to be tried again after failures."""

    def __init__(self) -> None:
        self.failures = 0
        self.not_before: datetime | None = None

    async def run(
        self, loaded: Loaded, catalogue: Catalogue, now: datetime
    ) -> Mapping[str, int] | None:
        """Ship in a process of its own, where something waits; the counts, empty if nothing did.

        None where it is not time yet, or another process is at it.

        Raises:
            ShippingError: files could not be shipped; the pause until the next attempt doubles.
        """
        if self.not_before is not None and now < self.not_before:
            return None
        counts: Mapping[str, int] = {}
        if await asyncio.to_thread(_has_work, loaded, catalogue, now):
            code, counts, said = await _child(loaded)
            if code == LockedError.exit_code:
                return None
            if code != 0 and not (code == _PARTIAL and counts["shipped"]):
                self.failures += 1
                pause = timedelta(minutes=2 ** min(10, self.failures - 1))
                self.not_before = now + min(_LONGEST_PAUSE, pause)
                raise ShippingError(said, counts)
        self.failures, self.not_before = 0, None
        return counts

    @property
    def worrying(self) -> bool:
        """Whether it failed so often that somebody should know."""
        return self.failures >= _WORRY


def _has_work(loaded: Loaded, catalogue: Catalogue, now: datetime) -> bool:
    if spool_of(loaded.warc_folder, catalogue).files:
        return True
    if marked_copies(loaded.warc_folder, catalogue):
        return True
    keep = loaded.settings.storage.keep_local
    if keep == "forever":
        return False
    old = catalogue.copied_before(now - timedelta(seconds=keep))
    return bool(not_elsewhere(old, loaded.warc_folder, catalogue))


async def _child(loaded: Loaded) -> tuple[int, dict[str, int], str]:
    """Exit code, counts, and the last words of one `archiver ship`."""
    said = await run_command(loaded, "ship", "--json")
    counts = {
        "shipped": sum("url" in line for line in said.lines),
        "bytes": sum(line["size"] for line in said.lines if "url" in line),
        "failed": sum("error" in line for line in said.lines),
        "removed": sum("removed" in line for line in said.lines),
        "ended": sum("ended" in line for line in said.lines),
    }
    told = [*said.errors, *(line["error"] for line in said.lines if "error" in line)]
    return said.code, counts, told[-1] if told else ""
