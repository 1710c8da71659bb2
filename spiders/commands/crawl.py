"""`scrapy crawl OUTLET`: Scrapy's own command, with a lock and the archiver's exit codes."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from scrapy.exceptions import UsageError

from archiver.config.load import require_contact
from archiver.errors import ArchiverError
from archiver.fetch.parent import end_with_parent
from archiver.fetch.rendering import browser_path
from archiver.fetch.scrapy_private import ScrapyCrawl
from archiver.store.fence import outlet_fence
from archiver.store.lock import outlet_lock
from spiders.exits import ending_on_config_errors
from spiders.offline import archive_of, go_offline
from spiders.outlet import RECHECKS

# The run's state, as the catalogue keeps it, and what the shell is told.
_EXIT_CODES = {"done": 0, "partial": 3, "failed": 1, "interrupted": 130}


class Command(ScrapyCrawl):
    """Crawl one outlet; two crawls of one outlet never run side by side."""

    def short_desc(self) -> str:
        """The line in `scrapy --help`."""
        return "Crawl an outlet by its id (see `scrapy list`)"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl, and set the exit code by what came of it."""
        if len(args) != 1:
            raise UsageError("give one outlet; `scrapy list` names them", print_help=False)
        if opts.spargs.get("recheck", "none") not in RECHECKS:
            raise UsageError(f"recheck: give one of {', '.join(RECHECKS)}", print_help=False)
        if not str(opts.spargs.get("limit", "0")).isdecimal():
            raise UsageError("limit: give a number; 0 means no limit", print_help=False)
        if not end_with_parent():
            print("scrapy crawl: the daemon that began it has ended")  # noqa: T201 - see below
            self.exitcode = _EXIT_CODES["interrupted"]
            return
        try:
            self._run(args[0], opts)
        except ArchiverError as error:
            print(f"scrapy crawl: {error}")  # noqa: T201 - the command's own answer
            self.exitcode = error.exit_code

    def _run(self, name: str, opts: argparse.Namespace) -> None:
        process = self.crawler_process
        if process is None or self.settings is None:
            raise UsageError("this command needs a project: run it in a working folder")
        try:
            crawler = process.create_crawler(name)
        except KeyError as error:
            raise UsageError(str(error.args[0]), print_help=False) from error
        loaded = self.settings["ARCHIVER_LOADED"]
        go_offline(crawler, opts.spargs)
        with ExitStack() as held:
            if archive_of(crawler) is None:
                require_contact(loaded)
                if crawler.settings.getbool("ARCHIVER_RENDER"):
                    with ending_on_config_errors():
                        browser_path(crawler.settings["ARCHIVER_BROWSER"] or "")
                lease = loaded.settings.daemon.lease
                held.enter_context(outlet_lock(loaded.archive_folder / "locks", name))
                fence = held.enter_context(outlet_fence(loaded.catalogue_url, name, lease=lease))
                crawler.settings.set("ARCHIVER_FENCE", fence)
            process.crawl(crawler, **opts.spargs)
            process.start()
        said = crawler.stats.get_stats() if crawler.stats else {}
        state = "failed" if process.bootstrap_failed else said.get("archiver/state")
        self.exitcode = said.get("archiver/exit_code") or _EXIT_CODES.get(str(state), 1)
