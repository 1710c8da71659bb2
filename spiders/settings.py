"""Scrapy's settings module: what scrapy.cfg names.

The working folder is the nearest one that has config/archiver.toml; `ARCHIVER_CONFIG` names
another. Wrong configuration ends any `scrapy` command with exit code 4 and all faults.
"""

from __future__ import annotations

import os
from pathlib import Path

from archiver.config.load import load
from archiver.cycles import look_less_for_cycles
from archiver.fetch.settings import scrapy_settings
from spiders.exits import ending_on_config_errors

look_less_for_cycles()

with ending_on_config_errors():
    globals().update(
        scrapy_settings(load(start=Path.cwd(), explicit=None, env=os.environ, flags={}))
    )
