"""What an extractor dropped silently comes back where it stood, and nothing else does."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement

from archiver.extract.article import extract_page
from archiver.extract.decode import parse_html
from archiver.extract.repair import repaired
from archiver.model import Block, BlockKind, Page

ONE, TWO, THREE = (
    f"The {what} of the old ship stood in a barn for ten winters, under a sheet and some straw."
    for what in ("engine", "wheel", "bell")
)


def tree_of(inside: str) -> HtmlElement:
    tree = parse_html(f"<html><body>{inside}</body></html>")
    assert tree is not None
    return tree


def found(*texts: str) -> tuple[Block, ...]:
    return tuple(Block(kind=BlockKind.PARAGRAPH, text=text) for text in texts)


def texts(blocks: tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks]


def test_headings_between_paragraphs_come_back() -> None:
    tree = tree_of(f"<div><p>{ONE}</p><h2>A long winter</h2><p>{TWO}</p></div>")
    blocks, added = repaired(found(ONE, TWO), tree)
    assert texts(blocks) == [ONE, "A long winter", TWO]
    assert blocks[1].kind is BlockKind.HEADING
    assert added == len("A long winter")


def test_sections_beside_the_found_one_come_back() -> None:
    part = '<section class="part">{}</section>'
    tree = tree_of(
        part.format(f"<p>{ONE}</p><p>{TWO}</p>") + part.format(f"<h3>Later</h3><p>{THREE}</p>")
    )
    assert texts(repaired(found(ONE, TWO), tree)[0]) == [ONE, TWO, "Later", THREE]


def test_other_kinds_other_containers_and_links_stay_away() -> None:
    tree = tree_of(
        f'<div><p>{ONE}</p><p class="note">{THREE}</p><p>{TWO}</p>'
        f'<p><a href="/x">A boat without a captain was found on Monday</a></p></div>'
        f"<aside><p>{THREE}</p></aside>"
    )
    blocks, added = repaired(found(ONE, TWO), tree)
    assert texts(blocks) == [ONE, TWO]
    assert added == 0


def test_what_is_there_in_another_form_does_not_come_twice() -> None:
    tree = tree_of(f"<div><p>{ONE}</p><p>{THREE}</p><p>{TWO}</p></div>")
    blocks, added = repaired(found(ONE, f"{THREE} {TWO}", TWO), tree)
    assert added == 0
    assert len(blocks) == 3


def test_the_first_paragraph_comes_back() -> None:
    tree = tree_of(f"<div><p>{THREE}</p><p>{ONE}</p><p>{TWO}</p></div>")
    assert texts(repaired(found(ONE, TWO), tree)[0]) == [THREE, ONE, TWO]


@given(st.lists(st.sampled_from([ONE, TWO, THREE, "x", ""]), max_size=8))
@settings(deadline=None)
def test_what_was_found_stays_in_its_order(lines: list[str]) -> None:
    tree = tree_of(f"<div><p>{ONE}</p><h2>A long winter</h2><p>{TWO}</p><p>{THREE}</p></div>")
    blocks, _ = repaired(found(*lines), tree)
    rest = iter(texts(blocks))
    assert all(line in rest for line in lines)


def test_a_live_blogs_introduction_stands_before_its_posts() -> None:
    posts = "".join(
        f'{{"@type":"BlogPosting","headline":"At {hour}","articleBody":"{text}",'
        f'"datePublished":"2026-01-14T{hour}:00:00Z"}},'
        for hour, text in (("10", TWO), ("11", THREE))
    )
    page = (
        '<html><body><script type="application/ld+json">{"@type":"LiveBlogPosting",'
        f'"headline":"The day of the ship","liveBlogUpdate":[{posts[:-1]}]}}</script>'
        f"<h1>The day of the ship</h1><article><p>{ONE}</p><p>{TWO}</p><p>{THREE}</p></article>"
    )
    found = extract_page(Page(url="https://news.example/ship", body=page.encode()))
    assert found.article is not None
    assert texts(found.article.blocks) == [ONE, "At 10", TWO, "At 11", THREE]


def test_a_page_of_thousands_of_posts_comes_out_whole_and_in_order() -> None:
    lines = [
        f"Post {n}: the pumps ran for {n} minutes and then stopped again." for n in range(1700)
    ]
    posts = "".join(f'<div class="entry"><p>{n}. {ONE}</p><p>{line}</p></div>' for n, line in
                    enumerate(lines))  # fmt: skip
    body = f"<html><body><article><h1>A day at the dam</h1>{posts}</article></body></html>"
    article = extract_page(Page(url="https://news.example/live", body=body.encode())).article
    assert article is not None
    assert [line for line in article.text.splitlines() if line.startswith("Post ")] == lines
