"""`archiver batches`: how far work over many WARC files is, and what came of it."""

from __future__ import annotations

import json

import click

from archiver.cli.batching import (
    batch_to_json,
    job_to_json,
    jobs_of,
    show_amiss,
    states_in_words,
)
from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import UsageError


@click.command()
@click.argument("number", type=int, required=False, metavar="[BATCH]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a batch, or a file of one.")
@click.pass_context
def command(context: click.Context, number: int | None, as_json: bool) -> int:
    """List batches of `extract`, `reindex` and `check`; of one, each file that is amiss.

    Which of its files failed and why, and which have faults. With --json every file of the batch,
    with its counts. To try again what failed, give the command again that began it.
    """
    from archiver.store.catalogue import Catalogue

    loaded = load_settings(context)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        if number is None:
            batches = catalogue.all_batches()
            if as_json:
                for one in batches:
                    click.echo(json.dumps(batch_to_json(one)))
                return 0
            print_table(
                ("batch", "kind", "where", "begun", "files", "state"),
                [
                    (
                        one.id,
                        one.kind,
                        "fleet" if one.fleet else "here",
                        f"{one.made:%Y-%m-%d %H:%M}",
                        one.size,
                        states_in_words(one),
                    )
                    for one in batches
                ],
            )
            return 0
        batch = catalogue.batch(number)
        if batch is None:
            raise UsageError("there is no such batch", thing=str(number))
        if as_json:
            for job in jobs_of(catalogue, number):
                click.echo(json.dumps(job_to_json(job)))
            return 0
        options = ", ".join(f"{name} {value}" for name, value in batch.options.items() if value)
        click.echo(f"batch {number}: {batch.kind}{f' ({options})' if options else ''}")
        click.echo(f"  {states_in_words(batch)}")
        show_amiss(list(jobs_of(catalogue, number, faulty=True)), everything=True)
    return 0
