"""ReplayWeb.page in a real browser opens a WACZ of ours, and shows what was archived."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chromium import CHROMIUM, needs_chromium, playwright_api
from support.exchanges import answer
from support.replay_site import Archive, day
from support.replayweb import ReplayWeb, fetched

from archiver.exchange.choosing import ChosenCaptures, chosen_articles, revisions_of
from archiver.exchange.output import output_file
from archiver.exchange.signing import signing_key
from archiver.exchange.wacz import export_wacz
from archiver.store.exports import Choice

pytestmark = needs_chromium
_STARTS = 4
STORY = "https://news.example/world/story"
PAGE = """<!doctype html><meta charset=utf-8><title>A story</title>
<link rel=stylesheet href="/style.css"><h1>Rain in the north</h1><p id=first>{}</p>"""
_VERIFY = """async ([key, signature, text]) => {
  const bytes = (packed) => Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
  const kind = {name: "ECDSA", namedCurve: "P-384"};
  const found = await crypto.subtle.importKey("spki", bytes(key), kind, true, ["verify"]);
  const how = {name: "ECDSA", hash: "SHA-256"};
  return crypto.subtle.verify(how, found, bytes(signature), new TextEncoder().encode(text));
}"""


@pytest.fixture(scope="module")
def wacz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page in two versions, the second one again as a revisit and as a 304."""
    reason = fetched()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("wacz")
    archive = Archive(folder)
    css = answer(b"#first { color: rgb(1, 2, 3) }").replace(b"text/html", b"text/css")
    archive.keep("https://news.example/style.css", day(1), css)
    from support.captures import make_article

    for number, words in ((1, "It will rain."), (2, "It will snow.")):
        taken = archive.keep(STORY, day(number), PAGE.format(words))
        article = make_article(STORY, words, day(number), title="Rain in the north")
        archive.catalogue.save_article(article)
    archive.keep(STORY, day(3), PAGE.format("It will snow."), refers_to=taken)
    unmodified = answer(b"", status=b"304 Not Modified", length=False)
    archive.keep(STORY, day(4), unmodified, refers_to=taken)
    path = folder / "all.wacz"
    choice = Choice()
    pages = revisions_of(chosen_articles(archive.catalogue, choice), every=True)
    with output_file(str(path)) as out:
        account = export_wacz(
            archive.catalogue,
            archive.reading,
            ChosenCaptures(archive.catalogue, choice),
            pages,
            out,
            title="Rain",
            key=signing_key(folder),
        )
    archive.close()
    assert (account.captures, account.left_out) == (5, [])
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # nothing but this machine
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield launched
        launched.close()


def shown_in(page: Any, site: ReplayWeb, timestamp: str) -> Any:
    """The story's first paragraph; the viewer's own start may hang, and then is begun again."""
    for left in reversed(range(_STARTS)):
        page.goto(site.page(STORY, timestamp))
        frame = page.frame_locator("replay-web-page iframe").frame_locator("iframe")
        shown = frame.locator("#first")
        try:
            shown.wait_for(timeout=30_000)
            break
        except playwright_api.TimeoutError:
            if not left:
                raise
    return shown


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "It will rain."), (2, "It will snow."), (3, "It will snow."), (5, "It will snow.")],
)
def test_another_viewer_shows_what_was_archived(
    browser: Any, wacz: Path, number: int, words: str
) -> None:
    page = browser.new_page()
    with ReplayWeb(wacz) as site:
        shown = shown_in(page, site, f"{day(number):%Y%m%d%H%M%S}")
        assert shown.inner_text() == words
        assert shown.evaluate("one => getComputedStyle(one).color") == "rgb(1, 2, 3)"
    page.close()


def test_a_browser_finds_the_signature_true(browser: Any, wacz: Path) -> None:
    with zipfile.ZipFile(wacz) as files:
        digest = json.loads(files.read("datapackage-digest.json"))
    said = digest["signedData"]
    page = browser.new_page()
    with ReplayWeb(wacz) as site:
        page.goto(site.page(STORY, ""))  # cryptography is for secure origins alone
        arguments = [said["publicKey"], said["signature"], digest["hash"]]
        assert page.evaluate(_VERIFY, arguments) is True
        other = base64.b64encode(b"x" * 96).decode()
        assert page.evaluate(_VERIFY, [arguments[0], other, arguments[2]]) is False
    page.close()
