"""Pages as they ran: with their scripts, in another's player, and with nobody else to talk to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.attackers import ATTACKS, Attacker, attack
from support.chromium import Trap, Visit, needs_chromium, playwright_api
from support.exchanges import answer
from support.redactions import redact
from support.replay_content import get
from support.replay_site import Archive, Served, day, serving

from archiver.errors import ArchiverError
from archiver.replay.faithful import running_policy
from archiver.replay.playerfile import PACKAGE, install, worker_of

pytestmark = needs_chromium
_HOME = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
CACHE = Path(_HOME) / "news-archiver-tests" / f"player-{PACKAGE}"
STORY = "https://news.example/world/story"
HOSTILE = "http://hostile.example"
T1 = "20260501060000"
# What a script of the page has made: of a script file, of data, and of a module that came later.
PAGE = """<!doctype html><meta charset=utf-8><title>A story</title>
<link rel=stylesheet href="https://cdn.example/style.css">
<h1 id=made>Nothing yet</h1><p id=words></p><script src="/app.js"></script>
<noscript><p>No scripts</p></noscript>"""
SCRIPT = """document.querySelector('#made').textContent = 'Made by a script';
fetch('/data.json').then((answer) => answer.json()).then((data) => {
  document.querySelector('#words').textContent = data.words; });"""
# Those that scripts make worse; what a page does to itself alone is its own affair.
KINDS = ("ask", "form", "interface", "redirect", "refresh", "report", "top", "window", "worker")
NAMES = sorted(path.stem for path in ATTACKS.glob("*.http") if path.stem.startswith(KINDS))


@pytest.fixture(scope="module")
def player() -> Path:
    """The player's folder, in a cache; installed as a user would."""
    if worker_of(CACHE) is None:
        try:
            install(CACHE)
        except ArchiverError as error:
            pytest.skip(f"the player cannot be had: {error}")
    return CACHE


def fill(archive: Archive) -> None:
    archive.keep(STORY, day(1), PAGE)
    for url, kind, body in (
        ("https://news.example/app.js", b"text/javascript", SCRIPT),
        ("https://news.example/data.json", b"application/json", '{"words": "It rained."}'),
        ("https://cdn.example/style.css", b"text/css", "#made { color: rgb(1, 2, 3) }"),
    ):
        raw = answer(body.encode()).replace(b"text/html; charset=utf-8", kind)
        archive.keep(url, day(1), raw)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, player: Path) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    with serving(archive, player=player) as served:
        yield served
    archive.close()


def ours(site: Served) -> set[str]:
    hosts = ("127.0.0.1", "replay.localhost", "player.replay.localhost")
    return {f"{host}:{site.port}" for host in hosts}


def running(page: Any) -> Any:
    """The archived page in the player in the page around."""
    return page.frame_locator("iframe").frame_locator("iframe")


@pytest.mark.parametrize("token", [None, "only-for-readers-1234"])
def test_a_page_is_shown_as_it_ran(
    browser: Any, player: Path, trap: Trap, tmp_path: Path, token: str | None
) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    before = trap.hits()
    with serving(archive, token=token, player=player) as site:
        visit = Visit(browser)
        page = visit.page
        answers: list[Any] = []
        visit.context.on("response", lambda one: answers.append(one))
        if token:
            page.goto(f"{site.ui}/login?token={token}")
            page.wait_for_url(f"{site.ui}/")
        page.goto(f"{site.ui}/view/{T1}/{STORY}")
        readable = page.frame_locator("iframe")
        assert readable.locator("#made").inner_text() == "Nothing yet"
        assert "No scripts" in readable.locator("body").inner_text()
        page.get_by_role("link", name="As it ran, with scripts").click()
        running(page).get_by_text("It rained.").wait_for(timeout=60_000)
        made = running(page).locator("#made")
        assert made.inner_text() == "Made by a script"
        assert made.evaluate("one => getComputedStyle(one).color") == "rgb(1, 2, 3)"
        assert visit.origins() == ours(site)
        replayed = [one for one in answers if "/player/w/archive/" in one.url]
        assert len(replayed) >= 4  # the page, its style sheet, its script, its data
        policies = {one.headers.get("content-security-policy") for one in replayed}
        assert policies == {running_policy(site.archived)}
        page.get_by_role("link", name="Without scripts").click()
        page.wait_for_url(f"{site.ui}/view/{T1}/{STORY}")
        visit.context.close()
    assert trap.hits() == before
    archive.close()


def test_what_is_redacted_is_not_in_it(browser: Any, player: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    with serving(archive, player=player) as site:
        raw = f"/raw/{T1}id_/https://news.example/data.json"
        host = f"player.replay.localhost:{site.port}"
        assert get(site, raw, host).status_code == 200
        redact(archive.catalogue, archive.warcs, "https://news.example/data.json")
        assert get(site, raw, host).status_code == 451
        redact(archive.catalogue, archive.warcs, STORY)
        assert get(site, f"/faithful/{T1}/{STORY}").status_code == 451
        assert get(site, f"/view/{T1}/{STORY}", host).status_code == 451
    archive.close()


def settle(page: Any) -> None:
    """Wait for what a page asks for; some of it is never answered by the player."""
    with suppress(playwright_api.TimeoutError):
        page.wait_for_load_state("networkidle", timeout=5000)


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_with_scripts_reaches_nothing(
    browser: Any, trap: Trap, hostile: tuple[Served, Attacker, list[tuple[str, str]]], name: str
) -> None:
    site, attacker, asked = hostile
    before, known, heard = trap.hits(), len(asked), len(attacker.heard)
    visit = Visit(browser)
    visit.context.add_cookies([{"name": "ours", "value": "1", "url": site.ui}])
    page = visit.page
    address = f"{site.archived}/faithful/{T1}/{HOSTILE}/{name}"
    page.goto(address)
    frame = page.frame_locator("iframe")
    frame.locator("iframe").wait_for(timeout=60_000)
    settle(page)
    shown = page.frames[2] if len(page.frames) > 2 else page.frames[-1]
    with_click = shown.locator("#click")
    if with_click.count():
        with_click.click(no_wait_after=True, timeout=5000)
        settle(page)
    assert page.url == address
    assert len(visit.context.pages) == 1
    workers = {worker.url for worker in visit.context.service_workers}
    assert workers == {f"http://player.replay.localhost:{site.port}/player/sw.js"}
    cookies = [one for one in visit.context.cookies() if "player" not in one["domain"]]
    assert [one["name"] for one in cookies] == ["ours"]
    visit.context.close()
    ui = (f"127.0.0.1:{site.port}", f"localhost:{site.port}")
    assert [path for host, path in asked[known:] if host in ui] == []
    assert attacker.heard[heard:] == []
    assert trap.hits() == before


@pytest.mark.parametrize(
    "script",
    [
        "location.href = 'ATTACKER'",
        "location.href = 'UI'",
        "top.location = 'ATTACKER'",
        "window.open('ATTACKER')",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'ATTACKER'}))",
        "fetch('ATTACKER', {mode: 'no-cors'}).catch(() => 0)",
        "fetch('UI', {mode: 'no-cors', credentials: 'include'}).catch(() => 0)",
        "navigator.serviceWorker.register('/player/wabac.js', {scope: '/'}).catch(() => 0)",
        "navigator.serviceWorker.register('/player/sw.js', {scope: '/'}).catch(() => 0)",
    ],
)
def test_who_rules_the_players_origin_cannot_lead_away(
    browser: Any, hostile: tuple[Served, Attacker, list[tuple[str, str]]], script: str
) -> None:
    """An archived script that has got hold of the page which starts the player.

    Where it would lead the frame, Chromium connects before it refuses to; nothing is asked.
    """
    site, attacker, asked = hostile
    visit = Visit(browser)
    page = visit.page
    address = f"{site.archived}/faithful/{T1}/{HOSTILE}/storage"
    page.goto(address)
    page.frame_locator("iframe").locator("iframe").wait_for(timeout=60_000)
    known, heard = len(asked), len(attacker.heard)
    aim = f"http://ruled.attacker.localhost:{attacker.port}/"
    text = script.replace("ATTACKER", aim).replace("UI", f"{site.ui}/captures")
    with suppress(playwright_api.Error):
        page.frames[1].evaluate(text)
    settle(page)
    assert page.url == address
    assert len(visit.context.pages) == 1
    assert visit.origins() <= ours(site)
    scopes = {worker.url.rpartition("/")[0] for worker in visit.context.service_workers}
    assert scopes == {f"http://player.replay.localhost:{site.port}/player"}
    visit.context.close()
    ui = (f"127.0.0.1:{site.port}", f"localhost:{site.port}")
    assert [path for host, path in asked[known:] if host in ui] == []
    assert [one for one in attacker.heard[heard:] if one != "a connection"] == []


@pytest.fixture(scope="module")
def hostile(
    tmp_path_factory: pytest.TempPathFactory, player: Path
) -> Iterator[tuple[Served, Attacker, list[tuple[str, str]]]]:
    archive = Archive(tmp_path_factory.mktemp("hostile"))
    asked: list[tuple[str, str]] = []
    with Attacker() as attacker, serving(archive, asked=asked, player=player) as site:
        for path in ATTACKS.rglob("*.http"):
            name = path.relative_to(ATTACKS).with_suffix("").as_posix()
            made = attack(path, attacker=attacker, ui=site.ui)
            archive.keep(f"{HOSTILE}/{name}", day(1), made)
        yield site, attacker, asked
    archive.close()
