"""Work on many files, side by side in as many processes as there are processor cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import forkserver, get_context
from typing import TypeVar

_Place = TypeVar("_Place")
_Result = TypeVar("_Result")


def make_ready(module: str) -> None:
    """Have the processes' parent import the module of their work, while this one does other things.

    For who will call `side_by_side` soon: to wait for these imports costs as much as some files.
    """
    if (os.cpu_count() or 1) > 1:
        get_context("forkserver").set_forkserver_preload([module])
        forkserver.ensure_running()


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
    waiting: deque[Future[_Result]] = deque()
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            for place in places:
                if len(waiting) == 2 * workers:  # bounds what waits in memory
                    yield waiting.popleft().result()
                waiting.append(pool.submit(work, place))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:  # of which nobody will ask
                one.cancel()
