"""Real pages, replayed: the words that they had, and nothing asked of anybody else.

What a page's words are is told by the same browser, from the page as it came, without scripts and
without a network. Pictures of all of them are kept; see `screenshots`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from support.chromium import Trap, Visit, launch, needs_chromium, screenshots
from support.corpus import CorpusPage, charset_of, corpus_pages, needs_corpus
from support.exchanges import answer
from support.replay_site import Archive, Served, day, serving

pytestmark = [pytest.mark.corpus, needs_corpus, needs_chromium]
COUNT = 30
T1 = "20260501060000"


def chosen() -> list[CorpusPage]:
    """Pages of as many publishers, from the whole of the corpus."""
    pages = list({page.outlet: page for page in reversed(corpus_pages())}.values())
    return [pages[place * len(pages) // COUNT] for place in range(COUNT)]


def kind_of(page: CorpusPage) -> str:
    """The media type under which a page is kept and shown."""
    return f"text/html{charset_of(page.file.read_bytes())}"


@pytest.fixture(scope="module")
def plain(browser: Any) -> Iterator[Any]:
    """Another browser, for pages as they came: they do ask the web, of which nothing is there."""
    trap = Trap()
    launched = launch(browser.browser_type, trap)
    yield launched
    launched.close()
    trap.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for page in chosen():
        raw = answer(page.file.read_bytes(), b"Content-Encoding: gzip")
        kind = f"Content-Type: {kind_of(page)}".encode()
        archive.keep(page.url, day(1), raw.replace(b"Content-Type: text/html; charset=utf-8", kind))
    with serving(archive) as served:
        yield served
    archive.close()


def words(frame: Any) -> str:
    """What is to be read in a document as it is laid out."""
    return " ".join(frame.evaluate("document.body.innerText").split())


def words_as_it_came(browser: Any, page: CorpusPage) -> str:
    """The words of the page itself, of which nothing else can be had."""
    context = browser.new_context(java_script_enabled=False)

    def give(route: Any) -> None:
        if (
            route.request.url.partition("#")[0] == page.url
            and route.request.is_navigation_request()
        ):
            body = gzip.decompress(page.file.read_bytes())
            route.fulfill(body=body, headers={"Content-Type": kind_of(page)})
        else:
            route.abort()

    context.route("**/*", give)
    tab = context.new_page()
    tab.goto(page.url)
    text = words(tab)
    context.close()
    return text


def test_there_are_as_many_publishers() -> None:
    assert len({page.outlet for page in chosen()}) == COUNT


@pytest.mark.parametrize("number", range(COUNT))
def test_a_real_page_is_replayed(
    browser: Any, plain: Any, site: Served, trap: Trap, number: int
) -> None:
    page = chosen()[number]
    before = trap.hits()
    visit = Visit(browser, viewport={"width": 1280, "height": 1600})
    visit.page.goto(f"{site.ui}/view/{T1}/{page.url}")
    frame = visit.page.frames[1]
    visit.page.screenshot(path=screenshots() / f"corpus-{number:02}-{page.outlet}.png")
    assert words(frame) == words_as_it_came(plain, page)
    assert visit.origins() == {f"replay.localhost:{site.port}", f"127.0.0.1:{site.port}"}
    visit.context.close()
    assert trap.hits() == before
