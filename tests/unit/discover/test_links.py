"""Links by where they stand and what is around them; no class names."""

from __future__ import annotations

from archiver.discover.html import html_tree
from archiver.discover.links import LinkKind, PageLink, classify, mentions
from archiver.discover.shapes import Learned
from archiver.model import Outlet, Source, SourceKind

SITE = "https://www.example.com"
OUTLET = Outlet(
    id="post",
    name="Post",
    homepage=f"{SITE}/",
    sources=(Source(kind=SourceKind.SECTION, url=f"{SITE}/"),),
)


def links(body: str, learned: Learned | None = None) -> dict[str, PageLink]:
    tree = html_tree(f"<html><body>{body}</body></html>")
    assert tree is not None
    found = classify(mentions(tree, f"{SITE}/"), OUTLET, itself=f"{SITE}/", learned=learned)
    return {link.url.removeprefix(SITE): link for link in found}


def test_the_same_link_counts_for_less_in_the_navigation() -> None:
    link = "<a href=/world/storm-reaches-coast>Storm reaches coast</a>"
    inside = links(f"<main><h2>{link}</h2></main>")["/world/storm-reaches-coast"]
    for around in ("<nav>{}</nav>", "<footer>{}</footer>", "<div role=navigation>{}</div>",
                   "<header>{}</header>"):  # fmt: skip
        outside = links(around.format(link))["/world/storm-reaches-coast"]
        assert outside.score < inside.score
        assert outside.kind is not LinkKind.ARTICLE
    assert inside.kind is LinkKind.ARTICLE
    card = links(f"<article><header><h2>{link}</h2></header></article>")[
        "/world/storm-reaches-coast"
    ]
    assert card.kind is LinkKind.ARTICLE


def test_headings_pictures_and_lists_of_long_words_speak_for_an_article() -> None:
    plain = links("<p><a href=/x/one>One</a>")["/x/one"].score
    assert links("<h3><a href=/x/one>One</a></h3>")["/x/one"].score == plain + 2
    assert links("<p><a href=/x/one><img src=p>One</a>")["/x/one"].score == plain + 1
    words = "<p><a href=/x/{}>Some five words or more</a>"
    many = links("".join(words.format(n) for n in ("one", "two", "six", "ten")))
    few = links("".join(words.format(n) for n in ("one", "two")))
    assert many["/x/one"].score == few["/x/one"].score + 1


def test_sections_are_short_words_to_short_paths() -> None:
    found = links(
        "<nav><a href=/world>World</a><a href=/sport/football>Football</a><a href=/login>Log in</a>"
        "<a href=/a-1234567>x</a><a href=/world?sort=up>Up</a><a rel=tag href=/storms>Storms</a>"
        "<a href=https://elsewhere.example/world>World</a></nav>"
    )
    assert [url for url, link in found.items() if link.kind is LinkKind.SECTION] == [
        "/world", "/sport/football"
    ]  # fmt: skip
    assert "https://elsewhere.example/world" not in found


def test_what_was_learned_outweighs_how_a_link_looks() -> None:
    body = "<p><a href=/r/x1y2z3>Row</a><p><a href=/2024/05/06/a-very-long-guide>A long guide</a>"
    assert links(body)["/r/x1y2z3"].kind is not LinkKind.ARTICLE
    assert links(body)["/2024/05/06/a-very-long-guide"].kind is LinkKind.ARTICLE
    learned = Learned(
        counts={"example.com/r/{id}": (3, 0), "example.com/{year}/{day}/{day}/{slug}": (0, 9)}
    )
    found = links(body, learned)
    assert found["/r/x1y2z3"].kind is LinkKind.ARTICLE
    assert found["/2024/05/06/a-very-long-guide"].kind is not LinkKind.ARTICLE


def test_a_link_far_down_takes_no_longer() -> None:
    assert links("<div>" * 200 + "<a href=/world/2024/05/06/one-two-three>x</a>")
