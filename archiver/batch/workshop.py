"""What the jobs of batches are done with, opened once a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.config.load import Loaded
from archiver.config.seeds import read_seeds
from archiver.extract.worker import ExtractionPool
from archiver.model import Outlet
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy
from archiver.store.warcs import Stores, Warcs

URLS = ("s3://", "file://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a job: counts by word, and what is wrong with the file, as words for people."""

    counts: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


class Workshop:
    """The archive's parts as a job needs them; for one job at a time.

    Args:
        loaded: the settings.
        workers: processes that extract, started when the first page comes.
    """

    def __init__(self, loaded: Loaded, *, workers: int = 1) -> None:
        self.loaded = loaded
        self.catalogue = Catalogue.open(loaded.catalogue_url)
        self.warcs = Warcs.of(loaded, self.catalogue)
        self._workers = workers
        self._pool: ExtractionPool | None = None

    @property
    def stores(self) -> Stores:
        """Opens stores."""
        return self.warcs.stores

    @property
    def pool(self) -> ExtractionPool:
        """The processes that extract pages, and are killed for those that hang."""
        if self._pool is None:
            settings = self.loaded.settings.extract
            self._pool = ExtractionPool(
                workers=self._workers,
                timeout=settings.timeout,
                memory=settings.memory,
                recycle_after=settings.recycle_after,
            )
        return self._pool

    @cached_property
    def outlets(self) -> Mapping[str, Outlet]:
        """The seeds, by id."""
        return read_seeds(self.loaded.seeds_folder).outlets

    def place(self, text: str) -> Path | Copy:
        """What a job's place means: a URL, an absolute path, or the name of one of the archive.

        A path that is none, where a name means nothing.
        """
        if text.startswith(URLS):
            return Copy(url=text, stores=self.stores)
        path = Path(text)
        if path.is_absolute():
            return path
        here = self.warcs.path(text)
        known = None if here.exists() else self.catalogue.file(text)
        if known is not None and known.copy_url is not None:
            return Copy(url=known.copy_url, stores=self.stores)
        return here

    def close(self) -> None:
        """End what was started, and let go of the catalogue."""
        if self._pool is not None:
            self._pool.shutdown()
        self.catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
