"""The two origins, the interface and the server itself, through a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.exchanges import answer
from support.replay_content import FIRST, STORY, T1, T2, fill, get, ui
from support.replay_site import Archive, Served, day, serving

from archiver.errors import ArchiverError, NoArchiveError
from archiver.replay.server import listen, run
from archiver.replay.stored import Stored, leads_to_itself


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    with serving(archive) as served:
        yield served
    archive.close()


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


def test_the_first_page_shows_the_newest_articles(site: Served) -> None:
    for path in ("/", "/?outlet=site-news"):
        page = ui(site, path).text
        assert "Articles seen last" in page
        assert "More rain" in page
        assert "2 revisions" in page
    assert "Articles seen last" not in ui(site, "/?outlet=many").text
    assert "Nothing was captured there" in ui(site, "/?outlet=no-such").text


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
    assert "← Version 1" in answer.text
    assert "Show changes" in answer.text
    assert "urn:uuid:" in answer.text  # the proof
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
            warcs=archive.reading,
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
        Stored(archive.catalogue, archive.reading).load(again)
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


def test_a_calendar_leads_to_the_captures_of_each_day(site: Served) -> None:
    page = ui(site, f"/calendar?url={STORY}")
    assert page.status_code == 200
    assert page.text.count('<table class="month">') == 12
    assert 'aria-current="page">2026</a>' in page.text
    assert "style=" not in page.text  # the policy forbids it
    led = page.text.split('<table class="month">')[5].split('href="')[1].split('"')[0]
    captures = ui(site, led.replace("&amp;", "&")).text
    assert f'href="/view/{T1}/{STORY}"' in captures
    assert "No captures" not in captures
    empty = ui(site, f"/calendar?url={STORY}&year=1999").text
    assert 'class="times"' not in empty
    for wrong in ("x", "019700", "9999", "1"):
        assert ui(site, f"/calendar?url={STORY}&year={wrong}").status_code == 400
    assert ui(site, "/calendar?url=https://no.example/").status_code == 404


def test_the_bar_has_the_calendar_and_the_proof(site: Served) -> None:
    page = ui(site, f"/view/{T1}/{STORY}").text
    assert "/calendar?url=" in page
    assert "<summary>Proof</summary>" in page
    assert "sha1:" in page or "sha256:" in page


def test_a_day_lists_its_own_captures_and_leads_on_to_older_ones(site: Served) -> None:
    page = ui(site, f"/captures?url={STORY}&date=2026-05-03").text
    assert "1 capture on" in page
    assert page.count("WARC record") == 1
    assert f'href="/view/{T2}/{STORY}"' in page
    assert f"/view/{T1}/" not in page
    assert '06:00 to 07:00: 1 capture"' in page
    older = page.split('aria-label="Pages"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert ui(site, older).text.count("WARC record") == 2
    for way, other in (("prev", "2026-05-02"), ("next", "2026-05-04")):
        step = page.split(f'rel="{way}" href="')[1].split('"')[0].replace("&amp;", "&")
        assert step.endswith(f"date={other}")
    hour = ui(site, f"/captures?url={STORY}&date=2026-05-03&hour=6").text
    assert "06:00 to 07:00 UTC</h1>" in hour
    assert hour.count("WARC record") == 1
    empty = ui(site, f"/captures?url={STORY}&date=2026-05-03&hour=7")
    assert empty.status_code == 200
    assert "Nothing was captured of this page then" in empty.text
    for wrong in ("date=x", "date=2026-5-1000", "date=0001-01-01", "date=2026-05-01&hour=24",
                  "date=2026-05-01&hour=-1", "date=2026-05-01&hour=%C2%B2"):  # fmt: skip
        assert ui(site, f"/captures?url={STORY}&{wrong}").status_code == 400


def test_the_start_of_an_address_may_end_with_a_star(site: Served) -> None:
    assert "many.example/000" in ui(site, "/?prefix=many.example/00*").text
    assert "many.example/000" in ui(site, "/?prefix=https://many.example/00*").text
    assert "many.example/010" not in ui(site, "/?prefix=many.example/00*").text
