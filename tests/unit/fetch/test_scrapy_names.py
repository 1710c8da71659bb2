"""What is used of Scrapy is what its documentation names; the rest stands in one module."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXEMPT = "archiver/fetch/scrapy_private.py"
# Modules of which the documentation describes what stands behind them here: "*" is all.
DOCUMENTED = {
    "scrapy": {"Request", "Spider", "signals", "*"},
    "scrapy.core.downloader.handlers.base": {"BaseDownloadHandler"},
    "scrapy.core.scheduler": {"Scheduler"},
    "scrapy.crawler": {"Crawler", "AsyncCrawlerProcess"},
    "scrapy.downloadermiddlewares.redirect": {"RedirectMiddleware"},
    "scrapy.exceptions": {"*"},
    "scrapy.http": {"Headers", "Request", "Response", "TextResponse", "HtmlResponse"},
    "scrapy.http.request": {"NO_CALLBACK"},
    "scrapy.logformatter": {"LogFormatter"},
    "scrapy.settings": {"BaseSettings", "Settings"},
    "scrapy.spiderloader": {"SpiderLoader"},
}


def imports(path: Path) -> set[tuple[str, str]]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(alias.name, "*") for alias in node.names}
    return {pair for pair in found if pair[0].split(".")[0] == "scrapy"}


def test_only_one_module_uses_what_scrapy_does_not_promise() -> None:
    undocumented = {
        f"{path.relative_to(ROOT)}: {module}.{name}"
        for folder in ("archiver", "spiders")
        for path in (ROOT / folder).rglob("*.py")
        if str(path.relative_to(ROOT)) != EXEMPT
        for module, name in imports(path)
        if not {name, "*"} & DOCUMENTED.get(module, set())
    }
    assert undocumented == set()
