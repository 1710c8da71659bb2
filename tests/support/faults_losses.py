"""Archives that lose power again and again: each crawl goes on with what the last loss left."""

from __future__ import annotations

import copy
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.faults_crawls import TriedArchive
from support.faults_power import Disk, Found, lose_power, read_record


def power_losses(
    archive: TriedArchive, folder: Path, *, crawls: int, each: int, seed: int
) -> Iterator[tuple[TriedArchive, int]]:
    """Archives after a loss of power, before anything was recovered, and which loss it is.

    Every crawl is recorded once and loses power at `each` moments. The next one begins with
    what the last of those left, so that recoveries, too, lose power.
    """
    chance = random.Random(seed)
    last = Found(files={}, catalogue=None, acknowledged={})
    for number in range(crawls):
        trial = archive.after_power_loss(folder / f"crawl-{number}", last)
        disk = Disk(trial.warcs)
        record = folder / "record"
        code = trial.crawl(record=str(record))
        assert code == 0, trial.output
        entries = read_record(record)
        for moment in range(each):
            found = lose_power(last, copy.deepcopy(disk), entries, chance)
            lost = archive.after_power_loss(folder / "lost", found)
            yield lost, number * each + moment
            shutil.rmtree(lost.folder)
        last = found
        shutil.rmtree(trial.folder)
