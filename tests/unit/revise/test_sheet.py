from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import lxml.html
from hypothesis import given
from hypothesis import strategies as st
from support.captures import after, make_article, make_ref

from archiver.model import Article, Change, ChangeKind, Changes, Extractor, Revision
from archiver.revise.edits import Op
from archiver.revise.html import sheet_html
from archiver.revise.sheet import make_sheet, summary, text_lines

PAGE = "https://news.sky.com/story/rain-1"
LINES = ["It rained.", "Then 12 ships sank off the coast.", "Nobody came.", "The end.", "Really."]
OLD = make_article(PAGE, "\n".join(LINES), language="en", warc=make_ref())
NEW = replace(
    OLD,
    title="Rain & <more> expected",
    text=OLD.text.replace("12", "14"),
    captured_at=after(days=1),
    warc=make_ref(),
)


def revision(article: Article, number: int, changes: Changes | None = None) -> Revision:
    assert article.captured_at is not None
    return Revision(
        article_id=1,
        number=number,
        captured_at=article.captured_at,
        text_digest="",
        article=article,
        changes=changes,
        against=number - 1 if changes else None,
    )


SHEET = make_sheet(revision(OLD, 1), revision(NEW, 2))


def test_a_sheet_has_the_parts_and_what_changed() -> None:
    assert [section.name for section in SHEET.sections] == ["headline", "body"]
    assert summary(SHEET.changes) == "headline +1 -0, facts +1 -1"
    assert not SHEET.versions


def test_neighbours_show_what_is_kept_of_them() -> None:
    """That may leave out furniture, which two articles alone do not tell."""
    kept = Changes(changes=(Change(kind=ChangeKind.BYLINE, added=1),))
    sheet = make_sheet(revision(OLD, 1), revision(NEW, 2, kept))
    assert summary(sheet.changes) == "byline +1 -0"
    assert sheet.changes.facts == ()
    assert summary(make_sheet(revision(OLD, 7), revision(NEW, 2, kept)).changes).startswith("head")


def test_versions_of_the_extractor_are_named() -> None:
    other = replace(NEW, extractor=Extractor(name="x", version="2"))
    sheet = make_sheet(revision(OLD, 1), revision(other, 2))
    assert sheet.versions
    assert "versions of the extractor" in sheet_html(sheet)


def test_text_shows_changed_paragraphs_and_what_is_around() -> None:
    [_, body] = SHEET.sections
    lines = list(text_lines(body, context=1))
    assert ["".join(text for _, text in line.spans) or line.left_out for line in lines] == [
        "It rained.",
        "Then [-12-] {+14+} ships sank off the coast.",
        "Nobody came.",
        2,
    ]
    assert [line.left_out for line in text_lines(body, context=0)] == [1, 0, 3]


def test_the_page_marks_words_for_eyes_and_ears() -> None:
    tree = lxml.html.document_fromstring(sheet_html(SHEET))
    assert tree.get("lang") == "en"
    assert tree.xpath("//meta[@name='viewport']")
    assert [e.text_content() for e in tree.xpath("//section[2]//del")] == [
        " [removed: 12  end of removed] "
    ]
    assert [e.text_content() for e in tree.xpath("//section[2]//ins")] == [
        " [added: 14  end of added] "
    ]
    assert tree.xpath("//h1/span/@lang") == ["en"]


def test_the_page_names_both_records() -> None:
    page = unescape(sheet_html(SHEET))
    for made in (OLD, NEW):
        assert made.warc is not None
        for part in (
            made.warc.file,
            made.warc.record_id,
            made.warc.payload_digest,
            f"at {made.warc.offset}",
        ):
            assert str(part) in page


NASTY = st.text(alphabet="<>&\"' a1/=\n", max_size=30)


@given(NASTY, NASTY, NASTY)
def test_the_page_needs_nothing_and_escapes_everything(title: str, text: str, lang: str) -> None:
    nasty = replace(
        NEW,
        title=f"<script>{title}",
        text=f"<img src=x onerror=y>{text}",
        language=lang,
        url=f'{PAGE}"><b>',
    )
    page = sheet_html(make_sheet(revision(OLD, 1), revision(nasty, 2)))
    tags = set(re.findall(r"<\s*([a-zA-Z0-9]+)", page))
    assert not tags & {"script", "img", "link", "iframe", "b", "base"}
    tree = lxml.html.document_fromstring(page)
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert attributes <= {"lang", "charset", "name", "content", "class", "http-equiv"}


def test_a_moved_paragraph_is_said_to_be_one() -> None:
    moved = replace(OLD, text="\n".join([*LINES[1:], LINES[0]]))
    sheet = make_sheet(revision(OLD, 1), revision(moved, 2))
    assert Op.MOVED in {piece.op for piece in sheet.sections[-1].pieces}
    assert "This paragraph was moved." in sheet_html(sheet)
