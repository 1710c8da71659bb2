"""Crawls killed with SIGKILL: what was given to Scrapy stands in the archive, once, and whole."""

from __future__ import annotations

from pathlib import Path

from support.faults_crawls import TriedArchive, Zygote
from support.faults_kills import killed_crawls
from support.faults_site import FreshSite

KILLS = 100
ROUND = 10  # kills between two looks at all that is there


def test_killed_at_random_moments(tmp_path: Path, zygote: Zygote) -> None:
    with FreshSite(fresh=20, large_every=101) as site:
        archive = TriedArchive.make(tmp_path / "archive", zygote, site)
        for counts in killed_crawls(archive, KILLS, seed=1):
            if counts["kills"] % ROUND == 0:
                assert archive.faults() == []
        assert counts["left open"] > KILLS // 4
        assert list(archive.warcs.glob("*.torn"))
        assert archive.crawl() == 0
        assert archive.faults() == []
        assert archive.judged() == []
        assert len(archive.acknowledged()) > KILLS
