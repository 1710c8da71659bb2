"""pywb as a judge: replaying over our index, and answering the same questions to an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from support.pywb import needs_judges, pywb
from support.replay_content import STORY, fill, get
from support.replay_site import Archive, Served, day, serving
from support.workdir import add_seed, run, working_folder

from archiver.config.load import load
from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.cdxj import file_lines

pytestmark = needs_judges()

CODED = {"Accept-Encoding": "gzip, br, zstd, deflate"}


class Demo:
    """The demo's archive, crawled in two editions, with a replay server's needs."""

    def __init__(self, folder: Path) -> None:
        self.warcs = folder / "archive" / "warc"
        self.catalogue = Catalogue.open(
            load(start=folder, explicit=None, env={}, flags={}).catalogue_url
        )

    @property
    def reading(self) -> Warcs:
        """What opens its files."""
        return Warcs(self.warcs, self.catalogue.file)

    def captures(self) -> list[Capture]:
        """Every capture that has an answer."""
        names = self.catalogue.places()
        urls = {json.loads(line.split(" ", 2)[2])["url"]
                for name in names for line in file_lines(self.warcs / name)}  # fmt: skip
        return [one for url in sorted(urls) for one in self.catalogue.captures_of(url)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with DemoServer() as server:
        target = f"127.0.0.1:{server.port}"
        folder = working_folder(
            tmp_path_factory.mktemp("demo"),
            connect_to={"lantern.example": target, "www.farwire.example": target},
        )
        add_seed(folder, "lantern", SEED.read_text("utf-8"))
        for edition in (1, 2):
            server.edition = edition
            done = run(folder, "archiver", "crawl", "lantern", "--recheck", "all")
            assert done.returncode == 0, done.stderr
    demo = Demo(folder)
    yield demo
    demo.catalogue.close()


@pytest.fixture(scope="module")
def ours(demo: Demo) -> Iterator[Served]:
    with serving(demo) as served:
        yield served


def stamp(one: Capture) -> str:
    return f"{one.captured_at:%Y%m%d%H%M%S}"


def test_the_demos_pages_come_out_of_pywb_with_equal_bytes(
    demo: Demo, ours: Served, tmp_path: Path
) -> None:
    captures = demo.captures()
    asked = {
        (stamp(one), one.url)
        for one in captures
        if one.status is not None and one.status != 304 and one.truncated is None
    }
    assert len(asked) > 100
    different = []
    with (
        pywb(tmp_path, index=f"cdx+{ours.ui}/archive", warcs=demo.warcs) as theirs,
        httpx.Client(headers=CODED) as client,
    ):
        for at, url in sorted(asked):
            their = client.get(f"{theirs}/{at}id_/{url}")
            our = get(ours, f"/{at}id_/{url}", Accept_Encoding=CODED["Accept-Encoding"])
            if (their.status_code, their.content) != (our.status_code, our.content):
                different.append((at, url, their.status_code, our.status_code))
    assert different == []


def test_pywb_replays_from_a_file_that_is_being_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    with (
        serving(archive) as served,
        pywb(tmp_path / "pywb", index=f"cdx+{served.ui}/archive", warcs=archive.warcs) as theirs,
    ):
        for at in ("20260501060000", "20260503060000", "20260504060000"):  # a revisit, the last
            their = httpx.get(f"{theirs}/{at}id_/{STORY}")
            assert their.status_code == 200
            assert their.content == get(served, f"/{at}id_/{STORY}").content
        archive.keep("https://news.example/just-now", day(9), "<p>just now")
        assert httpx.get(f"{theirs}/2026id_/https://news.example/just-now").text == "<p>just now"
    archive.close()


QUESTIONS: list[list[tuple[str, str]]] = [
    [],
    [("limit", "1")],
    [("sort", "reverse")],
    [("sort", "reverse"), ("limit", "2")],
    [("from", "2020"), ("to", "2099")],
    [("to", "2020")],
    [("filter", "=status:200")],
    [("filter", "!=status:200")],
    [("filter", "mime:html")],
    [("filter", "!mime:html"), ("filter", "status:2")],
    [("filter", "~url:.*[0-9]$")],
    [("filter", "!~statuscode:2..")],
    [("filter", "=mime:warc/revisit")],
    [("output", "json")],
    [("output", "json"), ("fl", "urlkey,timestamp,url")],
    [("fl", "url,status")],
    [("output", "text"), ("fl", "urlkey,timestamp,status")],
    [("collapseTime", "8")],
]
URLS = (
    "lantern.example/",
    "https://lantern.example/*",
    "*.example",
    "http://www.farwire.example/*",
)


def test_the_index_answers_as_pywbs_does(demo: Demo, ours: Served, tmp_path: Path) -> None:
    # Captures of one second in our order, which an index by seconds does not know.
    order = {(one.warc.file, str(one.warc.offset)): one.captured_at for one in demo.captures()}

    def place(line: str) -> tuple[object, ...]:
        key, at, text = line.split(" ", 2)
        entry = json.loads(text)
        return key, at, order[entry["filename"], entry["offset"]]

    lines = [line for name in demo.catalogue.places() for line in file_lines(demo.warcs / name)]
    lines = [line.replace('"sha1:', '"') for line in sorted(lines, key=place)]
    index = tmp_path / "index.cdxj"
    index.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    middle = lines[len(lines) // 2].split()[1]
    exact: list[list[tuple[str, str]]] = [
        [("closest", middle), ("limit", "3")],
        [("closest", middle)],
    ]
    different = []
    with pywb(tmp_path, index=str(index), warcs=demo.warcs) as theirs, httpx.Client() as client:
        for url in URLS:
            wild = "*" in url
            for question in QUESTIONS if wild else QUESTIONS + exact:
                asked = urlencode([("url", url), *question])
                their = client.get(f"{theirs}/cdx?{asked}")
                our = client.get(f"{ours.ui}/cdx?{asked}")
                if _told(their) != _told(our):
                    different.append((asked, their.text[:300], our.text[:300]))
    assert different == []


def _told(answer: httpx.Response) -> list[object]:
    """What the lines say, JSON being read; pywb's 404 stands for no lines."""
    if answer.status_code == 404:
        return []
    assert answer.status_code == 200, answer.text
    found: list[object] = []
    for line in answer.text.splitlines():
        head, brace, rest = line.partition("{")
        entry = json.loads(brace + rest) if brace else {}
        entry.pop("source", None)  # the name of its file of an index
        entry.pop("source-coll", None)
        entry.pop("access", None)
        if "is_fuzzy" in entry:
            return []  # where nothing matches it goes on with what is like it
        found.append((head, entry))
    return found
