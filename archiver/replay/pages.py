"""Our own pages: templates, and how times, sizes and addresses are written in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from archiver.replay.uris import ascii_url, stamp


def when(at: datetime | None) -> Markup:
    """A moment as a person reads it, machine-readable beside."""
    if at is None:
        return Markup("")
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{at.day} {at:%b %Y, %H:%M:%S} UTC"
    )


def clock(at: datetime) -> Markup:
    """The time of day of a moment, where the day is said already."""
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{at:%H:%M}"
    )


def day(on: date) -> Markup:
    """A day as a person reads it, machine-readable beside."""
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), f"{on.day} {on:%B %Y}")


def size(count: int | None) -> str:
    """Bytes in the unit that suits them."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    amount, units = count / 1000, ["TB", "GB", "MB", "kB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop()
    return f"{amount:.3g} {units[-1]}"


def host(url: str) -> str:
    """The host of a URL without `www.`, for a glance."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.")


class Pages:
    """Renders the templates. Every value is escaped unless it is `Markup`.

    Args:
        archive_origin: such as `http://replay.localhost:8080`, for links to mementos.
        passing: what stands before the path in such a link, asked for each page (see guard.py).
        names: what an outlet is called, by its id.
    """

    def __init__(
        self,
        archive_origin: str,
        passing: Callable[[], str] = lambda: "",
        *,
        names: Callable[[str], str] = lambda outlet: outlet,
    ) -> None:
        self._asked: dict[str, Callable[[], object]] = {
            "archive_origin": lambda: archive_origin + passing(),
            "has_player": lambda: False,
        }
        self._templates = Environment(
            loader=PackageLoader("archiver.replay"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            when=when,
            clock=clock,
            day=day,
            size=size,
            host=host,
            stamp=stamp,
            address=ascii_url,
            outlet_name=names,
        )

    def offer(self, **asked: Callable[[], object]) -> None:
        """Values for all templates that are asked for anew for each page."""
        self._asked |= asked

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The page of a template in templates/."""
        given = {name: give() for name, give in self._asked.items()}
        return self._templates.get_template(template).render(given, **values)
