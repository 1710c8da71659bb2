"""One job of a batch: begun, done and marked, as often as it may be begun again."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from archiver.batch.checking import check_file
from archiver.batch.extracting import extract_file
from archiver.batch.indexing import index_file
from archiver.batch.workshop import Outcome, Workshop
from archiver.errors import ArchiverError, CatalogueError, DiskFullError
from archiver.model import utcnow
from archiver.store.batches import DONE, FAILED
from archiver.store.catalogue import Catalogue

MOST_DEATHS = 3  # processes that a job may take with it before it is taken for a bad one

KINDS: Mapping[str, Callable[[Workshop, str, Mapping[str, Any]], Outcome]] = {
    "check": check_file,
    "extract": extract_file,
    "reindex": index_file,
}


def run_job(workshop: Workshop, batch: int, number: int) -> str:
    """Do a job of a batch, unless it is done; the state that it is in then.

    What fails costs the job, and its reason is kept. Whoever is killed in the midst of it leaves it
    running: it is done again from its begin, which changes nothing of what was done before.

    Raises:
        CatalogueError: the catalogue does not answer, or knows no such batch.
        DiskFullError: no room for the catalogue's rows, or for what is made on the way.
    """
    catalogue = workshop.catalogue
    known = catalogue.batch_kind(batch)
    if known is None:
        raise CatalogueError("there is no such batch", thing=str(batch))
    kind, options = known
    job = catalogue.start_job(batch, number, worker=worker_name(), at=utcnow())
    if job is None:
        return DONE
    if job.attempts > MOST_DEATHS:
        reason = f"{job.attempts - 1} processes ended in the midst of it"
        catalogue.end_job(batch, number, FAILED, at=utcnow(), reason=reason)
        return FAILED
    work = KINDS.get(kind)
    if work is None:  # of a newer version, whose workers are at work too
        reason = f"this version knows no batches of kind {kind}"
        catalogue.end_job(batch, number, FAILED, at=utcnow(), reason=reason)
        return FAILED
    try:
        outcome = work(workshop, job.place, options)
    except (DiskFullError, CatalogueError) as error:
        give_back(catalogue, batch, number, str(error))
        raise
    except (ArchiverError, OSError) as error:
        catalogue.end_job(batch, number, FAILED, at=utcnow(), reason=str(error))
        return FAILED
    catalogue.end_job(
        batch, number, DONE, at=utcnow(), counts=outcome.counts, faults=outcome.faults
    )
    return DONE


def give_back(catalogue: Catalogue, batch: int, number: int, reason: str) -> None:
    """Mark a job that could not be gone on with as failed, where the catalogue still listens."""
    try:
        catalogue.end_job(batch, number, FAILED, at=utcnow(), reason=reason)
    except ArchiverError:
        return  # it stays running, and is begun again


def worker_name() -> str:
    """Host and process."""
    return f"{socket.gethostname()}/{os.getpid()}"
