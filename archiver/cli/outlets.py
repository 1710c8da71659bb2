"""`archiver outlets`: what is watched, and how its sources stand."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import chosen_outlets, load_settings, quiet_children
from archiver.cli.output import print_table

if TYPE_CHECKING:
    from archiver.daemon.adding import Survey

_COLUMNS = ("outlet", "source", "kind", "verdict", "items", "newest", "reason")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the outlets in seeds/."""
    if context.invoked_subcommand is not None:
        return
    from archiver.config.seeds import load_seeds  # pydantic takes a tenth of a second

    outlets = load_seeds(load_settings(context).seeds_folder)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(outlet) for outlet in outlets.values()]))
        return
    print_table(
        ("outlet", "name", "sources", "language", "enabled"),
        [
            (
                outlet.id,
                outlet.name,
                ", ".join(sorted({source.kind.value for source in outlet.sources})),
                outlet.language or "",
                "yes" if outlet.enabled else "no",
            )
            for outlet in outlets.values()
        ],
    )


@command.command()
@click.argument("outlets", nargs=-1, metavar="[OUTLET...]")
@click.option(
    "--stale-after",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="A source is stale where nothing in it is newer than that.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Outlets side by side.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a source.")
@click.pass_context
def check(
    context: click.Context,
    outlets: tuple[str, ...],
    stale_after: int,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Ask every source of these outlets (default: all that are enabled) how it stands.

    Verdicts: alive, empty, duplicate (the items of another source of the outlet), stale, blocked,
    gone, not-a-source (not a feed or sitemap, as the seed says), failed (no answer), each with its
    reason. What they answer is archived. Exit code 3 where some source is not alive.
    """
    from archiver.config.load import require_contact
    from archiver.daemon.adding import surveys

    loaded = load_settings(context)
    require_contact(loaded)
    names = chosen_outlets(loaded, outlets, everything=not outlets)
    found = surveys(
        loaded,
        {name: (outlet, {"stale_days": stale_after}) for name, outlet in names.items()},
        jobs=jobs or loaded.settings.crawl.jobs,
        settings=quiet_children(context),
        trigger="check",
    )
    codes: list[int] = []
    rows: list[tuple[object, ...]] = []
    for survey in found:
        codes.append(survey.exit_code or (0 if _all_alive(survey) else 3))
        for one in survey.findings:
            if as_json:
                click.echo(json.dumps({"outlet": survey.outlet, **one}))
            newest = (one["newest"] or "")[:10]
            rows.append(
                (survey.outlet, one["url"], one["kind"] or "", one["verdict"], one["items"],
                 newest, one["reason"])
            )  # fmt: skip
    if not as_json:
        print_table(_COLUMNS, rows)
    return codes[0] if len(set(codes)) == 1 else 3 if codes else 0


def _all_alive(survey: Survey) -> bool:
    return all(one["verdict"] == "alive" for one in survey.findings)
