"""`archiver check`: whether WARC files are whole and their digests true."""

from __future__ import annotations

import json
from pathlib import Path

import click

from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError, UsageError


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(context: click.Context, files: tuple[Path, ...], as_json: bool) -> int:
    """Check WARC files: every record whole, digests true, requests paired.

    Without FILE, all of the archive's. Exit code 1 where something is damaged.
    """
    from archiver.warc.check import check_file as check  # FastWARC and warcio take a while

    chosen = list(files) or _of_archive(context)
    damaged = False
    for path in chosen:
        if not path.is_file():
            raise UsageError("there is no such file", thing=str(path))
        faults = [str(fault) for fault in check(path)]
        damaged = damaged or bool(faults)
        if as_json:
            click.echo(json.dumps({"file": str(path), "whole": not faults, "damage": faults}))
        else:
            click.echo(f"{path.name}: {'whole' if not faults else f'{len(faults)} faults'}")
            for fault in faults:
                click.echo(f"  {fault}")
    return 1 if damaged else 0


def _of_archive(context: click.Context) -> list[Path]:
    folder = load_settings(context).warc_folder
    found = sorted(folder.glob("*.warc.gz")) if folder.is_dir() else []
    if not found:
        raise NoArchiveError(
            "no WARC file here", thing=str(folder), todo="Crawl an outlet: archiver crawl OUTLET."
        )
    return found
