"""`archiver doctor`: whether an installation is in order, and what its store can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.errors import ConfigError

if TYPE_CHECKING:
    from archiver.store.blobs.probe import Fact


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing looked at.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Check an installation, and try what its store can do.

    Each line says ok, warn or fail, and what to do. Looks at the program, configuration, seeds,
    archive, disk, clock and catalogue without any network. Where storage.url is set, the store is
    tried on files below .archiver-probe/, some 20 MB, which are removed again. Credentials are
    not shown. Exit code 1 where something fails.
    """
    failed = False
    for found in _facts(context):
        failed = failed or found.state == "fail"
        if as_json:
            click.echo(json.dumps(asdict(found)))
        else:
            _show(found)
    return 1 if failed else 0


def _facts(context: click.Context) -> Iterator[Fact]:
    from archiver.daemon.diagnosis import diagnose, diagnose_store
    from archiver.store.blobs.probe import Fact

    try:
        loaded = load_settings(context)
    except ConfigError as error:
        for fault in error.faults:
            yield Fact(name="configuration", state="fail", what=fault, todo="")
        return
    yield from diagnose(loaded)
    yield from diagnose_store(loaded)


def _show(found: Fact) -> None:
    took = f" ({found.seconds * 1000:.0f} ms)" if found.seconds is not None else ""
    click.echo(f"{found.state:<5} {found.name}: {found.what}{took}")
    if found.todo and found.state != "ok":
        click.echo(f"      {found.todo}")
