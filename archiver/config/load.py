"""Find the working folder and put the settings together: flag > environment > file > default."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from archiver import __version__
from archiver.config.faults import explain
from archiver.config.settings import Settings
from archiver.config.sources import (
    CONFIG_VARIABLE,
    KEYS,
    NAMES,
    Origin,
    from_env,
    from_file,
    from_flags,
    variable_of,
)
from archiver.config.tomlfile import TomlFile
from archiver.errors import ConfigError

CONFIG_FILE = Path("config", "archiver.toml")
_DEFAULT = Origin(kind="default", where="default")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The settings of a working folder, and the origin of each by its dotted key.

    `folder` is absolute; `file` is None where no configuration file was found.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    folder: Path
    file: Path | None

    @property
    def archive_folder(self) -> Path:
        """Folder of the archive, absolute."""
        return self.folder / self.settings.archive.folder

    @property
    def warc_folder(self) -> Path:
        """Folder of the WARC files, absolute."""
        return self.archive_folder / "warc"

    @property
    def cache_folder(self) -> Path:
        """Folder of what was read back from the store, absolute; made when it is needed."""
        return self.archive_folder / "cache"

    @property
    def redactions_file(self) -> Path:
        """The archive's own account of what was redacted, absolute."""
        return self.archive_folder / "redactions.jsonl"

    @property
    def player_folder(self) -> Path:
        """Folder of the player of faithful views, absolute; made when it is installed."""
        return self.folder / "player"

    @property
    def seeds_folder(self) -> Path:
        """Folder of the outlets' seed files, absolute."""
        return self.folder / "seeds"

    @property
    def ca_file(self) -> Path | None:
        """PEM file of the authorities to trust, absolute; None: the system's."""
        name = self.settings.network.ca_file
        return self.folder / name if name else None

    @property
    def storage_ca_file(self) -> Path | None:
        """PEM file of the authorities to trust for the store, absolute; None: the SDK's."""
        name = self.settings.storage.ca_file
        return self.folder / name if name else None

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue with its password: do not print."""
        archive = self.settings.archive
        url = archive.catalogue_url or "sqlite:///catalogue.sqlite"
        scheme, _, rest = url.partition("://")
        if scheme.startswith("sqlite"):
            inside = self.folder if archive.catalogue_url else self.archive_folder
            return f"{scheme}:///{inside / rest.removeprefix('/')}"
        password = archive.catalogue_password
        return with_password(url, password.get_secret_value() if password else None)

    @property
    def proxy_url(self) -> str | None:
        """URL of the proxy with its password (do not print); None: no proxy."""
        network = self.settings.network
        password = network.proxy_password
        secret = password.get_secret_value() if password else None
        return with_password(network.proxy, secret) if network.proxy else None

    @property
    def user_agent(self) -> str:
        """The User-Agent of all requests."""
        operator = self.settings.operator
        template = operator.user_agent or "news-archiver/{version}" + (
            " (+{contact})" if operator.contact else ""
        )
        filled = {"version": __version__, "name": operator.name, "contact": operator.contact}
        return template.format(**filled)

    @property
    def child_environment(self) -> dict[str, str]:
        """Variables with which a child process in `folder` loads these very settings.

        They stand for the command line (file and flags) and go on top of the own environment.
        """
        variables = {CONFIG_VARIABLE: str(self.file)} if self.file else {}
        values = self.settings.model_dump(mode="json")
        for key, origin in self.origins.items():
            if origin.kind == "flag":
                section, name = key.split(".")
                value = values[section][name]
                variables[variable_of(key)] = value if isinstance(value, str) else json.dumps(value)
        return variables


def require_contact(loaded: Loaded) -> None:
    """See that requests will say whom a publisher can turn to: without that, nobody is crawled.

    Raises:
        ConfigError: operator.contact is not set, or operator.user_agent leaves it out.
    """
    contact, where = loaded.settings.operator.contact, loaded.origins["operator.user_agent"]
    if not contact:
        file = loaded.file or loaded.folder / CONFIG_FILE
        fault = (
            f"{file}: operator.contact is not set, and no publisher is asked by somebody whom it"
            ' cannot reach: write contact = "https://…" or "mailto:…" below [operator]'
        )
        raise ConfigError([fault])
    if contact not in loaded.user_agent:
        raise ConfigError([f"{where}: operator.user_agent: must have {{contact}} in it"])


def with_password(url: str, password: str | None) -> str:
    """Put a password behind the user that a URL names; a URL without a user stays as it is."""
    parts = urlsplit(url)
    if password is None or parts.username is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def find(start: Path, explicit: Path | None, env: Mapping[str, str]) -> tuple[Path, Path | None]:
    """The working folder and its configuration file, both absolute.

    The file is `explicit`, or what ARCHIVER_CONFIG names, or `config/archiver.toml` in `start`
    or the nearest folder above it. Its working folder is the one that holds `config/`, or the
    file's own folder where it stands elsewhere. Without a file: `start` and None.
    """
    named = explicit or (Path(env[CONFIG_VARIABLE]) if env.get(CONFIG_VARIABLE) else None)
    start = start.absolute()
    if named:
        file = (start / named).resolve()
        return (file.parents[1] if file.parent.name == "config" else file.parent), file
    for folder in (start, *start.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder, folder / CONFIG_FILE
    return start, None


def load(
    *, start: Path, explicit: Path | None, env: Mapping[str, str], flags: Mapping[str, str]
) -> Loaded:
    """The settings as seen from the folder `start`.

    `explicit`: a configuration file named on the command line; `env`: the environment;
    `flags`: dotted keys of the command line with their texts.

    Raises:
        ConfigError: with every fault there is, each with file and line, variable or flag.
    """
    folder, path = find(start, explicit, env)
    faults: list[str] = []
    file = _read(path, folder, faults) if path else None
    data: dict[str, dict[str, Any]] = {}
    origins = dict.fromkeys(KEYS, _DEFAULT)
    given = from_file(file, faults) if file else []
    for value in (*given, *from_env(env, faults), *from_flags(flags, faults)):
        section, name = value.key.split(".")
        data.setdefault(section, {})[name] = value.value
        origins[value.key] = value.origin
    settings = Settings()
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        for place, text in explain(error, NAMES):
            origin = origins[".".join(map(str, place[:2]))]
            # The file's own lines are finer: those of a list's elements.
            where = file.where(place) if file and origin.kind == "file" else origin
            faults.append(f"{where}: {text}")
    loaded = Loaded(settings=settings, origins=origins, folder=folder, file=path)
    named = (("network.ca_file", loaded.ca_file), ("storage.ca_file", loaded.storage_ca_file))
    for key, authorities in named:
        if authorities and not authorities.is_file():
            faults.append(f"{origins[key]}: {key}: there is no file {authorities}")
    if faults:
        raise ConfigError(sorted(faults, key=_natural))
    return loaded


def _natural(fault: str) -> list[str | int]:
    """Sort key by which line 9 comes before line 10."""
    parts = re.split(r"([0-9]{1,9})", fault)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _read(path: Path, folder: Path, faults: list[str]) -> TomlFile | None:
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    try:
        return TomlFile(path, str(shown))
    except ConfigError as error:
        faults += error.faults
        return None
