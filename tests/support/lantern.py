"""Looking at pages of the demo's outlet."""

import gzip
import json
import re

import brotli
import lxml.html

from archiver.demo.site import Answer, Site
from archiver.demo.story import Story


def special(site: Site, name: str) -> Story:
    return next(story for story in site.stories if story.special == name)


def decoded(answer: Answer) -> bytes:
    undo = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}
    return undo[answer.header("Content-Encoding")](answer.body)


def text_of(answer: Answer) -> str:
    found = re.search("charset=(.+)", answer.header("Content-Type") or "")
    return decoded(answer).decode(found[1] if found else "utf-8")


def tree(answer: Answer) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(text_of(answer))


def json_ld(answer: Answer) -> dict[str, object]:
    (script,) = tree(answer).xpath("//script[@type='application/ld+json']/text()")
    data = json.loads(script)
    assert isinstance(data, dict)
    return data
