"""Scrapy commands of this project: `scrapy crawl` with the exit codes of the archiver."""
