"""`archiver daemon`: the timetable, until stopped."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the turns that would come, and end.")
@click.option("--next", "span", default="24h", show_default=True, help="How far a dry run looks.")
@click.option("--json", "as_json", is_flag=True, help="A dry run as JSON lines.")
@click.option(
    "--fleet",
    is_flag=True,
    help="Be one of many machines, as `archiver worker` is, and do the archive's other jobs too.",
)
@click.pass_context
def command(context: click.Context, dry_run: bool, span: str, as_json: bool, fleet: bool) -> None:
    """Follow the timetable: crawl what is due, look after the archive, until stopped.

    SIGTERM and Ctrl-C let running crawls close their WARC files; SIGHUP reads the configuration
    anew. Exit code 11 where another daemon is at work on this archive.
    """
    from archiver.config.quantities import parse_duration

    loaded = load_settings(context)
    if dry_run:
        try:
            seconds = parse_duration(span)
        except ValueError as error:
            raise UsageError(str(error), thing="--next") from None
        _dry_run(loaded, timedelta(seconds=seconds), as_json=as_json)
        return
    _serve(context, loaded, fleet=fleet)


def _serve(context: click.Context, loaded: Loaded, *, fleet: bool) -> None:
    import asyncio

    from archiver.config.load import require_contact
    from archiver.daemon.holder import daemon_lock
    from archiver.daemon.log import set_up_log
    from archiver.daemon.service import Daemon
    from archiver.store.catalogue import Catalogue

    if fleet:
        from archiver.cli.worker import run

        with daemon_lock(loaded.archive_folder):
            run(context, loaded, duties="shared")
        return
    require_contact(loaded)
    log = loaded.settings.log
    set_up_log(level=log.level, json_lines=log.format == "json")

    async def serve() -> None:
        daemon = Daemon(loaded, catalogue=catalogue, reload=lambda: load_settings(context))
        await daemon.serve(announce=lambda url: click.echo(f"health: {url}healthz", err=True))

    with (
        daemon_lock(loaded.archive_folder),
        Catalogue.open(loaded.catalogue_url, create=True) as catalogue,
    ):
        asyncio.run(serve())


def _dry_run(loaded: Loaded, span: timedelta, *, as_json: bool) -> None:
    from archiver.config.seeds import load_seeds, read_seeds
    from archiver.daemon.plan import make_timetable, outlook
    from archiver.errors import NoArchiveError
    from archiver.model import utcnow
    from archiver.store.catalogue import Catalogue

    load_seeds(loaded.seeds_folder)  # all faults, as of any command
    timetable = make_timetable(loaded, read_seeds(loaded.seeds_folder))
    try:
        with Catalogue.open(loaded.catalogue_url) as catalogue:
            turns = catalogue.turns()
    except NoArchiveError:
        turns = {}
    now = utcnow()
    rows = ((when, name) for when, name in outlook(timetable, turns, now=now, until=now + span))
    if as_json:
        for when, name in rows:
            click.echo(json.dumps({"at": when.isoformat(), "outlet": name}))
        return
    print_table(("at", "local", "outlet"), [_row(when, name, timetable) for when, name in rows])


def _row(when: datetime, name: str, timetable: object) -> tuple[str, str, str]:
    from archiver.daemon.plan import Timetable

    zone = timetable.rules[name].zone if isinstance(timetable, Timetable) else None
    local = when.astimezone(zone)
    return f"{when:%Y-%m-%d %H:%M:%S}Z", f"{local:%a %H:%M %Z}", name
