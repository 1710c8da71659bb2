"""How a `scrapy` command ends on what is wrong with the configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.errors import ConfigError


@contextmanager
def ending_on_config_errors() -> Iterator[None]:
    """End the process with all faults on standard error, and exit code 4.

    Scrapy loads settings and spiders before its commands run, so that no command can do it.
    """
    try:
        yield
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - Scrapy has no log yet, and this is for people
        raise SystemExit(error.exit_code) from error
