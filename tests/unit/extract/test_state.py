"""Pages that scripts would have filled: the text comes from the state that is embedded in them."""

import json

import pytest

from archiver.extract.article import extract_page
from archiver.model import Page

LINES = [
    "The clock in the market tower struck eleven on Friday, nine minutes late and to applause.",
    "Its works had stood in a barn under a sheet, and a watchmaker cleaned every wheel of them.",
    "The town will wind it by hand on Mondays, since the stairs, it says, are part of the clock.",
    "A motor was offered and turned down, and the man who offered it now winds it as well.",
]
ELEMENTS = [{"type": "text", "content": line} for line in LINES]
TEASERS = [{"headline": f"Another story {number}", "content": LINES[0][::-1]} for number in "12"]
HTML = "".join(f"<p>{line}</p>" for line in LINES)


def apollo() -> str:
    state = {"Article:1": {"__typename": "Article", "title": "Clock", "body": HTML}}
    return f"<script>window.__APOLLO_STATE__ = {json.dumps(state)};</script>"


def fusion() -> str:
    state = {"content_elements": ELEMENTS, "related_content": {"basic": TEASERS}}
    return (
        "<script>window.Fusion=window.Fusion||{};Fusion.arcSite='x';"
        f"Fusion.globalContent={json.dumps(state)};Fusion.spa=false;</script>"
    )


def next_data() -> str:
    state = {"props": {"pageProps": {"article": {"paragraphs": ELEMENTS}, "related": TEASERS}}}
    return f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(state)}</script>'


def flight() -> str:
    row = json.dumps([1, f'5:{{"body":{json.dumps(HTML)}}}\n'])
    return f"<script>self.__next_f.push({row})</script>"


def parsed() -> str:
    state = json.dumps(json.dumps({"article": {"body": HTML}}))
    return f"<script>window.__STATE__=JSON.parse({state})</script>"


def json_ld() -> str:
    node = {"@type": "NewsArticle", "headline": "Clock", "articleBody": "\n".join(LINES)}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


@pytest.mark.parametrize(
    ("script", "method"),
    [
        (apollo(), "state:__apollo_state__"),
        (fusion(), "state:fusion.globalcontent"),
        (next_data(), "state:__next_data__"),
        (flight(), "state:__next_f"),
        (parsed(), "state:__state__"),
        (json_ld(), "json-ld"),
    ],
)
def test_the_body_is_found_in_the_state_and_named_by_its_script(script: str, method: str) -> None:
    page = f'<html><head><title>Clock</title></head><body><div id="app"></div>{script}</body>'
    found = extract_page(Page(url="https://news.example/clock", body=page.encode()))
    assert found.article is not None, found
    assert [block.text for block in found.article.blocks] == LINES
    assert found.article.extractor is not None
    assert found.article.extractor.method == method


def test_what_a_script_would_insert_is_no_text() -> None:
    state = {"article": {"body": f"{LINES[0]} | $$AD$$ {LINES[1]}<p>$$AD$$</p>{HTML}"}}
    page = f"<html><body><script>window.S = {json.dumps(state)}</script></body></html>"
    found = extract_page(Page(url="https://news.example/clock", body=page.encode()))
    assert found.article is not None
    assert found.article.text.split("\n") == [LINES[0], LINES[1], *LINES[2:]]


def test_broken_state_costs_nothing_but_itself() -> None:
    broken = "<script>window.__STATE__ = {" + '"a":[' * 2000 + "</script>"
    page = f"<html><body>{broken}<article>{HTML}</article></body></html>"
    found = extract_page(Page(url="https://news.example/clock", body=page.encode()))
    assert found.article is not None
    assert [block.text for block in found.article.blocks] == LINES
