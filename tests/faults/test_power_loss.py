"""Power that goes at any moment: what was synced is there, and that is all that was promised."""

from __future__ import annotations

from pathlib import Path

from support.faults_crawls import TriedArchive, Zygote
from support.faults_losses import power_losses
from support.faults_site import FreshSite

CRAWLS = 10
EACH = 30  # moments at which the power goes in each of them


def test_what_was_acknowledged_survives(tmp_path: Path, zygote: Zygote) -> None:
    losses = torn = acknowledged = 0
    with FreshSite(fresh=12, large_every=0) as site:
        archive = TriedArchive.make(tmp_path / "archive", zygote, site, warc_age="0.05s")
        for lost, number in power_losses(archive, tmp_path, crawls=CRAWLS, each=EACH, seed=1):
            losses += 1
            assert lost.faults() == [], number
            torn += len(list(lost.warcs.glob("*.torn")))
            acknowledged += len(lost.acknowledged())
            if number % EACH == 0:
                assert lost.crawl() == 0, lost.output
                assert lost.faults() == []
                assert lost.judged() == []
    assert losses == CRAWLS * EACH
    assert torn > losses // 20
    assert acknowledged > losses
