"""A real crawl of one outlet that tells how much memory it took: `measured_crawl.py OUTLET`.

Run in a working folder. The last line of its output is the peak of its resident memory, in
bytes, counted from its own start: what `getrusage` tells begins with the parent's.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scrapy.crawler import AsyncCrawlerProcess

from archiver.config.load import load
from archiver.fetch.settings import scrapy_settings


def main() -> None:
    settings = scrapy_settings(load(start=Path.cwd(), explicit=None, env={}, flags={}))
    process = AsyncCrawlerProcess(settings)
    process.crawl(sys.argv[1])
    process.start()
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    sys.stdout.write(f"{int(found[1]) * 1024}\n")


if __name__ == "__main__":
    main()
