"""Work on many files, side by side in as many processes as there are processor cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

_Place = TypeVar("_Place")
_Result = TypeVar("_Result")


def side_by_side(work: Callable[[_Place], _Result], places: Sequence[_Place]) -> Iterator[_Result]:
    """Give what `work`, a function of a module, makes of each place, in their order.

    What it takes, gives and raises has to cross between processes.
    """
    workers = min(os.cpu_count() or 1, len(places))
    if workers < 2:
        yield from map(work, places)
        return
    context = get_context("forkserver")
    context.set_forkserver_preload([work.__module__])  # once, and not in each worker
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        step = 2 * workers  # bounds what waits in memory
        for start in range(0, len(places), step):
            yield from pool.map(work, places[start : start + step])
