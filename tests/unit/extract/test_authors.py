import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import document, json_ld

from archiver.extract.authors import find_agencies, find_authors, is_byline
from archiver.extract.names import byline_names, is_person, split_names
from archiver.extract.region import find_region

SIGNED = (
    "<div class=body><p>Long words of the story stand here and go on for a line or more.</p>"
    '<p style="text-align:right"><b>Ada Reed</b></p></div>'
)
H1 = "<h1>The ferry sails again</h1>"


def authors(head: str = "", body: str = "") -> tuple[str, ...]:
    page = document(head, H1 + body)
    return find_authors(page, find_region(page))


def article(author: str, more: str = "") -> str:
    return json_ld(
        '{"@type":"NewsArticle","headline":"The ferry sails again",' + author + "}" + more
    )


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Jo Doe, Political Editor", ["Jo Doe"]),
        ("By Jo Doe in Washington", ["Jo Doe"]),
        ("Von Lena Uhl und Tom Ohm, dpa", ["Lena Uhl", "Tom Ohm", "dpa"]),
        ("Jo Doe • Published 4 May 2026", ["Jo Doe"]),
        ("Par Zoé Lemaître Publié le 4 mai", ["Zoé Lemaître"]),
        ("Jo Doe jo.doe@news.example", ["Jo Doe"]),
        ("홍길동 기자", ["홍길동"]),
        ("ab/cd; ef", ["ab/cd", "ef"]),
        ("Jo Doe - Ada Reed", ["Jo Doe", "Ada Reed"]),
        ("Anne-Marie O'Neil", ["Anne-Marie O'Neil"]),
        ("Di Stefano", ["Di Stefano"]),
        ("von der Leyen", ["von der Leyen"]),
        ("José Ortega y Gasset", ["José Ortega y Gasset"]),
        ("José Ortega y Ana Gil", ["José Ortega", "Ana Gil"]),
        ("Staff Writer", []),
        ("14. Mai 2026", []),
    ],
)
def test_names_without_what_stands_around_them(line: str, names: list[str]) -> None:
    assert list(split_names(line)) == names


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_line_gives_names_or_none(line: str) -> None:
    for name in split_names(line):
        assert name == name.strip()
        assert 0 < len(name) <= 60
    byline_names(line, anyone=True)
    is_person(line)


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Jo Doe", True), ("Ludwig van Beethoven", True), ("山田 太郎", True), ("JÖRG ZSCHO", True),
        ("BBC News", False), ("The Associated Press", False), ("dpa", False), ("Redaktion", False),
        ("jo doe", False), ("Jo", False), ("Route 66 Diner", False), ("", False),
    ],
)  # fmt: skip
def test_persons_are_told_from_desks_and_agencies(name: str, person: bool) -> None:
    assert is_person(name) is person


def test_agencies_stay_beside_persons_and_are_named_as_such() -> None:
    head = article(
        '"author":[{"@type":"Person","name":"Ada Reed"},{"@type":"Organization","name":"AP"}]'
    )
    assert authors(head) == ("Ada Reed", "AP")
    assert find_agencies(document(head), authors(head)) == ("AP",)


def test_the_site_is_the_author_only_where_nobody_else_is() -> None:
    both = article(
        '"author":{"@type":"Organization","name":"The Post"},"publisher":{"name":"The Post"}'
    )
    assert authors(both) == ("The Post",)
    assert authors(both, '<div class="byline">By Ada Reed</div>') == ("Ada Reed",)


def test_role_is_an_author_only_where_nothing_else_is_named() -> None:
    head = article('"author":{"@type":"Person","name":"Special Correspondent"}')
    assert authors(head) == ("Special Correspondent",)
    assert authors(head, '<p class="byline">By Ada Reed</p>') == ("Ada Reed",)
    link = article('"author":{"@type":"Person","name":"https://news.example/ada"}')
    assert authors(link) == ()


def test_surname_first_is_turned_round() -> None:
    assert authors(article('"author":{"@type":"Person","name":"Reed, Ada"}')) == ("Ada Reed",)


def test_byline_that_names_more_than_structured_data_is_believed() -> None:
    head = article('"author":{"@type":"Person","name":"Ada Reed"}')
    more = "<div><a rel=author href=/a>Ada Reed</a><a rel=author href=/b>Tom Oak</a></div>"
    assert authors(head, more) == ("Ada Reed", "Tom Oak")
    other = '<div class="byline">By Tom Oak</div>'
    assert authors(head, other) == ("Ada Reed",)


@pytest.mark.parametrize(
    "body",
    [
        '<p class="story-author">By Ada Reed</p>',
        '<span class="articleAuthorName">Ada Reed</span>',
        "<p>By <a href=/x>Ada Reed</a></p>",
        SIGNED,
    ],
)
def test_bylines_by_name_by_words_and_by_place(body: str) -> None:
    assert authors("", body) == ("Ada Reed",)


@pytest.mark.parametrize(
    "body",
    [
        '<aside><p class="author">By Tom Oak</p></aside>',
        '<div class="related-stories"><span class="author">Tom Oak</span></div>',
        '<a href="/other"><h3>Another story</h3><span class="author">Tom Oak</span></a>',
        '<p class="author-bio">Tom Oak</p>',
    ],
)
def test_bylines_of_teasers_are_not_ours(body: str) -> None:
    assert authors("", body) == ()


def test_portrait_of_an_author_is_no_picture_of_the_story() -> None:
    (caption,) = document(body="<figure><figcaption>By Ada Reed</figcaption></figure>").tree.iter(
        "figcaption"
    )
    assert is_byline(caption)
