"""The replay server over real WARC files and a real catalogue, through a real socket."""

from __future__ import annotations

import dataclasses
import gzip
import socket
from collections.abc import Iterator
from pathlib import Path

import brotli
import httpx
import pytest
from support.captures import make_article
from support.exchanges import answer
from support.replay_site import Archive, Served, day, serving

from archiver.errors import ArchiverError, NoArchiveError
from archiver.model import CaptureKind, Image, WarcRef
from archiver.replay.server import listen, run
from archiver.replay.stored import Stored, leads_to_itself

STORY = "https://news.example/world/story"
FIRST = '<!doctype html><title>One</title><link rel=stylesheet href="/s.css"><p>First words'
SECOND = "<!doctype html><title>Two</title><p>Later words <a href='../'>up</a>"
T1, T2 = "20260501060000", "20260503060000"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    keep = archive.keep
    first = keep(STORY, day(1), FIRST, b"Set-Cookie: id=1", b"X-Powered-By: f\xfcr")
    keep(STORY, day(2), b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", refers_to=first)
    keep(STORY, day(3), SECOND, b"Server: old")
    keep(STORY, day(4), answer(FIRST.encode(), b"X-Day: 4"), refers_to=first)
    css = b"p{background:url(i.png)}"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (
        len(gzip.compress(css, 6, mtime=0)),
        gzip.compress(css, 6, mtime=0),
    )
    keep(
        "https://news.example/s.css",
        day(1, seconds=2),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
    )
    keep(
        "https://news.example/old?a=1",
        day(1),
        b"HTTP/1.1 301 Moved\r\nLocation: /world/story\r\n\r\n",
    )
    keep(
        "http://news.example/loop",
        day(1),
        b"HTTP/1.1 301 M\r\nLocation: https://news.example/loop\r\n\r\n",
    )
    keep("https://news.example/loop", day(1, seconds=0.1), "<p>no loop")
    keep(
        "http://news.example/only",
        day(1),
        b"HTTP/1.1 301 M\r\nLocation: https://news.example/only\r\n\r\n",
    )
    keep(
        "https://news.example/gone",
        day(1),
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>gone",
    )
    keep(
        "https://news.example/cp1252",
        day(1),
        answer("<p>für".encode("cp1252")).replace(b"; charset=utf-8", b""),
    )
    keep(
        "https://news.example/br",
        day(1),
        answer(brotli.compress(b"<p>brotli"), b"Content-Encoding: br"),
    )
    keep("https://news.example/junk", day(1), answer(b"junk", b"Content-Encoding: rot13"))
    keep(
        "https://news.example/bare",
        day(1),
        b"HTTP/1.0 200 OK\r\n\r\n<!DOCTYPE html><p>bare <img src=/i>",
    )
    robots = answer(b"User-agent: *").replace(b"html", b"plain")
    keep("https://news.example/robots.txt", day(1), robots, kind=CaptureKind.ROBOTS)
    keep("https://news.example/quick", day(1, seconds=-0.5), "<p>just before")
    keep("https://news.example/quick", day(1, seconds=0.5), "<p>within the second")
    lost = keep("https://news.example/lost", day(1), "<p>lost")
    for number in range(60):
        keep(f"https://many.example/{number:03}", day(1), "<p>one of many", outlet="many")
    picture = Image(url="https://news.example/i.png", caption="A wet street", credits=("PA",))
    article = make_article(
        STORY,
        "First words",
        day(1),
        title="Rain <b>expected</b>",
        outlet="site-news",
        section="World",
        images=(picture,),
    )
    archive.catalogue.save_article(article)
    archive.catalogue.save_article(
        make_article(
            STORY, "Later words\n\nand more", day(3), title="More rain", outlet="site-news"
        )
    )
    # a catalogue that says something else than the file
    moved = WarcRef(file=lost.warc.file, offset=first.warc.offset, length=1, record_id="<urn:x>")
    outside = WarcRef(file="../../etc/passwd", offset=0, length=1, record_id="<urn:x>")
    for name, ref in (("moved", moved), ("outside", outside)):
        wrong = {
            "url": f"https://news.example/{name}",
            "urlkey": f"example,news)/{name}",
            "warc": ref,
        }
        archive.catalogue.add_captures([dataclasses.replace(lost, **wrong)])
    with serving(archive) as served:
        yield served
    archive.close()


def get(site: Served, path: str, host: str | None = None, **headers: str) -> httpx.Response:
    """An answer of the archive origin, or of another host; `_` in a field's name is for `-`."""
    fields = {"Host": host or f"replay.localhost:{site.port}"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    # Path and query go out to the letter, which httpx would not do with a URL.
    request = httpx.Request("GET", site.ui, headers=fields, extensions={"target": path.encode()})
    with httpx.Client() as client:
        return client.send(request)


def ui(site: Served, path: str, **headers: str) -> httpx.Response:
    return get(site, path, f"127.0.0.1:{site.port}", **headers)


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


@pytest.mark.parametrize("host", ["evil.example", "replay.localhost", "127.0.0.1:1", ""])
def test_any_other_host_is_refused(site: Served, host: str) -> None:
    request = httpx.Request("GET", site.ui, headers={"Host": host})
    with httpx.Client() as client:
        assert client.send(request).status_code == 421


def test_a_second_host_field_is_refused(site: Served) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as wire:
        host = f"Host: 127.0.0.1:{site.port}\r\n"
        wire.sendall(f"GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n".encode())
        assert wire.recv(100).split()[1] in (b"400", b"421")


def test_the_origins_are_told_apart(site: Served) -> None:
    assert ui(site, f"/{T1}/{STORY}").status_code == 404  # no archived byte on the interface's
    assert get(site, "/view/").status_code == 404
    assert get(site, "/", f"LOCALHOST:{site.port}").status_code == 200


@pytest.mark.parametrize("origin", ["127.0.0.1", "replay.localhost"])
def test_no_service_workers(site: Served, origin: str) -> None:
    path = f"/{T1}/{STORY}" if origin == "replay.localhost" else "/"
    answer = get(site, path, f"{origin}:{site.port}", Service_Worker="script")
    assert answer.status_code == 403


def test_only_reading(site: Served) -> None:
    with httpx.Client() as client:
        headers = {"Host": f"replay.localhost:{site.port}"}
        assert client.post(f"{site.ui}/{T1}/{STORY}", headers=headers).status_code == 405
        head = client.head(f"{site.ui}/{T1}/{STORY}", headers=headers)
    assert head.status_code == 200
    assert head.content == b""


def test_the_list_is_paged_and_searched(site: Served) -> None:
    page = ui(site, "/?prefix=many.example").text
    assert "many.example/000" in page
    assert "many.example/050" not in page
    more = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "many.example/059" in ui(site, more).text
    assert "many.example" not in ui(site, "/?prefix=https://news.example/world").text
    assert (
        "many.example" not in ui(site, "/?outlet=site-news&prefix=https%3A%2F%2Fnews.example").text
    )
    assert "Nothing was captured there" in ui(site, "/?prefix=zzz%00%22%3Cscript%3E").text
    assert "<script" not in ui(site, "/?prefix=%3Cscript%3E").text


def test_titles_of_articles_are_escaped(site: Served) -> None:
    page = ui(site, f"/article?url={STORY}&revision=1").text
    assert "Rain &lt;b&gt;expected&lt;/b&gt;" in page
    assert "A wet street" in page
    assert "First words" in page


def test_an_article_shows_its_newest_revision(site: Served) -> None:
    page = ui(site, f"/article?url={STORY}").text
    assert "Later words" in page
    assert "revision=1" in page
    assert ui(site, f"/article?url={STORY}&revision=9").status_code == 404
    assert ui(site, "/article?url=https://no.example/").status_code == 404


def test_captures_are_listed_with_their_proof(site: Served) -> None:
    page = ui(site, f"/captures?url={STORY}").text
    assert "4 captures" in page
    assert page.count("sha1:") + page.count("sha256:") >= 3
    assert f'href="/view/{T1}/{STORY}"' in page
    assert "/view/20260502" not in page  # 304: listed, but there is no page to view
    assert ">304<" in page
    assert ui(site, "/captures?url=https://no.example/").status_code == 404
    assert ui(site, "/captures?url=no").status_code == 400
    assert ui(site, f"/captures?url={STORY}&before={T2}").text.count("WARC record") == 2


def test_a_view_frames_the_archive_origin(site: Served) -> None:
    answer = ui(site, f"/view/{T2}/{STORY}")
    assert f'src="{site.archived}/{T2}/{STORY}"' in answer.text
    assert 'sandbox="allow-same-origin"' in answer.text
    assert f"/view/{T1}/{STORY}" in answer.text
    assert f"/view/20260504060000/{STORY}" in answer.text
    assert f"frame-src {site.archived};" in answer.headers["content-security-policy"]
    assert "Later words" not in answer.text
    assert ui(site, f"/view/2026/{STORY}").headers["location"] == f"/view/{T1}/{STORY}"
    assert ui(site, f"/view/{T1}/https://no.example/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/static/replay.css", "/no-such", f"/captures?url={STORY}"])
def test_the_interface_needs_no_script_and_takes_none(site: Served, path: str) -> None:
    answer = ui(site, path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text


def test_a_port_in_use_is_said_to_be(site: Served, tmp_path: Path) -> None:
    with pytest.raises(ArchiverError, match="in use"):
        listen("127.0.0.1", site.port)
    with pytest.raises(ArchiverError, match="cannot listen"):
        listen("192.0.2.1", 0)


def test_an_empty_archive_is_not_served(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(NoArchiveError):
        run(
            catalogue=archive.catalogue,
            warcs=archive.warcs,
            host="127.0.0.1",
            port=0,
            archived_host="replay.localhost",
        )
    archive.close()


def test_a_revisit_of_something_lost_says_what_is_missing(tmp_path: Path) -> None:
    archive, other = Archive(tmp_path / "a"), Archive(tmp_path / "b")
    first = other.keep(STORY, day(1), FIRST)
    again = archive.keep(STORY, day(2), answer(FIRST.encode()), refers_to=first)
    with pytest.raises(ArchiverError, match=f"revisit of {STORY} at {T1}"):
        Stored(archive.catalogue, archive.warcs).load(again)
    archive.close()
    other.close()


def test_redirects_that_lead_elsewhere_are_no_loops(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for location, loops in (
        ("/other", False),
        (STORY.replace("https", "http"), True),
        ("http://[", False),
    ):
        raw = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
        assert leads_to_itself(archive.keep(STORY, day(1), raw)) is loops
    archive.close()
