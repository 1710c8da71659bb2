"""The headline that the reader saw, and the standfirst below it."""

from collections.abc import Container

import pytest

from archiver.extract.document import Document, read_document
from archiver.extract.headline import find_headlines, split_suffix
from archiver.extract.pruning import prune
from archiver.extract.standfirst import find_standfirst

PARAGRAPHS = "".join(
    f"<p>The {what} of the old ship stood in a barn for ten winters, under a sheet and straw.</p>"
    for what in ("engine", "wheel", "bell", "anchor")
)


def document(head: str, body: str) -> Document:
    html = f"<html><head>{head}</head><body>{body}</body></html>"
    doc = read_document(html.encode(), url="https://news.example/story")
    assert doc is not None
    return doc


def standfirst(
    head: str, body: str, *, authors: tuple[str, ...] = (), taken: Container[str] = ()
) -> str | None:
    doc = document(head, body)
    titles = find_headlines(doc).all
    tree = prune(doc.tree).tree
    return find_standfirst(doc, tree, titles=titles, lines=(), authors=authors, taken=taken).text


@pytest.mark.parametrize(
    ("title", "known", "head", "section"),
    [
        ("Ferry is back | World News | Daily", {"ferry is back"}, "Ferry is back", "World News"),
        ("The ferry is back - Daily", set(), "The ferry is back", None),
        ("투표제 또다시 불발-정치ㅣDaily", {"투표제 또다시 불발"}, "투표제 또다시 불발", "정치"),
        ("Ferries · islands · winters", set(), "Ferries · islands · winters", None),
        ("He came back ·and stayed", set(), "He came back ·and stayed", None),
    ],
)  # fmt: skip
def test_site_and_section_are_split_off(
    title: str, known: set[str], head: str, section: str | None
) -> None:
    assert split_suffix(title, {"daily"}, known) == (head, section)


def test_a_heading_beside_the_h1_that_structured_data_confirms_is_the_headline() -> None:
    data = (
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"One night"}</script>'
    )
    social = '<meta property="og:title" content="Flood in town: why the dam held">'
    shown = "<h1>Flood in town: why the dam held</h1><h2>One night</h2>"
    found = find_headlines(document(social + data, shown + PARAGRAPHS))
    assert found.title == "One night"
    assert "Flood in town: why the dam held" in found.all
    far = "<h1>Flood in town: why the dam held</h1><h2>Weather</h2><h2>One night</h2>"
    assert find_headlines(document(social + data, far)).title == "Flood in town: why the dam held"


LINKED = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"%s"}</script>'
SOCIAL = '<meta property="og:title" content="%s">'


def test_a_social_headline_that_shares_no_words_is_believed_where_a_heading_shows_it() -> None:
    head = SOCIAL % "The winter that never left the valley" + LINKED % "Dam report: all the facts"
    body = "<h1>Dam report: all the facts</h1><div>{}</div>" + PARAGRAPHS
    shown = "<h2>Long read <em>The winter that never left the valley</em></h2>"
    assert find_headlines(document(head, body.format(""))).title == "Dam report: all the facts"
    found = find_headlines(document(head, body.format(shown)))
    assert found.title == "The winter that never left the valley"


@pytest.mark.parametrize(
    ("social", "h1", "title"),
    [
        ("Floods: “Nobody had seen such water”", "In the valley - “Nobody had seen such water”",
         "“Nobody had seen such water”"),
        ("Floods: “Nobody had seen such water”", "In the valley “Nobody had seen such water”",
         "“Nobody had seen such water”"),
        ("Floods: Nobody had seen such water", "Floods - Nobody had seen such water",
         "Floods: Nobody had seen such water"),
        ("Old Floods: Nobody had seen such water", "The old floods: Nobody had seen such water",
         "Old Floods: Nobody had seen such water"),
        ("Floods: Nobody had seen such water", "Nobody had seen such water",
         "Floods: Nobody had seen such water"),
        ("Floods: the photos", "In the valley: the photos", "Floods: the photos"),
    ],
)  # fmt: skip
def test_two_kickers_before_the_same_words_are_no_part_of_the_headline(
    social: str, h1: str, title: str
) -> None:
    found = find_headlines(document(SOCIAL % social, f"<h1>{h1}</h1>{PARAGRAPHS}"))
    assert found.title == title


@pytest.mark.parametrize(
    ("named", "h1", "title"),
    [
        ("Floods: what we know", "Floods: dam holds, rain ends", "Floods: what we know"),
        ("Floods: what they know", "Floods: dam holds, rain ends", "Floods: all that we know"),
        ("Floods: what we know", "Floods: all that we know", "Floods: all that we know"),
        ("Floods: what we know", "Floods: what we know", "Floods: all that we know"),
    ],
)
def test_a_social_headline_that_stands_alone_gives_way_to_two_that_agree_and_are_not_shown(
    named: str, h1: str, title: str
) -> None:
    head = SOCIAL % "Floods: all that we know" + LINKED % "Floods: what we know"
    body = f"<h1>{h1}</h1>{PARAGRAPHS}"
    assert find_headlines(document(f"<title>{named}</title>{head}", body)).title == title


def test_a_standfirst_in_the_headlines_place_is_no_headline() -> None:
    data = (
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"One night",'
        '"alternativeHeadline":"An engineer tells what happened at the dam.",'
        '"description":"An engineer tells what happened at the dam."}</script>'
    )
    assert find_headlines(document(data, "<h1>One night</h1>")).all == ("One night",)


DESCRIPTION = '<meta name="description" content="An engineer tells what happened at the dam.">'
SHOWN = "An engineer tells what happened at the dam."


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("", f'<h1>One night</h1><div class="dek">{SHOWN}</div>', SHOWN),
        (DESCRIPTION, f"<h1>One night</h1><div><span>Town. {SHOWN}</span></div>", f"Town. {SHOWN}"),
        (DESCRIPTION, "<h1>One night</h1>", SHOWN),
        ("", f"<h1>One night</h1><h2>{SHOWN}</h2>", SHOWN),
        ("", f"<h1>One night</h1><header><p>{SHOWN}</p></header>", SHOWN),
        ("", f"<h1>One night</h1><p><b>{SHOWN}</b></p>", SHOWN),
        ("", "<h1>One night</h1>", None),
        ("", "<h1>One night</h1><header><p>At 14.01.2026, 15:59 and 16:20</p></header>", None),
        ("", "<h1>One night</h1><header><p>Text by Mara Quill, our reporter</p></header>", None),
        ("", f'<h1>One night</h1><div class="newsletter"><p class="intro">{SHOWN}</p></div>', None),
    ],
)  # fmt: skip
def test_the_standfirst_is_found_below_the_headline(
    head: str, body: str, expected: str | None
) -> None:
    assert standfirst(head, f"{body}<div>{PARAGRAPHS}</div>", authors=("Mara Quill",)) == expected


def test_several_marked_lines_side_by_side_are_one_standfirst() -> None:
    lines = ("At first it rained for a week on end.", "Then the dam held, and nobody knew why.")
    marked = "".join(f'<p class="dek">{line}</p>' for line in lines)
    body = f"<h1>One night</h1><header>{marked}</header><div>{PARAGRAPHS}</div>"
    assert standfirst("", body) == "\n".join(lines)
    apart = "".join(f'<section><p class="dek">{line}</p></section>' for line in lines)
    assert standfirst("", f"<h1>One night</h1>{PARAGRAPHS}{apart}") is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [("", None), (DESCRIPTION, SHOWN)],
)
def test_the_words_of_a_picture_below_the_headline_are_no_standfirst(
    head: str, expected: str | None
) -> None:
    words = "<figcaption>The dam at dusk, an hour before the water came.</figcaption>"
    figure = f'<figure><img src="/dam.jpg"><span>Photo: Jo Doe</span>{words}</figure>'
    body = f"<h1>One night</h1>{figure}<div>{PARAGRAPHS}</div>"
    assert standfirst(head, body) == expected


def test_what_is_something_else_is_no_standfirst_unless_a_description_says_so() -> None:
    body = f"<h1>One night</h1><section><p>{SHOWN}</p></section><div>{PARAGRAPHS}</div>"
    taken = {SHOWN.lower()}
    assert standfirst("", body) == SHOWN
    assert standfirst("", body, taken=taken) is None
    assert standfirst(DESCRIPTION, body, taken=taken) == SHOWN
