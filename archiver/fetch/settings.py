"""Hardened Scrapy settings, made of the installation's configuration."""

from __future__ import annotations

import os
from typing import Any

from scrapy.settings import Settings

from archiver.config.load import Loaded

_HANDLER = "archiver.fetch.handler.VerbatimHandler"

# What of Scrapy takes part in a crawl: its own lists, less what would do nothing here. Each part
# costs a crawl its import, each middleware a step or two for every page, and what a later Scrapy
# adds is not switched on unseen. The settings EXTENSIONS, SPIDER_MIDDLEWARES and
# DOWNLOADER_MIDDLEWARES add to these as they do elsewhere.
_EXTENSIONS = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
    "scrapy.extensions.logstats.LogStats": 0,
    "scrapy.extensions.throttle.AutoThrottle": 0,
    "archiver.fetch.run.RunExtension": 0,
    "archiver.fetch.manners.Manners": 10,
    "spiders.rechecks.Rechecks": 20,
}
_SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.referer.RefererMiddleware": 700,  # else RedirectMiddleware complains
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": 800,
}
_DOWNLOADER_MIDDLEWARES = {
    "archiver.fetch.redacted.RedactedPages": 40,
    "archiver.fetch.known.KnownPages": 50,
    "archiver.fetch.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
    "archiver.fetch.rendering.RenderingMiddleware": 560,
    "archiver.fetch.compression.ContentCodingMiddleware": 590,
    "archiver.fetch.redirects.CountedRedirects": 600,
    "archiver.fetch.proxy.OutletProxyMiddleware": 740,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": 750,
    "archiver.fetch.budget.HostBudget": 830,
    "archiver.fetch.manners.MannersMiddleware": 840,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": 850,
}
# Those of Scrapy's own that our handler raises; the rest are Twisted's, and slow to import.
_RETRIED = (
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
)
# Scrapy varies a delay by half of it unless told otherwise, so that two requests came twice as fast
# as configured, and requests in all by a fifth slower: it draws anew each time it looks whether the
# delay is over. Its name for that before 2.19 is the other one.
_NAMES = ("DOWNLOAD_DELAY_JITTER", "RANDOMIZE_DOWNLOAD_DELAY")
_JITTER = next(name for name in _NAMES if name in Settings())


def scrapy_settings(loaded: Loaded) -> dict[str, Any]:
    """Scrapy's settings for crawls of one working folder.

    What Scrapy leaves open is shut: no telnet console, no handlers but http and https, no
    cookies, no referrer; robots.txt, TLS verification and limits are on.
    """
    settings = loaded.settings
    crawl, network, extract = settings.crawl, settings.network, settings.extract
    return {
        "BOT_NAME": "news-archiver",
        "SPIDER_LOADER_CLASS": "spiders.loader.OutletLoader",
        "SPIDER_MODULES": [],
        "COMMANDS_MODULE": "spiders.commands",
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop" if network.event_loop == "uvloop" else None,
        "USER_AGENT": loaded.user_agent,
        "DOWNLOAD_HANDLERS": {
            "http": _HANDLER,
            "https": _HANDLER,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "EXTENSIONS_BASE": dict(_EXTENSIONS),
        "SPIDER_MIDDLEWARES_BASE": dict(_SPIDER_MIDDLEWARES),
        "DOWNLOADER_MIDDLEWARES_BASE": dict(_DOWNLOADER_MIDDLEWARES),
        "ITEM_PIPELINES": {"spiders.pipelines.ArticlePipeline": 300},
        "SCHEDULER": "archiver.fetch.scheduler.PatientScheduler",
        # First in, first out: sources name their newest articles first.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        # Scrapy starts this many tasks for every answer, whatever it holds.
        "CONCURRENT_ITEMS": 4,
        "CONCURRENT_REQUESTS": crawl.total_concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawl.concurrency,
        "DOWNLOAD_DELAY": crawl.delay,
        _JITTER: 0,
        # A host that takes long to answer is asked as seldom: one request at a time, on average.
        "AUTOTHROTTLE_ENABLED": crawl.delay > 0,
        "AUTOTHROTTLE_START_DELAY": crawl.delay,
        "AUTOTHROTTLE_MAX_DELAY": max(crawl.delay, settings.politeness.max_delay),
        "DOWNLOAD_TIMEOUT": crawl.timeout,
        "DOWNLOAD_MAXSIZE": crawl.max_body,
        "DOWNLOAD_WARNSIZE": 0,
        "RETRY_TIMES": crawl.retries,
        "RETRY_EXCEPTIONS": list(_RETRIED),
        "ROBOTSTXT_OBEY": crawl.obey_robots,
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "REFERRER_POLICY": "no-referrer",
        "HTTPPROXY_AUTH_ENCODING": "utf-8",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_LEVEL": settings.log.level,
        "LOG_FORMATTER": "archiver.fetch.logs.QuietDrops",
        "FEED_EXPORT_ENCODING": "utf-8",
        "ARCHIVER_LOADED": loaded,
        "ARCHIVER_SEEDS": str(loaded.seeds_folder),
        "ARCHIVER_CONNECT_TO": dict(network.connect_to),
        "ARCHIVER_CA_FILE": str(loaded.ca_file) if loaded.ca_file else None,
        "ARCHIVER_ALLOW_PRIVATE": network.allow_private,
        "ARCHIVER_PORTS": network.ports,
        "ARCHIVER_VERIFY_TLS": True,
        "ARCHIVER_SPILL_FOLDER": str(loaded.warc_folder),
        "ARCHIVER_IDLE_TIMEOUT": crawl.idle_timeout,
        "ARCHIVER_PROXY": loaded.proxy_url,
        "ARCHIVER_BROWSER": network.browser,
        "ARCHIVER_REQUISITES": crawl.requisites,
        "ARCHIVER_MAX_ARTICLES": crawl.max_articles,
        "ARCHIVER_FRONT_PAGE": crawl.front_page,
        "ARCHIVER_LIST_PAGES": crawl.list_pages,
        "ARCHIVER_MAX_ATTEMPTS": crawl.max_attempts,
        "ARCHIVER_HOST_REQUESTS": crawl.host_requests,
        "ARCHIVER_POLL_LEAST": settings.polling.min_interval,
        "ARCHIVER_POLL_FIRST": settings.polling.first_interval,
        "ARCHIVER_POLL_MOST": settings.polling.max_interval,
        "ARCHIVER_EXTRACT_WORKERS": extract.workers or os.cpu_count() or 1,
        "ARCHIVER_EXTRACT_TIMEOUT": extract.timeout,
        "ARCHIVER_EXTRACT_MEMORY": extract.memory,
        "ARCHIVER_EXTRACT_RECYCLE_AFTER": extract.recycle_after,
    }
