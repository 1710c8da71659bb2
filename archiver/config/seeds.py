"""Seeds: what to watch, one TOML file an outlet, in folders of the user's choice."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from archiver.config.addresses import AddressRange, Host, PageUrl, Ports, ProxyUrl
from archiver.config.faults import dotted_keys, explain
from archiver.config.quantities import Duration
from archiver.config.timetable import Times
from archiver.config.tomlfile import TomlFile
from archiver.errors import ConfigError
from archiver.model import Outlet, Source, SourceKind


def _check_regex(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # what will mean something else later
            re.compile(pattern)
    except (re.error, FutureWarning, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r:.80} is no regular expression: {error}") from None
    return pattern


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a LookupError
        raise ValueError(f"{name!r:.80} is no time zone such as 'Europe/London'") from None
    return name


def _upper(text: str) -> str:
    return text.upper()


Regex = Annotated[
    str, AfterValidator(_check_regex), WithJsonSchema({"type": "string", "format": "regex"})
]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$"), AfterValidator(_upper)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
TimeZone = Annotated[str, AfterValidator(_check_timezone)]


class SeedTable(BaseModel):
    """Base of a seed's tables: frozen, and no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ArticlesTable(SeedTable):
    """Which URLs are articles."""

    include: tuple[Regex, ...] = Field(
        default=(),
        description="Regular expressions; one of them must be found in an article's URL. None:"
        " every URL of the outlet's hosts is taken for an article.",
    )
    exclude: tuple[Regex, ...] = Field(
        default=(),
        description="Regular expressions; where one is found in a URL, it is no article.",
    )


class FetchTable(SeedTable):
    """How this outlet is fetched, where it differs from the installation's settings."""

    delay: Duration | None = Field(
        default=None, description="Time between two requests to one host."
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="Requests side by side to one host."
    )
    proxy: ProxyUrl = Field(default="", description="HTTP proxy for this outlet, without password.")
    proxy_password_variable: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="Environment variable that holds the password of the proxy's user.",
    )
    ports: Ports = Field(
        default="",
        description='Ports beside network.ports that this outlet is served on, such as "8080".',
    )
    addresses: tuple[AddressRange, ...] = Field(
        default=(),
        description="Ranges of addresses that may be connected to for this outlet though they are"
        ' not public, such as "10.1.0.0/16".',
    )
    verify_tls: bool = Field(
        default=True,
        description="Whether certificates are verified. Where not, the WARC records say so.",
    )
    render: bool = Field(
        default=False,
        description="Whether articles are read as a browser makes them, for outlets whose pages are"
        " empty without scripts. Needs Chromium and the extra `rendering`.",
    )


class Seed(SeedTable):
    """One outlet: one publication to watch."""

    id: Slug = Field(
        description="Lower-case letters and digits, joined by single hyphens; unique among all"
        " seeds, the name in commands and files."
    )
    name: Text = Field(description="Name as its readers know it.")
    homepage: PageUrl = Field(description="URL of the front page.")
    country: Country | None = Field(
        default=None, description="Country of the newsroom, ISO 3166-1 alpha-2, such as GB."
    )
    language: Language | None = Field(
        default=None, description="Language of its articles, BCP 47, such as en or pt-BR."
    )
    timezone: TimeZone | None = Field(
        default=None, description="Time zone of its newsroom, such as Europe/London."
    )
    feeds: tuple[PageUrl, ...] = Field(default=(), description="URLs of RSS, Atom or JSON feeds.")
    sitemaps: tuple[PageUrl, ...] = Field(
        default=(), description="URLs of sitemaps or sitemap indexes; news sitemaps are best."
    )
    sections: tuple[PageUrl, ...] = Field(
        default=(), description="URLs of pages that link to new articles."
    )
    hosts: tuple[Host, ...] = Field(
        default=(), description="Hosts beside the homepage's whose pages are this outlet's."
    )
    enabled: bool = Field(default=True, description="Whether the outlet is crawled.")
    articles: ArticlesTable = ArticlesTable()
    fetch: FetchTable = FetchTable()
    timetable: Times = Times()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeds:
    """The outlets of the good seed files by id, in order of id, and the faults of the others.

    `files`: the name of each good file, by the id in it; `broken`: those of the others.
    """

    outlets: dict[str, Outlet]
    faults: tuple[str, ...] = ()
    times: dict[str, Times] = field(default_factory=dict)  # of the outlets that have their own
    files: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()


_KINDS = (
    (SourceKind.FEED, "feeds"),
    (SourceKind.SITEMAP, "sitemaps"),
    (SourceKind.SECTION, "sections"),
)
_KEYS = dotted_keys(Seed)
_USUAL = Times()


def load_seeds(folder: Path) -> dict[str, Outlet]:
    """The outlets of all `*.toml` files in `folder` and below, by id, in order of id.

    A folder that does not exist holds none. Files and folders whose names begin with a dot
    are passed over.

    Raises:
        ConfigError: with every fault of every file, each with file and line.
    """
    seeds = read_seeds(folder)
    if seeds.faults:
        raise ConfigError(seeds.faults)
    return seeds.outlets


def read_seeds(folder: Path) -> Seeds:
    """As `load_seeds`, but a bad file costs only itself. An id taken twice goes to nobody."""
    faults: list[str] = []
    broken: set[str] = set()
    outlets: dict[str, Outlet] = {}
    times: dict[str, Times] = {}
    files: dict[str, list[TomlFile]] = {}
    for path in _seed_files(folder):
        shown = str(path.relative_to(folder.parent))
        try:
            file = TomlFile(path, shown)
            outlet, seed = _outlet(file)
        except ConfigError as error:
            faults += error.faults
            broken.add(shown)
            continue
        outlets[outlet.id] = outlet
        if seed.timetable != _USUAL:
            times[outlet.id] = seed.timetable
        files.setdefault(outlet.id, []).append(file)
    for taken, holders in files.items():
        if len(holders) > 1:
            del outlets[taken]
            places = " and ".join(file.where(("id",)) for file in holders)
            faults.append(f"{places}: id: {taken!r} is taken more than once")
    return Seeds(
        outlets=dict(sorted(outlets.items())),
        faults=tuple(faults),
        times=times,
        files={name: files[name][0].shown for name in outlets},
        broken=frozenset(broken),
    )


def _seed_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.toml")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and not path.is_dir():
            yield path


def _outlet(file: TomlFile) -> tuple[Outlet, Seed]:
    found: list[tuple[int, str]] = []
    if not any(file.data.get(key) for _, key in _KINDS):
        found.append((1, "needs at least one of feeds, sitemaps or sections"))
    seed = None
    try:
        seed = Seed.model_validate(file.data)
    except ValidationError as error:
        found += [(file.line(place), text) for place, text in explain(error, _KEYS)]
    if found or seed is None:
        raise ConfigError([f"{file.shown}:{line}: {text}" for line, text in sorted(found)])
    sources = tuple(
        Source(kind=kind, url=url)
        for kind, key in _KINDS
        for url in dict.fromkeys(getattr(seed, key))  # each URL once
    )
    outlet = Outlet(
        id=seed.id,
        name=seed.name,
        homepage=seed.homepage,
        sources=sources,
        country=seed.country,
        language=seed.language,
        timezone=seed.timezone,
        article_include=seed.articles.include,
        article_exclude=seed.articles.exclude,
        hosts=seed.hosts,
        delay=seed.fetch.delay,
        concurrency=seed.fetch.concurrency,
        proxy=seed.fetch.proxy or None,
        proxy_password_variable=seed.fetch.proxy_password_variable or None,
        ports=seed.fetch.ports,
        addresses=seed.fetch.addresses,
        verify_tls=seed.fetch.verify_tls,
        render=seed.fetch.render,
        enabled=seed.enabled,
    )
    return outlet, seed
