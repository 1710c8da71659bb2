"""Outlets and their days in the interface, through a real replay server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from support.captures import make_article
from support.redactions import redact
from support.replay_content import ui
from support.replay_site import Archive, Served, day, serving

from archiver.model import CaptureKind, Outlet, SourceKind
from archiver.revise.compare import comparable, compare
from archiver.store.judging import Judge
from archiver.store.polls import Poll
from archiver.store.veil import second_of

FRONT = "https://news.example/"
STORY = "https://news.example/world/rain"
LATER = "https://news.example/world/snow"
NAMES = ("Rain in the north", "Snow in the north")
MOVED = b"HTTP/1.1 301 Moved\r\nLocation: https://news.example/\r\n\r\n"


def fill(archive: Archive) -> None:
    """Front pages at 06:00, 11:00, 15:00 and a redirect at noon of day 1, none of day 2, ..."""
    section = CaptureKind.SECTION
    for hours in (0, 5, 9):
        archive.keep(FRONT, day(1, hours=hours), f"<h1>Front at {6 + hours}", kind=section)
    archive.keep("http://news.example/", day(1, hours=6), MOVED, kind=section)
    archive.keep(FRONT, day(4), "<h1>Front of day 4", kind=section)
    said = {"outlet": "site-news", "published": "2026-04-30T23:00:00+02:00"}
    for url, name, number in ((STORY, NAMES[0], 1), (LATER, NAMES[1], 2)):
        archive.keep(url, day(number, hours=1), f"<h1>{name}")
        article = make_article(url, f"Text of {name}", day(number, hours=1), title=name, **said)
        archive.catalogue.save_article(article)
    archive.keep(STORY, day(2, hours=2), f"<h1>{NAMES[0]}, again")
    again = make_article(STORY, "Other text", day(2, hours=2), title=NAMES[0], **said)
    judge = Judge(compare=compare, comparable=comparable)
    archive.catalogue.save_article(again, judge=judge)
    for number in range(120):
        archive.keep(f"https://many.example/{number:03}", day(3), "<p>", outlet="many")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    fill(made)
    yield made
    made.close()


@pytest.fixture
def site(archive: Archive) -> Iterator[Served]:
    known = Outlet(id="site-news", name="The <News>", homepage=FRONT, sources=())
    with serving(archive, outlets={"site-news": known}) as served:
        yield served


def page_of(number: int, name: str = "site-news") -> str:
    return f"/outlet?name={name}&date=2026-05-0{number}"


def links(text: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]*)"', text)]


def test_all_outlets_are_listed_with_their_first_and_last_day(site: Served) -> None:
    page = ui(site, "/outlets").text
    assert "The &lt;News&gt;" in page
    assert page.index(">many<") < page.index("The &lt;News&gt;")
    assert {"/outlet?name=site-news", page_of(1), page_of(4)} <= set(links(page))
    assert "/outlet?name=many" in links(page)
    assert "/outlets" in links(ui(site, "/").text)


def test_the_front_page_of_a_day_is_that_nearest_to_noon(site: Served) -> None:
    text = ui(site, page_of(1)).text
    assert "The front page at <time" in text
    assert f'class="look" href="/view/20260501110000/{FRONT}"' in text
    assert f'src="{site.archived}/20260501110000/{FRONT}"' in text
    assert "Captured 3 times that day" in text
    assert {f"/view/20260501{hour}0000/{FRONT}" for hour in ("06", "11", "15")} <= set(links(text))
    assert "20260501120000" not in text  # a redirect to itself


def test_a_day_without_a_front_page_names_those_beside_it(site: Served) -> None:
    text = ui(site, page_of(2)).text
    assert "was not captured on this day" in text
    assert f'Nearest before: <a href="/view/20260501150000/{FRONT}"' in text
    assert f'Nearest after: <a href="/view/20260504060000/{FRONT}"' in text


def test_a_front_page_that_had_not_changed_is_told_so(archive: Archive, site: Served) -> None:
    unchanged = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    archive.keep(FRONT, day(2), unchanged, kind=CaptureKind.SECTION)
    text = ui(site, page_of(2)).text
    assert "was asked for 1 time on this day, and had not changed" in text
    assert f'Nearest before: <a href="/view/20260501150000/{FRONT}"' in text


def test_any_day_can_be_asked_for(site: Served) -> None:
    text = ui(site, page_of(2)).text
    assert '<input id="date" type="date" name="date" value="2026-05-02">' in text
    assert '<input type="hidden" name="name" value="site-news">' in text


def test_outlets_are_called_what_their_seed_files_say(site: Served) -> None:
    for path in ("/", "/?outlet=site-news", f"/view/20260501060000/{FRONT}", "/changes?days=366"):
        assert "The &lt;News&gt;" in ui(site, path).text, path


def test_a_day_has_its_new_and_its_changed_articles(site: Served) -> None:
    first, second = ui(site, page_of(1)).text, ui(site, page_of(2)).text
    assert NAMES[0] in first
    assert NAMES[1] not in first
    assert "published 2026-04-30 23:00:00+02:00" in first
    assert f"/view/20260501070000/{STORY}" in links(first)
    assert "No known article was found changed" in first
    assert NAMES[1] in second.split('id="changed"')[0]
    assert NAMES[0] not in second.split('id="changed"')[0]
    changed = second.split('id="changed"')[1]
    assert NAMES[0] in changed
    [diff] = [link for link in links(changed) if link.startswith("/diff")]
    assert ui(site, diff).status_code == 200


def test_steps_lead_to_days_that_have_something(site: Served) -> None:
    text = ui(site, page_of(3)).text
    assert "Nothing was captured of this outlet on this day" in text
    assert f'rel="prev" href="{page_of(2).replace("&", "&amp;")}"' in text
    assert f'rel="next" href="{page_of(4).replace("&", "&amp;")}"' in text
    assert 'rel="prev"' not in ui(site, page_of(1)).text
    newest = ui(site, "/outlet?name=site-news").text
    assert "4 May 2026" in newest
    assert 'rel="next"' not in newest


def test_a_month_of_the_outlet_counts_by_day(archive: Archive, site: Served) -> None:
    text = ui(site, page_of(1)).text
    month = text.split('<table class="month">')[1]
    assert "<caption>May 2026</caption>" in text
    assert re.findall(r'class="times">(\d+)', month) == ["5", "2", "1"]
    assert month.count('aria-current="date"') == 1
    assert page_of(2) in links(month)
    assert "Other months" not in text
    archive.keep(FRONT, day(200), "<h1>Front", kind=CaptureKind.SECTION)
    assert "/outlet?name=site-news&date=2026-11-16" in links(ui(site, page_of(1)).text)
    later = ui(site, "/outlet?name=site-news&date=2026-10-01").text
    assert ">May 2026</a>" in later
    assert page_of(4) in links(later)


def test_the_hours_of_a_day_are_drawn_and_said(site: Served) -> None:
    text = ui(site, page_of(1)).text
    picture = text.split("<svg")[1].split("</svg>")[0]
    assert picture.count('class="bar"') == 5
    assert "<title" in picture
    assert "11:00 to 12:00: 1. " in picture
    assert "<script" not in text
    assert "style=" not in text
    [hour] = [link for link in set(links(picture)) if link.endswith("hour=7")]
    listed = ui(site, hour).text
    assert STORY in listed
    assert "07:00 to 08:00 UTC" in listed
    assert f'<span class="url">{FRONT}</span>' not in listed


def test_an_outlets_captures_come_in_pages(site: Served) -> None:
    seen: list[str] = []
    at: str | None = "/outlet/captures?name=many&date=2026-05-03&hour=6"
    while at:
        text = ui(site, at).text
        seen += re.findall(r'class="url">(https://many[^<]*)', text)
        further = re.search(r'rel="next" href="([^"]*)"', text)
        at = unescape(further[1]) if further else None
    assert seen == [f"https://many.example/{number:03}" for number in range(120)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name=none", 404),
        ("", 404),
        ("name=site-news&date=x", 400),
        ("name=site-news&date=2026-13-01", 400),
        ("name=site-news&date=1969-12-31", 400),
        ("name=site-news&date=9999-12-31", 400),
        ("name=site-news&date=9998-12-31", 200),
        ("name=site-news&date=1970-01-01", 200),
        ("name=site-news%00&date=2026-05-01", 404),
    ],
)
def test_what_is_not_there_is_said(site: Served, query: str, status: int) -> None:
    assert ui(site, f"/outlet?{query}").status_code == status
    assert ui(site, f"/outlet/captures?{query}").status_code == status


def test_a_place_that_is_none_is_refused(site: Served) -> None:
    for wrong in ("x", "1.2.3", "1.2.3.%C2%B2"):
        query = f"name=many&date=2026-05-03&after={wrong}"
        assert ui(site, f"/outlet/captures?{query}").status_code == 400


def test_what_is_redacted_is_on_no_page_of_an_outlet(archive: Archive, site: Served) -> None:
    paths = ["/outlets", "/", *(page_of(number) for number in range(1, 5))]
    paths += [f"/outlet/captures?name=site-news&date=2026-05-0{number}" for number in (1, 2)]
    assert any(STORY in ui(site, path).text for path in paths)
    redact(archive.catalogue, archive.warcs, STORY)
    for path in paths:
        text = ui(site, path).text
        assert STORY not in text
        assert NAMES[0] not in text
    assert re.findall(r'class="times">(\d+)', ui(site, page_of(1)).text) == ["4", "1", "1"]
    redact(archive.catalogue, archive.warcs, FRONT, moment=second_of(day(1, hours=5)))
    text = ui(site, page_of(1)).text
    assert "20260501110000" not in text
    assert f'class="look" href="/view/20260501150000/{FRONT}"' in text
    redact(archive.catalogue, archive.warcs, FRONT)
    for path in paths:
        text = ui(site, path).text
        assert f"/view/20260501060000/{FRONT}" not in text
        assert 'class="glimpse"' not in text
        assert f">{FRONT}<" not in text
    assert "was taken down" in ui(site, page_of(1)).text


def test_without_seeds_the_front_page_is_what_the_archive_suggests(archive: Archive) -> None:
    with serving(archive) as site:
        assert f"/view/20260501110000/{FRONT}" in ui(site, page_of(1)).text  # of the last article
        assert "It is not known" in ui(site, page_of(3, "many")).text
        for url in (FRONT, f"{FRONT}world/"):
            poll = Poll(
                source=url, kind=SourceKind.SECTION, polled=day(1), due=day(1), interval=1.0
            )
            archive.catalogue.note_poll("many", poll, of=[url])
        assert f"/view/20260501150000/{FRONT}" in ui(site, page_of(3, "many")).text
