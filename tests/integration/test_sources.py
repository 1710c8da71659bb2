"""A crawl whose sources name further sources: how far it goes, and what it keeps of them."""

from __future__ import annotations

from pathlib import Path

from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, status, working_folder

from archiver.discover.listing import Listing
from archiver.model import Source, SourceKind
from archiver.store.catalogue import Catalogue
from spiders.walk import MAX_CHILDREN, MAX_DEPTH, MAX_SITEMAPS, Step, Walk

SITE = "http://x.example"
SEED = f"""id = "x"
name = "X"
homepage = "{SITE}/"
feeds = ["{SITE}/feed"]
sitemaps = ["{SITE}/circle-a.xml", "{SITE}/deep-0.xml", "{SITE}/wide.xml"]
[fetch]
delay = 0
"""
PAGE = html(
    "<html lang=en><title>A headline</title><article><h1>A headline</h1>"
    + "<p>The council said that the bridge would open earlier than it had planned to.</p>" * 5
)


def index(*paths: str) -> Answer:
    children = "".join(f"<sitemap><loc>{SITE}{path}</loc></sitemap>" for path in paths)
    return xml(f"<sitemapindex>{children}</sitemapindex>")


def answers() -> dict[str, Answer]:
    return {
        "/feed": xml(
            '<rss version="2.0"><channel><item><link>/story/one-bridge-opens-early-12345</link>'
            "</item></channel></rss>",
            Link='<https://hub.example/>; rel="hub", <http://x.example/feed>; rel="self"',
        ),
        "/story/one-bridge-opens-early-12345": PAGE,
        "/circle-a.xml": index("/circle-b.xml"),
        "/circle-b.xml": index("/circle-a.xml", "/circle-b.xml"),
        **{f"/deep-{n}.xml": index(f"/deep-{n + 1}.xml") for n in range(20)},
        "/wide.xml": index(*(f"/wide-{n}.xml" for n in range(100))),
    }


def test_indexes_in_a_circle_too_deep_and_too_wide(tmp_path: Path) -> None:
    with SmallSite(answers()) as site:
        folder = working_folder(
            tmp_path, connect_to={"x.example": site.address}, network="allow_private = true"
        )
        add_seed(folder, "x", SEED)
        done = run(folder, "archiver", "--set", "crawl.requisites=false", "crawl", "x")
    assert done.returncode == 3, done.stderr  # the sitemaps of the wide one are not there
    asked = [path for path in site.asked if path.endswith(".xml")]
    assert len(asked) == len(set(asked))  # each once, however often it is named
    assert sum(path.startswith("/circle") for path in asked) == 2
    assert sum(path.startswith("/deep") for path in asked) == MAX_DEPTH + 1
    assert sum(path.startswith("/wide") for path in asked) == MAX_CHILDREN + 1
    outlet = status(folder)["outlets"]["x"]
    found = outlet["problems"]["discover"]
    assert (found["sitemap-circle"], found["sitemaps-too-deep"]) == (2, 1)
    assert outlet["articles"] == 1
    with Catalogue.open(f"sqlite:///{folder / 'archive' / 'catalogue.sqlite'}") as catalogue:
        (hub,) = catalogue.hubs("x")
    assert (hub.source, hub.hub, hub.topic) == (
        f"{SITE}/feed", "https://hub.example/", f"{SITE}/feed"
    )  # fmt: skip


SHORT = f"""id = "y"
name = "Y"
homepage = "{SITE}/"
feeds = ["{SITE}/feed"]
sections = ["{SITE}/list"]
[fetch]
delay = 0
"""


def pages_of(answers: dict[str, Answer], *paths: str) -> None:
    """Articles whose own addresses say next to nothing, each with words of its own."""
    for path in paths:
        answers[path] = Answer(body=PAGE.body.replace(b"headline", b"headline " + path.encode()))


def list_page(number: int, *paths: str) -> Answer:
    links = "".join(f"<p><a href={path}>Row</a>" for path in paths)
    return html(f"<html lang=en><body>{links}<a href=/list?page={number + 1}>Older</a></body>")


def test_shapes_of_confirmed_articles_are_learned_and_lists_followed_while_new(
    tmp_path: Path,
) -> None:
    first = [f"/r/x{n}y{n}z{n}" for n in range(4)]
    table: dict[str, Answer] = {
        "/feed": xml(
            '<rss version="2.0"><channel>'
            + "".join(f"<item><link>{path}</link></item>" for path in first)
            + "</channel></rss>"
        ),
        "/list": list_page(1, "/r/new1aa", "/about/row"),
    }
    later = {f"/list?page={n}": list_page(n, f"/r/new{n}aa") for n in range(2, 8)}
    pages_of(table, *first, *(f"/r/new{n}aa" for n in range(1, 8)))
    with SmallSite({**table, **later}) as site:
        folder = working_folder(
            tmp_path,
            connect_to={"x.example": site.address},
            network="allow_private = true",
            crawl="requisites = 'none'\nlist_pages = 3",
        )
        add_seed(folder, "y", SHORT)
        done = run(folder, "archiver", "crawl", "y")
        assert done.returncode == 0, done.stderr
        # Nothing in the list looks like an article yet, so that there is nothing to go on for.
        assert status(folder)["outlets"]["y"]["articles"] == 4
        assert "/list?page=2" not in site.asked
        with Catalogue.open(f"sqlite:///{folder / 'archive' / 'catalogue.sqlite'}") as catalogue:
            assert catalogue.shapes("y") == {"x.example/r/{id}": (4, 0)}
        site.asked.clear()
        run(folder, "archiver", "crawl", "y")
        assert [path for path in site.asked if "list" in path] == [
            "/list", "/list?page=2", "/list?page=3"
        ]  # fmt: skip
        assert status(folder)["outlets"]["y"]["articles"] == 7
        assert "/about/row" not in site.asked
        site.asked.clear()
        run(folder, "archiver", "crawl", "y")  # nothing new: no page further than the first
        assert sorted(site.asked) == ["/feed", "/list"]


def test_a_run_follows_so_many_sitemaps_and_no_more() -> None:
    walk = Walk()
    taken: list[object] = []
    for number in range(10):
        way = Step(source=Source(kind=SourceKind.SITEMAP, url=f"{SITE}/index-{number}"))
        names = tuple(f"{SITE}/{number}/{child}" for child in range(MAX_CHILDREN))
        taken += walk.children(Listing(sitemaps=names), way)
    assert sum(isinstance(child, Step) for child in taken) == MAX_SITEMAPS
    assert {child[0] for child in taken if isinstance(child, tuple)} == {"too-many-sitemaps"}


def test_a_front_page_is_captured_when_it_is_due_and_its_links_are_left_alone(
    tmp_path: Path,
) -> None:
    feed = xml(
        '<rss version="2.0"><channel><item><link>/r/x1y1z1</link></item></channel></rss>',
    )
    table = {
        "/": html("<html lang=en><body><p><a href=/story/one-2345678>A story that it links</a>"
                  "<img src=/i.png></body>"),
        "/feed": feed,
        "/list": list_page(1),
        "/r/x1y1z1": PAGE,
        "/story/one-2345678": PAGE,
        "/i.png": Answer(body=b"picture", kind="image/png"),
    }  # fmt: skip
    plain = SHORT.replace(f'sections = ["{SITE}/list"]\n', "")
    with SmallSite(table) as site:
        folder = working_folder(
            tmp_path, connect_to={"x.example": site.address}, network="allow_private = true"
        )
        add_seed(folder, "y", plain)

        def asked(every: str) -> int:
            site.asked.clear()
            done = run(folder, "archiver", "--set", f"crawl.front_page={every}", "crawl", "y")
            assert done.returncode == 0, done.stderr
            return site.asked.count("/")

        assert asked("0") == 0
        assert asked("1h") == 1
        assert "/i.png" in site.asked
        assert asked("1h") == 0  # the last is young enough
        assert asked("0.001") == 1
        assert "/story/one-2345678" not in site.asked
        with Catalogue.open(f"sqlite:///{folder / 'archive' / 'catalogue.sqlite'}") as catalogue:
            kept = catalogue.captures_of(f"{SITE}/")
        assert [one.kind for one in kept] == ["section", "section"]
        assert {one.extraction for one in kept} <= {"done", "none"}
        add_seed(folder, "y", plain.replace("feeds", f'sections = ["{SITE}"]\nfeeds'))
        assert asked("0.001") == 1  # as a section, and as nothing else
        add_seed(folder, "y", plain)
        gone = run(folder, "archiver", "redact", f"{SITE}/", "--reason", "asked for")
        assert gone.returncode == 0, gone.stderr
        assert asked("0.001") == 0
