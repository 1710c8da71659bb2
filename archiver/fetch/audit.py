"""Whether an archive agrees with itself: its WARC files, their indexes and its catalogue."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from archiver.errors import ArchiverError, StorageError, WarcError
from archiver.fetch.examine import Audited, Examined, Finding, Lost, examine
from archiver.fetch.index import original_of
from archiver.fetch.parallel import side_by_side
from archiver.fetch.shown import hiding, iter_shown
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.copies import CHANGED, UNREACHABLE, Copy, fault_of, look_at
from archiver.store.files import WarcFile
from archiver.store.machines import is_elsewhere
from archiver.store.tombstones import known_events
from archiver.store.warcs import Warcs
from archiver.warc.cdxj import iter_sidecar, offset_and_url, read_sidecar
from archiver.warc.reader import StoredRecord
from archiver.warc.recover import left_open

logger = logging.getLogger(__name__)


def audit_file(place: Path | Copy) -> Audited:
    """What is wrong with one WARC by itself, be it that it cannot be read at all.

    What is lost is told by the index beside it, where there is one.
    """
    examined = examine(place)
    lost = []
    there = {at[0] for line in examined.lines if (at := offset_and_url(line))} - examined.untrue
    for line in (isinstance(place, Path) and read_sidecar(place)) or ():
        at = offset_and_url(line)
        if at is not None and at[0] not in there:
            lost.append(Lost(offset=at[0], url=at[1], at=line.split(" ")[1]))
    return _audited(examined, list(examined.found), lost)


def _audited(examined: Examined, found: Sequence[Finding], lost: Sequence[Lost]) -> Audited:
    return Audited(
        place=str(examined.place),
        found=tuple(found),
        intact=None if examined.size is None else examined.intact,
        lost=tuple(lost) if found else (),
    )


class Audit:
    """Checks an archive's WARC files, here and in stores, against its catalogue."""

    def __init__(self, warcs: Warcs, catalogue: Catalogue) -> None:
        self._warcs = warcs
        self._folder = warcs.folder
        self._catalogue = catalogue
        self._veil = catalogue.veil()
        self._good: set[tuple[str, int]] = set()  # originals that were looked at

    def file(self, path: Path) -> list[Finding]:
        """What is wrong with one closed file."""
        (audited,) = self.files([path])
        return list(audited.found)

    def files(self, places: Sequence[Path | Copy]) -> Iterator[Audited]:
        """What is wrong with each of these closed files or copies of such, read side by side."""
        for examined in side_by_side(examine, places):
            found = list(examined.found)
            lost: list[Lost] = []
            if examined.size is not None:
                name = examined.place.name
                known = self._catalogue.file(name)
                if isinstance(examined.place, Path):
                    found += self._sidecar(examined.place, examined)
                for revisit in examined.revisits:
                    found += self._original(name, revisit)
                found += self._as_closed(examined, known)
                rows = self._catalogue.places_in(name)
                found += self._rows(examined, rows, known)
                lost = self._lost(name, rows - (examined.captures - examined.untrue))
            yield _audited(examined, found, lost)

    def copies(self) -> list[WarcFile]:
        """The files of which the catalogue knows a copy."""
        return [file for file in self._catalogue.files() if file.copy_url is not None]

    def folder(self) -> Iterator[Finding]:
        """What is wrong beside the closed files: those left open, those that are not there.

        Those that are copies only are looked at where they are, without reading them.
        """
        for left in left_open(self._folder):
            yield Finding(name="left-open", file=left.name, what="a crash left it unfinished")
        yield from self._redactions()
        away: list[WarcFile] = []
        elsewhere: Counter[str] = Counter()
        for known in self._catalogue.files():
            if known.size == 0 or self._warcs.is_here(known.name):
                continue
            if known.copy_url is not None:
                away.append(known)
                continue
            if is_elsewhere(known, self._folder, self._catalogue):
                elsewhere[known.machine or ""] += 1
                continue
            what = "is in the catalogue, but not here"
            yield Finding(name="file-gone", file=known.name, what=what)
        for machine, number in sorted(elsewhere.items()):
            logger.warning("%d WARC files stand on %s until it ships them", number, machine)
        for file, fault in look_at(self._warcs.stores, away):
            if fault is not None:
                yield Finding(name=fault.name, file=file.name, what=fault.what)

    def _lost(self, name: str, offsets: frozenset[int]) -> list[Lost]:
        if not offsets:
            return []
        return [
            Lost(offset=capture.warc.offset, url=capture.url, at=capture.captured_at.isoformat())
            for capture in self._catalogue.captures_in(name)
            if capture.warc.offset in offsets
        ]

    def _redactions(self) -> Iterator[Finding]:
        """Whether the archive's own account of what was redacted says what the catalogue does."""
        path = tombstones.file_beside(self._folder)
        try:
            said = set(known_events(tombstones.read(path)))
        except ArchiverError as error:
            yield Finding(name="redactions-differ", file=path.name, what=str(error))
            return
        held = set(known_events(self._catalogue.tombstones()))
        for identity, event in sorted(said ^ held):
            where = "the catalogue" if (identity, event) in said else "this file"
            what = f"{event}, {identity}: {where} does not say so"
            yield Finding(name="redactions-differ", file=path.name, what=what)

    def _sidecar(self, path: Path, examined: Examined) -> Iterator[Finding]:
        shown = iter_shown(examined.lines, self._veil)
        try:
            right = all(one == other for one, other in zip_longest(iter_sidecar(path), shown))
        except FileNotFoundError:
            what = "has no CDXJ index"
            yield Finding(name="sidecar-missing", file=path.name, what=what)
            return
        if not right:
            hidden = any(hiding(line, self._veil) for line in iter_sidecar(path))
            what = "does not list what it holds" if not hidden else "lists what is redacted"
            what = f"its CDXJ index {what}"
            yield Finding(name="sidecar-wrong", file=path.name, what=what)

    def _rows(
        self, examined: Examined, rows: frozenset[int], known: WarcFile | None
    ) -> Iterator[Finding]:
        name = examined.place.name
        for offset in sorted(rows - examined.captures):
            what = "the catalogue has a capture here, but no such record stands here"
            yield Finding(name="capture-gone", file=name, offset=offset, what=what)
        if known is not None and known.closed:  # else all of it is yet to be catalogued
            for offset in sorted(examined.captures - rows):
                what = "this capture is not in the catalogue"
                yield Finding(name="capture-unknown", file=name, offset=offset, what=what)

    def _original(self, name: str, revisit: StoredRecord) -> Iterator[Finding]:
        original = original_of(self._catalogue, revisit)
        what = "the catalogue knows no such response"
        if original is not None:
            place = (original.warc.file, original.warc.offset)
            if place in self._good:
                return
            try:
                record = self._warcs.read(original.warc)
            except StorageError as error:
                what = str(error)
                if fault_of(error).name == UNREACHABLE:
                    unread = f"the original of a revisit cannot be looked at: {what}"
                    yield Finding(name=UNREACHABLE, file=name, offset=revisit.offset, what=unread)
                    return
            except WarcError as error:
                what = str(error)
            else:
                if (record.type, record.record_id) == ("response", original.warc.record_id):
                    self._good.add(place)
                    return
                what = f"another record stands in {place[0]} at {place[1]}"
        named = revisit.header("WARC-Refers-To-Target-URI"), revisit.header("WARC-Refers-To-Date")
        yield Finding(
            name="original-gone",
            file=name,
            offset=revisit.offset,
            record_id=revisit.record_id,
            what=f"a revisit of {named[0]} at {named[1]}: {what}",
        )

    def _as_closed(self, examined: Examined, known: WarcFile | None) -> Iterator[Finding]:
        name = examined.place.name
        if known is None or not known.closed:
            what = "is not in the catalogue" if known is None else "is not closed in the catalogue"
            yield Finding(name="file-unknown", file=name, what=what)
        elif known.sha256 is not None and f"sha256:{examined.sha256}" != known.sha256:
            copy = isinstance(examined.place, Copy)
            what = (
                f"has {examined.size} bytes, and not the SHA-256 of the {known.size} that were"
                " closed"
            )
            yield Finding(name=CHANGED if copy else "file-changed", file=name, what=what)
