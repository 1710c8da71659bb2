"""What pages ask for themselves: noted by capture, and obeyed as configured."""

from __future__ import annotations

from scrapy.crawler import Crawler

from archiver.discover.signals import says
from archiver.fetch.run import run_of
from archiver.fetch.tdmrep import TdmFiles
from spiders.items import PageItem


class Reservations:
    """Notes the signals of each page, and says whether its text is not to be taken."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._files = TdmFiles(crawler)
        self._settings = crawler.settings["ARCHIVER_LOADED"].settings.politeness

    async def forbids_text(self, item: PageItem) -> bool:
        """Whether a reservation against text and data mining holds, and is to be obeyed.

        A page that says nothing itself is subject to its host's file, which is only asked for
        where it would be obeyed: a note alone is not worth a request.
        """
        said, obeyed = item.signals, self._settings.tdm == "no-extract"
        if obeyed and not any(signal.name == "tdm-reservation" for signal in said):
            said += await self._files.signals(item.capture.url)
        run = run_of(self._crawler)
        run.catalogue.keep_signals(
            item.capture, [(signal.name, signal.value, signal.source) for signal in said]
        )
        for name in ("noarchive", "noindex", "tdm-reservation"):
            if says(said, name):
                run.count(f"signals/{name}")
        return obeyed and says(said, "tdm-reservation")
