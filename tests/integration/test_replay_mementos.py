"""The archive origin over real WARC files and a real catalogue, through a real socket."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from support.replay_content import FIRST, STORY, T1, T2, fill, get
from support.replay_site import Archive, Served, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    with serving(archive) as served:
        yield served
    archive.close()


def test_a_memento_shows_the_page_with_its_references_in_the_archive(site: Served) -> None:
    answer = get(site, f"/{T1}/{STORY}")
    assert answer.status_code == 200
    assert answer.text == FIRST.replace("/s.css", f"/{T1}/https://news.example/s.css")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["memento-datetime"] == "Fri, 01 May 2026 06:00:00 GMT"
    links = answer.headers["link"]
    assert f'<{STORY}>; rel="original"' in links
    assert f'<{site.archived}/timegate/{STORY}>; rel="timegate"' in links
    assert f'<{site.archived}/timemap/link/{STORY}>; rel="timemap"' in links


def test_original_fields_are_renamed_and_cookies_dropped(site: Served) -> None:
    headers = get(site, f"/{T1}/{STORY}").headers
    assert headers.raw.count((b"x-archive-orig-x-powered-by", b"f\xfcr")) == 1
    assert "x-powered-by" not in headers
    assert not any("cookie" in name for name in headers)


@pytest.mark.parametrize("mode", ["", "id_"])
def test_archived_answers_are_sandboxed(site: Served, mode: str) -> None:
    headers = get(site, f"/{T1}{mode}/{STORY}").headers
    names = [name for name, _ in headers.raw]
    assert len(names) == len(set(names)), "a second policy would hold as well"
    assert "sandbox" in headers["content-security-policy"]
    assert "allow-scripts" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_raw_is_the_payload_as_it_was_captured(site: Served) -> None:
    answer = get(site, f"/{T1}id_/{STORY}")
    assert answer.content == FIRST.encode()
    coded = get(site, "/20260501060002id_/https://news.example/s.css", Accept_Encoding="gzip")
    assert coded.headers["content-encoding"] == "gzip"
    assert coded.content == b"p{background:url(i.png)}"
    assert int(coded.headers["content-length"]) == len(gzip.compress(coded.content, 6, mtime=0))


def test_who_does_not_know_the_coding_gets_the_decoded_body(site: Served) -> None:
    answer = get(site, "/20260501060002id_/https://news.example/s.css", Accept_Encoding="identity")
    assert "content-encoding" not in answer.headers
    assert answer.headers["x-archive-orig-content-encoding"] == "gzip"
    assert answer.content == b"p{background:url(i.png)}"


def test_style_sheets_are_rewritten(site: Served) -> None:
    answer = get(site, "/20260501060002/https://news.example/s.css")
    assert answer.text == "p{background:url(/20260501060002/https://news.example/i.png)}"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("digits", "exact"),
    [
        ("2026", T1),
        ("20260502050000", T1),
        ("20260502190000", T2),
        ("20990101000000", "20260504060000"),
    ],
)
def test_the_nearest_capture_answers_under_its_own_time(
    site: Served, digits: str, exact: str
) -> None:
    answer = get(site, f"/{digits}id_/{STORY}")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{exact}id_/{STORY}")


def test_every_capture_can_be_reached_by_its_second(site: Served) -> None:
    assert get(site, f"/{T1}/https://news.example/quick").text == "<p>within the second"
    assert get(site, "/20260501055959/https://news.example/quick").text == "<p>just before"


def test_an_answer_of_not_modified_is_never_chosen(site: Served) -> None:
    assert get(site, f"/20260502050000/{STORY}").headers["location"] == f"/{T1}/{STORY}"
    timemap = get(site, f"/timemap/link/{STORY}").text
    assert "20260502" not in timemap
    assert timemap.count("memento") == 3


def test_a_revisit_has_its_own_head_and_the_payload_of_what_it_refers_to(site: Served) -> None:
    answer = get(site, f"/20260504060000id_/{STORY}")
    assert answer.content == FIRST.encode()
    assert answer.headers["x-archive-orig-x-day"] == "4"


def test_redirects_lead_on_within_the_archive(site: Served) -> None:
    for mode in ("", "id_"):
        answer = get(site, f"/{T1}{mode}/https://news.example/old?a=1")
        assert (answer.status_code, answer.headers["location"]) == (301, f"/{T1}{mode}/{STORY}")
        assert "memento-datetime" in answer.headers


def test_a_redirect_to_the_same_page_is_passed_over(site: Served) -> None:
    answer = get(site, f"/{T1}/http://news.example/loop")
    assert (answer.status_code, answer.text) == (200, "<p>no loop")
    assert get(site, f"/{T1}/http://news.example/only").status_code == 404


@pytest.mark.parametrize("purpose", [{"Sec_Fetch_Dest": "iframe"}, {"Accept": "text/html,*/*"}])
def test_a_browser_is_shown_the_source_of_raw_markup(site: Served, purpose: dict[str, str]) -> None:
    for path in (f"/{T1}id_/{STORY}", f"/{T1}id_/https://news.example/bare"):
        answer = get(site, path, **purpose)
        assert answer.headers["content-type"].partition(";")[0] == "text/plain"
    image = get(site, f"/{T1}id_/{STORY}", Sec_Fetch_Dest="image", Accept="text/html")
    assert image.headers["content-type"] == "text/html; charset=utf-8"


def test_errors_are_replayed_with_their_status(site: Served) -> None:
    answer = get(site, f"/{T1}/https://news.example/gone")
    assert (answer.status_code, answer.text) == (404, "<p>gone")
    assert "memento-datetime" in answer.headers


@pytest.mark.parametrize(
    ("name", "text"), [("cp1252", "<p>für"), ("br", "<p>brotli"),
                       ("bare", f"<!DOCTYPE html><p>bare <img src=/{T1}/https://news.example/i>")]
)  # fmt: skip
def test_codings_and_charsets(site: Served, name: str, text: str) -> None:
    answer = get(site, f"/{T1}/https://news.example/{name}")
    assert answer.text == text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_what_cannot_be_decoded_says_so_and_stays_available_raw(site: Served) -> None:
    answer = get(site, f"/{T1}/https://news.example/junk")
    assert answer.status_code == 500
    assert "rot13" in answer.text
    assert get(site, f"/{T1}id_/https://news.example/junk").content == b"junk"


@pytest.mark.parametrize(
    ("name", "why"),
    [("moved", "another record stands there"), ("outside", "outside of the archive")],
)
def test_a_wrong_catalogue_shows_no_other_bytes(site: Served, name: str, why: str) -> None:
    answer = get(site, f"/{T1}id_/https://news.example/{name}")
    assert answer.status_code == 500
    assert "memento-datetime" not in answer.headers
    assert "First words" not in answer.text
    assert why in answer.text


def test_what_was_not_captured_is_said_to_be_missing(site: Served) -> None:
    answer = get(site, f"/{T1}/https://news.example/world/other")
    assert answer.status_code == 404
    assert "does not hold this page" in answer.text
    assert f"/20260504060000/{STORY}" in answer.text  # what is near it
    assert "memento-datetime" not in answer.headers
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/{T1}/ftp://news.example/", 400),
        (f"/{T1}/file:///etc/passwd", 400),
        (f"/{T1}/https://user:word@news.example/", 400),
        (f"/{T1}/news.example", 400),
        (f"/{T1}/https://news.example/" + "a" * 9000, 414),
        ("/20261399000000/https://news.example/", 400),
        ("/202/https://news.example/", 404),
        ("/", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
        ("/static/..%2fapp.py", 404),
        (f"/{T1}/..%2f..%2fetc/passwd", 400),
        ("/timemap/link/", 400),
        ("/timegate/mailto:a@b.example", 400),
        ("/captures?url=x", 404),
    ],
)
def test_bad_addresses_are_refused(site: Served, path: str, status: int) -> None:
    answer = get(site, path)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_timegate(site: Served) -> None:
    at = "Sun, 03 May 2026 09:00:00 GMT"
    answer = get(site, f"/timegate/{STORY}", Accept_Datetime=at)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{T2}/{STORY}")
    assert answer.headers["vary"] == "accept-datetime"
    assert 'rel="original"' in answer.headers["link"]
    assert get(site, f"/timegate/{STORY}").headers["location"] == f"/20260504060000/{STORY}"
    assert get(site, f"/timegate/{STORY}", Accept_Datetime="yesterday").status_code == 400
    assert get(site, "/timegate/https://no.example/").status_code == 404


def test_timemap(site: Served) -> None:
    answer = get(site, f"/timemap/link/{STORY}")
    assert answer.headers["content-type"].startswith("application/link-format")
    lines = answer.text.splitlines()
    assert lines[0] == f'<{STORY}>; rel="original",'
    assert (
        f'<{site.archived}/{T1}/{STORY}>; rel="first memento";'
        ' datetime="Fri, 01 May 2026 06:00:00 GMT",'
    ) in lines
    assert 'rel="last memento"' in lines[-1]
    assert get(site, "/timemap/link/https://no.example/").status_code == 404
