"""Writing a seed file."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from archiver.config.faults import dotted_keys, explain
from archiver.config.seeds import Seed
from archiver.errors import ConfigError

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """A source's URL, and what is said of it in a comment beside it."""

    url: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedFile:
    """What a seed file is to say; `notes` are comments at its start."""

    id: str
    name: str
    homepage: str
    country: str | None = None
    language: str | None = None
    timezone: str | None = None
    feeds: Sequence[Noted] = ()
    sitemaps: Sequence[Noted] = ()
    sections: Sequence[Noted] = ()
    hosts: Sequence[str] = ()
    notes: Sequence[str] = ()

    def place(self, folder: Path) -> Path:
        """Where it belongs in a folder of seeds: by country, where that is known."""
        under = folder / self.country.lower() if self.country else folder
        return under / f"{self.id}.toml"

    def text(self) -> str:
        """The file, which is a valid seed.

        Raises:
            ConfigError: it would not be one, such as with an id that is none.
        """
        lines = [f"# {_comment(note)}" for note in self.notes]
        for key in ("id", "name", "homepage", "country", "language", "timezone"):
            value = getattr(self, key)
            if value is not None:
                lines.append(f"{key} = {_text(value)}")
        for key in ("feeds", "sitemaps", "sections"):
            sources: Sequence[Noted] = getattr(self, key)
            if sources:
                lines += [f"{key} = [", *(_line(source) for source in sources), "]"]
        if self.hosts:
            lines.append(f"hosts = [{', '.join(_text(host) for host in self.hosts)}]")
        text = "\n".join(lines) + "\n"
        try:
            Seed.model_validate(tomllib.loads(text))
        except ValidationError as error:
            keys = dotted_keys(Seed)
            faults = [f"{self.id}.toml: {fault}" for _, fault in explain(error, keys)]
            raise ConfigError(faults) from error
        return text


def _line(source: Noted) -> str:
    note = _comment(source.note)
    return f"  {_text(source.url)},{'  # ' + note if note else ''}"


def _comment(text: str) -> str:
    """One line, without the characters that TOML has not."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
