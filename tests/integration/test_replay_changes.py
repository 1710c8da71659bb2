"""What changed, as the interface of a real server shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import feedparser  # type: ignore[import-untyped]  # has no types
import pytest
from support.captures import make_article
from support.redactions import redact
from support.replay_content import ui
from support.replay_site import Archive, Served, serving
from support.standing import mark

from archiver.model import Extractor, utcnow
from archiver.revise.compare import comparable, compare
from archiver.store.judging import Judge

PAGE = "https://news.example/rain"
OTHER = "https://other.example/snow"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path)
    now = utcnow()
    for url, outlet in ((PAGE, "news"), (OTHER, "other")):
        for hour, text in ((5, "Ten people came to the hall."), (2, "Twenty people came at nine.")):
            archive.catalogue.save_article(
                make_article(
                    url,
                    f"{text} <script>alert(1)</script>",
                    now - timedelta(hours=hour),
                    outlet=outlet,
                    title=f"Rain in {outlet} at {hour}",
                    extractor=Extractor(name="test", version="1"),
                ),
                judge=Judge(compare=compare, comparable=comparable),
            )
    mark(archive.catalogue, OTHER, at=now - timedelta(hours=1), state="removed", outlet="other")
    yield archive
    archive.close()


@pytest.fixture
def site(archive: Archive) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


def atom_titles(site: Served, query: str) -> list[str]:
    answer = ui(site, f"/changes.atom?{query}")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    read = feedparser.parse(answer.content)
    assert not read.bozo
    return [entry.title for entry in read.entries]


def test_changes_are_listed_and_told_in_feeds(site: Served) -> None:
    page = ui(site, "/changes")
    assert page.status_code == 200
    assert "Rain in news at 2" in page.text
    assert "removed" in page.text
    assert "<script>" not in page.text
    assert len(atom_titles(site, "")) == 3
    assert [title.partition(":")[0] for title in atom_titles(site, "kind=removed")] == ["removed"]
    assert all("news" in title for title in atom_titles(site, "outlet=news"))
    assert len(atom_titles(site, "outlet=news")) == 1
    assert len(atom_titles(site, "q=twenty+nine")) == 3
    assert atom_titles(site, "q=thirty") == []
    feed = json.loads(ui(site, "/changes.json?outlet=news").text)
    assert [item["_archiver"]["outlet"] for item in feed["items"]] == ["news"]
    assert feed["feed_url"].endswith("/changes.json?outlet=news")


def test_bad_questions_are_refused(site: Served) -> None:
    for query in ("kind=colour", "days=0", "days=x", "days=99999"):
        assert ui(site, f"/changes?{query}").status_code == 400, query


def test_two_revisions_side_by_side(site: Served) -> None:
    page = ui(site, f"/diff?url={PAGE}&a=1&b=2")
    assert page.status_code == 200
    assert "<ins>" in page.text
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert ui(site, f"/diff?url={PAGE}&a=2&b=1").text == page.text
    assert ui(site, f"/diff?url={PAGE}&a=1&b=9").status_code == 404
    article = ui(site, f"/article?url={PAGE}").text
    assert "/diff?" in article


def test_what_is_redacted_did_not_change(archive: Archive, site: Served) -> None:
    redact(archive.catalogue, archive.warcs, PAGE)
    assert ui(site, f"/diff?url={PAGE}&a=1&b=2").status_code == 451
    assert "Rain in news" not in ui(site, "/changes").text
    assert all("news" not in title for title in atom_titles(site, ""))


def test_changed_words_are_marked_in_the_article(site: Served) -> None:
    page = ui(site, f"/article?url={PAGE}&revision=2&marks=1").text
    assert "<ins>Twenty " in page
    assert "<del>Ten " in page
    assert "&lt;script&gt;" in page
    assert "Without marks" in page
    first = ui(site, f"/article?url={PAGE}&revision=1&marks=1")  # there is none before it
    assert first.status_code == 200
    assert "<ins>" not in first.text
