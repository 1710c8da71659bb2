"""TimeGates, TimeMaps and the links of mementos (RFC 7089), through a real socket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.redactions import redact, second
from support.replay_content import FIRST, SECOND, STORY, T1, T2, fill, get
from support.replay_site import Archive, Served, day, serving

from archiver.model import Capture
from archiver.replay import timemap

T4 = "20260504060000"
BUSY = "https://busy.example/front"
_LINK = re.compile(r'<([^>]*)>((?:; [a-z]+="[^"]*")*)')


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Iterator[Archive]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    for number in range(23):
        archive.keep(BUSY, day(1, minutes=number), f"<p>{number}")
    archive.keep(BUSY, day(1, minutes=9, seconds=0.2), "<p>9 again")  # within its second
    yield archive
    archive.close()


@pytest.fixture(scope="module")
def site(archive: Archive) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


def parsed(text: str) -> list[tuple[str, dict[str, str]]]:
    """The links of a Link field or a document in link format."""
    found = [
        (match[1], dict(re.findall(r'; ([a-z]+)="([^"]*)"', match[2])))
        for match in _LINK.finditer(text)
    ]
    assert re.sub(r",\s+", "", _LINK.sub("", text)).strip() == ""  # nothing else is in it
    return found


def by_relation(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for address, attributes in parsed(text):
        for relation in attributes["rel"].split():
            found.setdefault(relation, []).append(address)
    return found


@pytest.mark.parametrize(
    ("digits", "mode", "expected"),
    [
        (T1, "", {"first": T1, "next": T2, "last": T4}),
        (T2, "", {"first": T1, "prev": T1, "next": T4, "last": T4}),
        (T4, "id_", {"first": T1, "prev": T2, "last": T4}),
    ],
)
def test_a_memento_leads_to_the_others(
    site: Served, digits: str, mode: str, expected: dict[str, str]
) -> None:
    answer = get(site, f"/{digits}{mode}/{STORY}")
    links = by_relation(answer.headers["link"])
    assert links["original"] == [STORY]
    assert links["timegate"] == [f"{site.archived}/timegate/{STORY}"]
    assert links["timemap"] == [
        f"{site.archived}/timemap/{form}/{STORY}" for form in ("link", "json")
    ]
    found = {relation: links.get(relation) for relation in ("first", "prev", "next", "last")}
    addresses = {name: [f"{site.archived}/{at}{mode}/{STORY}"] for name, at in expected.items()}
    assert {name: url for name, url in found.items() if url} == addresses
    assert f"{site.archived}/{digits}{mode}/{STORY}" in links["memento"]
    for address, attributes in parsed(answer.headers["link"]):
        if "memento" in attributes["rel"].split():
            seen = get(site, address.removeprefix(site.archived))
            assert seen.headers["memento-datetime"] == attributes["datetime"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Mon, 01 Jan 1996 00:00:00 GMT", T1),  # before the first
        ("Sun, 03 May 2026 09:00:00 GMT", T2),
        ("Fri, 31 Dec 9999 23:59:59 GMT", T4),  # after the last
        (None, T4),
    ],
)
def test_negotiation(site: Served, asked: str | None, expected: str) -> None:
    fields = {"Accept_Datetime": asked} if asked else {}
    led = get(site, f"/timegate/{STORY}", **fields)
    assert (led.status_code, led.headers["location"]) == (302, f"/{expected}/{STORY}")
    assert led.headers["vary"] == "accept-datetime"
    assert "memento-datetime" not in led.headers
    links = by_relation(led.headers["link"])
    assert links["first"] == [f"{site.archived}/{T1}/{STORY}"]
    assert links["last"] == [f"{site.archived}/{T4}/{STORY}"]
    assert f"{site.archived}/{expected}/{STORY}" in links["memento"]
    for mode in ("", "id_"):
        direct = get(site, f"/{mode}{'/' if mode else ''}{STORY}", **fields)
        memento = get(site, f"/{expected}{mode}/{STORY}")
        assert direct.status_code == 200
        assert direct.content == memento.content
        assert direct.headers["content-location"] == f"/{expected}{mode}/{STORY}"
        assert direct.headers["memento-datetime"] == memento.headers["memento-datetime"]
        assert direct.headers["link"] == memento.headers["link"]
        assert direct.headers["vary"].startswith("accept-datetime, ")
        assert "sandbox" in direct.headers["content-security-policy"]


@pytest.mark.parametrize(
    "asked",
    [
        "", "yesterday", "2026-05-01", "20260501000000", "Fri, 01 May 2026 06:00:00",
        "Fri, 01 May 2026 06:00:00 +0200", "Fri, 31 Feb 2026 06:00:00 GMT",
        "Fri, 01 May 2026 25:00:00 GMT", "Fri, 01 May 0000 06:00:00 GMT", "1777615200",
    ],
)  # fmt: skip
def test_a_malformed_date_is_refused(site: Served, asked: str) -> None:
    for path in (f"/timegate/{STORY}", f"/{STORY}", f"/id_/{STORY}"):
        answer = get(site, path, Accept_Datetime=asked)
        assert answer.status_code == 400
        assert "Accept-Datetime" in answer.text


def test_an_address_with_a_time_is_not_negotiated(site: Served) -> None:
    answer = get(site, f"/{T1}/{STORY}", Accept_Datetime="nonsense")
    assert answer.status_code == 200
    assert "content-location" not in answer.headers


def test_what_is_not_there_is_missing_at_every_address(site: Served) -> None:
    for path in (
        "/timegate/https://no.example/",
        "/https://no.example/",
        "/id_/https://no.example/",
    ):
        answer = get(site, path)
        assert answer.status_code == 404
        assert answer.headers["vary"] == "accept-datetime"
    for path in ("/timemap/link/", "/timemap/json/", "/timemap/"):
        assert get(site, f"{path}https://no.example/").status_code == 404
        assert get(site, path).status_code == 400
    assert get(site, "/https://user:word@news.example/").status_code == 400
    assert get(site, f"/timemap/cdxj/{STORY}").status_code == 400
    assert get(site, f"/timemap/link/20261399000000/{STORY}").status_code == 400
    assert get(site, f"/timemap/link/20990101000000/{STORY}").status_code == 404


def test_a_redirect_is_negotiated_too(site: Served) -> None:
    answer = get(site, "/https://news.example/old?a=1")
    assert (answer.status_code, answer.headers["location"]) == (301, f"/{T1}/{STORY}")


def test_the_timemap_in_json(site: Served) -> None:
    found = get(site, f"/timemap/json/{STORY}")
    assert found.headers["content-type"] == "application/json"
    said = json.loads(found.text)
    assert said["original_uri"] == STORY
    assert said["self"] == f"{site.archived}/timemap/json/{STORY}"
    assert said["pages"] == {}
    listed = [
        {"datetime": f"2026-05-0{day}T06:00:00Z", "uri": f"{site.archived}/{digits}/{STORY}"}
        for day, digits in ((1, T1), (3, T2), (4, T4))
    ]
    assert said["mementos"] == {"list": listed, "first": listed[0], "last": listed[2]}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/link-format"),
        ("*/*", "application/link-format"),
        ("application/json", "application/json"),
        ("application/link-format, application/json;q=0.5", "application/link-format"),
        ("application/link-format;q=0.1, application/json", "application/json"),
        ("application/json;q=0", "application/link-format"),
        ("text/html;level=1, application/JSON ; q=0.3", "application/json"),
    ],
)
def test_the_form_of_a_timemap_is_negotiated(site: Served, accept: str | None, kind: str) -> None:
    found = get(site, f"/timemap/{STORY}", **({"Accept": accept} if accept else {}))
    assert found.headers["content-type"].partition(";")[0] == kind
    assert found.headers["vary"] == "Accept"
    form = "json" if kind.endswith("json") else "link"
    assert found.headers["content-location"] == f"{site.archived}/timemap/{form}/{STORY}"
    assert found.text == get(site, f"/timemap/{form}/{STORY}").text


def test_pages_of_a_timemap(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timemap, "PAGE", 10)
    minutes = [f"202605010{6 + number // 60}{number % 60:02}00" for number in range(23)]
    address = f"/timemap/link/{BUSY}"
    seen: list[list[str]] = []
    while True:
        links = parsed(get(site, address).text)
        relations = {}
        for url, attributes in links:
            for relation in attributes["rel"].split():
                relations.setdefault(relation, []).append((url, attributes))
        [(own, span)] = relations["self"]
        assert own == site.archived + address
        [(first, _)], [(last, _)] = relations["first"], relations["last"]
        assert first == f"{site.archived}/{minutes[0]}/{BUSY}"
        assert last == f"{site.archived}/{minutes[-1]}/{BUSY}"
        page = minutes[10 * len(seen) :][:10]
        inside = [url for url, _ in relations["memento"] if url.split("/")[3] in page]
        seen.append([url.split("/")[3] for url in inside])
        times = {url: attributes["datetime"] for url, attributes in relations["memento"]}
        assert span["from"] == times[inside[0]]
        assert span["until"] == times[inside[-1]]
        if len(seen) > 1:
            [(before, _)] = relations["prev"]
            expected = (
                f"/timemap/link/{BUSY}" if len(seen) == 2 else f"/timemap/link/{minutes[10]}/{BUSY}"
            )
            assert before == site.archived + expected
        if "next" not in relations:
            break
        [(after, span)] = relations["next"]
        assert span["rel"] == "next timemap"
        address = after.removeprefix(site.archived)
        following = parsed(get(site, address).text)
        [own_span] = [attributes for _, attributes in following if attributes["rel"] == "self"]
        assert (own_span["from"], own_span["until"]) == (span["from"], span["until"])
    assert [one for page in seen for one in page] == minutes
    assert [len(page) for page in seen] == [10, 10, 3]
    paged = json.loads(get(site, f"/timemap/json/{minutes[10]}/{BUSY}").text)
    assert {name: one["uri"] for name, one in paged["pages"].items()} == {
        "prev": f"{site.archived}/timemap/json/{BUSY}",
        "next": f"{site.archived}/timemap/json/{minutes[20]}/{BUSY}",
    }
    assert len(paged["mementos"]["list"]) == 10


def test_one_memento_before_the_page_before_is_a_page_too(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timemap, "PAGE", 10)
    found = json.loads(get(site, f"/timemap/json/20260501061100/{BUSY}").text)
    before = f"/timemap/json/20260501060100/{BUSY}"
    assert found["pages"]["prev"]["uri"] == site.archived + before
    first = json.loads(get(site, before).text)["pages"]["prev"]
    assert first["uri"] == f"{site.archived}/timemap/json/{BUSY}"


def test_a_page_holds_a_whole_second(
    archive: Archive, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address names a second: a page that ended within one would hide what else is in it."""
    pages = [f"{scheme}://within.example/{name}" for scheme in ("http", "https") for name in "xX"]
    for number, url in enumerate(pages):
        archive.keep(url, day(1, seconds=number / 10), f"<p>{number}")
    archive.keep(pages[0], day(2), "<p>later")
    monkeypatch.setattr(timemap, "PAGE", 2)
    first = json.loads(get(site, f"/timemap/json/{pages[0]}").text)
    assert len(first["mementos"]["list"]) == 4
    rest = get(site, first["pages"]["next"]["uri"].removeprefix(site.archived))
    assert len(json.loads(rest.text)["mementos"]["list"]) == 1


def test_nothing_redacted_is_linked_to(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    asked = [f"/{T1}/{STORY}", f"/timegate/{STORY}", f"/{STORY}", f"/timemap/link/{STORY}",
             f"/timemap/json/{STORY}", f"/timemap/{STORY}"]  # fmt: skip
    with serving(archive) as site:
        redact(archive.catalogue, archive.warcs, STORY, moment=second(day(4)))
        for path in asked:
            answer = get(site, path)
            assert answer.status_code in (200, 302)
            assert T4 not in answer.text + str(answer.headers)
            assert T2 in answer.text + str(answer.headers)
        redact(archive.catalogue, archive.warcs, STORY)
        for path in [*asked, f"/id_/{STORY}", f"/timemap/link/{T2}/{STORY}"]:
            answer = get(site, path)
            assert answer.status_code == 451
            for digits in (T1, T2, T4):
                assert digits not in answer.text + str(answer.headers)
            assert FIRST not in answer.text
            assert SECOND not in answer.text
    archive.close()


def test_what_has_one_capture_in_thousands_that_can_be_shown(
    archive: Archive, site: Served
) -> None:
    url = "http://turning.example/"
    shown = archive.keep(url, day(2), "<p>shown")
    turned = archive.keep(
        url, day(1), b"HTTP/1.1 301 M\r\nLocation: https://turning.example/\r\n\r\n"
    )
    archive.catalogue.add_captures([_later(turned, number) for number in range(1, 3000)])
    memento = get(site, f"/20260701000000/{url}")
    assert memento.headers["location"] == f"/20260502060000/{url}"
    links = by_relation(get(site, memento.headers["location"]).headers["link"])
    assert "next" not in links
    assert links["first"] == links["last"] == links["memento"]
    assert shown.status == 200


def _later(one: Capture, number: int) -> Capture:
    return replace(one, captured_at=one.captured_at + timedelta(minutes=number))
