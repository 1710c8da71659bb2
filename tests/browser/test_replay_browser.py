"""Archived pages in a real browser: shown as they were, and reaching nothing.

Every name but those of the server under test leads to a socket that counts who connects.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.captures import make_article
from support.chromium import Trap, Visit, needs_chromium, playwright_api, screenshots
from support.exchanges import answer
from support.replay_site import Archive, Served, day, serving

pytestmark = needs_chromium
HOSTILE = Path(__file__).parents[1] / "hostile" / "replay"
STORY = "https://news.example/world/story"
T1 = "20260501060000"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8"
    "cfc00000030101001836dd8d0000000049454e44ae426082"
)
PAGE = """<!doctype html><html><head><meta charset=utf-8><title>A story</title>
<link rel=stylesheet href="//cdn.example/style.css" integrity="sha256-AAAA" crossorigin></head>
<body><h1>Rain in the <em>north</em></h1><p id=first>Für die Nacht: “more rain”.</p>
<img id=picture src="/i.png" alt="A street"><script>document.body.textContent = "owned"</script>
<noscript><p id=noscript>No script needed</p></noscript>
<p><a id=link href="other?a=1&copy=2" target=_blank>Another story</a>
<a id=missing href="/not-there">A page that was not captured</a></p></body></html>"""


def fill_story(archive: Archive) -> None:
    archive.keep(STORY, day(1), PAGE)
    archive.keep(STORY, day(2), PAGE.replace("more rain", "snow"))
    archive.keep("https://news.example/world/other?a=1&copy=2", day(1), "<p id=other>Another one")
    png = answer(PIXEL).replace(b"text/html; charset=utf-8", b"image/png")
    archive.keep("https://news.example/i.png", day(1), png)
    css = answer(
        b"@font-face{font-family:f;src:url(f.woff2)} #first{color:rgb(1,2,3);font-family:f}"
    )
    archive.keep("https://cdn.example/style.css", day(1), css.replace(b"text/html", b"text/css"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill_story(archive)
    for path in HOSTILE.glob("*.html"):
        archive.keep(f"https://hostile.example/{path.name}", day(1), path.read_text())
    for path in HOSTILE.glob("*.svg"):
        svg = answer(path.read_bytes()).replace(b"text/html; charset=utf-8", b"image/svg+xml")
        archive.keep(f"https://hostile.example/{path.name}", day(1), svg)
        feed = svg.replace(b"image/svg+xml", b"application/rss+xml")
        archive.keep(f"https://hostile.example/{path.stem}.rss", day(1), feed)
    title, text = "Rain in the north", "For the night: more rain."
    archive.catalogue.save_article(make_article(STORY, text, day(1), title=title))
    with serving(archive) as served:
        yield served
    archive.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    made = Visit(browser)
    yield made
    made.context.close()


def test_the_trap_catches_who_asks_the_live_web(visit: Visit, trap: Trap) -> None:
    for scheme in ("http", "https"):
        before = len(trap.hits())
        with pytest.raises(playwright_api.Error):
            visit.page.goto(f"{scheme}://live.example/")
        assert b"live.example" in b"".join(trap.hits()[before:])


def test_a_page_is_shown_as_it_was_archived(visit: Visit, site: Served, trap: Trap) -> None:
    page = visit.page
    before = trap.hits()
    page.goto(f"{site.archived}/{T1}/{STORY}", wait_until="networkidle")
    assert page.title() == "A story"
    assert page.inner_text("h1") == "Rain in the north"
    assert page.inner_text("#first") == "Für die Nacht: “more rain”."
    assert page.inner_text("#noscript") == "No script needed"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#first')).color") == "rgb(1, 2, 3)"
    )
    assert page.evaluate("document.querySelector('#picture').naturalWidth") == 1
    assert f"{site.archived}/{T1}/https://cdn.example/f.woff2" in [
        one.url for one in visit.requests
    ]
    assert visit.origins() == {f"replay.localhost:{site.port}"}
    assert trap.hits() == before
    page.click("#link")
    page.wait_for_selector("#other")
    assert page.url == f"{site.archived}/{T1}/https://news.example/world/other?a=1&copy=2"
    page.go_back()
    page.click("#missing")
    page.wait_for_url("**/not-there")
    assert "does not hold this page" in page.inner_text("h1")


@pytest.mark.parametrize(("framed", "mode"), [(False, ""), (True, ""), (False, "id_")])
@pytest.mark.parametrize(
    "name",
    ["page.html", "differential.html", "picture.svg", "picture.rss", "entity.svg", "styled.svg"],
)
def test_a_hostile_page_reaches_nothing(
    visit: Visit, site: Served, trap: Trap, mode: str, name: str, framed: bool
) -> None:
    page = visit.page
    before = trap.hits()
    visit.context.add_cookies([{"name": "ours", "value": "1", "url": site.ui}])
    url = f"https://hostile.example/{name}"
    if framed:
        page.goto(f"{site.ui}/view/{T1}/{url}", wait_until="networkidle")
    else:
        page.goto(f"{site.archived}/{T1}{mode}/{url}", wait_until="networkidle")
    document = page.frames[1] if framed else page.main_frame
    if name.endswith("html") and not mode:
        assert "The words of the page" in document.evaluate("document.body.innerText")
    assert "owned" not in document.evaluate("document.documentElement.textContent.slice(0, 6)")
    assert "owned" not in page.title()
    if name.endswith("html") and not mode:
        document.click("#send", no_wait_after=True)
        document.click("#escape", no_wait_after=True)
        document.wait_for_url("**/back/slash")
        page.wait_for_load_state("networkidle")
    assert trap.hits() == before
    assert len(visit.context.pages) == 1
    assert visit.origins() <= {f"replay.localhost:{site.port}", f"127.0.0.1:{site.port}"}
    assert [cookie["name"] for cookie in visit.context.cookies()] == ["ours"]
    assert visit.context.service_workers == []
    shown = f"{site.ui}/view/{T1}/{url}" if framed else f"{site.archived}/{T1}"
    assert page.url.startswith(shown)


def test_the_interface_by_keyboard_and_without_scripts(browser: Any, site: Served) -> None:
    visit = Visit(browser, java_script_enabled=False)
    page = visit.page
    page.goto(site.ui)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    page.fill("#prefix", "news.example/world")
    page.keyboard.press("Enter")
    page.wait_for_url("**prefix=**")
    page.get_by_role("link", name="Rain in the north", exact=True).click()
    page.wait_for_url("**/view/**")
    frame = page.frame_locator("iframe")
    assert frame.locator("#first").inner_text() == "Für die Nacht: “snow”."
    page.get_by_role("link", name="← Older").click()
    page.wait_for_url(f"**/view/{T1}/**")
    assert "more rain" in page.frame_locator("iframe").locator("#first").inner_text()
    page.get_by_role("link", name="Article").click()
    page.wait_for_url("**/article**")
    assert "For the night: more rain." in page.inner_text("article")
    page.get_by_role("link", name="All captures").click()
    page.wait_for_url("**/captures**")
    assert "2 captures" in page.inner_text("h1")
    visit.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(
    browser: Any, site: Served, scheme: str, width: int
) -> None:
    visit = Visit(browser, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for name, path in (
        ("home", "/"),
        ("captures", f"/captures?url={STORY}"),
        ("article", f"/article?url={STORY}"),
        ("view", f"/view/{T1}/{STORY}"),
        ("missing", f"/captures?url=https://{'long' * 60}.example/"),
    ):
        visit.page.goto(site.ui + path, wait_until="networkidle")
        visit.page.screenshot(path=screenshots() / f"{name}-{width}-{scheme}.png")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, name
    visit.context.close()


def test_with_a_token_the_page_in_the_frame_is_whole(
    browser: Any, tmp_path: Path, trap: Trap
) -> None:
    archive = Archive(tmp_path)
    fill_story(archive)
    before = trap.hits()
    with serving(archive, token="only-for-readers-1234") as closed:
        visit = Visit(browser)
        page = visit.page
        page.goto(f"{closed.ui}/view/{T1}/{STORY}")
        page.fill("#token", "only-for-readers-1234")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{closed.ui}/")
        page.goto(f"{closed.ui}/view/{T1}/{STORY}", wait_until="networkidle")
        frame = page.frame_locator("iframe")
        assert "more rain" in frame.locator("#first").inner_text()
        style = "one => getComputedStyle(one).color"
        assert frame.locator("#first").evaluate(style) == "rgb(1, 2, 3)"
        assert frame.locator("#picture").evaluate("one => one.naturalWidth") == 1
        frame.locator("#link").click()
        frame.locator("#other").wait_for()
        (cookie,) = visit.context.cookies()
        assert (cookie["domain"], cookie["httpOnly"]) == ("127.0.0.1", True)
        assert page.evaluate("document.cookie") == ""
        page.goto(f"{closed.archived}/{T1}/{STORY}")
        assert "once more" in page.inner_text("h1")  # without a pass, in the same browser
        visit.context.close()
    assert trap.hits() == before
    archive.close()
