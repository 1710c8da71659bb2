"""Each attack by itself: from a replay without policy it reaches out, from ours it reaches nothing.

An attack is a whole HTTP answer in a file of its own. First it is shown by a replay that passes
everything on, which proves that the attack works in this browser and that it would be noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from support.attackers import ATTACKS, Attacker, NaiveReplay, attack
from support.chromium import Trap, Visit, needs_chromium, playwright_api
from support.replay_site import Archive, Served, day, serving

pytestmark = needs_chromium
NAMES = sorted(path.stem for path in ATTACKS.glob("*.http"))
NOT_ALWAYS = {"hint-preconnect"}  # a browser connects ahead when it pleases: here alone, mostly
BATCHES = [NAMES[start : start + 10] for start in range(0, len(NAMES), 10)]
T1 = "20260501060000"
HOSTILE = "http://hostile.example"
_PATIENCE = 10  # seconds until an attack that succeeds is noticed at the latest
_TRIES = 4  # visits, of which one must succeed: a browser may drop a worker that nobody holds
_LISTEN = "if (self === top) addEventListener('message', (event) => { self.heard = event.data })"
_LEFT = "localStorage.getItem('owned') || sessionStorage.getItem('owned') || ''"
_WORKERS = "navigator.serviceWorker?.getRegistrations().then((all) => all.length) ?? 0"


@dataclass(frozen=True)
class Ours:
    """Our own replay of all attacks, and who hears what of it."""

    site: Served
    attacker: Attacker
    asked: list[tuple[str, str]]

    def heard(self) -> list[str]:
        """What the interface was asked for, but to show the page."""
        ui = (f"127.0.0.1:{self.site.port}", f"localhost:{self.site.port}")
        return [
            path
            for host, path in self.asked
            if host in ui and not path.startswith(("/view/", "/static/"))
        ]


@pytest.fixture(scope="module")
def naive() -> Iterator[tuple[NaiveReplay, Attacker]]:
    with Attacker() as attacker, NaiveReplay(attacker) as replay:
        yield replay, attacker


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    asked: list[tuple[str, str]] = []
    # An archive that is empty is served, too: the attacks need to know its port.
    with Attacker() as attacker, serving(archive, asked=asked) as site:
        for path in ATTACKS.rglob("*.http"):
            name = path.relative_to(ATTACKS).with_suffix("").as_posix()
            answer = attack(path, attacker=attacker, ui=site.ui)
            archive.keep(f"{HOSTILE}/{name}", day(1), answer)
        yield Ours(site, attacker, asked)
    archive.close()


class Victim:
    """A page of a reader who has a cookie of the interface, and all that happens to it."""

    def __init__(self, visit: Visit, page: Any) -> None:
        self.visit = visit
        self.page = page
        self.address = ""
        self.within = ""  # where links of its own may lead it at any time
        self.happened: list[str] = []
        page.on("dialog", self._dialog)
        page.on("download", lambda _: self.happened.append("a download"))
        page.on("popup", lambda _: self.happened.append("a window"))

    def _dialog(self, dialog: Any) -> None:
        self.happened.append("a dialog")
        dialog.dismiss()

    def frames(self) -> list[Any]:
        """The page and, below a bar, the archived page in it; none of the attack's own."""
        frames: list[Any] = self.page.frames
        return frames[: 2 if "/view/" in self.address else 1]

    def open(self, address: str) -> None:
        """Show a page, and do in it what it wants to be done."""
        self.address = address
        with suppress(playwright_api.Error):  # an attack may lead away before the page is there
            self.page.goto(address)
            frame = self.frames()[-1]
            if frame.locator("#click").count():
                frame.click("#click", no_wait_after=True, timeout=5000)

    def damage(self) -> list[str]:
        """What came of it in the browser."""
        found = list(self.happened)
        cookies = [cookie["name"] for cookie in self.visit.context.cookies()]
        if cookies != ["ours"]:
            found.append(f"cookies: {cookies}")
        led = self.page.url.partition("#")[0]
        if led != self.address and not (self.within and led.startswith(self.within)):
            found.append(f"led to {self.page.url}")
        for frame in self.frames():
            with suppress(playwright_api.Error):
                found += ["storage"] * bool(frame.evaluate(_LEFT))
                found += ["a service worker"] * bool(frame.evaluate(_WORKERS))
        with suppress(playwright_api.Error):
            found += ["a message"] * bool(self.page.evaluate("self.heard || ''"))
        return found


def reader(browser: Any, ui: str) -> Visit:
    """Who has a cookie of the interface."""
    visit = Visit(browser)
    visit.context.add_cookies([{"name": "ours", "value": "1", "url": ui}])
    visit.context.add_init_script(_LISTEN)
    return visit


def until_something(victim: Victim, noticed: Callable[[], list[str]]) -> list[str]:
    """What is noticed within some time."""
    end = monotonic() + _PATIENCE
    while not (found := noticed()) and monotonic() < end:
        victim.page.wait_for_timeout(20)  # the browser's events are handled meanwhile
    return found


def test_there_are_many() -> None:
    assert len(NAMES) >= 70


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_ALWAYS])
def test_an_attack_works_without_a_policy(
    browser: Any, naive: tuple[NaiveReplay, Attacker], name: str
) -> None:
    replay, attacker = naive
    before, asked = len(attacker.heard), len(replay.heard)

    def came_of_a_visit() -> list[str]:
        visit = reader(browser, replay.ui)
        victim = Victim(visit, visit.page)
        victim.open(f"{replay.ui}/view/{name}")
        found = until_something(
            victim, lambda: [*attacker.heard[before:], *replay.heard[asked:], *victim.damage()]
        )
        visit.context.close()
        return found

    assert any(came_of_a_visit() for _ in range(_TRIES))


def hurt(browser: Any, ours: Ours, addresses: Sequence[str]) -> dict[str, list[str]]:
    """What came of each of these pages, opened beside each other."""
    visit = reader(browser, ours.site.ui)
    victims = [Victim(visit, visit.context.new_page()) for _ in addresses]
    for victim, address in zip(victims, addresses, strict=True):
        victim.open(address)
    for victim in victims:
        victim.page.wait_for_load_state("networkidle")
    found = {victim.address: victim.damage() for victim in victims}
    for victim in victims:
        words = victim.frames()[-1].evaluate("document.documentElement.textContent")
        if not any(one in words for one in ("The words of the page", "does not hold this page")):
            found[victim.address].append(f"shows {words[:100]}")
    origins = {f"replay.localhost:{ours.site.port}", f"127.0.0.1:{ours.site.port}"}
    assert visit.origins() <= origins
    assert len(visit.context.pages) == 1 + len(victims)
    assert visit.context.service_workers == []
    visit.context.close()
    return {address: damage for address, damage in found.items() if damage}


@pytest.mark.parametrize("names", BATCHES, ids=lambda names: names[0])
def test_an_attack_reaches_nothing(
    browser: Any, ours: Ours, trap: Trap, names: Sequence[str]
) -> None:
    before = len(ours.attacker.heard), len(ours.heard()), trap.hits()
    pages = [f"{ours.site.ui}/view/{T1}/{HOSTILE}/{name}" for name in names]
    assert hurt(browser, ours, pages) == {}
    assert (len(ours.attacker.heard), len(ours.heard()), trap.hits()) == before


@pytest.mark.parametrize("mode", ["", "id_"])
def test_an_attack_that_stands_by_itself_reaches_nothing(
    browser: Any, ours: Ours, trap: Trap, mode: str
) -> None:
    before = len(ours.attacker.heard), len(ours.heard()), trap.hits()
    visit = reader(browser, ours.site.ui)
    victim = Victim(visit, visit.page)
    victim.within = f"{ours.site.archived}/{T1}"  # a link may lead to another archived page
    for name in NAMES:
        victim.open(f"{ours.site.archived}/{T1}{mode}/{HOSTILE}/{name}")
        assert victim.damage() == [], name
    victim.page.wait_for_load_state("networkidle")
    visit.context.close()
    assert (len(ours.attacker.heard), len(ours.heard()), trap.hits()) == before
