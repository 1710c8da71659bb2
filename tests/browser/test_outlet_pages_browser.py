"""The interface in a real browser: by keyboard, on a phone, in the dark, and as it is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.captures import make_article
from support.chromium import Trap, Visit, needs_chromium
from support.page_audit import faults_of, tab_to
from support.redactions import redact
from support.replay_site import Archive, Served, day, serving

from archiver.model import CaptureKind, Outlet
from archiver.revise.compare import comparable, compare
from archiver.store.judging import Judge

pytestmark = needs_chromium
FRONT, STORY = "https://news.example/", "https://news.example/world/rain-in-the-north"
LONG = f"https://news.example/{'a-very-long-way-to-say-it-' * 12}"
GONE = "https://news.example/gone"
HTML = "<!doctype html><title>Front</title><h1 id=head>The north in the rain, at {}</h1>"
PAGES = {
    "home": "/",
    "found": "/?prefix=news.example/world*",
    "pages-of-an-outlet": "/?outlet=site-news",
    "outlets": "/outlets",
    "day": "/outlet?name=site-news&date=2026-05-01",
    "day-without-a-front-page": "/outlet?name=site-news&date=2026-05-02",
    "day-of-many": "/outlet?name=site-news&date=2026-05-03",
    "list-of-a-day": "/outlet/captures?name=site-news&date=2026-05-03",
    "captures": f"/captures?url={STORY}",
    "captures-of-a-day": f"/captures?url={FRONT}&date=2026-05-01",
    "captures-of-a-long-address": f"/captures?url={LONG}",
    "calendar": f"/calendar?url={FRONT}",
    "article": f"/article?url={STORY}",
    "article-with-marks": f"/article?url={STORY}&marks=1",
    "view": f"/view/20260501060000/{FRONT}",
    "changes": "/changes?days=366",
    "diff": f"/diff?url={STORY}&a=1&b=2",
    "nothing": "/captures?url=https://none.example/",
    "not-found": "/outlet?name=none",
    "taken-down": f"/captures?url={GONE}",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for hours in (0, 1, 2, 5, 9, 12):
        archive.keep(FRONT, day(1, hours=hours), HTML.format(hours), kind=CaptureKind.SECTION)
    archive.keep(FRONT, day(3), HTML.format("day 3"), kind=CaptureKind.SECTION)
    judge = Judge(compare=compare, comparable=comparable)
    for number, words in ((1, "The rain came at six."), (2, "The rain came at seven, and stayed.")):
        archive.keep(STORY, day(number), f"<p>{words}")
        article = make_article(
            STORY, words, day(number), title="Rain in the north", outlet="site-news",
            published="2026-05-01T05:30:00Z", section="World", authors=("A. Writer",),
        )  # fmt: skip
        archive.catalogue.save_article(article, judge=judge)
    archive.keep(LONG, day(2), "<p>Long")
    archive.keep(GONE, day(2), "<p>Gone")
    redact(archive.catalogue, archive.warcs, GONE)
    for number in range(150):
        url = f"https://news.example/world/{number:03}-story-of-a-day"
        archive.keep(url, day(3, minutes=7 * number), "<p>One")
        if number < 20:
            title = f"Number {number} of a long day with a headline of some length"
            archive.catalogue.save_article(
                make_article(url, f"Text {number}", day(3, minutes=7 * number), title=title,
                             outlet="site-news")
            )  # fmt: skip
    known = Outlet(id="site-news", name="The Northern News", homepage=FRONT, sources=())
    with serving(archive, outlets={"site-news": known}) as served:
        yield served
    archive.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_is_whole_and_says_what_it_is(
    browser: Any, site: Served, trap: Trap, scheme: str, width: int, tmp_path: Path
) -> None:
    visit = Visit(browser, viewport={"width": width, "height": 800}, color_scheme=scheme)
    shots = Path(os.environ.get("REPLAY_SCREENSHOTS") or tmp_path)
    found: list[str] = []
    for name, path in PAGES.items():
        visit.page.goto(site.ui + path, wait_until="networkidle")
        faults = faults_of(visit.page) if name != "diff" else []  # a page that can be saved
        wide = visit.page.evaluate("document.documentElement.scrollWidth")
        faults += [f"{wide} pixels wide"] if wide > width else []
        found += [f"{name}: {fault}" for fault in faults]
        visit.page.screenshot(path=shots / f"{name}-{width}-{scheme}.png", full_page=True)
    visit.context.close()
    assert not found, "\n".join(found)
    assert trap.hits() == []


def test_from_the_outlets_to_a_front_page_and_back_by_keyboard(browser: Any, site: Served) -> None:
    visit = Visit(browser, java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = visit.page
    page.goto(site.ui)
    assert tab_to(page, "Outlets")[0] == "Skip to content"
    page.keyboard.press("Enter")
    page.wait_for_url("**/outlets")
    assert tab_to(page, "Skip") == ["Skip to content"]
    page.keyboard.press("Enter")
    assert len(tab_to(page, "The Northern News")) == 1  # right behind the way that skips
    page.keyboard.press("Enter")
    page.wait_for_url("**/outlet?name=site-news")
    assert "3 May 2026" in page.inner_text("h1")
    tab_to(page, "Earlier day")
    page.keyboard.press("Enter")
    page.wait_for_url("**date=2026-05-02")
    tab_to(page, "Earlier day")
    page.keyboard.press("Enter")
    page.wait_for_url("**date=2026-05-01")
    passed = tab_to(page, "The front page at 11:00")
    assert "Later day →" in passed
    page.keyboard.press("Enter")
    page.wait_for_url("**/view/20260501110000/**")
    assert page.frame_locator("iframe").locator("#head").inner_text().endswith("at 5")
    tab_to(page, "The Northern News")
    page.keyboard.press("Enter")
    page.wait_for_url("**/outlet?name=site-news&date=2026-05-01")
    passed = tab_to(page, "06:00 to 07:00: 2 captures")
    assert "15:00" in passed  # the other front pages come before; what is in the frame does not
    page.keyboard.press("Enter")
    page.wait_for_url("**hour=6**")
    assert page.locator("tbody tr").count() == 2
    visit.context.close()


def test_the_glimpse_of_a_front_page_leads_to_it(browser: Any, site: Served, trap: Trap) -> None:
    visit = Visit(browser, viewport={"width": 360, "height": 800})
    page = visit.page
    page.goto(f"{site.ui}/outlet?name=site-news&date=2026-05-01", wait_until="networkidle")
    page.locator(".glimpse").scroll_into_view_if_needed()
    glimpse = page.frame_locator(".glimpse").locator("#head")
    assert glimpse.inner_text().endswith("at 5")
    box = page.locator(".front").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 40)
    page.wait_for_url("**/view/20260501110000/**")
    assert visit.origins() <= {f"replay.localhost:{site.port}", f"127.0.0.1:{site.port}"}
    assert trap.hits() == []
    visit.context.close()


WRONG = """<html><head><title></title></head><body><header></header><main></main><main></main>
<h1>A</h1><h3 id=x>B</h3><p id=x style="color: #999">grey on white</p><a href="/"><svg></svg></a>
<input><img src="/static/icon.svg"><iframe></iframe><table><tr><td>1</table><nav></nav><nav></nav>
<i tabindex=2></i></body></html>"""


@pytest.mark.parametrize(
    "fault",
    ["no language", "no title", "not one main", "not one viewport", "a heading is skipped",
     "id twice: x", "contrast 2.8", "no name: <a", "no label: <input", "no alternative: <img",
     "no alternative: <svg", "no title: <iframe", "no caption", "no headings", "a nav without",
     "navs of one name", "an order of its own", "a style or a script", "no way to skip"],
)  # fmt: skip
def test_what_looks_at_pages_finds_faults(browser: Any, fault: str) -> None:
    visit = Visit(browser)
    visit.page.set_content(WRONG)
    assert any(fault in found for found in faults_of(visit.page))
    visit.context.close()
