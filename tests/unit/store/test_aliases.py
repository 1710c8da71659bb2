"""URLs that are one page: how they are joined, and what is not asked for after that."""

from __future__ import annotations

import pytest
from support.captures import START, after, make_article, make_capture

from archiver.model import Discovery, Outlet, Source, SourceKind
from archiver.store.aliases import Alias, joined
from archiver.store.catalogue import Catalogue
from archiver.store.identity import Identity, Territory, identity_of, is_amp

PAGE = "https://news.sky.com/story/rain-1"
AMP = f"{PAGE}/amp"
OTHER = "https://news.sky.com/story/snow-2"
OUTLET = Outlet(
    id="sky-news",
    name="Sky",
    homepage="https://news.sky.com/",
    hosts=("sky.example",),
    sources=(Source(kind=SourceKind.SECTION, url="https://news.sky.com/world"),),
)
TERRITORY = Territory.of(OUTLET)


def rules(catalogue: Catalogue, url: str = PAGE) -> dict[str, str]:
    return {alias.url: alias.rule for alias in catalogue.aliases_of(url)}


def mention(url: str, link: str | None = None, title: str = "Rain") -> Discovery:
    return Discovery(
        url=url,
        outlet="sky-news",
        via=SourceKind.FEED,
        source_url="https://news.sky.com/rss",
        found_at=START,
        guid="1",
        title=title,
        published_raw="Sun, 01 Mar 2026",
        published=START,
        link=link,
    )


@pytest.mark.parametrize(
    ("page", "canonical", "expected"),
    [
        (PAGE, None, Identity(url=PAGE)),
        (PAGE, PAGE, Identity(url=PAGE)),
        (AMP, None, Identity(url=PAGE, rule="amp-path")),
        (AMP, PAGE, Identity(url=PAGE, rule="amp-path")),
        (AMP, AMP, Identity(url=PAGE, rule="amp-path")),
        (f"{PAGE}?id=7", PAGE, Identity(url=PAGE, rule="canonical")),
        ("https://amp.sky.example/1", PAGE, Identity(url=PAGE, rule="canonical")),
        (PAGE, "https://www.sky.example/rain-1", Identity(
            url="https://www.sky.example/rain-1", rule="canonical")),
        (PAGE, "https://news.sky.com/", None),
        (PAGE, "https://news.sky.com/?x=1", None),
        (PAGE, "https://news.sky.com/?x=a/b-1", None),
        (PAGE, "https://notsky.example/rain-1", None),
        (PAGE, "https://news.sky.com/world", None),
        (PAGE, "http://www.news.sky.com/world/", None),
        (PAGE, "https://news.sky.com/story", None),
        (PAGE, "https://other.example/story/rain-1", None),
        (PAGE, "junk", None),
        (f"{PAGE}/2", PAGE, Identity(url=PAGE, rule="canonical")),  # its second page
    ],
)  # fmt: skip
def test_a_canonical_url_is_believed_within_the_outlet_and_never_a_list(
    page: str, canonical: str | None, expected: Identity | None
) -> None:
    article = make_article(page, "It rains.", canonical_url=canonical)
    assert identity_of(article, TERRITORY) == (expected or Identity(url=page))


def test_a_page_that_came_is_not_asked_for_by_another_name(catalogue: Catalogue) -> None:
    catalogue.add_captures([make_capture(PAGE)])
    spellings = [AMP, f"{PAGE}?print=1", "https://m.news.sky.com/story/rain-1", f"{PAGE}/"]
    spellings += ["http://www.news.sky.com/story/rain-1"]
    others = [f"{PAGE}2", f"{PAGE}?id=2", "https://news.sky.com/Story/rain-1", "nonsense"]
    known = catalogue.known_spellings([*spellings, *others, PAGE])
    assert known == dict.fromkeys(spellings, PAGE)
    catalogue.add_discoveries(None, [mention(url) for url in spellings])
    catalogue.add_aliases("sky-news", joined(known, START))
    assert catalogue.unfetched("sky-news", spellings) == set()
    assert catalogue.backlog("sky-news", max_attempts=5) == []
    assert rules(catalogue) == {
        AMP: "amp-path",
        f"{PAGE}?print=1": "print-query",
        "https://m.news.sky.com/story/rain-1": "mobile-host",
        f"{PAGE}/": "slash",
        "http://www.news.sky.com/story/rain-1": "www",
    }


@pytest.mark.parametrize("status", [301, 404, 500, None])
def test_what_did_not_come_keeps_no_other_name_from_being_asked_for(
    catalogue: Catalogue, status: int | None
) -> None:
    """A redirect may have led to a page that failed."""
    catalogue.add_captures([make_capture(AMP, status=status), make_capture(OTHER, status=status)])
    assert catalogue.known_spellings([PAGE, f"{OTHER}/amp"]) == {}


def test_a_wall_in_a_pages_place_keeps_no_other_name_from_being_asked_for(
    catalogue: Catalogue,
) -> None:
    catalogue.add_captures([make_capture(PAGE)])
    assert catalogue.known_spellings([AMP]) == {AMP: PAGE}
    catalogue.reopen(PAGE)
    assert catalogue.known_spellings([AMP]) == {}


def test_a_page_is_no_spelling_of_itself(catalogue: Catalogue) -> None:
    """Or it would count as answered."""
    alias = Alias(url=PAGE, target=PAGE, rule="canonical", first_seen=START)
    catalogue.add_aliases("sky-news", [alias])
    assert catalogue.aliases_of(PAGE) == []
    assert catalogue.unfetched("sky-news", [PAGE]) == {PAGE}


def test_a_page_captured_in_a_form_is_known_by_its_plain_url(catalogue: Catalogue) -> None:
    catalogue.add_captures([make_capture(AMP)])
    catalogue.save_article(make_article(AMP, "It rains."), territory=TERRITORY)
    assert catalogue.unfetched("sky-news", [PAGE]) == set()
    assert catalogue.known_spellings(["https://www.news.sky.com/story/rain-1"])
    assert rules(catalogue) == rules(catalogue, AMP) == {AMP: "amp-path"}
    assert catalogue.get_article(PAGE) == catalogue.get_article(AMP)
    assert catalogue.get_article(PAGE)[0].article.url == AMP


def test_a_canonical_link_alone_keeps_no_page_from_being_fetched(catalogue: Catalogue) -> None:
    """Whoever names the same address on every page would else hide a story."""
    catalogue.save_article(make_article(f"{PAGE}?id=7", "a", canonical_url=PAGE))
    assert catalogue.unfetched("sky-news", [PAGE]) == {PAGE}
    assert rules(catalogue) == {f"{PAGE}?id=7": "canonical"}


def test_redirects_and_amp_pages_lead_to_the_article(catalogue: Catalogue) -> None:
    counted, amp = "https://feeds.example/~r/1", "https://amp.sky.example/77"
    catalogue.save_article(
        make_article(f"{PAGE}?id=7", "a", canonical_url=PAGE),
        territory=TERRITORY,
        spellings={counted: "redirect", amp: "amphtml"},
    )
    for url in (counted, amp, PAGE, f"{PAGE}?id=7"):
        assert [one.article.text for one in catalogue.get_article(url)] == ["a"], url
        assert rules(catalogue, url)[counted] == "redirect"
    assert catalogue.unfetched("sky-news", [counted, amp]) == set()


def test_aliases_of_aliases_lead_on_and_circles_end(catalogue: Catalogue) -> None:
    catalogue.save_article(make_article(PAGE, "a"))
    chain = [f"https://r.example/{number}" for number in range(3)]
    pairs = [*zip(chain, [*chain[1:], PAGE], strict=True), (PAGE, chain[0])]
    catalogue.add_aliases(
        "sky-news",
        [Alias(url=a, target=b, rule="redirect", first_seen=START) for a, b in pairs],
    )
    assert catalogue.get_article(chain[0])[0].article.url == PAGE
    assert len(catalogue.aliases_of(chain[0])) == 4


def test_the_first_rule_stays(catalogue: Catalogue) -> None:
    for number, rule in enumerate(("amp-path", "amphtml")):
        alias = Alias(url=AMP, target=PAGE, rule=rule, first_seen=after(days=number))
        catalogue.add_aliases("sky-news", [alias, alias])
    assert catalogue.aliases_of(PAGE) == [
        Alias(url=AMP, target=PAGE, rule="amp-path", first_seen=START)
    ]


def test_a_sources_own_link_is_kept_once_with_its_rule(catalogue: Catalogue) -> None:
    """A session id is another one at each poll: only what is news is kept."""
    for session in ("a1", "b2"):
        link = f"{PAGE};jsessionid={session}?utm_source=rss#top"
        catalogue.add_discoveries(None, [mention(PAGE, link)])
    assert rules(catalogue) == {
        f"{PAGE};jsessionid=a1?utm_source=rss#top": "fragment+tracking+session"
    }
    catalogue.add_discoveries(None, [mention(f"{PAGE}2", f"{PAGE}/../rain-12")])
    assert rules(catalogue, f"{PAGE}2") == {}


def test_what_sources_said_is_there_for_later_runs(catalogue: Catalogue) -> None:
    first = mention(PAGE)
    catalogue.add_discoveries(None, [first])
    catalogue.add_discoveries(None, [mention(PAGE, title="Pouring"), mention(f"{PAGE}2")])
    said = catalogue.mentions_of([PAGE, f"{PAGE}3"])
    assert said.keys() == {PAGE}
    assert said[PAGE].title in ("Rain", "Pouring")  # of one moment
    assert said[PAGE].guid == "1"
    assert (said[PAGE].published, said[PAGE].published_raw) == (START, "Sun, 01 Mar 2026")
    assert said[PAGE].source_url == first.source_url


def test_only_what_looks_like_amp_is_taken_for_it() -> None:
    assert is_amp("https://amp.sky.example/77", PAGE)
    assert is_amp(f"{PAGE}?amp=1", PAGE)
    assert not is_amp("https://news.sky.com/story/another", PAGE)
    assert not is_amp("https://news.sky.com/story/champion", PAGE)
