"""The fleet's part of `archiver status`: workers, queue, what is stalled, late or unfinished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.output import print_table
from archiver.cli.timetable import short
from archiver.config.load import Loaded

if TYPE_CHECKING:
    from archiver.daemon.standing import Standing
    from archiver.fleet.looking import FleetSeen
    from archiver.store.batches import Batch

_OVER = 600.0  # seconds after which an outlet counts as overdue
_NAMED = 10  # overdue outlets that are named to people


def fleet_seen(loaded: Loaded) -> FleetSeen | None:
    """The fleet as it is now; None where the archive has none.

    Raises:
        CatalogueError: the database does not answer.
    """
    if not loaded.catalogue_url.startswith("postgres") or find_spec("psycopg") is None:
        return None
    from archiver.fleet.looking import look

    return look(loaded.catalogue_url)


def fleet_to_json(seen: FleetSeen, standing: Standing, batches: Sequence[Batch]) -> dict[str, Any]:
    """`FleetSeen.to_json`, how late and how fresh outlets are, and batches that are not done.

    {..., "outlets": {"timetable": n, "overdue": n, "longest": seconds, "late": {OUTLET: seconds},
     "freshness": {WORD: n}}, "batches": [{"batch", "kind", "files", "states", "faulty"}]}
    """
    late = {name: p.late for name, p in standing.places.items() if p.late > _OVER}
    fresh = Counter(str(place.freshness) for place in standing.places.values())
    return {
        **seen.to_json(),
        "outlets": {
            "timetable": sum(n for word, n in fresh.items() if word != "off"),
            "overdue": len(late),
            "longest": max(late.values(), default=0.0),
            "late": dict(sorted(late.items(), key=lambda item: -item[1])),
            "freshness": dict(fresh),
        },
        "batches": [
            {
                "batch": one.id,
                "kind": one.kind,
                "files": one.size,
                "states": dict(one.states),
                "faulty": one.faulty,
            }
            for one in batches
            if one.fleet and one.left
        ],
    }


def show_fleet(fleet: Mapping[str, Any]) -> None:
    """Print it for people."""
    click.echo(f"\nfleet: {fleet['alive']} of {len(fleet['workers'])} workers alive")
    if fleet["workers"]:
        print_table(
            ("worker", "host", "process", "last heartbeat", "jobs"),
            [
                (
                    one["number"],
                    one["host"] or "",
                    one["process"] or "",
                    f"{short(one['silent'])} ago",
                    one["jobs"],
                )
                for one in fleet["workers"]
            ],
        )
    for kind in fleet["queue"]:
        oldest = f", the oldest for {short(kind['oldest'])}" if kind["waiting"] else ""
        click.echo(
            f"queue: {kind['kind']}: {kind['waiting']} wait{oldest}; {kind['running']} at work"
        )
    if fleet["stalled_count"]:
        named = ", ".join(fleet["stalled"])
        click.echo(f"stalled: {fleet['stalled_count']} jobs of dead workers: {named}")
    outlets = fleet["outlets"]
    fresh = ", ".join(f"{n} {word}" for word, n in sorted(outlets["freshness"].items()))
    click.echo(f"outlets: {outlets['timetable']} in the timetable; {fresh or 'none'}")
    if outlets["overdue"]:
        some = list(outlets["late"].items())[:_NAMED]
        named = ", ".join(f"{name} {short(late)}" for name, late in some)
        click.echo(f"overdue: {outlets['overdue']} outlets: {named}")
    for one in fleet["batches"]:
        states = ", ".join(f"{n} {state}" for state, n in sorted(one["states"].items()))
        click.echo(f"batch {one['batch']}: {one['kind']}: {states}")
