"""From raw bytes to markup that can be read: compression, size, encoding, mending.

All of it is linear in the size of its input and expands nothing: listings come from strangers,
and are read on the crawl's own thread.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from itertools import islice

from lxml import etree
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    to_unicode,
)

MAX_BYTES = 52_428_800  # 50 MiB decoded: the sitemap protocol's own limit
MAX_MARKS = 2_000_000  # tags, attributes and entities: each costs a hundred times its size
_GZIP = b"\x1f\x8b"
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))  # no characters of XML 1.0 (section 2.2)
# Python's names of the Web's charsets. Not idna or punycode, say: they raise, or take for ever.
_CHARSET = re.compile(
    r"utf-8|(?:ascii|big5|cp\d|euc_|gb|hz|iso2022_|iso8859|johab|koi8|mac-|shift_jis|tis-620)[\w-]*"
)
_ROOTS = rb"<(?P<name>(?:[\w.-]+:)?(?P<local>rss|rdf|feed|channel|urlset|sitemapindex|html))"
_ROOT = re.compile(_ROOTS + rb"(?=[\s/>])", re.IGNORECASE)
_ITEM_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry|url|sitemap)\s*>")
_MEND = re.compile(
    rb"""<!\[CDATA\[.*?(?:\]\]>|\Z) | <!--.*?(?:-->|\Z)            # left as they are
       | <(?=[\s\d=<&])                                            # "<" that opens nothing
       | &(?P<entity>\#\d{1,7};|\#x[0-9a-f]{1,6};|[a-z]\w{1,31};)?   # "&", or an entity
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_MARK = re.compile(rb"""[<&]|=["']""")
_XML_ENTITIES = frozenset({"lt;", "gt;", "amp;", "quot;", "apos;"})


def name_of(element: etree._Element) -> tuple[str, str, str]:
    """An element's namespace, the prefix that nobody declared, and its local name; "" for none."""
    namespace, _, name = element.tag.rpartition("}")
    prefix, _, local = name.rpartition(":")  # lxml.etree.QName raises on these
    return namespace[1:], prefix, local


def text_of(element: etree._Element) -> str:
    """All text inside an element; comments and processing instructions are none."""
    return "".join(str(piece) for piece in element.itertext(etree.Element))


def unpack(body: bytes, cap: int) -> bytes:
    """`body` with its gzip taken off, if it has one; never more than `cap` + 1 bytes.

    What a torn or damaged gzip still gives is given.
    """
    if not body.startswith(_GZIP):
        return body[: cap + 1]
    out = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
        while len(out) <= cap:
            try:
                chunk = packed.read1(65536)
            except (EOFError, OSError, zlib.error):
                break
            if not chunk:
                break
            out += chunk
    return bytes(out[: cap + 1])


def decode(body: bytes, content_type: str | None = None) -> str:
    """Text, whatever the bytes: by BOM, by looking, then by what HTTP or the document declares.

    What is UTF-8 for the most part is UTF-8 whatever is declared, for by chance it hardly ever is.
    """
    encoding, bom = read_bom(body)
    if encoding and bom:
        return to_unicode(body[len(bom) :], encoding)
    if body[:2] in (b"<\0", b"\0<"):  # XML 1.0 appendix F: UTF-16 without a BOM
        return to_unicode(body, "utf-16-le" if body[:1] == b"<" else "utf-16-be")
    text = body.decode("utf-8", "replace")
    declared = http_content_type_encoding(content_type) or html_body_declared_encoding(body)
    if declared and not _CHARSET.fullmatch(declared):
        declared = None
    if body.isascii():  # may still be ISO-2022-JP
        return to_unicode(body, declared) if declared else text
    broken = text.count("\ufffd")
    if broken * 2 <= len(re.sub(r"[\x00-\x7f]+", "", text)) - broken:
        return text
    return to_unicode(body, declared if declared and declared != "utf-8" else "cp1252")


def _mended(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if found.startswith(b"<"):
        return found if len(found) > 1 else b"&lt;"
    if match["entity"] is None:
        return b"&amp;" + found[1:]
    name = match["entity"].decode("ascii", "replace")
    if name.startswith("#") or name in _XML_ENTITIES:
        return found
    characters = html5.get(name)
    if characters is None:  # one of the document's own DTD: never resolved
        return b"&amp;" + found[1:]
    return "".join(f"&#{ord(char)};" for char in characters).encode()


def mended(data: bytes) -> bytes:
    """Markup without what XML has not: stray "<" and "&", HTML's entities. Of many marks, some."""
    data = data.translate(None, _CONTROLS)
    if _marks(data) > MAX_MARKS:
        last = next(islice(_MARK.finditer(data), MAX_MARKS, None), None)
        data = data[: last.start()] if last else data
    return _MEND.sub(_mended, data)


def _marks(data: bytes) -> int:
    return sum(map(data.count, (b"<", b"&", b'="', b"='")))


@dataclass(kw_only=True, slots=True)
class Xml:
    """A document from its root element on, well-formed as far as mending goes.

    `root` is the root's local name in lower case. At the end of `elements`, `fault` is a problem's
    reason or None, and `tree` is what is left: the emptied elements, and all others.
    """

    root: str
    data: bytes
    torn: bool
    cut: bool = False  # after so many marks that reading on would take too much
    fault: str | None = None
    tree: etree._Element | None = None

    @classmethod
    def of(cls, text: str) -> Xml | None:
        """The feed or sitemap that `text` holds, or None.

        What stands before the root goes: junk, and the DOCTYPE with its entities. HTML's named
        entities become characters, others stay as text, so that nothing is left to expand. A
        document that was cut loses the item that it was cut in: half an address is a wrong one.
        """
        data = text.lstrip().encode("utf-8", "replace").translate(None, _CONTROLS)
        start = _ROOT.search(data, 0, 65536)
        if start is None or start["local"].lower() == b"html":
            return None
        data = data[start.start() :]
        cut = _marks(data) > MAX_MARKS
        if cut:
            last = next(islice(_MARK.finditer(data), MAX_MARKS, None), None)
            data = data[: last.start()] if last else data
        torn = data.rfind(b"</" + start["name"]) < 0
        if torn:
            ends = [match.end() for match in _ITEM_END.finditer(data)]
            data = data[: ends[-1]] if ends else data
        root = start["local"].decode().lower()
        return cls(root=root, data=_MEND.sub(_mended, data), torn=torn, cut=cut)

    def elements(self, *names: str) -> Iterator[etree._Element]:
        """Each element of one of these local names, whole; emptied when the next is asked for."""
        # iterparse is given no chance to fetch: there is no DTD left, and no_network forbids it.
        parser = etree.iterparse(
            io.BytesIO(self.data),
            events=("end",),
            tag=[f"{{*}}{name}" for name in names],
            recover=True,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
        )
        for _, element in parser:
            self.tree = element.getroottree().getroot()
            yield element
            element.clear()
        self.tree = parser.root
        if any(entry.level >= etree.ErrorLevels.FATAL for entry in parser.error_log):
            self.fault = "truncated-xml" if self.torn else "broken-xml"
