"""An archive that others can reach: nothing is read without its token, on either origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.replay_content import FIRST, STORY, T1, T2, fill, get, ui
from support.replay_site import Archive, Served, serving

TOKEN = "only-for-readers-1234"
INTERFACE = (
    "/",
    "/captures?url=" + STORY,
    "/calendar?url=" + STORY,
    "/article?url=" + STORY,
    f"/view/{T1}/{STORY}",
    "/changes",
    "/changes.atom",
    "/changes.json",
    "/diff?url=" + STORY,
    "/cdx?url=" + STORY,
    "/cdx/search/cdx?url=" + STORY,
    "/archive?url=" + STORY,
    "/no-such",
)
ARCHIVED = (
    f"/{T1}/{STORY}",
    f"/{T1}id_/{STORY}",
    f"/{STORY}",
    f"/timegate/{STORY}",
    f"/timemap/link/{STORY}",
    "/cdx?url=" + STORY,
    "/archive?url=" + STORY,
    "/",
    "/no-such",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    fill(archive)
    with serving(archive, token=TOKEN) as served:
        yield served
    archive.close()


def cookie_of(site: Served) -> str:
    answer = ui(site, f"/login?token={TOKEN}")
    return answer.headers["set-cookie"].partition(";")[0]


def pass_of(site: Served) -> str:
    page = ui(site, f"/view/{T1}/{STORY}", Cookie=cookie_of(site)).text
    found = re.search(rf'src="{site.archived}(/~[^/]+)/', page)
    assert found
    return found[1]


@pytest.mark.parametrize("path", INTERFACE)
def test_the_interface_is_closed(site: Served, path: str) -> None:
    answer = ui(site, path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="archive"'
    assert "asks for its token" in answer.text
    assert "Rain" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ARCHIVED)
def test_archived_pages_are_closed(site: Served, path: str) -> None:
    answer = get(site, path)
    assert answer.status_code == 401
    assert "First words" not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "replay.localhost"])
@pytest.mark.parametrize(
    ("said", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
    ],
)
def test_programs_send_the_token(site: Served, host: str, said: str, status: int) -> None:
    answer = get(site, f"/cdx?url={STORY}", f"{host}:{site.port}", Authorization=said)
    assert answer.status_code == status
    assert (T1 in answer.text) == (status == 200)


def test_a_browser_logs_in_on_the_interface_alone(site: Served) -> None:
    answer = ui(site, f"/login?token={TOKEN}")
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/"
    assert TOKEN not in answer.text
    (cookie,) = answer.headers.get_list("set-cookie")
    name, *facts = cookie.split("; ")
    assert TOKEN not in cookie
    assert set(facts) == {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={30 * 86400}"}
    assert not [one for one in facts if one.lower().startswith("domain")]
    assert ui(site, "/", Cookie=name).status_code == 200
    assert ui(site, "/", Cookie=f"other=1; {name}").status_code == 200
    assert ui(site, "/", Cookie=name[:-1]).status_code == 401
    for path in ARCHIVED:
        assert get(site, path, Cookie=name).status_code == 401  # no cookie counts there
    assert get(site, f"/login?token={TOKEN}").status_code == 401


def test_logging_in_with_a_form(site: Served) -> None:
    origin = f"http://127.0.0.1:{site.port}"
    with httpx.Client() as client:
        right = client.post(f"{origin}/login", data={"token": TOKEN})
        assert client.get(f"{origin}/").status_code == 200  # the cookie, by itself
    assert right.status_code == 200
    wrong = httpx.post(f"{origin}/login", data={"token": "only-for-readers-4321"})
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert "not the token" in wrong.text
    long = f"token={TOKEN}&x={'x' * 10_000}".encode()  # it is read no further than needed
    assert httpx.post(f"{origin}/login", content=long).status_code == 401
    assert httpx.post(f"{origin}/login", content=b"\xff=%ff&token").status_code == 401


@pytest.mark.parametrize("path", ["/login", "/login?token=", "/login?token=only-for-readers"])
def test_a_wrong_token_does_not_log_in(site: Served, path: str) -> None:
    answer = ui(site, path)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_pass_opens_archived_pages(site: Served) -> None:
    gate = pass_of(site)
    page = get(site, f"{gate}/{T1}/{STORY}")
    assert page.status_code == 200
    assert f'href="{gate}/{T1}/https://news.example/s.css"' in page.text
    assert "set-cookie" not in page.headers
    assert get(site, f"{gate}/{T1}id_/{STORY}").text == FIRST
    nearest = get(site, f"{gate}/2026/{STORY}")
    assert nearest.headers["location"] == f"{gate}/{T1}/{STORY}"
    assert get(site, f"{gate}/timegate/{STORY}").headers["location"].startswith(f"{gate}/2026")
    moved = get(site, f"{gate}/{T1}/https://news.example/old?a=1")
    assert moved.headers["location"] == f"{gate}/{T1}/{STORY}"
    missing = get(site, f"{gate}/{T1}/https://news.example/world/none")
    assert missing.status_code == 404
    assert f'href="{gate}/' in missing.text
    assert get(site, f"{gate}/{STORY}").headers["content-location"].startswith(f"{gate}/2026")


def test_a_pass_is_good_for_nothing_else(site: Served) -> None:
    gate = pass_of(site)
    session = cookie_of(site).partition("=")[2]
    assert ui(site, f"{gate}/").status_code == 401  # on the interface's origin
    assert ui(site, "/", Cookie=f"archiver-{site.port}={gate[2:]}").status_code == 401
    assert ui(site, "/", Authorization=f"Bearer {gate[2:]}").status_code == 401
    assert get(site, f"/~{session}/{T1}/{STORY}").status_code == 401  # a session is no pass
    for wrong in (gate[:-1], f"{gate}x", "/~", f"/~{TOKEN}", gate.replace("~", "~f")):
        assert get(site, f"{wrong}/{T1}/{STORY}").status_code == 401
    escaped = gate.replace("-", "%2D", 1)
    assert get(site, f"{escaped}/{T1}/{STORY}").status_code == 401
    assert get(site, gate).status_code == 401


def test_the_style_sheet_is_for_everybody(site: Served) -> None:
    assert ui(site, "/static/replay.css").status_code == 200
    assert get(site, "/static/replay.css").status_code == 200
    assert ui(site, "/static/../captures").status_code in (401, 404)
    assert ui(site, "/static/%2e%2e/captures?url=" + STORY).status_code in (401, 404)


def test_names_are_still_looked_at_first(site: Served) -> None:
    answer = get(site, "/", "evil.example", Authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 421


def test_without_a_token_there_is_no_login(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    with serving(archive) as open_site:
        assert ui(open_site, "/login").status_code == 404
        assert "/~" not in ui(open_site, f"/view/{T2}/{STORY}").text
        assert get(open_site, f"/~x/{T1}/{STORY}").status_code == 404
    archive.close()
