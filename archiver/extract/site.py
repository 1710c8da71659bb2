"""What a site calls itself."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.text import fold


def site_names(doc: Document) -> frozenset[str]:
    """The names of the site, folded, letters and digits only; its host name's labels among them."""
    publisher = doc.graph.resolve(doc.graph.article.get("publisher"))
    names = {fold(doc.first("og:site_name")), fold(doc.first("application-name"))}
    names |= {fold(text_of(publisher))}
    names |= {fold(text_of(node.get("name"))) for node in doc.graph.of_type("website")}
    host = (urlsplit(doc.url).hostname or "").removeprefix("www.")
    names |= {host, host.split(".")[0], host.rsplit(".", 1)[0]}
    return frozenset(re.sub(r"[\W_]", "", name) for name in names) - {""}
