"""A capture is in the index while its crawl goes on and its WARC file is still being written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from support.replay_site import serving
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, working_folder

from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs

HOST = "news.example"
SEED = f"""id = "news"
name = "News"
homepage = "http://{HOST}/"
timezone = "UTC"
feeds = ["http://{HOST}/feed"]
"""
PAGES = ("/story/one-is-here-now", "/story/two-is-here-now")
ITEMS = "".join(
    f"<item><title>A title</title><link>http://{HOST}{path}</link></item>" for path in PAGES
)
ANSWERS = {
    "/feed": xml(f"<rss version='2.0'><channel><title>x</title>{ITEMS}</channel></rss>"),
    **{path: html("<html><body><h1>A title</h1><p>Words.</p></body></html>") for path in PAGES},
}


class Holding(SmallSite):
    """Holds the second page back until the index was seen to know the first."""

    def __init__(self, look: Callable[[str], None]) -> None:
        self.looking: threading.Thread | None = None
        self._look = look
        super().__init__(ANSWERS)

    def answer(self, path: str) -> Answer:
        """Look for the first page from the moment on at which it is answered."""
        if path in PAGES and self.looking is None:
            self.looking = threading.Thread(target=self._look, args=(path,))
            self.looking.start()
        elif path in PAGES and self.looking is not None:
            self.looking.join(60)
        return super().answer(path)


class Folder:
    """What `serving` needs of an archive."""

    def __init__(self, folder: Path) -> None:
        self.warcs = folder / "archive" / "warc"
        self.catalogue = Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite")

    @property
    def reading(self) -> Warcs:
        """What opens its files."""
        return Warcs(self.warcs, self.catalogue.file)


def test_a_capture_is_in_the_index_while_its_file_is_being_written(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def look(path: str) -> None:
        begun = time.monotonic()
        archive = Folder(tmp_path)
        with serving(archive) as served, httpx.Client(base_url=served.ui) as client:
            while time.monotonic() < begun + 50:
                found = client.get("/archive", params={"url": f"http://{HOST}{path}"}).text
                if found:
                    seen["seconds"] = time.monotonic() - begun
                    seen["file"] = archive.warcs / found.split()[10]
                    seen["there"] = (archive.warcs / found.split()[10]).exists()
                    at = found.split()[1]
                    raw = f"/{at}id_/http://{HOST}{path}"
                    host = {"Host": f"replay.localhost:{served.port}"}
                    seen["raw"] = client.get(raw, headers=host).content
                    break
        archive.catalogue.close()

    with Holding(look) as site:
        folder = working_folder(tmp_path, connect_to={HOST: site.address})
        add_seed(folder, "news", SEED)
        done = run(folder, "archiver", "crawl", "news")
    assert done.returncode == 0, done.stderr
    print(f"{seen.get('seconds'):.2f} s from the answer to the index")  # noqa: T201 - pytest -rP shows it
    assert str(seen["file"]).endswith(".warc.gz.open")
    assert seen["there"]
    assert seen["raw"] == ANSWERS[PAGES[0]].body
