"""The part of `archiver show` that tells how an article stood over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from archiver.cli.output import print_table
from archiver.store.standings import StateChange


def show_history(states: Sequence[StateChange]) -> None:
    """Print the changes of an article's state; nothing where it was never but live."""
    if not states:
        return
    click.echo()
    print_table(
        ("state", "since", "why", "moved to", "WARC file", "offset"),
        [
            (
                one.state,
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.reason,
                one.target or "",
                one.file or "",
                "" if one.offset is None else one.offset,
            )
            for one in states
        ],
    )


def history_to_json(states: Sequence[StateChange]) -> list[dict[str, Any]]:
    """The changes of an article's state for `--json`, oldest first."""
    return [
        {
            "state": one.state,
            "at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
            "reason": one.reason,
            "status": one.status,
            "target": one.target,
            "file": one.file,
            "offset": one.offset,
        }
        for one in states
    ]
