"""Where settings come from: a file, the environment, flags. Each gives values with origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from archiver.config.faults import dotted_keys, unknown
from archiver.config.settings import SECRET, Settings
from archiver.config.suggest import ask, near_names
from archiver.config.tomlfile import TomlFile

PREFIX = "ARCHIVER_"
DELIMITER = "__"
CONFIG_VARIABLE = "ARCHIVER_CONFIG"
SCRATCH_VARIABLE = "ARCHIVER_SCRATCH"
OTHER_VARIABLES = {
    CONFIG_VARIABLE: "Configuration file to read; see the search for it above.",
    "ARCHIVER_PARENT": "With which process a crawl ends; set by the daemon.",
    "ARCHIVER_PLANNED": "When the timetable had planned a crawl; set by the daemon.",
    SCRATCH_VARIABLE: "Folder for what crawls of an archive note of their runs, by outlet; without"
    " it, that is not kept.",
    "ARCHIVER_TRIGGER": "What started a crawl; set by the archiver for the crawls it starts.",
}
"""Variables with our prefix that are no settings, and what they are for."""

NAMES = dotted_keys(Settings)
"""Every section and setting by its dotted name, with pydantic's FieldInfo."""
KEYS = {key: field for key, field in NAMES.items() if "." in key}
"""Every setting by its dotted key, with pydantic's FieldInfo."""
SECRETS = frozenset(key for key, field in KEYS.items() if field.json_schema_extra == SECRET)
"""The settings that only the environment may give."""


def variable_of(key: str) -> str:
    """The environment variable of a setting: `ARCHIVER_SECTION__KEY`."""
    return PREFIX + key.replace(".", DELIMITER).upper()


_VARIABLES = {variable_of(key): key for key in KEYS}
_SECRET_FILES = {f"{variable_of(key)}_FILE": key for key in SECRETS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a setting's value comes from; `where` names file and line, variable or flag."""

    kind: Literal["default", "file", "env", "flag"]
    where: str

    def __str__(self) -> str:
        """Such as `default`, `config/archiver.toml:12`, `env ARCHIVER_CRAWL__DELAY`."""
        return self.where if self.kind in ("default", "file") else f"{self.kind} {self.where}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """A value that a source gives to a setting."""

    key: str
    value: Any
    origin: Origin


def _only_environment(key: str) -> str:
    name = variable_of(key)
    return f"{key}: a secret is only taken from the environment, set {name} or {name}_FILE"


def from_file(file: TomlFile, faults: list[str]) -> list[Given]:
    """What a configuration file gives; what it may not say is appended to `faults`."""
    given: list[Given] = []
    for section, table in file.data.items():
        if not isinstance(table, dict):
            text = "must be a table" if section in NAMES else unknown(section, NAMES)
            faults.append(f"{file.where((section,))}: {section}: {text}")
            continue
        if section not in NAMES:
            faults.append(f"{file.where((section,))}: {section}: {unknown(section, NAMES)}")
            continue
        for name, value in table.items():
            key, where = f"{section}.{name}", file.where((section, name))
            if key in SECRETS:
                faults.append(f"{where}: {_only_environment(key)}")
            elif key in KEYS:
                given.append(Given(key=key, value=value, origin=Origin(kind="file", where=where)))
            else:
                faults.append(f"{where}: {key}: {unknown(key, KEYS)}")
    return given


def from_env(env: Mapping[str, str], faults: list[str]) -> list[Given]:
    """What the environment gives; variables that nobody reads are appended to `faults`."""
    given: list[Given] = []
    for name in sorted(name for name in env if name.startswith(PREFIX)):
        origin = Origin(kind="env", where=name)
        if name in _VARIABLES:
            given.append(Given(key=_VARIABLES[name], value=env[name], origin=origin))
        elif name in _SECRET_FILES:
            key = _SECRET_FILES[name]
            if variable_of(key) in env:
                faults.append(f"{origin}: {variable_of(key)} is set as well, keep one of them")
            elif (text := _read_secret(Path(env[name]), origin, faults)) is not None:
                given.append(Given(key=key, value=text, origin=origin))
        elif name not in OTHER_VARIABLES:
            known = [CONFIG_VARIABLE, *_VARIABLES, *_SECRET_FILES]
            faults.append(f"{origin}: unknown variable.{ask(near_names(name, known, count=1))}")
    return given


def _read_secret(path: Path, origin: Origin, faults: list[str]) -> str | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else "not a UTF-8 text"
        faults.append(f"{origin}: {path} cannot be read: {reason}")
        return None
    return text.removesuffix("\n").removesuffix("\r")


def from_flags(flags: Mapping[str, str], faults: list[str]) -> list[Given]:
    """What the command line gives; keys that nobody reads are appended to `faults`."""
    given: list[Given] = []
    for key, text in flags.items():
        origin = Origin(kind="flag", where=f"--set {key}")
        if key in SECRETS:
            faults.append(f"{origin}: {_only_environment(key)}")
        elif key in KEYS:
            given.append(Given(key=key, value=text, origin=origin))
        else:
            faults.append(f"{origin}: {unknown(key, KEYS)}")
    return given
