"""What is redacted, through a real replay server: nowhere a word of it, and 451 in its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exchanges import answer
from support.redactions import redact, second
from support.replay_content import FIRST, SECOND, STORY, T1, T2, fill, get, ui
from support.replay_site import Archive, Served, day, serving

from archiver.fetch.takedown import Takedown

WORDS = ("First words", "Later words", "Rain", "More rain", "A wet street")
T4 = "20260504060000"


@pytest.fixture
def archive(tmp_path: Path, each_database: str) -> Iterator[Archive]:
    archive = Archive(tmp_path)
    fill(archive)
    yield archive
    archive.close()


@pytest.fixture
def site(archive: Archive) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


ARCHIVED = [
    f"/{T1}/{STORY}",
    f"/{T1}id_/{STORY}",
    f"/2026/{STORY}",
    f"/{T4}id_/{STORY}",  # a revisit of the first
    f"/{T1}/http://www.news.example/world/STORY/",
    f"/timegate/{STORY}",
    f"/timemap/link/{STORY}",
]
SHOWN = [
    f"/captures?url={STORY}",
    f"/article?url={STORY}",
    f"/article?url={STORY}&revision=1",
    f"/view/{T1}/{STORY}",
]


def test_a_page_that_is_taken_down_is_nowhere_at_once(archive: Archive, site: Served) -> None:
    before = [get(site, path).status_code for path in ARCHIVED]
    before += [ui(site, path).status_code for path in SHOWN]
    assert set(before) <= {200, 302}
    made = redact(archive.catalogue, archive.warcs, STORY)
    for answered in [
        *(get(site, path) for path in ARCHIVED),
        *(ui(site, path) for path in SHOWN),
    ]:
        assert answered.status_code == 451, answered.url
        assert f'<{site.ui}/>; rel="blocked-by"' in answered.headers["link"]
        assert answered.headers["cache-control"] == "no-store"
        assert "memento-datetime" not in answered.headers
        assert "court order 12" in answered.text
        assert f"{made.made:%Y-%m-%d}" in answered.text
        assert not any(word in answered.text for word in WORDS)
    for path in ("/", "/?prefix=news.example", "/?outlet=site-news"):
        listed = ui(site, path)
        assert listed.status_code == 200
        assert STORY not in listed.text
        assert not any(word in listed.text for word in WORDS)
    near = get(site, f"/{T1}/https://news.example/world/other")
    assert near.status_code == 404
    assert STORY not in near.text
    assert get(site, f"/{T1}/https://news.example/quick").status_code == 200
    Takedown(archive.catalogue, archive.warcs).lift(made.id, by="x", reason="y")
    after = [get(site, path).status_code for path in ARCHIVED]
    assert after + [ui(site, path).status_code for path in SHOWN] == before


def test_one_capture_is_withheld_and_the_others_are_shown(archive: Archive, site: Served) -> None:
    redact(archive.catalogue, archive.warcs, STORY, moment=second(day(3)))
    for path in (f"/{T2}/{STORY}", f"/{T2}id_/{STORY}"):
        assert get(site, path).status_code == 451
    assert ui(site, f"/view/{T2}/{STORY}").status_code == 451
    near = get(site, f"/20260503070000/{STORY}")
    assert near.headers["location"] == f"/{T4}/{STORY}"
    assert get(site, f"/{T1}id_/{STORY}").content == FIRST.encode()
    timemap = get(site, f"/timemap/link/{STORY}").text
    assert T1 in timemap
    assert T2 not in timemap
    captures = ui(site, f"/captures?url={STORY}").text
    assert T2 not in captures
    assert "3 captures" in captures
    article = ui(site, f"/article?url={STORY}").text
    assert "First words" in article
    assert "Later words" not in article
    assert "More rain" not in ui(site, "/").text


def test_a_folder_is_withheld_whether_or_not_it_holds_anything(
    archive: Archive, site: Served
) -> None:
    redact(archive.catalogue, archive.warcs, "https://news.example/world", prefix=True)
    assert get(site, f"/{T1}/{STORY}").status_code == 451
    assert get(site, f"/{T1}/https://news.example/world/never").status_code == 451
    assert get(site, f"/{T1}/https://news.example/worldly").status_code == 404


def test_the_same_bytes_under_another_url_are_shown_unless_payloads_are_redacted(
    archive: Archive, site: Served
) -> None:
    copy = "https://copy.example/story"
    first = archive.catalogue.captures_of(STORY)[0]
    archive.keep(copy, day(5), answer(FIRST.encode()), refers_to=first)
    archive.keep(copy, day(6), SECOND)
    at = "20260505060000"
    made = redact(archive.catalogue, archive.warcs, STORY)
    assert get(site, f"/{at}id_/{copy}").content == FIRST.encode()
    Takedown(archive.catalogue, archive.warcs).lift(made.id, by="x", reason="y")
    redact(archive.catalogue, archive.warcs, STORY, moment=second(day(1)), payload=True)
    assert get(site, f"/{at}id_/{copy}").status_code == 451
    assert at not in get(site, f"/timemap/link/{copy}").text
    assert get(site, f"/20260506060000id_/{copy}").content == SECOND.encode()
    assert get(site, f"/{T4}id_/{STORY}").status_code == 451  # its own revisit
    assert get(site, f"/{T2}id_/{STORY}").content == SECOND.encode()
