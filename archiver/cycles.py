"""Python's search for circles among objects, as commands and crawls need it."""

from __future__ import annotations

import atexit
import gc


def look_less_for_cycles() -> None:
    """Search seldom, and not at the end: what a process imports and makes stays until it ends.

    As often as Python does by default takes a command a tenth of its start and a crawl a
    twentieth of its processor time; the search at the very end, when all memory is given back
    anyway, a fifth of what a crawl of one page costs.
    """
    gc.set_threshold(10_000, 20, 50)
    atexit.register(gc.freeze)
