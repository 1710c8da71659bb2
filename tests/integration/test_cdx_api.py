"""The index over HTTP: three dialects of CDX servers, on both origins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from support.exchanges import answer
from support.redactions import redact, second
from support.replay_content import FIRST, STORY, T1, T2, fill, get, ui
from support.replay_site import Archive, Served, day, serving

from archiver.warc.reader import StoredRecord, iter_records

KEY = "example,news)/world/story"
TIMES = [T1, "20260502060000", T2, "20260504060000"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Iterator[Archive]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    yield archive
    archive.close()


@pytest.fixture(scope="module")
def site(archive: Archive) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


def ask(site: Served, path: str, *more: tuple[str, str], **parameters: object) -> httpx.Response:
    pairs = [(name.rstrip("_"), str(value)) for name, value in parameters.items()]
    return ui(site, f"{path}?{urlencode([*pairs, *more])}")


def lines(site: Served, path: str, *more: tuple[str, str], **parameters: object) -> list[str]:
    found = ask(site, path, *more, **parameters)
    assert found.status_code == 200, found.text
    assert not found.text or found.text.endswith("\n")
    return found.text.splitlines()


def times(
    site: Served, *more: tuple[str, str], path: str = "/cdx", **parameters: object
) -> list[str]:
    return [line.split()[1] for line in lines(site, path, *more, **{"url": STORY, **parameters})]


def test_cdxj_as_pywb(site: Served, archive: Archive) -> None:
    found = ask(site, "/cdx", url=STORY)
    assert found.headers["content-type"] == "text/x-cdxj; charset=utf-8"
    rows = [line.split(" ", 2) for line in found.text.splitlines()]
    assert [(key, at) for key, at, _ in rows] == [(KEY, at) for at in TIMES]
    entries = [json.loads(text) for _, _, text in rows]
    names = ["url", "mime", "status", "digest", "length", "offset", "filename"]
    assert [list(entry) for entry in entries] == [names] * 4
    assert [entry["status"] for entry in entries] == ["200", "304", "200", "200"]
    assert [entry["mime"] for entry in entries][1::2] == ["warc/revisit"] * 2
    assert not entries[0]["digest"].startswith("sha1:")
    [path] = archive.warcs.glob("*.open")
    records = {
        str(item.offset): item for item in iter_records(path) if isinstance(item, StoredRecord)
    }
    for entry in entries:
        record = records[entry["offset"]]
        assert record.target_uri == entry["url"] == STORY
        assert str(record.length) == entry["length"]
        assert record.header("WARC-Payload-Digest") == f"sha1:{entry['digest']}"
        assert f"{entry['filename']}.open" == path.name


def test_both_origins_answer_the_same(site: Served) -> None:
    for path in ("/cdx", "/cdx/search/cdx", "/archive"):
        asked = f"{path}?url={quote(STORY)}"
        assert get(site, asked).text == ui(site, asked).text != ""
        assert get(site, asked).headers["cache-control"] == "no-store"


def test_lines_of_json_as_pywb(site: Served) -> None:
    found = ask(site, "/cdx", url=STORY, output="json")
    assert found.headers["content-type"] == "text/x-ndjson; charset=utf-8"
    first = json.loads(found.text.splitlines()[0])
    assert list(first)[:4] == ["urlkey", "timestamp", "url", "mime"]
    some = lines(site, "/cdx", url=STORY, output="json", fl="timestamp,status")
    assert json.loads(some[1]) == {"timestamp": TIMES[1], "status": "304"}


def test_lines_of_eleven_fields(site: Served) -> None:
    pywb = lines(site, "/cdx", url=STORY, output="text")
    outback = lines(site, "/archive", url=STORY)
    assert [f"{line}.open" for line in pywb] == outback  # as the file stands now
    fields = outback[0].split(" ")
    assert len(fields) == 11
    assert fields[:5] == [KEY, T1, STORY, "text/html", "200"]
    assert fields[6:8] == ["-", "-"]
    assert fields[10].endswith(".warc.gz.open")


def test_the_wayback_machine(site: Served) -> None:
    for how in ({"path": "/cdx/search/cdx"}, {"path": "/cdx", "dialect": "wayback"}):
        assert times(site, **how) == TIMES
    rows = ask(site, "/cdx/search/cdx", url=STORY, output="json").json()
    assert rows[0] == [
        "urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length",
    ]  # fmt: skip
    assert [row[1] for row in rows[1:]] == TIMES
    assert all(isinstance(value, str) for row in rows for value in row)
    some = ask(site, "/cdx/search/cdx", url=STORY, output="json", fl="timestamp,original", limit=1)
    assert some.json() == [["timestamp", "original"], [T1, STORY]]
    nothing = ask(site, "/cdx/search/cdx", url="no.example", output="json")
    assert (nothing.status_code, nothing.json()) == (200, [])


def test_outback(site: Served) -> None:
    rows = ask(site, "/archive", url=STORY, output="json").json()
    assert rows[0][:5] == [KEY, int(T1), STORY, "text/html", 200]
    dicts = ask(site, "/archive", url=STORY, output="jsondict", fl="urlkey,statuscode").json()
    assert dicts[1] == {"urlkey": KEY, "statuscode": 304}
    assert lines(site, "/archive", urlkey=KEY) == lines(site, "/archive", url=STORY)
    assert lines(site, "/archive", url=STORY, sort="closest", closest="") == lines(
        site, "/archive", url=STORY
    )
    nearest = lines(site, "/archive", url=STORY, sort="closest", closest="20260503050000", limit=2)
    assert [line.split()[1] for line in nearest] == [T2, TIMES[1]]
    onwards = lines(site, "/archive", url="https://news.example/quick", matchType="range", limit=3)
    assert [line.split()[2].rpartition("/")[2] for line in onwards] == [
        "quick",
        "quick",
        "robots.txt",
    ]


@pytest.mark.parametrize("origin", [get, ui])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_read_only(site: Served, origin: object, method: str) -> None:
    host = f"replay.localhost:{site.port}" if origin is get else f"127.0.0.1:{site.port}"
    for path in ("/archive", "/cdx", "/cdx/search/cdx"):
        refused = httpx.request(method, site.ui + path, headers={"Host": host}, content=b"x")
        assert refused.status_code == 405
        assert "GET" in refused.headers["allow"]


def test_who_asks_for_the_head_gets_it(site: Served) -> None:
    found = httpx.head(f"{site.ui}/cdx", params={"url": STORY})
    assert (found.status_code, found.content) == (200, b"")


@pytest.mark.parametrize(
    ("how", "urls"),
    [
        ({"url": "news.example/world/story"}, {STORY}),
        ({"url": "http://WWW.news.example/World/Story/"}, {STORY}),
        ({"url": "news.example/world/*"}, {STORY}),
        ({"url": "https://news.example/w*"}, {STORY}),
        ({"url": "https://news.example/old?", "matchType": "prefix"}, {"https://news.example/old?a=1"}),
        ({"url": "https://many.example/00", "matchType": "prefix"},
         {f"https://many.example/00{number}" for number in range(10)}),
        ({"url": "many.example/anything", "matchType": "host", "from": "2026", "limit": "1"},
         {"https://many.example/000"}),
        ({"url": "*.example", "filter": "=url:" + STORY}, {STORY}),
        ({"url": "example", "matchType": "domain", "filter": "=url:" + STORY}, {STORY}),
    ],
)  # fmt: skip
def test_kinds_of_match(site: Served, how: dict[str, str], urls: set[str]) -> None:
    found = {json.loads(line.split(" ", 2)[2])["url"] for line in lines(site, "/cdx", **how)}
    assert found == urls


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"from_": "20260502", "to": "20260503"}, TIMES[1:3]),
        ({"from_": "20260503060001"}, TIMES[3:]),
        ({"from_": "2027"}, []),
        ({"to": "20260501060000"}, TIMES[:1]),
        ({"to": "202604"}, []),
        ({"to": "20260231"}, []),
        ({"limit": 2}, TIMES[:2]),
        ({"limit": -1}, TIMES[3:]),
        ({"limit": -3}, TIMES[1:]),
        ({"limit": -9}, TIMES),
        ({"sort": "reverse"}, TIMES[::-1]),
        ({"reverse": "true", "limit": 1}, TIMES[3:]),
        ({"sort": "reverse", "limit": -1}, TIMES[:1]),
        ({"closest": "20260502"}, [TIMES[1], TIMES[0], TIMES[2], TIMES[3]]),
        ({"sort": "closest", "closest": T2, "from_": "20260502"}, [T2, TIMES[1], TIMES[3]]),
        ({"sort": "closest", "closest": "1999", "limit": 2}, TIMES[:2]),
        ({"filter": "status:4"}, TIMES[1:2]),
        ({"filter": "!status:4"}, [TIMES[0], *TIMES[2:]]),
        ({"filter": "=status:200"}, [TIMES[0], *TIMES[2:]]),
        ({"filter": "!=mime:warc/revisit"}, TIMES[::2]),
        ({"filter": "~timestamp:.*0[13]06"}, TIMES[::2]),
        ({"filter": "!~timestamp:.*0[13]06"}, TIMES[1::2]),
        ({"filter": "~statuscode:3..|2..", "collapse": "mimetype"}, TIMES),
        ({"collapse": "timestamp:6"}, TIMES[:1]),
        ({"collapse": "timestamp:6", "limit": -1}, TIMES[:1]),
        ({"collapse": "status"}, TIMES[:3]),
        ({"collapse": "status", "limit": -2}, TIMES[1:3]),
        ({"collapse": "status", "limit": -1}, TIMES[2:3]),
        ({"collapseTime": 6}, TIMES[:3]),
        ({"collapse": "status", "sort": "reverse"}, [TIMES[3], TIMES[1], TIMES[0]]),
    ],
)
def test_what_parameters_do(site: Served, how: dict[str, object], expected: list[str]) -> None:
    assert times(site, **how) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("statuscode:2..", [TIMES[0], *TIMES[2:]]),
        ("statuscode:2", []),
        ("!statuscode:200", TIMES[1:2]),
        ("~statuscode:2", [TIMES[0], *TIMES[2:]]),
        ("~!statuscode:2", TIMES[1:2]),
        ("!~statuscode:2", TIMES[1:2]),
        ("=mimetype:text/html", TIMES[::2]),
    ],
)
def test_filters_of_the_others(site: Served, text: str, expected: list[str]) -> None:
    for path in ("/cdx/search/cdx", "/archive"):
        assert times(site, path=path, filter=text) == expected


def test_a_hostile_pattern_holds_nobody_up(site: Served, archive: Archive) -> None:
    hostile = {"filter": "~url:(https?://)?([a-z./]+)+!", "url": "*.example"}
    with ThreadPoolExecutor(8) as pool:
        bad = [pool.submit(lines, site, "/cdx", **hostile) for _ in range(4)]
        good = [pool.submit(times, site) for _ in range(4)]
        wait([*bad, *good], timeout=120)  # a guard against hanging, never a measure
        assert [one.result(0) for one in good] == [TIMES] * 4
        assert [one.result(0) for one in bad] == [[]] * 4


def test_filters_add_up(site: Served) -> None:
    more = [("filter", "=status:200"), ("filter", "!mime:revisit"), ("filter", f"=timestamp:{T2}")]
    assert times(site, *more) == [T2]


@pytest.mark.parametrize("path", ["/cdx", "/cdx/search/cdx", "/archive"])
@pytest.mark.parametrize(("url", "limit"), [(STORY, 1), ("*.example", 13), ("*.example", 60)])
def test_a_list_is_taken_up_where_it_ended(site: Served, path: str, url: str, limit: int) -> None:
    for how in ({}, {"sort": "reverse"}, {"collapse": "urlkey:17"}, {"filter": "timestamp:2026"}):
        asked = {"url": url, "limit": limit, "showResumeKey": "true", **how}
        whole = lines(site, path, **asked | {"limit": 1000})
        found: list[str] = []
        key: dict[str, str] = {}
        for _ in range(200):
            page = lines(site, path, **asked, **key)
            if len(page) < 2 or page[-2]:
                found += page
                break
            assert len(page) == limit + 2
            found += page[:-2]
            # as it was given: quoted once; `urlencode` quotes it once more
            key = {"resumeKey": page[-1]}
        assert found == whole


def test_the_resume_key_in_json(site: Served) -> None:
    rows = ask(
        site, "/cdx/search/cdx", url=STORY, output="json", limit=2, showResumeKey="true"
    ).json()
    assert rows[3] == []
    [key] = rows[4]
    assert re.fullmatch(r"example%2Cnews%29%2Fworld%2Fstory\+\d+\+\d+\+\d+\+\d+", key)
    rest = ui(site, f"/cdx/search/cdx?url={STORY}&showResumeKey=true&resumeKey={key}").text
    assert [line.split()[1] for line in rest.splitlines()] == TIMES[2:]
    last = lines(site, "/cdx", url=STORY, output="json", limit=2, showResumeKey="true")[-1]
    assert json.loads(last) == {"resumeKey": key}


def test_pages(site: Served, archive: Archive) -> None:
    for number in range(8):
        archive.keep("https://paged.example/", day(1, seconds=number), "<p>")
    ones = archive.catalogue.captures_of("https://paged.example/")
    copies = [
        replace(one, captured_at=one.captured_at.replace(microsecond=number))
        for one in ones
        for number in range(1000)
    ]
    archive.catalogue.add_captures(copies)
    whole = lines(site, "/cdx", url="paged.example/")
    assert len(whole) == 8008
    counted = ask(site, "/cdx", url="paged.example/", showNumPages="true", pageSize=1).json()
    assert counted == {"blocks": 3, "pages": 3, "pageSize": 1}
    waybacks = ask(site, "/cdx/search/cdx", url="paged.example/", showNumPages="true", pageSize=2)
    assert waybacks.text == "2\n"
    found = [lines(site, "/cdx", url="paged.example/", page=page, pageSize=1) for page in (2, 0, 1)]
    assert [len(page) for page in found] == [2008, 3000, 3000]
    assert found[1] + found[2] + found[0] == whole
    some = lines(site, "/cdx", url="paged.example/", page=1, pageSize=1, filter="timestamp:0004")
    assert 0 < len(some) < 3000
    assert some == [line for line in found[2] if "0004" in line.split()[1]]
    beyond = ask(site, "/cdx", url="paged.example/", page=3, pageSize=1)
    assert (beyond.status_code, "pages 0 to 2" in beyond.text) == (400, True)
    assert lines(site, "/cdx/search/cdx", url="paged.example/", page=3, pageSize=1) == []
    nothing = ask(site, "/cdx", url="no.example", showNumPages="true").json()
    assert nothing == {"blocks": 0, "pages": 1, "pageSize": 5}
    assert lines(site, "/cdx", url="no.example", page=0) == []


@pytest.mark.parametrize(
    ("path", "parameters", "why"),
    [
        ("/cdx", {}, "url is needed"),
        ("/cdx", {"url": ""}, "url is needed"),
        ("/cdx", {"url": "http://"}, "no http or https URL"),
        ("/cdx", {"url": "ftp://news.example/"}, "no http or https URL"),
        ("/cdx", {"url": "x" * 9000}, "8000 characters"),
        ("/cdx", {"url": "a.example", "matchType": "fuzzy"}, "matchType"),
        ("/cdx", {"url": "a.example", "matchType": "range"}, "matchType"),
        ("/cdx", {"url": "a.example", "from_": "yesterday"}, "from"),
        ("/cdx", {"url": "a.example", "to": "202605010600001"}, "to is a timestamp"),
        ("/cdx", {"url": "a.example", "limit": "many"}, "limit"),
        ("/cdx", {"url": "a.example", "limit": "0"}, "limit"),
        ("/cdx", {"url": "a.example", "sort": "up"}, "sort"),
        ("/cdx", {"url": "a.example", "sort": "closest"}, "closest"),
        ("/cdx", {"url": "a.example", "closest": "x"}, "closest"),
        ("/cdx", {"url": "a.example/*", "closest": "2026"}, "limit of at most"),
        ("/cdx", {"url": "a.example", "closest": "2026", "limit": "-1"}, "negative"),
        ("/cdx", {"url": "a.example", "filter": "nonsense"}, "filter"),
        ("/cdx", {"url": "a.example", "filter": "colour:red"}, "no field 'colour'"),
        ("/cdx", {"url": "a.example", "filter": "~url:("}, "no regular expression"),
        ("/cdx", {"url": "a.example", "filter": "~url:" + "a" * 501}, "500"),
        ("/cdx/search/cdx", {"url": "a.example", "filter": "original:["}, "regular expression"),
        ("/cdx", {"url": "a.example", "fl": "url,colour"}, "fl: no field"),
        ("/cdx", {"url": "a.example", "fl": "url,"}, "fl: no field"),
        ("/cdx", {"url": "a.example", "output": "xml"}, "output"),
        ("/cdx/search/cdx", {"url": "a.example", "output": "cdxj"}, "output"),
        ("/cdx", {"url": "a.example", "collapse": "colour"}, "collapse: no field"),
        ("/cdx", {"url": "a.example", "collapse": "timestamp:x"}, "collapse"),
        ("/cdx", {"url": "a.example", "resumeKey": "x"}, "resumeKey"),
        ("/cdx", {"url": "a.example", "resumeKey": "b 1 1 1 1"}, "another url"),
        ("/cdx", {"url": "a.example", "resumeKey": "b 999999999999999999 1 1 1"}, "resumeKey"),
        ("/cdx", {"url": "a.example", "page": "-1"}, "page"),
        ("/cdx", {"url": "a.example", "page": "0", "sort": "reverse"}, "sort"),
        ("/cdx", {"url": "a.example", "pageSize": "0"}, "pageSize"),
        ("/cdx", {"url": "a.example", "pageSize": "101"}, "pageSize"),
        ("/cdx", {"url": "a.example", "dialect": "outback"}, "dialect"),
        ("/cdx", {"url": "a.example", "offset": "100"}, "resumeKey"),
        ("/cdx", {"url": "a.example", "resolveRevisits": "true"}, "not offered"),
        ("/archive", {"url": "a.example", "urlkey": "x"}, "not both"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused_with_a_reason(
    site: Served, path: str, parameters: dict[str, str], why: str
) -> None:
    refused = ask(site, path, **parameters)
    assert (refused.status_code, refused.headers["content-type"]) == (
        400, "text/plain; charset=utf-8",
    )  # fmt: skip
    assert why in refused.text
    assert refused.text.count("\n") == 1


def test_a_parameter_that_is_there_twice_is_refused(site: Served) -> None:
    assert ask(site, "/cdx", ("url", "b.example"), url="a.example").status_code == 400


def test_what_is_odd_in_a_field_breaks_no_line(site: Served, archive: Archive) -> None:
    odd = "https://odd.example/ü"
    raw = answer(b"x").replace(b"text/html; charset=utf-8", b'te xt/"h\ttml')
    archive.keep(odd, day(1), raw)
    [line] = lines(site, "/archive", url=odd)
    assert len(line.split(" ")) == 11
    [line] = lines(site, "/cdx", url=odd)
    assert json.loads(line.split(" ", 2)[2])["url"] == odd


def test_nothing_redacted_is_in_any_answer(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    archive.keep("https://copy.example/story", day(5), answer(FIRST.encode()))
    digest = (archive.catalogue.captures_of(STORY)[0].warc.payload_digest or "")[5:]
    questions = [
        f"{path}?{urlencode({'url': url, **how})}"
        for path in ("/cdx", "/cdx/search/cdx", "/archive")
        for url in (STORY, "news.example/*", "*.example")
        for how in ({}, {"output": "json"}, {"sort": "reverse"}, {"limit": -100}, {"page": 0},
                    {"closest": T2, "sort": "closest", "limit": 100}, {"showNumPages": "true"})
        if not (path == "/archive" and "page" in how)
    ]  # fmt: skip
    with serving(archive) as site:
        before = [ui(site, question) for question in questions]
        assert {answered.status_code for answered in before} == {200}
        assert sum(STORY in answered.text for answered in before) > 30
        redact(archive.catalogue, archive.warcs, STORY, moment=second(day(3)))
        for question in questions:
            found = ui(site, question).text
            assert f"{T2} {STORY}" not in found
            assert KEY not in found or T1 in found or "limit" in question
        redact(archive.catalogue, archive.warcs, STORY, payload=True)
        for question in questions:
            found = ui(site, question).text
            assert STORY not in found
            assert KEY not in found
            assert digest not in found
        resumed = f"/cdx?url=*.example&resumeKey={quote(KEY + ' 0 1 0 1')}"
        assert STORY not in ui(site, resumed).text
    archive.close()
