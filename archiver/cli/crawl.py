"""`archiver crawl`: one-off crawls, each in a child process of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import chosen_outlets, load_settings, quiet_children
from archiver.cli.output import print_table
from archiver.cli.ship import ship_after_crawl
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.daemon.dispatch import CrawlOrder, CrawlOutcome

_PARTIAL = 3
_COUNTED = ("new", "changed", "unchanged", "missing", "removed")
_COLUMNS = ("outlet", "state", *_COUNTED, "problems", "seconds")


@click.command()
@click.argument("outlets", nargs=-1, metavar="OUTLET...")
@click.option("--all", "everything", is_flag=True, help="Every enabled outlet.")
@click.option("--limit", type=click.IntRange(min=0), help="New articles to fetch at most, each.")
@click.option(
    "--recheck",
    type=click.Choice(["none", "modified", "due", "all"]),
    default="due",
    show_default=True,
    help="Known articles to fetch again: none, those that a source calls modified, those and"
    " what is due by the timetable of checks, or all.",
)
@click.option("--due", is_flag=True, help="Ask only those sources that are due.")
@click.option(
    "--from",
    "archives",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="ARCHIVE",
    help="Have an archive answer in the place of the network: a working folder, or WARC files and"
    " folders of such. Articles are made, and nothing is kept but what -o names.",
)
@click.option(
    "--at",
    metavar="TIMESTAMP",
    help="With --from: as it was at that moment, YYYYMMDDhhmmss or fewer digits.",
)
@click.option(
    "--pages",
    type=click.Choice(["listed", "all"]),
    default="listed",
    show_default=True,
    help="With --from: pages that sources list, or all that the seed's rules admit.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Crawls side by side.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Also append the articles to FILE, as Scrapy's feed exports do (.jsonl, .csv, …).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an outlet.")
@click.pass_context
def command(
    context: click.Context,
    outlets: tuple[str, ...],
    everything: bool,
    limit: int | None,
    recheck: str,
    due: bool,
    archives: tuple[Path, ...],
    at: str | None,
    pages: str,
    jobs: int | None,
    outputs: tuple[str, ...],
    as_json: bool,
) -> int:
    """Crawl outlets once: poll their sources, fetch what is new, extract it.

    Exit code 3 where some source or outlet failed, 1 where all did; a page that fails costs
    itself alone and is counted by `archiver status`. Exit code 4 where operator.contact is not set.
    """
    # What Scrapy and SQLAlchemy take to import is not spent on --help.
    from archiver.config.load import require_contact
    from archiver.daemon.dispatch import CrawlOrder

    loaded = load_settings(context)
    names = list(chosen_outlets(loaded, outlets, everything=everything))
    arguments = {"limit": str(limit)} if limit is not None else {}
    if due:
        arguments["due"] = "1"
    order = CrawlOrder(
        folder=loaded.folder,
        arguments={"recheck": recheck, **arguments},
        settings=quiet_children(context),
        outputs=tuple(str(Path(output).absolute()) for output in outputs),
        environment=loaded.child_environment,
    )
    jobs = jobs or loaded.settings.crawl.jobs
    if archives:
        source = context.get_parameter_source("recheck")
        if due or source is not click.core.ParameterSource.DEFAULT:
            raise UsageError("--from goes without --due and --recheck")
        arguments |= {"from": os.pathsep.join(str(path.absolute()) for path in archives)}
        arguments |= {"pages": pages, **({"at": at} if at else {})}
        return _crawl_archive(replace(order, arguments=arguments), names, jobs, as_json=as_json)
    if at or pages != "listed":
        raise UsageError("--at and --pages are for --from")
    require_contact(loaded)
    codes, _ = _crawl(order, names, jobs, lambda _: loaded.catalogue_url, as_json=as_json)
    ship_after_crawl(loaded)
    return _exit_code(codes)


def _crawl_archive(order: CrawlOrder, names: list[str], jobs: int, *, as_json: bool) -> int:
    """Crawl an archive; say also what was missed and what was refused, by reason."""
    from archiver.config.sources import SCRATCH_VARIABLE

    with TemporaryDirectory(prefix="archiver-offline-") as scratch:
        environment = {**order.environment, SCRATCH_VARIABLE: scratch}
        codes, rows = _crawl(
            replace(order, environment=environment),
            names,
            jobs,
            lambda outlet: f"sqlite:///{scratch}/{outlet}/catalogue.sqlite",
            as_json=as_json,
        )
    found = [
        (row["outlet"], name, times)
        for row in rows
        for name, times in sorted(row["counts"].items())
        if name.startswith(("problems/", "refused/"))
    ]
    if found and not as_json:
        click.echo()
        print_table(("outlet", "reason", "count"), found)
    return _exit_code(codes)


def _crawl(
    order: CrawlOrder,
    names: list[str],
    jobs: int,
    catalogue_of: Callable[[str], str],
    *,
    as_json: bool,
) -> tuple[list[int], list[dict[str, Any]]]:
    """Crawl each, and print what came of it: exit codes and rows."""
    from archiver.daemon.dispatch import Dispatcher

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    codes: list[int] = []
    rows: list[dict[str, Any]] = []
    try:
        for outcome in Dispatcher(order, jobs=jobs).run(names):
            codes.append(outcome.exit_code)
            rows.append(_row(catalogue_of(outcome.outlet), outcome))
            if as_json:
                click.echo(json.dumps(rows[-1]))
    finally:
        if rows and not as_json:
            print_table(_COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])
    return codes, rows


def _row(catalogue_url: str, outcome: CrawlOutcome) -> dict[str, Any]:
    from archiver.errors import NoArchiveError
    from archiver.store.catalogue import Catalogue

    run: Mapping[str, Any] = {}
    try:
        with Catalogue.open(catalogue_url) as catalogue:
            run = catalogue.last_run(outcome.outlet) or {}
    except NoArchiveError:
        pass  # the crawl failed before there was one
    counts = run.get("counts") or {}
    return {
        "outlet": outcome.outlet,
        "state": run.get("state", "failed") if outcome.exit_code != 11 else "locked",
        "exit_code": outcome.exit_code,
        **{name: counts.get(f"articles/{name}", 0) for name in _COUNTED},
        "problems": sum(n for name, n in counts.items() if name.startswith("problems/")),
        "seconds": round(outcome.seconds, 1),
        "counts": counts,
    }


def _exit_code(codes: list[int]) -> int:
    """One outlet: its own code. Several: 0 if all are done, 1 if all failed, else 3."""
    if len(set(codes)) == 1:
        return codes[0]
    return _PARTIAL
