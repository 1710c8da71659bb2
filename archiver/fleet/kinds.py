"""The names of what a fleet does: its queues, and the keys and kinds of their jobs."""

from __future__ import annotations

CRAWLS = "crawl"  # queue, and kind of its jobs
BATCH = "batch"

TICK = 2  # the number of `Queue.alone` for whoever puts in what is due


def crawl_key(outlet: str) -> str:
    """Key and lock of the crawls of an outlet."""
    return f"crawl/{outlet}"


def outlet_of(key: str) -> str:
    """The outlet of such a key."""
    return key.removeprefix("crawl/")
