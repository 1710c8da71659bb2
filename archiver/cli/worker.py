"""`archiver worker`: one of the machines of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.daemon.chores import Duties


@click.command()
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Jobs at once; otherwise by this machine's cores and free memory.",
)
@click.option(
    "--queues",
    default="crawl,batch",
    show_default=True,
    help="Whose jobs it does: crawl (what is due), batch (work over many WARC files).",
)
@click.pass_context
def command(context: click.Context, jobs: int | None, queues: str) -> None:
    """Do the work of a fleet of machines on this one, until stopped: any number, any machine.

    All share one catalogue in PostgreSQL, the same seeds and one store. SIGTERM and Ctrl-C let
    running crawls close their WARC files, which are then shipped; a second one kills them.
    """
    names = tuple(name.strip() for name in queues.split(",") if name.strip())
    run(context, load_settings(context), duties="own", jobs=jobs, queues=names)


def run(
    context: click.Context,
    loaded: Loaded,
    *,
    duties: Duties,
    jobs: int | None = None,
    queues: tuple[str, ...] = ("crawl", "batch"),
) -> None:
    """Serve the fleet with these duties.

    Raises:
        ConfigError: the catalogue is not in PostgreSQL, or Procrastinate is not installed.
        UsageError: there is no such queue.
    """
    import asyncio
    from importlib.util import find_spec

    from archiver.config.load import require_contact
    from archiver.daemon.log import set_up_log
    from archiver.errors import ConfigError, UsageError
    from archiver.store.direct import direct_address

    require_contact(loaded)
    direct_address(loaded.catalogue_url)
    if find_spec("procrastinate") is None:
        raise ConfigError(["a fleet needs Procrastinate: pip install 'news-archiver[fleet]'"])
    from archiver.fleet import kinds, serving

    unknown = sorted(set(queues) - {kinds.CRAWLS, kinds.BATCH})
    if unknown or not queues:
        thing = f"--queues {','.join(unknown)}"
        raise UsageError("no such queue", thing=thing, todo="Say crawl, batch or both.")
    log = loaded.settings.log
    set_up_log(level=log.level, json_lines=log.format == "json")
    loaded.archive_folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(
        serving.serve(
            loaded,
            reload=lambda: load_settings(context),
            duties=duties,
            jobs=jobs,
            queues=queues,
            announce=lambda url: click.echo(f"health: {url}healthz", err=True),
        )
    )
