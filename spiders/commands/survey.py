"""`scrapy survey ORDER`: what `archiver add` and `archiver outlets check` run in a child."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from scrapy.exceptions import UsageError

from archiver.config.load import require_contact
from archiver.errors import ArchiverError
from archiver.fetch.scrapy_private import ScrapyCrawl
from archiver.store.fence import outlet_fence
from archiver.store.lock import outlet_lock
from spiders.exits import ending_on_config_errors
from spiders.loader import made_for
from spiders.report import read_order
from spiders.survey import SurveySpider


class Command(ScrapyCrawl):
    """Look at the sources of one outlet, as an order says; never beside a crawl of it."""

    def short_desc(self) -> str:
        """The line in `scrapy --help`."""
        return "Look at an outlet's sources (see `archiver outlets check`)"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Survey, and set the exit code by whether there is a report."""
        process = self.crawler_process
        if len(args) != 1 or process is None or self.settings is None:
            raise UsageError("give one order, in a working folder", print_help=False)
        outlet, report, order = read_order(Path(args[0]))
        loaded = self.settings["ARCHIVER_LOADED"]
        with ending_on_config_errors():
            require_contact(loaded)
            plain = replace(outlet, render=False)  # sources are no pages
            spider = made_for(plain, SurveySpider, order=order, report=report)
        try:
            lease = loaded.settings.daemon.lease
            with (
                outlet_lock(loaded.archive_folder / "locks", outlet.id),
                outlet_fence(loaded.catalogue_url, outlet.id, lease=lease) as fence,
            ):
                crawler = process.create_crawler(spider)
                crawler.settings.set("ARCHIVER_FENCE", fence)
                process.crawl(crawler)
                process.start()
        except ArchiverError as error:
            print(f"scrapy survey: {error}")  # noqa: T201 - the command's own answer
            self.exitcode = error.exit_code
            return
        said = crawler.stats.get_stats() if crawler.stats else {}
        self.exitcode = said.get("archiver/exit_code") or (0 if report.is_file() else 1)
