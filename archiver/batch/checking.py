"""Whether one WARC file is whole, and what the catalogue says of it true."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archiver.batch.workshop import Outcome, Workshop
from archiver.errors import StorageError
from archiver.fetch.audit import Audit, audit_file
from archiver.fetch.examine import Audited
from archiver.store.copies import UNREACHABLE, look

_SHOWN = 20  # faults of one file that are kept


def check_file(workshop: Workshop, place: str, options: Mapping[str, Any]) -> Outcome:
    """Check a file of the archive, or, by path or URL, one by itself.

    Of a file that is in the store only, size and SHA-256 are asked for; with `read_data` it is
    read.

    Raises:
        StorageError: the store does not answer, which is no word on the file.
    """
    known = workshop.catalogue.file(place)
    found = workshop.place(place)
    if known is None and str(found) == place:  # not of the archive
        return _told(audit_file(found))
    if isinstance(found, Path) or options.get("read_data"):
        [audited] = Audit(workshop.warcs, workshop.catalogue).files([found])
        return _told(audited)
    fault = look(workshop.stores, known) if known is not None else None
    if fault is not None and fault.name == UNREACHABLE:
        raise StorageError(fault.what, reason="unreachable", thing=place)
    return Outcome(
        counts={"asked": 1}, faults=(f"{fault.name}: {fault.what}",) if fault is not None else ()
    )


def _told(audited: Audited) -> Outcome:
    silent = [one for one in audited.found if one.name == UNREACHABLE]
    if silent and len(silent) == len(audited.found):
        raise StorageError(silent[0].what, reason="unreachable", thing=audited.place)
    faults = [str(one) for one in audited.found]
    if len(faults) > _SHOWN:
        faults[_SHOWN:] = [f"{len(faults) - _SHOWN} more: archiver check names them all"]
    counts = {"read": 1, "records": audited.intact or 0, "lost": len(audited.lost)}
    return Outcome(counts=counts, faults=tuple(faults))
