"""The settings: every section, key, unit and default, in the words of the reference docs."""

from __future__ import annotations

import re
from importlib.util import find_spec
from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic.config import JsonDict

from archiver import __version__
from archiver.config.addresses import CatalogueUrl, ConnectTo, Contact, Ports, ProxyUrl
from archiver.config.politeness import PolitenessSettings
from archiver.config.polling import PollingSettings
from archiver.config.quantities import Duration, Size
from archiver.config.recheck import RecheckSettings
from archiver.config.replay import ReplaySettings
from archiver.config.retention import RetentionSettings
from archiver.config.section import Section
from archiver.config.service import DaemonSettings
from archiver.config.storage import StorageSettings
from archiver.config.timetable import TimetableSettings

MB = 1000**2
GB = 1000**3

Count = Annotated[int, Field(ge=1)]
CountOrNone = Annotated[int, Field(ge=0)]  # 0 has a meaning of its own
Some = Annotated[Duration, Field(gt=0)]  # a duration that is not zero


def _all_or_none(value: object) -> object:
    """What the setting was before it had a third value: true and false."""
    if isinstance(value, str):
        return {"true": "all", "false": "none"}.get(value.lower(), value)
    return {True: "all", False: "none"}.get(value, value) if isinstance(value, bool) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


SECRET: JsonDict = {"secret": True}
"""Marks a field whose value only the environment may give."""


def _secret(description: str) -> Any:  # as pydantic's Field itself
    return Field(default=None, description=description, json_schema_extra=SECRET)


def _check_template(text: str, names: frozenset[str]) -> str:
    try:
        fields = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"a bad template: {error}") from None
    for _, name, spec, conversion in fields:
        if name is not None and (name not in names or spec or conversion):
            known = ", ".join(f"{{{known}}}" for known in sorted(names))
            raise ValueError(f"only {known} may stand between braces, not {{{name}}}")
    return text


def _check_user(secret: SecretStr | None, key: str, url: str | None) -> SecretStr | None:
    # No URL: it is at fault itself, and that has been reported.
    if secret is not None and url is not None and not urlsplit(url).username:
        raise ValueError(f"is given, but {key} names no user whose password it could be")
    return secret


class ArchiveSettings(Section):
    """Where the archive stands and how its WARC files are written."""

    folder: str = Field(
        default="archive",
        min_length=1,
        description="Folder of the archive; relative to the working folder.",
    )
    catalogue_url: CatalogueUrl = Field(
        default="",
        description="Database of the catalogue, as an SQLAlchemy URL without password."
        " Empty: an SQLite file in the archive's folder.",
    )
    catalogue_password: SecretStr | None = _secret("Password of the catalogue's database.")
    catalogue_wait: Duration = Field(
        default=300.0, description="How long a crawl waits for a database server that is away."
    )
    warc_size: Annotated[Size, Field(ge=MB)] = Field(
        default=GB, description="Size at which a WARC file is closed and the next one begun."
    )
    warc_age: Some = Field(
        default=3600.0, description="Age at which a WARC file is closed and the next one begun."
    )
    codec: Literal["isal", "libdeflate", "zlib"] = Field(
        default="isal",
        description='Who compresses: "isal" is several times as fast, "zlib" writes smaller files,'
        ' "libdeflate" does so faster and has to be installed (the extra `libdeflate`). All write'
        " plain gzip.",
    )
    level: int = Field(
        default=2,
        ge=0,
        le=12,
        description="Compression level: 0 to 3 with isal, 0 to 9 with zlib, 0 to 12 with"
        " libdeflate; 6 is usual with these two.",
    )
    revisit_min_size: Size = Field(
        default=1000,
        description="Size from which on a payload that the archive holds already is kept as a"
        " revisit record, which points at the first. 0: any payload; more than crawl.max_body:"
        " none.",
    )
    prefix: str = Field(
        default="{outlet}",
        description="Start of WARC file names; {outlet} stands for the outlet's id.",
    )

    @field_validator("catalogue_password")
    @classmethod
    def _password_of_user(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return _check_user(secret, "archive.catalogue_url", info.data.get("catalogue_url"))

    @field_validator("level")
    @classmethod
    def _level_of_codec(cls, level: int, info: ValidationInfo) -> int:
        codec = info.data.get("codec", "libdeflate")
        highest = {"isal": 3, "zlib": 9, "libdeflate": 12}[codec]
        if level > highest:
            raise ValueError(f"{codec} has the levels 0 to {highest}, not {level}")
        return level

    @field_validator("codec")
    @classmethod
    def _codec_is_there(cls, codec: str) -> str:
        if codec == "libdeflate" and find_spec("deflate") is None:
            raise ValueError("libdeflate is not installed: install news-archiver[libdeflate]")
        return codec

    @field_validator("prefix")
    @classmethod
    def _prefix_is_a_file_name(cls, prefix: str) -> str:
        _check_template(prefix, frozenset({"outlet"}))
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", prefix.format(outlet="outlet")):
            raise ValueError("a prefix has 1 to 64 letters, digits, '.', '_' and '-'")
        return prefix


class OperatorSettings(Section):
    """Who archives. Every request and every WARC file says so."""

    name: str = Field(
        default="",
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Person or organisation that runs this archive, on one line.",
    )
    contact: Contact = Field(
        default="",
        description="Where a publisher reaches you: an http(s) or mailto: URL. Part of the user"
        " agent and of each WARC file's warcinfo record. Without it nothing is crawled.",
    )
    user_agent: str = Field(
        default="",
        description="User-Agent of all requests; {version}, {name} and {contact} may be used."
        ' Empty: "news-archiver/{version} (+{contact})". The contact must be part of it.',
    )

    @field_validator("user_agent")
    @classmethod
    def _header_value(cls, text: str, info: ValidationInfo) -> str:
        _check_template(text, frozenset({"version", "name", "contact"}))
        # Where name or contact is at fault, that has been reported: any word will do for it.
        known = {key: info.data.get(key, "-") for key in ("name", "contact")}
        filled = text.format(version=__version__, **known)
        if not re.fullmatch(r"[ -~]*", filled) or filled != filled.strip():
            raise ValueError("a user agent is printable ASCII, without spaces around it")
        return text


class CrawlSettings(Section):
    """How politely and how long a crawl asks. An outlet's seed may say otherwise for itself."""

    delay: Duration = Field(default=1.0, description="Time between two requests to one host.")
    concurrency: Count = Field(default=4, description="Requests side by side to one host.")
    total_concurrency: Count = Field(default=16, description="Requests side by side in one crawl.")
    timeout: Some = Field(default=60.0, description="Time that one exchange may take in all.")
    idle_timeout: Some = Field(
        default=20.0, description="Time that a server may stay silent within an exchange."
    )
    max_body: Annotated[Size, Field(ge=1)] = Field(
        default=32 * MB,
        description="Bytes after which a body is cut; what came is kept and marked as truncated.",
    )
    obey_robots: bool = Field(default=True, description="Whether robots.txt is obeyed.")
    retries: CountOrNone = Field(
        default=2, description="Further attempts within a crawl after one that failed."
    )
    max_articles: CountOrNone = Field(
        default=0, description="New articles that one crawl fetches at most; 0: no limit."
    )
    host_requests: CountOrNone = Field(
        default=5000,
        description="Requests to one host in one crawl, of whatever kind; the rest is left for the"
        " next. 0: no limit.",
    )
    list_pages: Count = Field(
        default=3,
        description="Pages that are read of a section or feed that goes on (?page=2, rel=next); the"
        " next one only where the last brought something new.",
    )
    front_page: Duration = Field(
        default=6 * 3600.0,
        description="Time after which an outlet's front page is captured again, so that replay"
        " shows it day by day; its links are not followed. One that is among the outlet's sections"
        " is captured as such. 0: never.",
    )
    requisites: Annotated[Literal["all", "images", "none"], BeforeValidator(_all_or_none)] = Field(
        default="all",
        description="What is fetched too, each once, so that replay shows articles and section"
        ' pages as they were: their style sheets, pictures and fonts ("all"), the pictures alone'
        ' ("images"), or nothing ("none").',
    )
    jobs: Count = Field(default=2, description="Crawls side by side.")
    max_attempts: Count = Field(
        default=5, description="Crawls that try a failing article before it is given up."
    )


class NetworkSettings(Section):
    """The way to the servers."""

    connect_to: ConnectTo = Field(
        default={},
        description="Where to connect instead of asking the DNS: host or host:port = ip:port."
        " For the demo and for tests; from the environment and from flags as a JSON object.",
    )
    ca_file: str = Field(
        default="",
        description="PEM file of certificate authorities to trust instead of the system's;"
        " relative to the working folder.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether loopback, private and link-local addresses may be connected to.",
    )
    ports: Ports = Field(
        default="80, 443",
        min_length=1,
        description='Ports that may be connected to, with ranges as in "80, 443, 8000-8999". A seed'
        " may name more for its outlet.",
    )
    proxy: ProxyUrl = Field(default="", description="HTTP proxy of all requests, without password.")
    proxy_password: SecretStr | None = _secret("Password of the proxy's user.")
    browser: str = Field(
        default="",
        description="Chromium for outlets that need one (fetch.render in their seeds): its path."
        " Empty: the one that is installed.",
    )
    event_loop: Literal["asyncio", "uvloop"] = Field(
        default="asyncio",
        description='What drives the connections: "asyncio", or "uvloop", which takes less'
        " processor time and has to be installed (the extra `uvloop`).",
    )

    @field_validator("event_loop")
    @classmethod
    def _loop_is_there(cls, loop: str) -> str:
        if find_spec(loop) is None:
            raise ValueError(f"{loop} is not installed: install news-archiver[uvloop]")
        return loop

    @field_validator("proxy_password")
    @classmethod
    def _password_of_user(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return _check_user(secret, "network.proxy", info.data.get("proxy"))


class ExtractSettings(Section):
    """The worker processes that make articles of pages."""

    workers: CountOrNone = Field(
        default=0, description="Worker processes; 0: as many as there are processor cores."
    )
    timeout: Some = Field(default=20.0, description="Time after which a page is given up.")
    memory: Annotated[Size, Field(ge=100 * MB)] = Field(
        default=GB, description="Memory that one worker may take."
    )
    recycle_after: Count = Field(
        default=300, description="Pages after which a worker is replaced by a fresh one."
    )


class LogSettings(Section):
    """What is written to standard error."""

    level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = Field(default="INFO", description="Least severity that is written.")
    format: Literal["console", "json"] = Field(
        default="console", description="How the daemon writes: lines for people, or JSON lines."
    )


class Settings(Section):
    """All settings of an installation."""

    archive: ArchiveSettings = ArchiveSettings()
    storage: StorageSettings = StorageSettings()
    operator: OperatorSettings = OperatorSettings()
    crawl: CrawlSettings = CrawlSettings()
    politeness: PolitenessSettings = PolitenessSettings()
    polling: PollingSettings = PollingSettings()
    recheck: RecheckSettings = RecheckSettings()
    network: NetworkSettings = NetworkSettings()
    extract: ExtractSettings = ExtractSettings()
    replay: ReplaySettings = ReplaySettings()
    timetable: TimetableSettings = TimetableSettings()
    retention: RetentionSettings = RetentionSettings()
    daemon: DaemonSettings = DaemonSettings()
    log: LogSettings = LogSettings()
