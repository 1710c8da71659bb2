"""Crawls that are killed at random moments, one after the other over one archive."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from support.faults_crawls import TriedArchive
from support.faults_layer import Plan

KILLED = -9


def killed_crawls(archive: TriedArchive, kills: int, *, seed: int) -> Iterator[Counter[str]]:
    """Let crawls be killed so many times; counts so far, after each.

    Half of the moments lie at a call to the operating system (before it, after it, within a
    write), the others at any time between the process's start and its end. A crawl that comes
    to its end first is no kill and is done again.
    """
    chance = random.Random(seed)
    calls, seconds = 100, 0.6  # a whole crawl has some fewer, and takes about so long
    counts: Counter[str] = Counter()
    while counts["kills"] < kills:
        if chance.random() < 0.5:
            kill = chance.choice(("before", "within", "after"))
            code = archive.crawl(Plan(at=chance.randint(1, calls), kill=kill))
        else:
            code = archive.crawl(kill_after=chance.uniform(0, seconds))
        counts["left open"] += len(list(archive.warcs.glob("*.open")))
        if code == KILLED:
            counts["kills"] += 1
            yield counts
        else:
            assert code == 0, archive.output
            counts["ended"] += 1
