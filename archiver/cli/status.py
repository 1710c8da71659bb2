"""`archiver status`: what is there, and what went wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import DiskFullError, UsageError

if TYPE_CHECKING:
    from archiver.daemon.standing import Standing
    from archiver.revise.costs import Cost


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")
@click.option(
    "--reasons", is_flag=True, help="What was not asked for instead, by outlet and reason."
)
@click.option("--watch", is_flag=True, help="A live view of the timetable, until Ctrl-C.")
@click.pass_context
def command(context: click.Context, as_json: bool, reasons: bool, watch: bool) -> int:
    """Show outlets, runs, captures, articles, problems by reason, timetable and fleet.

    Exit code 5 while there is less free disk than daemon.disk_reserve, or more waits
    for the store than storage.spool_max, so that crawls pause.
    """
    from archiver.cli.fleetstatus import fleet_seen, fleet_to_json, show_fleet
    from archiver.cli.rechecks import costs_of, costs_to_json
    from archiver.cli.timetable import watch as show_live
    from archiver.config.seeds import read_seeds
    from archiver.daemon.standing import standing
    from archiver.model import utcnow
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a fifth of a second

    if watch and (as_json or reasons):
        raise UsageError("goes with neither --json nor --reasons", thing="--watch")
    loaded = load_settings(context)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        if watch:
            seeds = read_seeds(loaded.seeds_folder)
            show_live(lambda: standing(loaded, catalogue, utcnow(), seeds=seeds))
            return 0
        status = catalogue.status()
        timetable = standing(loaded, catalogue, utcnow())
        costs = costs_of(catalogue, status, utcnow())
        seen = fleet_seen(loaded)
        fleet = fleet_to_json(seen, timetable, catalogue.all_batches()) if seen else None
    if reasons:
        _show_reasons(status["outlets"], as_json=as_json)
    elif as_json:
        click.echo(
            json.dumps(
                {
                    **status,
                    "rechecks": costs_to_json(costs),
                    **timetable.to_json(),
                    "fleet": fleet,
                },
                indent=2,
            )
        )
    else:
        _show(status, timetable, costs)
        if fleet is not None:
            show_fleet(fleet)
    return DiskFullError.exit_code if timetable.paused else 0


def _show(status: dict[str, Any], timetable: Standing, costs: dict[str, Cost]) -> None:
    from archiver.cli.rechecks import COLUMNS as CHECKS
    from archiver.cli.rechecks import rows_of
    from archiver.cli.timetable import COLUMNS, lines, row

    print_table(
        ("outlet", "last run", "ended", "articles", "revisions", "gone", "pending", "captures"),
        [_outlet_row(name, outlet) for name, outlet in status["outlets"].items()],
    )
    problems = [
        (name, stage, reason, count)
        for name, outlet in status["outlets"].items()
        for stage, reasons in outlet["problems"].items()
        for reason, count in sorted(reasons.items())
    ]
    if problems:
        click.echo()
        print_table(("outlet", "stage", "problem", "times"), problems)
    states = [
        (name, state, count)
        for name, outlet in status["outlets"].items()
        for state, count in sorted(outlet["states"].items())
        if count
    ]
    if states:
        click.echo()
        print_table(("outlet", "state", "articles"), states)
    if checks := rows_of(costs):
        click.echo()
        print_table(CHECKS, checks)
    files = status["warc_files"]
    click.echo(f"\n{files['count']} WARC files, {files['bytes']:,} bytes, {files['open']} open\n")
    print_table(COLUMNS, [row(name, p, timetable) for name, p in timetable.places.items()])
    click.echo("\n" + "\n".join(lines(timetable)))


def _show_reasons(outlets: dict[str, Any], *, as_json: bool) -> None:
    """Refusals in the last run and in all: {OUTLET: {REASON: {"last_run": n, "total": n}}}."""
    table = {name: _reasons(outlet) for name, outlet in outlets.items()}
    if as_json:
        click.echo(json.dumps(table, indent=2))
        return
    print_table(
        ("outlet", "reason", "last run", "total"),
        [
            (name, reason, times["last_run"], times["total"])
            for name, by_reason in table.items()
            for reason, times in by_reason.items()
        ],
    )


def _reasons(outlet: dict[str, Any]) -> dict[str, dict[str, int]]:
    counts = (outlet["last_run"] or {}).get("counts", {})
    return {
        reason: {"last_run": counts.get(f"refused/{reason}", 0), "total": total}
        for reason, total in sorted(outlet["refused"].items())
    }


def _outlet_row(name: str, outlet: dict[str, Any]) -> tuple[object, ...]:
    run = outlet["last_run"] or {}
    captures = sum(n for by_status in outlet["captures"].values() for n in by_status.values())
    return (
        name,
        run.get("state", "never"),
        (run.get("ended") or "")[:19].replace("T", " "),
        outlet["articles"],
        outlet["revisions"],
        outlet["gone"],
        outlet["pending"],
        captures,
    )
