"""`archiver catalogue`: the whole catalogue from one database to another, and both compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.store.copying import Compared, Step


@click.group()
def command() -> None:
    """Copy the catalogue from one database to another, and compare the two."""


@command.command()
@click.argument("source", metavar="FROM_URL")
@click.argument("target", metavar="TO_URL")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with counts and digests.")
@click.pass_context
def copy(context: click.Context, source: str, target: str, as_json: bool) -> int:
    """Copy a catalogue into an empty database: from SQLite to PostgreSQL, or the other way.

    URLs are as archive.catalogue_url has them: sqlite:///archive/catalogue.sqlite,
    postgresql://user@host/database. What was broken off goes on where it was, by the same command;
    until it is finished no other command opens the target. In the end all rows of both are
    compared, table by table. No crawl, daemon or other writer may be at work on the source: it is
    locked meanwhile. The source stays as it was. Set archive.catalogue_url afterwards. Exit code 1
    where both differ, 10 where there is no source, 11 where somebody writes to it.
    """
    from archiver.store.copying import copy as copied

    loaded = load_settings(context)
    with _alone(loaded, source, target), _progress() as told:
        found = copied(_full(loaded, source), _full(loaded, target), told=told)
    return _show(found, as_json=as_json)


@command.command()
@click.argument("source", metavar="URL")
@click.argument("target", metavar="URL")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with counts and digests.")
@click.pass_context
def compare(context: click.Context, source: str, target: str, as_json: bool) -> int:
    """Compare two catalogues, in whichever databases they are: rows and digests, table by table.

    The digest of a table is that of all its rows, in whatever order. Nobody may write to either.
    Exit code 1 where they differ.
    """
    from archiver.store.copying import compare as compared

    loaded = load_settings(context)
    with _alone(loaded, source, target), _progress() as told:
        found = compared(_full(loaded, source), _full(loaded, target), told=told)
    return _show(found, as_json=as_json)


def _full(loaded: Loaded, url: str) -> str:
    """The URL, with the password of the configuration where it is the one that is configured."""
    return loaded.catalogue_url if _is_own(loaded, url) else url


def _is_own(loaded: Loaded, url: str) -> bool:
    from pathlib import Path

    from archiver.store.engine import catalogue_url

    own, other = catalogue_url(loaded.catalogue_url), catalogue_url(url)
    if own.get_backend_name() == "sqlite" == other.get_backend_name():
        return Path(own.database or "").resolve() == Path(other.database or "").resolve()
    return own.set(password=None) == other.set(password=None)


@contextmanager
def _alone(loaded: Loaded, *urls: str) -> Iterator[None]:
    """Let nobody be at work on the archive, where one of the catalogues is its own.

    Raises:
        LockedError: somebody is.
    """
    from archiver.cli.restore import alone

    with ExitStack() as stack:
        if any(_is_own(loaded, url) for url in urls):
            stack.enter_context(alone(loaded))
        yield


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """Count rows as they go by, on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}: {task.completed:,.0f} rows"), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        tasks = {what: shown.add_task(what, total=None) for what in ("copied", "compared")}

        def told(step: Step) -> None:
            task = tasks["compared" if step.what == "compared" else "copied"]
            shown.update(task, advance=step.rows)

        yield told


def _show(found: Sequence[Compared], *, as_json: bool) -> int:
    equal = all(one.equal for one in found)
    if as_json:
        tables = [
            {
                "table": one.table,
                "rows": [one.source.rows, one.target.rows],
                "digests": [one.source.digest, one.target.digest],
                "equal": one.equal,
            }
            for one in found
        ]
        rows = [sum(one.source.rows for one in found), sum(one.target.rows for one in found)]
        click.echo(json.dumps({"equal": equal, "rows": rows, "tables": tables}))
    else:
        print_table(
            ("table", "rows here", "rows there", "digest", ""),
            [
                (
                    one.table,
                    one.source.rows,
                    one.target.rows,
                    one.source.digest,
                    "equal" if one.equal else f"differs: {one.target.digest}",
                )
                for one in found
            ],
        )
    return 0 if equal else 1
