"""The player's origin and the page around it, with a worker that stands for the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.replay_content import FIRST, STORY, T1, fill, get, ui
from support.replay_site import Archive, Served, serving

from archiver.replay.app import create_app

TOKEN = "only-for-readers-1234"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("player")
    (made / "sw.js").write_text("self.player = 1;")
    return made


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    made = Archive(tmp_path_factory.mktemp("archive"))
    fill(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(archive: Archive, folder: Path) -> Iterator[Served]:
    with serving(archive, player=folder) as served:
        yield served


def player(site: Served, path: str, **fields: str) -> httpx.Response:
    return get(site, path, f"player.replay.localhost:{site.port}", **fields)


def test_without_a_player_it_is_said_how_to_have_one(archive: Archive, tmp_path: Path) -> None:
    with serving(archive, player=tmp_path) as site:
        assert "/faithful/" not in ui(site, f"/view/{T1}/{STORY}").text
        answer = get(site, f"/faithful/{T1}/{STORY}")
        assert answer.status_code == 404
        assert "archiver player install" in answer.text
        for path in (f"/view/{T1}/{STORY}", "/player/wabac.js"):
            assert player(site, path).status_code == 404
        (tmp_path / "sw.js").write_text("")  # without a new start
        assert "/faithful/" in ui(site, f"/view/{T1}/{STORY}").text


def test_the_page_around_has_no_scripts_and_frames_the_player_alone(site: Served) -> None:
    page = get(site, f"/faithful/{T1}/{STORY}")
    origin = f"http://player.replay.localhost:{site.port}"
    assert page.status_code == 200
    assert f'src="{origin}/view/{T1}/{STORY}"' in page.text
    policy = page.headers["content-security-policy"]
    assert f"frame-src {origin}" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert get(site, f"/faithful/2026/{STORY}").headers["location"] == f"/faithful/{T1}/{STORY}"
    assert get(site, f"/faithful/{T1}/https://no.example/").status_code == 404
    assert get(site, "/faithful/x").status_code == 404
    assert ui(site, f"/faithful/{T1}/{STORY}").status_code == 404


def test_one_script_alone_becomes_a_service_worker(site: Served) -> None:
    worker = player(site, "/player/sw.js", Service_Worker="script")
    assert worker.status_code == 200
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "service-worker-allowed" not in worker.headers
    assert worker.headers["content-security-policy"].endswith("connect-src 'self'")
    assert player(site, "/player/wabac.js").text == "self.player = 1;"
    for path in ("/player/wabac.js", f"/raw/{T1}id_/{STORY}", "/static/player.js", "/view/"):
        assert player(site, path, Service_Worker="script").status_code == 403
    assert get(site, "/player/sw.js", Service_Worker="script").status_code == 403
    assert ui(site, "/player/sw.js", Service_Worker="script").status_code == 403


def test_the_player_gets_what_was_captured_sandboxed(site: Served) -> None:
    raw = player(site, f"/raw/{T1}id_/{STORY}")
    assert raw.text == FIRST
    assert raw.headers["content-security-policy"].endswith("sandbox")
    near = player(site, f"/raw/2026id_/{STORY}")
    assert near.headers["location"] == f"/raw/{T1}id_/{STORY}"
    for path in (f"/{T1}/{STORY}", f"/raw{T1}id_/{STORY}", "/cdx?url=" + STORY, "/player/w/x"):
        assert player(site, path).status_code == 404


def test_with_a_token_each_origin_has_passes_of_its_own(archive: Archive, folder: Path) -> None:
    with serving(archive, token=TOKEN, player=folder) as site:
        assert get(site, f"/faithful/{T1}/{STORY}").status_code == 401
        assert player(site, f"/view/{T1}/{STORY}").status_code == 401
        assert player(site, f"/raw/{T1}id_/{STORY}").status_code == 401
        assert player(site, "/player/sw.js").status_code == 200
        token = {"Authorization": f"Bearer {TOKEN}"}
        view = ui(site, f"/view/{T1}/{STORY}", **token).text
        gate = view.split(f"{site.archived}/~")[1].split("/")[0]
        shell = get(site, f"/~{gate}/faithful/{T1}/{STORY}")
        inner = shell.text.split("player.replay.localhost")[-1].split("/~")[1].split("/")[0]
        assert player(site, f"/~{inner}/raw/{T1}id_/{STORY}").text == FIRST
        assert f'data-raw="/~{inner}/raw/"' in player(site, f"/~{inner}/view/{T1}/{STORY}").text
        assert player(site, f"/~{gate}/raw/{T1}id_/{STORY}").status_code == 401
        assert get(site, f"/~{inner}/{T1}id_/{STORY}").status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "replay.localhost"])
def test_the_player_needs_a_name_of_its_own(archive: Archive, host: str) -> None:
    with pytest.raises(ValueError, match="a host name of its own"):
        create_app(
            catalogue=archive.catalogue,
            warcs=archive.reading,
            host="127.0.0.1",
            port=1,
            archived_host="replay.localhost",
            player_host=host,
        )
