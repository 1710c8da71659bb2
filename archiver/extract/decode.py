"""Bytes of a page into text and a tree, whatever charset they claim."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import (
    HtmlComment,
    HtmlElement,
    HtmlEntity,
    HTMLParser,
    HtmlProcessingInstruction,
    document_fromstring,
)
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

from archiver.extract.text import strip_junk

_HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "text/plain", "*/*"})
_VAGUE_TYPES = frozenset(
    {"application/octet-stream", "application/xml", "text/xml", "unknown/unknown"}
)
_MAGIC = re.compile(
    rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8|RIFF|PK\x03\x04|\x1f\x8b|\x7fELF|OggS|ID3|wOF[F2]|\x00asm"
    rb"|\x00\x00\x00.ftyp|\x28\xb5\x2f\xfd|BM....\x00\x00\x00\x00|Rar!",
    re.DOTALL,
)
_MARKUP = re.compile(
    rb"<\s*(?:!doctype\s+html|html|head|body|title|meta|link|script|div|p|article|main|h[1-6]"
    rb"|section|span|table|ul|a|img|b|i|em|strong)\b",
    re.IGNORECASE,
)
# Python knows codecs that are no charset of the web (WHATWG Encoding, section 4.2); some of them
# take quadratic time or turn text into something else.
_NO_CHARSET = re.compile(
    r"idna|punycode|escape|utf[_-]?7|undefined|oem|mbcs|palmos|ptcp", re.IGNORECASE
)

# What text.strip_junk takes out, in UTF-8.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0C, 0x0D})
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")

# lxml.html asks a function of Python for the class of every element, to give forms their own.
_CLASSES = etree.ElementDefaultClassLookup(
    element=HtmlElement,
    comment=HtmlComment,
    pi=HtmlProcessingInstruction,
    entity=HtmlEntity,
)


def is_html(body: bytes, content_type: str | None) -> bool:
    """Whether bytes are worth parsing as HTML, by their declared type and their first bytes.

    A declared HTML type is believed unless the bytes are plainly something else; a vague type
    needs HTML's own marks.
    """
    mime = (content_type or "").partition(";")[0].strip().lower()
    if _MAGIC.match(body[:64]):
        return False
    head = body[:65_536]
    bom, _ = read_bom(body)
    if bom is None and head.count(b"\x00") > len(head) // 3:
        return declared_utf16(body, content_type)
    if mime in {"text/html", "application/xhtml+xml"} or bom not in (None, "utf-8"):
        return b"<" in head
    if mime in _HTML_TYPES or mime in _VAGUE_TYPES:
        return bool(_MARKUP.search(head))
    return False


def declared_utf16(body: bytes, content_type: str | None) -> bool:
    """Whether the page says it is UTF-16 or UTF-32, in which NULs are no sign of a binary."""
    declared = http_content_type_encoding(content_type) or ""
    return declared.startswith(("utf-16", "utf-32")) and bool(body)


def _candidates(body: bytes, content_type: str | None) -> Iterator[str]:
    """Charsets in order of trust: BOM, the bytes themselves, HTTP, meta (as w3lib reads them)."""
    bom, _ = read_bom(body)
    if bom:
        yield bom
    if not body.isascii():
        # Text of another charset is practically never valid UTF-8, whatever the labels say.
        yield "utf-8"
    for label in (http_content_type_encoding(content_type), html_body_declared_encoding(body)):
        codec = resolve_encoding(label) if label else None
        if codec and not _NO_CHARSET.search(codec):
            yield codec


def _try(body: bytes, charset: str) -> str | None:
    """The text, where all bytes are of the charset; a last character may be cut off."""
    try:
        return codecs.getincrementaldecoder(charset)("strict").decode(body, final=False)
    except (LookupError, UnicodeError, ValueError, TypeError, AttributeError):
        return None


def _is_clean(body: bytes) -> bool:
    """Whether bytes that are UTF-8 hold nothing that `strip_junk` takes out.

    Three looks at bytes take a tenth of the time of one at every character.
    """
    plain = len(body.translate(None, _CONTROLS)) == len(body)
    return plain and not _C1.search(body) and not _NO_CHARACTER.search(body)


def decode_html(body: bytes, content_type: str | None = None) -> str:
    """The page as text; never fails, and holds nothing that XML cannot.

    Bytes that fit no declared charset are read as the declared one with U+FFFD for what is
    broken, or as UTF-8 where most of it is, else as windows-1252, as browsers do.
    """
    declared: str | None = None
    for charset in _candidates(body, content_type):
        text = _try(body, charset)
        if text is not None:
            whole = text.removeprefix("\ufeff")
            return whole if charset == "utf-8" and _is_clean(body) else strip_junk(whole)
        if charset != "utf-8":
            declared = declared or charset
    loose = body.decode("utf-8", "replace")
    broken = loose.count("\ufffd")
    wide = sum(1 for char in loose if char > "\x7f") - broken
    if wide >= broken:  # UTF-8 with some faults
        return strip_junk(loose)
    try:
        return strip_junk(body.decode(declared or "cp1252", "replace"))
    except (LookupError, UnicodeError, ValueError):
        return strip_junk(body.decode("cp1252", "replace"))


def parse_html(text: str) -> HtmlElement | None:
    """The tree of a page; None where there is nothing to parse. Comments are dropped.

    Raises:
        MemoryError: libxml2 ran out of memory, which it would otherwise pass over as a fault
            of the page.
    """
    parser = HTMLParser(
        encoding="utf-8",
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,  # else all that stands deeper than 255 elements is lost
    )
    parser.set_element_class_lookup(_CLASSES)
    tree: HtmlElement | None = None
    with contextlib.suppress(etree.ParserError, etree.XMLSyntaxError, ValueError):
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    if parser.error_log.filter_types([etree.ErrorTypes.ERR_NO_MEMORY]):
        raise MemoryError("libxml2 ran out of memory")
    return tree
