"""Letting whole WARC files go by rule: store, account, catalogue, and last the local file.

A file whose every capture falls under a rule may go. A crash leaves a file that is there and
counts, or one that is told gone and goes with the next `archiver retention`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.config.retention import Rule
from archiver.errors import StorageError, disk_error
from archiver.model import utcnow
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.files import WarcFile
from archiver.store.retention import Content, Removal
from archiver.store.shipper import DIGEST
from archiver.store.tombstones import removal_event
from archiver.store.warcs import Stores
from archiver.warc.names import SIDECAR, beside, sync_folder

_WITH_TEXTS = "; with articles"  # ends what a tombstone says of its rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Going:
    """A file that falls under rules; `kept_because` where it stays all the same.

    `records`: its captures by kind; `texts`: whether what was extracted of it goes, too; `done`
    once it went.
    """

    file: str
    rule: str
    size: int
    records: dict[str, int]
    texts: bool
    copy_url: str | None = None
    kept_because: str | None = None
    done: bool = False


class Retaining:
    """The rules of one archive, carried out.

    Args:
        folder: of the WARC files.
        catalogue: the open catalogue.
        rules: those of `[retention]`.
        stores: opens the store that copies are in, so that they go, too; None: they stay.
        by: who does it.
    """

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        rules: Sequence[Rule],
        *,
        stores: Stores | None,
        by: str,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._rules = rules
        self._stores = stores
        self._by = by

    def plan(self) -> list[Going]:
        """What would go, and what would but for something that needs it; nothing is changed."""
        contents = self._catalogue.contents()
        found = [
            going
            for file in self._catalogue.files()
            if (going := self._judge(file, contents.get(file.name, ()))) is not None
        ]
        names = {one.file for one in found if one.kept_because is None}
        needed: set[str] = set()
        while more := self._catalogue.needed(names):
            needed |= more
            names -= more  # whose own revisits are kept now, and what they stand for
        why = "holds a payload that a capture in a file that is kept stands for"
        return [replace(one, kept_because=why) if one.file in needed else one for one in found]

    def run(self) -> Iterator[Going]:
        """Remove what may go, one file after the other; what came of each.

        Raises:
            DiskFullError, WarcError, CatalogueError: it could not be done; done again, it goes on.
        """
        finish(self._folder, self._catalogue)
        for one in self.plan():
            yield one if one.kept_because else self._remove(one)

    def _judge(self, file: WarcFile, contents: Sequence[Content]) -> Going | None:
        """A closed file of which every capture may go by a rule."""
        now = utcnow()
        rules: set[str] = set()
        texts = any(one.kind == "page" for one in contents)
        for one in contents:
            matching = [
                rule for rule in self._rules if rule.covers(one.outlet, one.kind, one.newest, now)
            ]
            if not matching:
                return None
            rules.add(str(matching[0]))
            if one.kind == "page":
                texts = texts and any(rule.articles for rule in matching)
        if not contents or not file.closed:
            return None
        counts: Counter[str] = Counter()
        for one in contents:
            counts[one.kind] += one.count
        here = (self._folder / file.name).exists()
        why = None
        if file.copy_url is not None and not here and self._stores is None:
            why = "stands in the store alone: --store removes it there"
        return Going(
            file=file.name,
            rule="; ".join(sorted(rules)) + (_WITH_TEXTS if texts else ""),
            size=file.size or 0,
            records=dict(counts),
            texts=texts,
            copy_url=file.copy_url,
            kept_because=why,
        )

    def _remove(self, one: Going) -> Going:
        known = self._catalogue.file(one.file)
        copy_url = known.copy_url if known else None
        if copy_url is not None and self._stores is not None:
            try:
                blobs, key = self._stores.find(copy_url)
                for name in (key, key + SIDECAR, key + DIGEST):
                    blobs.delete(name)
            except StorageError as error:
                return replace(one, kept_because=f"its copy does not go: {error}")
            copy_url = None
        event = removal_event(
            Removal(
                name=one.file,
                at=utcnow(),
                by=self._by,
                rule=one.rule,
                size=one.size,
                records=one.records,
                sha256=known.sha256 if known else None,
                copy_url=copy_url,
            )
        )
        tombstones.append(tombstones.file_beside(self._folder), [event])
        self._catalogue.apply_events([event])
        self._catalogue.remove_file(event, texts=one.texts)
        _unlink(self._folder, one.file)
        return replace(one, done=True, copy_url=copy_url)


def finish(folder: Path, catalogue: Catalogue) -> list[str]:
    """End what a crash left of files that are told gone: their rows, and the files themselves."""
    ended = []
    for one in catalogue.removals():
        if catalogue.file(one.name) is not None:
            texts = one.rule.endswith(_WITH_TEXTS)
            catalogue.remove_file(removal_event(one), texts=texts)
        if (folder / one.name).exists():
            _unlink(folder, one.name)
            ended.append(one.name)
    return ended


def _unlink(folder: Path, name: str) -> None:
    path = folder / name
    try:
        beside(path, SIDECAR).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise disk_error("remove the file", path, error) from error
