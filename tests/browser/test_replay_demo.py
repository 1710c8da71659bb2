"""The demo's site, crawled by the real command and replayed: the words that the site shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.chromium import Trap, Visit, launch, needs_chromium, screenshots
from support.replay_site import Archive, Served, serving
from support.workdir import add_seed, run, working_folder

from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.store.catalogue import Catalogue

pytestmark = needs_chromium
COUNT = 15  # pages that are looked at, of every kind that the site has


class Crawled(Archive):
    """What a crawl has left, as the replay server of tests takes it."""

    def __init__(self, folder: Path) -> None:
        self.catalogue = Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite")
        self.warcs = folder / "archive" / "warc"

    def close(self) -> None:
        self.catalogue.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture(scope="module")
def archive(demo: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    target = f"127.0.0.1:{demo.port}"
    folder = working_folder(
        tmp_path_factory.mktemp("demo"),
        connect_to={"lantern.example": target, "www.farwire.example": target},
    )
    add_seed(folder, "lantern", SEED.read_text("utf-8"))
    done = run(folder, "scrapy", "crawl", "lantern")
    assert done.returncode == 0, done.stderr
    crawled = Crawled(folder)
    yield crawled
    crawled.close()


@pytest.fixture(scope="module")
def site(archive: Crawled) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


@pytest.fixture(scope="module")
def plain(browser: Any) -> Iterator[Any]:
    """Another browser, for the site itself: it may connect ahead to names, which leads nowhere."""
    trap = Trap()
    launched = launch(browser.browser_type, trap)
    yield launched
    launched.close()
    trap.close()


def words(frame: Any) -> str:
    return " ".join(frame.evaluate("document.body.innerText").split())


def words_of_the_site(browser: Any, demo: DemoServer, url: str) -> str:
    """What the site shows without scripts; its names are only known to a crawl."""
    context = browser.new_context(java_script_enabled=False)

    def give(route: Any) -> None:
        host = route.request.url.split("/")[2]
        path = route.request.url.partition(host)[2]
        there = httpx.get(f"http://127.0.0.1:{demo.port}{path}", headers={"Host": host})
        kept = {
            name: there.headers[name]
            for name in ("content-type", "location")
            if name in there.headers
        }
        route.fulfill(status=there.status_code, headers=kept, body=there.content)

    context.route("**/*", give)
    tab = context.new_page()
    tab.goto(url)
    text = words(tab)
    context.unroute_all(behavior="ignoreErrors")  # pictures far below may still be on their way
    context.close()
    return text


def test_the_demo_is_replayed_with_the_words_of_its_pages(
    browser: Any, plain: Any, site: Served, archive: Crawled, demo: DemoServer, trap: Trap
) -> None:
    before = trap.hits()
    rows = archive.catalogue.article_list("lantern")
    rows = rows[:: len(rows) // COUNT]
    assert len(rows) >= COUNT
    different = {}
    visit = Visit(browser, viewport={"width": 1280, "height": 1600})
    for number, row in enumerate(rows):
        (first, *_) = archive.catalogue.captures_of(row.url)
        visit.page.goto(f"{site.ui}/view/{first.captured_at:%Y%m%d%H%M%S}/{row.url}")
        visit.page.screenshot(path=screenshots() / f"demo-{number:02}.png")
        shown, wanted = words(visit.page.frames[1]), words_of_the_site(plain, demo, row.url)
        if shown != wanted:
            different[row.url] = (shown[:300], wanted[:300])
    assert visit.origins() == {f"replay.localhost:{site.port}", f"127.0.0.1:{site.port}"}
    visit.context.close()
    assert different == {}, json.dumps(different, indent=1)
    assert trap.hits() == before
