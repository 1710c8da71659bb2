"""What stands around an article is cut from tree and lines, and kept aside with a reason."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.extract.article import extract_page
from archiver.extract.body import paragraphs
from archiver.extract.boilerplate import is_label, reason_of, starts_with_label, strip_blocks
from archiver.extract.decode import parse_html
from archiver.extract.phrases import table
from archiver.extract.pruning import Pruned, any_name, furniture, prune
from archiver.model import Block, BlockKind, Page

GOLDEN = Path(__file__).parents[2] / "golden"
PROSE = "<p>The ferry sailed again on Wednesday with a full deck, a band and a seasick mayor.</p>"
BODY = PROSE * 8


def pruned(inside: str) -> Pruned:
    tree = parse_html(f"<html><body><article>{inside}</article></body></html>")
    assert tree is not None
    return prune(tree)


def text_of(result: Pruned) -> str:
    return str(result.tree.text_content())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ('class="RelatedLinks_box"', "related"),
        ('class="c-newsletterSignup"', "newsletter"),
        ('id="paywall-offer-1"', "paywall"),
        ('class="author__bio"', "author-box"),
        ('id="comments"', "comments"),
        ('class="social-share"', "share"),
        ('class="ad-slot"', "advertisement"),
        ('class="wp-caption-text"', "caption"),
        ('class="twitter-tweet"', "embed"),
        ('class="story-factbox"', "box"),
        ('class="breadcrumbs"', "navigation"),
        ('id="cookie-banner"', "consent"),
        ('class="visually-hidden"', "hidden"),
        ('aria-label="Newsletter sign-up"', "newsletter"),
    ],
)
def test_named_parts_are_cut_with_their_reason(name: str, reason: str) -> None:
    result = pruned(f"{BODY}<div {name}><p>Something else entirely.</p></div>")
    assert "Something else" not in text_of(result)
    assert [(cut.reason, cut.text) for cut in result.cuts] == [(reason, "Something else entirely.")]


@pytest.mark.parametrize(
    "inside",
    [
        f'<div class="related-layout">{BODY}</div>',  # holds most of the words
        f'<div class="with-sidebar">{PROSE}</div>{BODY}',  # tells of another part
        f'<div class="newsletters"><h1>The headline of the page</h1></div>{BODY}',
        f'<div class="byline-wrap"><p class="strapline">What the article says.</p></div>{BODY}',
        "".join(f'<div class="embed-text">{PROSE}</div>' for _ in range(8)),  # all of them
        f'<p class="paywall">{PROSE[3:-4]}</p>{BODY}',  # the text that stands behind the wall
    ],
)
def test_what_is_the_article_stays_whatever_its_name(inside: str) -> None:
    assert pruned(inside).cuts == ()


@pytest.mark.parametrize(
    "links",
    [
        '<ul><li>Sea: <a href="/a">A boat without a captain found</a></li></ul>',
        '<p><a href="/a">A boat without a captain found</a></p>',
        '<p>Read more: <a href="/a">A boat without a captain found</a></p>',
        '<h3>More on this topic</h3><div><a href="/a">A boat without a captain found</a></div>',
        '<a href="/a"><h3>A boat without a captain found</h3><p>It was empty.</p></a>',
        '<article><h3><a href="/a">A boat without a captain found</a></h3></article>',
    ],
)
def test_teasers_are_cut_and_their_links_kept(links: str) -> None:
    result = pruned(BODY + links + PROSE)
    assert "captain" not in text_of(result)
    assert "/a" in result.links
    assert text_of(result).count("seasick") == 9


def test_cards_are_cut_only_where_there_are_several() -> None:
    card = '<div><h3><a href="/a">A boat without a captain found</a></h3><p>It was empty.</p></div>'
    assert "captain" not in text_of(pruned(BODY + card * 3))
    assert "captain" in text_of(pruned(BODY + card))


def test_prose_with_links_stays() -> None:
    inside = '<p>The <a href="/a">harbour master</a> had <a href="/b">warned</a> of it in May.</p>'
    assert pruned(BODY + inside).cuts == ()


def test_the_given_tree_is_not_changed() -> None:
    tree = parse_html(f'<html><body>{BODY}<div class="related">Other</div></body></html>')
    assert tree is not None
    before = tree.text_content()
    prune(tree)
    assert tree.text_content() == before


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["div", "p", "ul", "li", "a href=/x", "h1", "h2", "article", "span"]),
            st.sampled_from(["", "related", "newsletter", "author", "body"]),
            st.text("ab .:", max_size=40),
        ),
        max_size=25,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_tree_is_pruned_without_a_fault(parts: list[tuple[str, str, str]]) -> None:
    inside = "".join(f'<{tag} class="{name}">{text}' for tag, name, text in parts)
    tree = parse_html(f"<html><body>{inside}</body></html>")
    assert tree is not None
    result = prune(tree)
    assert len(text_of(result)) <= len(tree.text_content())


LINES = {
    "advertisement": "La suite après cette publicité",
    "comments": "Ihre Meinung ist uns wichtig. Schreiben Sie uns: leser@zeitung.example",
    "date": "Uppdaterad 15.59 | Publicerad 14.14",
    "newsletter": "For the latest news from the coast, sign up for our newsletters.",
    "paywall": "Il vous reste 57.09% de cet article à lire. La suite est réservée aux abonnés.",
    "player": "Please use Chrome browser for a more accessible video player",
    "readtime": "4 min read",
    "related": "Czytaj także: Latarnia znowu świeci",
    "share": "Paylaş",
    "source": "Reporting by Ann Quill in Harbour Town; Editing by Jo Field",
}


@pytest.mark.parametrize(("reason", "line"), LINES.items())
def test_furniture_lines_are_known_by_their_reason(reason: str, line: str) -> None:
    assert reason_of(line) == reason


@pytest.mark.parametrize(
    "line",
    [
        "More than a hundred people read the newsletter of the island aloud.",
        "He signed up for the navy at seventeen.",
        "The share of renters rose again.",
        "Opinion is divided: some say the ferry is too small.",
        "Sie lesen auch nachts, wenn das Licht am Leuchtturm brennt.",
        "2024 war ein gutes Jahr für die Mühle.",
        "関連する記事を書いた記者は、島に三年間住んでいた。",
    ],
)
def test_prose_is_no_furniture(line: str) -> None:
    assert reason_of(line) is None


def test_every_language_has_its_words_of_advertisement_and_related() -> None:
    related, ads = set(table("boilerplate")["related"]), set(table("boilerplate")["advertisement"])
    assert related >= {
        "lesen sie auch", "lire aussi", "lee también", "leggi anche", "leia também", "lees ook",
        "czytaj także", "les også", "læs også", "läs också", "čtěte také", "ilgili haberler",
        "читайте также", "читайте також", "関連記事", "相关阅读", "관련기사", "baca juga",
    }  # fmt: skip
    assert ads >= {"anzeige", "publicité", "publicidad", "pubblicità", "publicidade", "reklama"}


def test_all_patterns_are_sound_and_match_no_empty_line() -> None:
    for forms in table("boilerplate-patterns").values():
        for form in forms:
            assert not re.compile(form).fullmatch(""), form


def test_a_label_needs_its_mark_or_its_words() -> None:
    assert is_label("Read more:")
    assert starts_with_label("Read more The boat")
    assert starts_with_label("More: The boat")
    assert not starts_with_label("More boats than ever")


def block(text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> Block:
    return Block(kind=kind, text=text)


def test_lines_that_are_not_the_articles_are_cut_with_a_reason() -> None:
    sentence = "“We knew every bolt of her by name in the end,” the engineer said."
    blocks = [
        block("Harbour ferry returns"),
        block("By Mara Quill"),
        block(sentence),
        block("We knew every bolt of her by name in the end", BlockKind.QUOTE),
        block("The ferry at its quay."),
        block("A long winter", BlockKind.HEADING),
        block("Read our other stories here:"),
        block("Mara Quill has written about ships since 2011."),
    ]
    kept, cuts = strip_blocks(
        blocks,
        titles=["Harbour ferry returns"],
        captions=frozenset({"the ferry at its quay."}),
        authors=["Mara Quill"],
    )
    assert [one.text for one in kept] == [sentence]
    assert [cut.reason for cut in cuts] == [
        "title", "byline", "pull-quote", "caption", "author-box", "announcement", "heading",
    ]  # fmt: skip


@given(st.lists(st.text("ab :.", max_size=60).map(block), max_size=12))
@settings(deadline=None)
def test_every_block_is_kept_or_cut(blocks: list[Block]) -> None:
    kept, cuts = strip_blocks(blocks, titles=(), captions=frozenset())
    assert sorted([one.text for one in kept] + [cut.text for cut in cuts]) == sorted(
        one.text for one in blocks
    )


def test_a_page_tells_what_was_left_out_of_it() -> None:
    page = GOLDEN / "furniture-de.html"
    found = extract_page(
        Page(url="https://news.example/muehle", body=page.read_bytes(), content_type="text/html")
    )
    reasons = {cut.reason for cut in found.cuts}
    assert reasons >= {
        "author-box", "box", "caption", "comments", "newsletter", "paywall", "pull-quote",
        "related", "share", "title",
    }  # fmt: skip
    assert found.article is not None
    for cut in found.cuts:
        if cut.reason != "pull-quote":  # stands in the text, once
            assert cut.text not in found.article.text.split("\n")


def test_a_part_with_a_third_of_the_words_is_not_cut_for_its_name() -> None:
    inside = f'<div class="comments">{PROSE * 5}</div>{BODY}'
    assert pruned(inside).cuts == ()
    assert len(pruned(f'<div class="comments">{PROSE * 2}</div>{BODY}').cuts) == 1


def test_in_a_part_that_stays_for_its_size_furniture_is_still_cut() -> None:
    inside = '<div class="newsletter"><p>Write to us.</p></div>'
    result = pruned(f'<div class="related-layout">{BODY}{inside}</div>')
    assert [cut.text for cut in result.cuts] == ["Write to us."]


def test_lines_behind_the_first_thousands_are_taken_as_they_are() -> None:
    lines = paragraphs([f"The harbour has a berth with the number {n}." for n in range(4999)])
    several = (*lines, *paragraphs(["Advertisement", "Advertisement"]))
    kept, cuts = strip_blocks(several, titles=(), captions=frozenset())
    assert [cut.text for cut in cuts] == ["Advertisement"]  # a bound on time, not on what is kept
    assert len(kept) == 5000


FURNITURE = sorted({name for names in table("furniture").values() for name in names})
JOINTS = st.sampled_from(["", "-", " ", "x", "no-", "has-", "not-", "s", "--"])


def test_the_quick_look_finds_every_name_of_furniture() -> None:
    words = [name.replace("*", "ish") for name in FURNITURE]
    assert [word for word in words if not any_name().search(word)] == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(FURNITURE), JOINTS, st.text(max_size=3)), max_size=6))
def test_the_quick_look_for_names_sees_what_the_full_one_does(parts: list[str]) -> None:
    name = "".join(parts).replace("*", "s")
    assert bool(any_name().search(name)) == bool(furniture().search(name))
