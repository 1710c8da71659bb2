"""What the fork server of the extraction pool loads once, for all workers to share.

The modules alone take a second, the language model half of one, tables and expressions that
are made when first used as much again; a worker that is forked afterwards starts in
milliseconds and shares their memory, which is kept from the garbage collector: it would write
to all of it in every worker. It comes by less often than Python's default, since a page is
thousands of objects that live as long as the page.
"""

from __future__ import annotations

import gc

from archiver.extract.article import extract_page
from archiver.extract.language import detect_language
from archiver.model import Page

_PAGE = """<html lang="en"><head><title>A page to begin with | News</title></head><body><article>
<h1>A page to begin with</h1><p class="byline">By Jo Doe, reporter</p><time>10 January 2026</time>
<figure><img src="/a.jpg" alt="A door"><figcaption>A door, open. Photo: Jo Doe</figcaption></figure>
<p>Whoever extracts a first page makes all tables: of names, of captions and of furniture.</p>
<p>Read more: <a href="/b">What comes after the first page of all the pages</a></p>
</article></body></html>"""

detect_language("These words are here to have the model loaded before any worker starts.")
extract_page(Page(url="https://news.example/a", body=_PAGE.encode()))
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
