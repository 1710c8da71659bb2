"""Settings of the daemon as a process: its children, its stop, its disk, its watchers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from archiver.config.addresses import Host, PageUrl
from archiver.config.quantities import Duration, Size
from archiver.config.section import Section

GB = 1000**3
Some = Annotated[Duration, Field(gt=0)]
Events = Literal[
    "silent",
    "volume",
    "blocked",
    "quality",
    "disk-low",
    "spool-full",
    "not-shipped",
    "backup",
    "damage",
    "report",
    "changed",
]
Told = Literal[
    "headline",
    "standfirst",
    "facts",
    "style",
    "byline",
    "dates",
    "images",
    "correction",
    "access",
    "removed",
]


class DaemonSettings(Section):
    """The daemon: how many crawls, how long they may take, and how it is watched."""

    jobs: int = Field(
        default=4,
        ge=1,
        description="Crawls side by side. They mostly wait for hosts; each takes some 100 MB, and"
        " some 200 MB for each of its extract.workers.",
    )
    crawl_time: Some = Field(
        default=7200.0, description="Time after which a crawl is asked to end, then made to."
    )
    crawl_memory: Annotated[Size, Field(ge=100_000_000)] = Field(
        default=4 * GB,
        description="Memory that a crawl with its extraction workers may take, as crawl_time.",
    )
    stop_within: Some = Field(
        default=60.0,
        description="Time that running crawls have to close their WARC files when the daemon is"
        " told to stop, or a crawl has reached a limit; then they are killed.",
    )
    lease: Annotated[Duration, Field(ge=1, le=60)] = Field(
        default=15.0,
        description="Where many machines share a catalogue: time for which a crawl may be without"
        " word of the database, within which it asks for nothing any more, and ends. Another"
        " machine takes its outlet only afterwards.",
    )
    disk_reserve: Size = Field(
        default=2 * GB, description="Free space on the archive's disk below which no crawl begins."
    )
    host: Host = Field(default="127.0.0.1", description="Address of /healthz, /readyz, /metrics.")
    port: int = Field(
        default=8088, ge=0, le=65535, description="Their port; 0: any free one, as the log says."
    )
    check_share: float = Field(
        default=3.0,
        gt=0,
        le=100,
        description="Per cent of the archive's WARC files that one night's check reads, those that"
        " were checked longest ago first.",
    )
    keep_runs: Some = Field(
        default=400 * 86400.0, description="Age at which accounts of runs and problems are removed."
    )
    ping: PageUrl | Literal[""] = Field(
        default="",
        description="URL that is asked for every minute as long as all is well, for a dead-man's"
        " switch that calls somebody when it is not.",
    )
    webhooks: tuple[PageUrl, ...] = Field(
        default=(), description="URLs to which events are posted as JSON."
    )
    events: tuple[Events, ...] = Field(
        default=(
            *("silent", "volume", "blocked", "quality"),
            *("disk-low", "spool-full", "not-shipped", "backup", "damage"),
        ),
        description="Which events are posted: silent, volume, blocked, quality, disk-low,"
        " spool-full, not-shipped, backup, damage, report, changed.",
    )
    tell: tuple[Told, ...] = Field(
        default=("headline", "facts", "correction", "access", "removed"),
        description="Kinds of change that the event `changed` tells of, a post a crawl at most.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Key of the HMAC-SHA256 in each post's header Archiver-Signature.",
        json_schema_extra={"secret": True},
    )
    webhook_private: bool = Field(
        default=False,
        description="Whether webhooks and pings may go to loopback and private addresses.",
    )
