"""What is done when hosts ask for patience or do not want to be asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archiver.config.quantities import Duration
from archiver.config.section import Section

_Some = Annotated[Duration, Field(gt=0)]


class PolitenessSettings(Section):
    """Patience with hosts that are busy, and an end with outlets that refuse."""

    max_wait: Duration = Field(
        default=60.0,
        description="Longest time within a crawl that requests wait for a host which asked for"
        " patience (429, 503); what would wait longer is left for a later crawl.",
    )
    backoff: _Some = Field(
        default=15.0,
        description="First wait for a host that asked for patience and did not say how long;"
        " doubled each time.",
    )
    max_backoff: _Some = Field(default=86400.0, description="Longest such wait.")
    max_delay: Duration = Field(
        default=60.0,
        description="Longest time between two requests to a host that answers slowly: crawl.delay"
        " grows to the time that answers take, and shrinks with it. A delay of 0 stays so.",
    )
    max_crawl_delay: Duration = Field(
        default=30.0,
        description="Longest time between two requests that a host's robots.txt may ask for"
        " (Crawl-delay); more counts as this.",
    )
    noarchive: Literal["record", "refuse"] = Field(
        default="record",
        description="What becomes of pages that say noarchive (robots meta element, X-Robots-Tag):"
        ' "record": kept, with a note that they say so; "refuse": not kept.',
    )
    tdm: Literal["record", "no-extract"] = Field(
        default="record",
        description="What becomes of pages whose text and data mining is reserved (TDMRep):"
        ' "record": kept and read, with a note of it; "no-extract": kept, but no article is made;'
        " hosts are asked for their tdmrep.json too.",
    )
    daily_requests: int = Field(
        default=50_000,
        ge=0,
        description="Requests for one outlet in one day (UTC), of whatever kind; 0: no limit.",
    )
    max_blocks: int = Field(
        default=8,
        ge=0,
        description="Blocks in a row (401, 403, 429, a bot wall) after which a crawl of an outlet"
        " ends. The next one asks for one page, and goes on if that is there. 0: never.",
    )
