"""HTML as a tree, safe to be made in a crawl's own process."""

from __future__ import annotations

import re

from lxml import etree

_MAX_TAG = 8192
# Scripts, styles, drawings and comments hold no links that a reader sees. A tag is consumed with
# its quoted values whole; every alternative takes each character once, so this is linear.
_PIECES = re.compile(
    r"""<(?: !--.*?(?:-->|\Z)
          | (?P<raw>script|style|svg|template)\b.*?(?:</(?P=raw)\s*>|\Z)
          | (?P<tag>[a-z](?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+(?:>|\Z)) )""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32)))


def _slim(match: re.Match[str]) -> str:
    """Tags of sane length stay. libxml2 takes minutes over one with 100,000 attributes."""
    return match[0] if match["tag"] and len(match[0]) <= _MAX_TAG else " "


def slim(text: str) -> str:
    """Ordinary markup alone: no scripts, styles, drawings, comments, monsters of tags."""
    return _PIECES.sub(_slim, text.translate(_CONTROLS))


def html_tree(text: str) -> etree._Element | None:
    """The tree of a page's ordinary markup; None where there is nothing in it.

    Without scripts, styles, drawings, comments and tags of insane length, so that libxml2 takes
    time in proportion to the page.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        return etree.fromstring(slim(text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing in it that is a document
        return None
