"""How long what was archived is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from pydantic import Field

from archiver.config.quantities import Duration, format_duration
from archiver.config.section import Section
from archiver.config.timetable import Pattern
from archiver.model import CaptureKind


class Rule(Section):
    """What may go, and how old it must be."""

    outlets: tuple[Pattern, ...] = Field(
        min_length=1, description='Ids or patterns of ids, such as "de-*".'
    )
    kinds: tuple[CaptureKind, ...] = Field(
        default=(),
        description="Of captures: page, feed, sitemap, section, robots, requisite, other; empty:"
        " all.",
    )
    older_than: Duration = Field(ge=86400, description='Age of a capture, such as "730d".')
    articles: bool = Field(
        default=False, description="Whether the text that was made of pages goes as well."
    )

    def covers(self, outlet: str, kind: str, newest: datetime, now: datetime) -> bool:
        """Whether captures of an outlet and a kind, the newest of this moment, may go."""
        return (
            any(fnmatchcase(outlet, pattern) for pattern in self.outlets)
            and (not self.kinds or kind in self.kinds)
            and newest < now - timedelta(seconds=self.older_than)
        )

    def __str__(self) -> str:
        """The rule in a line, for tombstones."""
        kinds = "/".join(self.kinds) or "all"
        return f"{','.join(self.outlets)}: {kinds}, older than {format_duration(self.older_than)}"


class RetentionSettings(Section):
    """What `archiver retention` removes: whole WARC files of which every capture may go."""

    rules: tuple[Rule, ...] = Field(
        default=(),
        description="Tables `[[retention.rules]]` with `outlets`, `older_than` and, where wanted,"
        " `kinds` and `articles`. Without any, everything is kept for good.",
    )
