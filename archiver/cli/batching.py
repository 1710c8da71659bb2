"""What `extract`, `reindex` and `check` share where they work file by file, as a batch."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.batchoptions import BatchOptions
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.batch.choosing import Chosen
    from archiver.config.load import Loaded
    from archiver.store.batches import Batch, Job
    from archiver.store.catalogue import Catalogue

_PARTIAL = 3
_LISTED = 20  # files that are named to people
Tell = Callable[[Mapping[str, int]], None]


def run_batch(
    loaded: Loaded,
    kind: str,
    options: BatchOptions,
    chosen: Chosen,
    said: Mapping[str, Any],
    *,
    again: bool = False,
    as_json: bool = False,
) -> int:
    """Begin or go on with a batch, and do it here or have it done; the exit code.

    `said`: what its jobs are told.
    """
    from archiver.batch.choosing import only_here, places_of
    from archiver.batch.local import run_here
    from archiver.model import utcnow
    from archiver.store.batches import asked_words
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile

    indexing = kind == "reindex"
    with Catalogue.open(loaded.catalogue_url, create=indexing) as catalogue:
        reconcile(loaded.redactions_file, catalogue)  # first: what is redacted shall not show
        if options.fleet:
            from archiver.cli.fleetwork import deferred, require_queue

            require_queue(loaded)
        places = places_of(chosen, loaded, catalogue, indexing=indexing, again=again)
        if not places:
            click.echo("no file is chosen", err=True)
            return 0
        number, known = catalogue.begin_batch(
            kind,
            said,
            places,
            asked=asked_words(kind, said, chosen.to_json()),
            fleet=options.fleet,
            at=utcnow(),
            anew=options.anew,
        )
        begun = _there(catalogue, number)
        click.echo(
            f"batch {number}{' goes on' if known else ''}: {begun.left} of {begun.size} to do",
            err=True,
        )
        if options.fleet:
            if alone := only_here(places, catalogue):
                click.echo(f"{alone} of the files have no copy that others can read", err=True)
            with progress(begun) as tell:
                ended = deferred(loaded, catalogue, number, tell if options.wait else None)
            if not ended:
                click.echo(f"its progress: archiver batches {number}", err=True)
                return _PARTIAL if options.wait else 0
        else:
            with progress(begun) as tell:
                run_here(loaded, catalogue, number, processes=options.jobs, tell=tell)
        return told(catalogue, number, as_json=as_json)


def told(catalogue: Catalogue, number: int, *, as_json: bool) -> int:
    """Say what came of a batch; the exit code of it."""
    batch = _there(catalogue, number)
    counts: Counter[str] = Counter()
    for job in jobs_of(catalogue, number):
        counts.update(job.counts or {})
    amiss = list(jobs_of(catalogue, number, faulty=True))
    if as_json:
        row = batch_to_json(batch) | {"counts": dict(counts)}
        click.echo(json.dumps(row | {"amiss": [job_to_json(job) for job in amiss]}))
    else:
        click.echo(f"batch {number}: {states_in_words(batch)}")
        if counts:
            click.echo("  " + ", ".join(f"{n:,} {word}" for word, n in counts.items()))
        show_amiss(amiss)
    failed = batch.states.get("failed", 0)
    if failed or batch.left:
        return _PARTIAL if batch.states.get("done") or batch.left else 1
    if batch.faulty:
        return _PARTIAL if batch.kind == "extract" else 1
    return 0


def show_amiss(jobs: list[Job], *, everything: bool = False) -> None:
    """Name files that failed or have faults, with what is amiss."""
    shown = jobs if everything else jobs[:_LISTED]
    for job in shown:
        words = [f"failed: {job.reason}"] if job.state == "failed" else list(job.faults)
        click.echo(f"  {job.place}: {words[0]}")
        for word in words[1:]:
            click.echo(f"    {word}")
    if len(shown) < len(jobs):
        rest = f"{len(jobs) - len(shown)} more files: archiver batches {jobs[0].batch}"
        click.echo(f"  {rest}")


def jobs_of(catalogue: Catalogue, number: int, *, faulty: bool = False) -> Iterator[Job]:
    """All jobs of a batch, or those that failed or found faults."""
    after = 0
    while True:
        some = (
            catalogue.faulty_jobs(number, after=after)
            if faulty
            else catalogue.batch_jobs(number, after=after)
        )
        yield from some
        if not some:
            return
        after = some[-1].number


def states_in_words(batch: Batch) -> str:
    """How far a batch is."""
    states = (
        f"{n} {state}"
        for state in ("done", "failed", "running", "waiting")
        if (n := batch.states.get(state))
    )
    faulty = f"; faults in {batch.faulty}" if batch.faulty else ""
    return f"{', '.join(states) or 'no files'}{faulty}"


def batch_to_json(batch: Batch) -> dict[str, Any]:
    """A batch in JSON types."""
    return {
        "batch": batch.id,
        "kind": batch.kind,
        "options": dict(batch.options),
        "fleet": batch.fleet,
        "made": batch.made.isoformat(),
        "files": batch.size,
        "states": dict(batch.states),
        "faulty": batch.faulty,
    }


def job_to_json(job: Job) -> dict[str, Any]:
    """A job in JSON types."""
    return {
        "file": job.place,
        "state": job.state,
        "attempts": job.attempts,
        "started": job.started.isoformat() if job.started else None,
        "ended": job.ended.isoformat() if job.ended else None,
        "worker": job.worker,
        "reason": job.reason,
        "counts": dict(job.counts) if job.counts is not None else None,
        "faults": list(job.faults),
    }


@contextmanager
def progress(batch: Batch) -> Iterator[Tell]:
    """What to call with the jobs that ended by state: it moves a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda states: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    failed = TextColumn("{task.fields[failed]}")
    columns = (batch.kind, BarColumn(), MofNCompleteColumn(), Remaining(), failed)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(batch.kind, total=batch.size, failed="")
        before = batch.size - batch.left

        def tell(states: Mapping[str, int]) -> None:
            n = states.get("failed", 0)
            ended = before + states.get("done", 0) + n
            bar.update(task, completed=ended, failed=f"{n} failed" if n else "")

        yield tell


def _there(catalogue: Catalogue, number: int) -> Batch:
    found = catalogue.batch(number)
    if found is None:
        raise UsageError("there is no such batch", thing=str(number), todo="See archiver batches.")
    return found
