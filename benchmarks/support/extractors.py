"""Extract all pages of a list with one extractor, and say what it took.

    python extractors.py NAME LIST.jsonl OUT.jsonl [--processes N] [--rounds N]

Run by the Python of the environment that the extractor is installed in; needs nothing else.
LIST.jsonl is as `archiver extract --pages` reads it. OUT.jsonl gets one object a page in the form
that the score script reads, from the first round over the list. One JSON object on stdout:
pages (of all rounds), failed, wall and CPU seconds from the first page to the last, imports and
some pages for warming up every process before.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import re
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_WARM = 10  # pages a process that are extracted before the clock starts
Extractor = Callable[["Given"], dict[str, Any]]
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class Given:
    """One page: its name in the list, its URL, when it was captured, its bytes."""

    def __init__(self, folder: Path, line: str) -> None:
        entry = json.loads(line)
        self.name, self.url = str(entry["page"]), str(entry["url"])
        self.crawled = str(entry.get("crawled") or "")
        body = (folder / self.name).read_bytes()
        self.body = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body

    @property
    def text(self) -> str:
        """The page decoded, for extractors that take text only."""
        declared = _CHARSET.search(self.body[:4096])
        for charset in ("utf-8", declared.group(1).decode() if declared else "cp1252"):
            try:
                return self.body.decode(charset)
            except (UnicodeError, LookupError):
                continue
        return self.body.decode("utf-8", "replace")


def page_of(given: Given) -> Any:
    """The page as our model has it."""
    from archiver.model import Page

    at = datetime.fromisoformat(given.crawled) if given.crawled else None
    return Page(url=given.url, body=given.body, captured_at=at and at.replace(tzinfo=UTC))


def ours() -> Extractor:
    """extract_page, in this process, which begins as every worker does."""
    import archiver.extract.preload  # noqa: F401  # what it does is done on import
    from archiver.extract.article import extract_page

    return lambda given: _of_extraction(extract_page(page_of(given)))


def _of_extraction(extraction: Any) -> dict[str, Any]:
    from archiver.contract import article_to_json

    return {} if extraction.article is None else article_to_json(extraction.article)


def trafilatura() -> Extractor:
    """Its defaults with metadata."""
    from trafilatura import bare_extraction

    def extract(given: Given) -> dict[str, Any]:
        found = bare_extraction(given.body, url=given.url, with_metadata=True)
        if found is None:
            return {}
        return {
            "title": found.title,
            "standfirst": found.description,
            "text": found.text,
            "authors": [name.strip() for name in (found.author or "").split(";") if name.strip()],
            "published": found.date,
            "images": [],
        }

    return extract


def newspaper4k() -> Extractor:
    """Its article, parsed from given HTML; nothing is fetched."""
    from newspaper import Article, Config

    config = Config()
    config.fetch_images = False
    config.memorize_articles = False

    def extract(given: Given) -> dict[str, Any]:
        article = Article(given.url, config=config)
        article.download(input_html=given.text)
        article.parse()
        published = article.publish_date
        return {
            "title": article.title,
            "standfirst": article.meta_description,
            "text": article.text,
            "authors": list(article.authors),
            "published": published.isoformat() if isinstance(published, datetime) else published,
            "images": [],
        }

    return extract


def news_please() -> Extractor:
    """NewsPlease.from_html; nothing is fetched."""
    from newsplease import NewsPlease

    def extract(given: Given) -> dict[str, Any]:
        found = NewsPlease.from_html(given.text, url=given.url)
        published = found.date_publish
        return {
            "title": found.title,
            "standfirst": found.description,
            "text": found.maintext,
            "authors": list(found.authors or []),
            "published": published.isoformat() if published else None,
            "images": [],
        }

    return extract


EXTRACTORS: dict[str, Callable[[], Extractor]] = {
    "ours": ours,
    "trafilatura": trafilatura,
    "newspaper4k": newspaper4k,
    "news-please": news_please,
}
_made: dict[str, Extractor] = {}


def one(task: tuple[str, Path, str]) -> dict[str, Any] | None:
    """The output for one line of the list; None where the extractor raised."""
    name, folder, line = task
    if name not in _made:
        _made[name] = EXTRACTORS[name]()
    given = Given(folder, line)
    try:
        return {**_made[name](given), "page": given.name}
    except Exception as error:  # noqa: BLE001 - a peer may raise what it likes; it is counted
        print(f"{name}: {given.name}: {error!r}", file=sys.stderr)
        return None


def _by_our_pool(folder: Path, lines: list[str], processes: int) -> Iterator[dict[str, Any]]:
    from archiver.extract.worker import ExtractionPool

    names: deque[str] = deque()

    def pages() -> Iterator[Any]:  # read one by one, as `archiver extract` does
        for line in lines:
            given = Given(folder, line)
            names.append(given.name)
            yield page_of(given)

    with ExtractionPool(workers=processes) as pool:
        first = [page_of(Given(folder, line)) for line in lines[: _WARM * processes]]
        list(pool.map(first))  # started and warm
        yield {}
        for found in pool.map(pages()):
            yield {**_of_extraction(found), "page": names.popleft()}


def _all(name: str, folder: Path, lines: list[str], processes: int) -> Iterable[Any]:
    """First something when all is warm, then the outputs in the order of the lines."""
    tasks = [(name, folder, line) for line in lines]
    if processes == 1:
        yield [one(task) for task in tasks[:_WARM]]
        yield from map(one, tasks)
    elif name == "ours":
        yield from _by_our_pool(folder, lines, processes)
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            pool.map(one, tasks[: _WARM * processes], chunksize=1)
            yield None
            yield from pool.imap(one, tasks)


def _no_network(*_: Any, **__: Any) -> Any:
    raise OSError("no network in this benchmark: pages are given, nothing is fetched")


def main() -> None:
    """Extract, write, report."""
    socket.getaddrinfo = _no_network  # newspaper4k and news-please ask for pictures
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(EXTRACTORS))
    parser.add_argument("list", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="times that the list is gone through")
    options = parser.parse_args()
    lines = [line for line in options.list.read_text(encoding="utf-8").splitlines() if line]
    todo = lines * options.rounds
    outputs = iter(_all(options.name, options.list.parent, todo, options.processes))
    next(outputs)
    wall, cpu = time.monotonic(), time.process_time()
    found = list(outputs)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    with options.out.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(x, default=str) + "\n" for x in found[: len(lines)] if x)
    failed = sum(each is None for each in found)
    print(json.dumps({"pages": len(todo), "failed": failed, "wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main()
