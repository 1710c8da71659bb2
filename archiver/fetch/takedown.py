"""Taking down what is archived, and lifting that: file first, then catalogue, then indexes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archiver.errors import ArchiverError, UsageError
from archiver.fetch.copied_indexes import Marks
from archiver.fetch.shown import veil_sidecar
from archiver.model import utcnow
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.redactions import Reach
from archiver.store.veil import Redaction, Scope
from archiver.urls import canonical_url


class Takedown:
    """Redactions of one archive.

    Args:
        catalogue: the open catalogue.
        warcs: folder of the WARC files; the account of redactions stands above it.
        store: whether files are shipped: their indexes in the store are marked, as are those of
            copies that there are.
    """

    def __init__(self, catalogue: Catalogue, warcs: Path, *, store: bool = False) -> None:
        self._catalogue = catalogue
        self._store = store
        self._marks = Marks(warcs)
        self._warcs = warcs
        self._file = tombstones.file_beside(warcs)

    def plan(
        self,
        url: str,
        *,
        by: str,
        reason: str,
        prefix: bool = False,
        moment: datetime | None = None,
        payload: bool = False,
    ) -> Redaction:
        """The redaction of a page in all its spellings. Nothing is written.

        Or of a folder of addresses (`prefix`), or of what was captured within the second
        `moment`; with `payload` also of equal payloads under other URLs.

        Raises:
            UsageError: this is no http or https URL.
        """
        try:
            address = canonical_url(url)
        except ValueError as error:
            raise UsageError(str(error), thing=url) from error
        planned = Redaction(
            id=uuid.uuid4().hex[:12],
            url=address,
            scope=Scope.PREFIX if prefix else Scope.CAPTURE if moment else Scope.URL,
            urls=(address,) if prefix else tuple(self._catalogue.spellings(address)),
            by=by,
            reason=reason,
            made=utcnow(),
            moment=moment,
        )
        if not payload:
            return planned
        return replace(planned, payloads=tuple(self._catalogue.payloads_of(planned)))

    def in_force(self, planned: Redaction) -> Redaction | None:
        """A redaction that hides the same already."""
        same = (planned.url, planned.scope, planned.moment)
        return next(
            (
                one
                for one in self._catalogue.redactions()
                if one.lifted is None
                and (one.url, one.scope, one.moment) == same
                and set(planned.payloads) <= set(one.payloads)
            ),
            None,
        )

    def reach(self, redaction: Redaction) -> Reach:
        """How much it hides."""
        return self._catalogue.reach(redaction)

    def take_down(self, redactions: Sequence[Redaction]) -> None:
        """Hide it all: once the catalogue has it, nothing shows it any more.

        A crash before that leaves it in the archive's account, from where `archiver repair`
        takes it; one after that leaves indexes beside WARCs, which `archiver check` names. The
        indexes of copies are marked for `veil_copies`.

        Raises:
            DiskFullError, WarcError, CatalogueError: it could not be written down.
        """
        events = [event for one in redactions for event in tombstones.events_of(one)]
        self._mark(redactions)
        tombstones.append(self._file, events)
        self._catalogue.apply_events(events)
        self._mark(redactions)  # again: who looked in between knew of nothing yet
        files = {name for one in redactions for name in self.reach(one).files}
        self._veil_sidecars(files, anew=False)

    def lift(self, identity: str, *, by: str, reason: str) -> Redaction:
        """Show again what a redaction hid. Nothing of it is forgotten.

        Raises:
            UsageError: there is no such redaction in force.
            DiskFullError, WarcError, CatalogueError: it could not be written down.
        """
        found = [one for one in self._catalogue.redactions() if one.id.startswith(identity)]
        if len(found) != 1 or found[0].lifted is not None:
            what = "there is no such redaction"
            if len(found) > 1:
                what = "this begins several ids"
            elif found:
                what = "this redaction was lifted already"
            raise UsageError(what, thing=identity, todo="`archiver redact --list` shows all.")
        event = tombstones.lifting(found[0].id, at=utcnow(), by=by, reason=reason)
        self._mark(found)
        tombstones.append(self._file, [event])
        self._catalogue.apply_events([event])
        self._mark(found)
        self._veil_sidecars(self.reach(found[0]).files, anew=True)
        return found[0]

    def _mark(self, redactions: Sequence[Redaction]) -> None:
        files = {name for one in redactions for name in self.reach(one).files}
        known = [file for name in files if (file := self._catalogue.file(name)) is not None]
        self._marks.add(file.name for file in known if self._store or file.copy_url)

    def _veil_sidecars(self, files: Iterable[str], *, anew: bool) -> None:
        veil = self._catalogue.veil()
        for name in sorted(files):
            try:
                veil_sidecar(self._warcs / name, veil, anew=anew)
            except OSError as error:
                raise ArchiverError(
                    f"its index could not be written anew ({error.strerror})",
                    thing=name,
                    todo="It is redacted all the same; run `archiver repair` for the index.",
                ) from error
