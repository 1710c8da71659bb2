"""What Scrapy makes of our settings."""

from __future__ import annotations

from pathlib import Path

from scrapy.core.downloader import Slot
from scrapy.settings import default_settings

from archiver.config.load import load
from archiver.config.workdir import lay_out
from archiver.fetch.settings import scrapy_settings


def test_the_delay_is_the_time_between_two_requests(tmp_path: Path) -> None:
    """Neither less, nor, on average, more."""
    lay_out(tmp_path, seeds=False)
    settings = scrapy_settings(load(start=tmp_path, explicit=None, env={}, flags={}))
    names = {"DOWNLOAD_DELAY_JITTER", "RANDOMIZE_DOWNLOAD_DELAY"} & settings.keys()
    [jitter] = [settings[name] for name in names if hasattr(default_settings, name)]
    slot = Slot(1, settings["DOWNLOAD_DELAY"], jitter)
    assert {slot.download_delay() for _ in range(100)} == {1.0}
