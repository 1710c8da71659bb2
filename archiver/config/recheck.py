"""The settings of section [recheck]: when known articles are asked for again."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from archiver.config.quantities import Duration
from archiver.config.section import Section

_Some = Annotated[Duration, Field(gt=0)]


def _listed(value: object) -> object:
    """A list, or a text of durations with commas between them."""
    return value.split(",") if isinstance(value, str) and "[" not in value else value


_Ages = Annotated[tuple[_Some, ...], BeforeValidator(_listed), Field(min_length=1, max_length=50)]


class RecheckSettings(Section):
    """When known articles are asked for again, and from when on one that is missing is removed.

    With the defaults an outlet of 200 articles a day costs some 1,400 to 2,000 conditional
    requests a day, by how often it edits, and 200 more for each year that the archive is old; most
    answers are a 304 without a body.
    """

    ages: _Ages = Field(
        default=(3600.0, 10_800.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0, 2_592_000.0),
        description="Times after its first capture at which an article is asked for again, rising:"
        ' a list, or a text such as "1h, 3h, 12h".',
    )
    then: _Some = Field(default=31_536_000.0, description="Time between two checks after those.")
    live_every: _Some = Field(
        default=900.0,
        description="Time between two checks of a live blog, doubled with each check after the"
        " third that finds it unchanged.",
    )
    fastest: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Least part of the times above, for outlets that edit their articles often.",
    )
    slowest: float = Field(
        default=4.0,
        ge=1,
        le=1000,
        description="Where an outlet rarely edits, an age is passed over that is not this many"
        " times the one before, at most; 1: none is.",
    )
    share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Part of crawl.host_requests in a crawl, and of politeness.daily_requests in a"
        " day, that checks may take; they come after the news, and take what it leaves.",
    )
    daily_checks: int = Field(
        default=5000,
        ge=0,
        description="Checks of one outlet in one day (UTC) at most; 0: only `share` bounds them.",
    )
    missing_every: _Some = Field(
        default=43_200.0, description="Time between two checks of an article that is missing."
    )
    removed_after: Duration = Field(
        default=259_200.0,
        description="Time for which an article has to be missing before it counts as removed.",
    )
    removed_checks: int = Field(
        default=3,
        ge=1,
        description="Checks that have to find it missing, while the outlet's other pages answer.",
    )

    @field_validator("ages")
    @classmethod
    def _rising(cls, ages: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in pairwise(ages)):
            raise ValueError("each age must be longer than the one before")
        return ages
