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
    from archiver.model import Outlet


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


def chosen_outlets(
    loaded: Loaded, names: tuple[str, ...], *, everything: bool
) -> dict[str, Outlet]:
    """The outlets of these names in their order, or all that are enabled.

    Raises:
        ConfigError: with every fault of the seeds.
        UsageError: no name is given, or there is no such outlet.
    """
    from archiver.config.seeds import load_seeds
    from archiver.config.suggest import did_you_mean

    seeds = load_seeds(loaded.seeds_folder)
    if everything:
        return {name: outlet for name, outlet in seeds.items() if outlet.enabled}
    if not names:
        raise UsageError("no outlet given", todo="Name some, or say --all.")
    for name in names:
        if name not in seeds:
            raise UsageError(
                f"there is no such outlet{did_you_mean(name, seeds)}",
                thing=name,
                todo="`archiver outlets` lists them.",
            )
    return {name: seeds[name] for name in names}


def quiet_children(context: click.Context) -> dict[str, str]:
    """For commands that sum up by themselves: their children log warnings only, unless asked."""
    options = context.find_object(GlobalOptions) or GlobalOptions()
    return {"LOG_LEVEL": options.settings.get("log.level", "WARNING")}
