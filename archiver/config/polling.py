"""The settings of section [polling]."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from archiver.config.quantities import Duration
from archiver.config.section import Section

_Some = Annotated[Duration, Field(gt=0)]


class PollingSettings(Section):
    """How often each source is asked by itself: the more it brings, the more often."""

    min_interval: _Some = Field(
        default=300.0, description="Least time between two polls of one source."
    )
    max_interval: _Some = Field(
        default=86_400.0,
        description="Most time between two polls of one source. What a feed (ttl, updatePeriod) or"
        " its answer (Cache-Control) says can make the time longer, up to this. After it, a source"
        " that was another's duplicate is looked at again.",
    )
    first_interval: _Some = Field(
        default=900.0, description="Time between the first two polls of a source."
    )

    @field_validator("max_interval", "first_interval")
    @classmethod
    def _in_order(cls, seconds: float, info: ValidationInfo) -> float:
        least, most = info.data.get("min_interval", 0.0), info.data.get("max_interval", seconds)
        if not least <= seconds <= most:
            raise ValueError("min_interval <= first_interval <= max_interval must hold")
        return seconds
