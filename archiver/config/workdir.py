"""Lay out a working folder: all that an installed copy needs beside its package."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from archiver.config.addresses import check_contact
from archiver.config.data import packaged
from archiver.errors import ArchiverError, ConfigError

_SCRAPY_CFG = """\
# Lets `scrapy list` and `scrapy crawl OUTLET` work in this folder and below.
[settings]
default = spiders.settings
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaidOut:
    """The files written, and those that were there already and stayed as they were."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def lay_out(folder: Path, *, seeds: bool = True, contact: str = "") -> LaidOut:
    """Make `folder` a working folder: scrapy.cfg, config/, seeds/ and archive/.

    `seeds`: whether to copy the seeds that came with the archiver; `contact`: operator.contact
    of the new configuration. Existing files are never changed.

    Raises:
        ConfigError: where the contact is no http(s) or mailto: URL.
        ArchiverError: where a folder or file cannot be written.
    """
    try:
        check_contact(contact)
    except ValueError as error:
        raise ConfigError([f"operator.contact: {error}"]) from None
    texts = {Path("scrapy.cfg"): _SCRAPY_CFG}
    texts |= _copies("config", "archiver.toml") | _copies("config", "*.schema.json")
    if seeds:
        texts |= _copies("seeds", "**/*.toml")
    if contact:
        main = Path("config", "archiver.toml")
        line = f"contact = {json.dumps(contact)}"  # a JSON string is a TOML string
        texts[main] = re.sub(r"(?m)^#? ?contact = .*$", lambda _: line, texts[main], count=1)
    written: list[Path] = []
    kept: list[Path] = []
    try:
        for name in ("archive", "config", "seeds"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with target.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            except FileExistsError:
                kept.append(target)
            else:
                written.append(target)
    except OSError as error:
        raise ArchiverError(
            f"cannot be laid out: {error.strerror}",
            thing=str(error.filename or folder),
            todo="Choose a folder that can be written to.",
        ) from error
    return LaidOut(written=tuple(written), kept=tuple(kept))


def _copies(name: str, pattern: str) -> dict[Path, str]:
    source = packaged(name)
    paths = sorted(path for path in source.glob(pattern) if path.is_file())
    return {Path(name, path.relative_to(source)): path.read_text("utf-8") for path in paths}
