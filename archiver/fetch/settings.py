"""Hardened Scrapy settings, made of the installation's configuration."""

from __future__ import annotations

import os
from typing import Any

from archiver.config.load import Loaded

_HANDLER = "archiver.fetch.handler.VerbatimHandler"


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
        "USER_AGENT": loaded.user_agent,
        "DOWNLOAD_HANDLERS": {
            "http": _HANDLER,
            "https": _HANDLER,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "EXTENSIONS": {"archiver.fetch.run.RunExtension": 0},
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "archiver.fetch.robots.RobotsMiddleware": 100,
            "archiver.fetch.proxy.OutletProxyMiddleware": 740,
        },
        "ITEM_PIPELINES": {"spiders.pipelines.ArticlePipeline": 300},
        # First in, first out: sources name their newest articles first.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        # Scrapy starts this many tasks for every answer, whatever it holds.
        "CONCURRENT_ITEMS": 4,
        "CONCURRENT_REQUESTS": crawl.total_concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawl.concurrency,
        "DOWNLOAD_DELAY": crawl.delay,
        "DOWNLOAD_TIMEOUT": crawl.timeout,
        "DOWNLOAD_MAXSIZE": crawl.max_body,
        "DOWNLOAD_WARNSIZE": 0,
        "RETRY_TIMES": crawl.retries,
        "ROBOTSTXT_OBEY": crawl.obey_robots,
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "REFERRER_POLICY": "no-referrer",
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
        "ARCHIVER_VERIFY_TLS": True,
        "ARCHIVER_SPILL_FOLDER": str(loaded.warc_folder),
        "ARCHIVER_IDLE_TIMEOUT": crawl.idle_timeout,
        "ARCHIVER_PROXY": loaded.proxy_url,
        "ARCHIVER_REQUISITES": crawl.requisites,
        "ARCHIVER_MAX_ARTICLES": crawl.max_articles,
        "ARCHIVER_MAX_ATTEMPTS": crawl.max_attempts,
        "ARCHIVER_EXTRACT_WORKERS": extract.workers or os.cpu_count() or 1,
        "ARCHIVER_EXTRACT_TIMEOUT": extract.timeout,
        "ARCHIVER_EXTRACT_MEMORY": extract.memory,
        "ARCHIVER_EXTRACT_RECYCLE_AFTER": extract.recycle_after,
    }
