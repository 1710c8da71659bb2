"""Real pages rewritten for replay: the same words, and nothing left that leads to the web."""

from __future__ import annotations

import gzip
import json
import re

import lxml.html
import pytest
from support.corpus import ROOT, needs_corpus

from archiver.replay.rewrite import decode_html, rewrite_html
from archiver.replay.uris import References

pytestmark = [pytest.mark.corpus, needs_corpus]
PREFIX = "/20260101000000/"
LOADED = ("src", "srcset", "href", "poster", "action", "formaction", "data")


def words(document: lxml.html.HtmlElement) -> str:
    for element in list(document.iter("script", "style", "template")):
        element.drop_tree()
    return document.text_content()


def parsed(text: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(
        text.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )


def test_real_pages_keep_their_words_and_lose_their_ways_out() -> None:
    rows = [json.loads(line) for line in (ROOT / "gold.jsonl").read_text().splitlines()]
    for row in rows:
        before = decode_html(gzip.decompress((ROOT / row["page"]).read_bytes()), None)
        after = rewrite_html(before, References(row["url"], PREFIX))
        document = parsed(after)
        live = [
            (element.tag, name, value[:200])
            for element in document.iter()
            for name, value in element.attrib.items()
            if name in LOADED and re.match(r"\s*(?:https?:|//)", value)
        ]
        assert live == [], row["page"]
        assert words(document) == words(parsed(before)), row["page"]
