"""Uploads while many of the store's answers go wrong; then every byte is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.faults_ships import Forker, Shelf
from support.s3_faults import FaultProxy
from support.s3_place import S3Place

_MOST_PASSES = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Through:
    """How many files went through, in how many passes of `ship`, past which faults."""

    uploads: int
    passes: int
    requests: int
    injected: Mapping[str, int]
    faults: tuple[str, ...]


def ships_through_faults(
    folder: Path, place: S3Place, *, uploads: int, rate: float, seed: int
) -> Through:
    """Ship so many files, one in twenty of several parts, until all are in the store."""
    large = max(1, uploads // 20)
    with FaultProxy(server=place, rate=rate, seed=seed) as proxy, Forker(place) as forker:
        shelf = Shelf.make(
            folder, place, small=uploads - large, large=large, through=proxy.place, timeout="1s"
        )
        passes = 1
        while forker.ship(shelf.folder) != 0 and passes < _MOST_PASSES:
            passes += 1
        injected = {fault.name.lower(): count for fault, count in proxy.injected.items()}
        requests = len(proxy.log)
    return Through(
        uploads=uploads,
        passes=passes,
        requests=requests,
        injected=injected,
        faults=tuple(shelf.faults(ended=True)),
    )
