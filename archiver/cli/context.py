"""What the global options say, and the settings of a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalOptions:
    """The options that stand before the command; `context.obj` of every command."""

    config: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def settings_of_flags(pairs: tuple[str, ...], *, verbose: int, quiet: int) -> dict[str, str]:
    """Texts by dotted key of `--set key=value`, -v and -q; the last of two for one key counts.

    Raises:
        UsageError: where a pair has no `=` in it.
    """
    settings: dict[str, str] = {}
    if verbose != quiet:
        settings["log.level"] = "DEBUG" if verbose > quiet else "WARNING"
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(
                "is no key=value", thing=f"--set {pair}", todo="Write --set crawl.delay=2s."
            )
        settings[key.strip()] = value
    return settings


def load_settings(context: click.Context, **flags: str | None) -> Loaded:
    """The settings for a command, as seen from the present folder.

    `flags`: a command's own options that stand for settings, with `__` for the dot, such as
    `load_settings(context, crawl__jobs="3")`; None: not given. They go before `--set`.

    Raises:
        ConfigError: with every fault there is.
    """
    from archiver.config.load import load  # pydantic takes a tenth of a second

    options = context.find_object(GlobalOptions) or GlobalOptions()
    own = {key.replace("__", "."): text for key, text in flags.items() if text is not None}
    return load(
        start=Path.cwd(),
        explicit=options.config,
        env=os.environ,
        flags={**options.settings, **own},
    )
