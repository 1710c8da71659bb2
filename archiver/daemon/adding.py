"""From an address to a survey of what is there, and from its report to a seed file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from archiver.config.load import Loaded
from archiver.config.seedfile import Noted, SeedFile
from archiver.daemon.dispatch import Dispatcher
from archiver.daemon.survey import SurveyOrder, read_report, write_order
from archiver.discover.masthead import id_of
from archiver.discover.opml import by_site, parse_opml
from archiver.errors import UsageError
from archiver.model import Outlet
from archiver.urls import canonical_url

_KEYS = {"feed": "feeds", "sitemap": "sitemaps", "section": "sections"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """An outlet to add: where to begin, what is known of it."""

    id: str
    url: str
    feeds: tuple[str, ...] = ()
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What came of a survey: the child's exit code, and its report where it wrote one."""

    outlet: str
    exit_code: int
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def findings(self) -> Sequence[Mapping[str, Any]]:
        """Each source with its verdict."""
        findings: Sequence[Mapping[str, Any]] = self.report.get("findings", [])
        return findings


def wishes_of(source: str, *, outlet_id: str | None = None) -> list[Wish]:
    """The outlets that an address or a local OPML file stands for.

    Raises:
        UsageError: it is neither, or an id is given for several outlets.
        DiscoveryError: the file is no OPML.
    """
    path = Path(source)
    if "://" not in source and path.is_file():
        sites = by_site(parse_opml(path.read_bytes(), url=path.absolute().as_uri()))
        return wishes_of_sites(
            ([site.homepage, site.title, site.feeds] for site in sites), outlet_id=outlet_id
        )
    address = source if "://" in source else f"https://{source}"
    try:
        url = canonical_url(address)
    except ValueError as error:
        raise UsageError(
            str(error), thing=source, todo="Give an http(s) address or a file that is there."
        ) from error
    if urlsplit(address).username is not None:
        raise UsageError("user and password do not belong into this address", thing=url)
    return [Wish(id=outlet_id or id_of(url), url=url)]


def wishes_of_sites(sites: Iterable[Sequence[Any]], *, outlet_id: str | None = None) -> list[Wish]:
    """One outlet a site of an OPML list: homepage, title, feeds.

    Raises:
        UsageError: there is none, or an id is given for several.
    """
    wishes: dict[str, Wish] = {}
    for homepage, title, feeds in sites:
        name = outlet_id or id_of(homepage)
        known = wishes.get(name)
        wishes[name] = Wish(
            id=name,
            url=known.url if known else homepage,
            feeds=(*(known.feeds if known else ()), *feeds),
            title=known.title if known else title,
        )
        if outlet_id and known:
            raise UsageError("an id for several outlets", thing=f"--id {outlet_id}")
    if not wishes:
        raise UsageError("this OPML list names no feeds")
    return list(wishes.values())


def surveys(
    loaded: Loaded,
    outlets: Mapping[str, tuple[Outlet, Mapping[str, Any]]],
    *,
    jobs: int,
    settings: Mapping[str, str],
    trigger: str,
) -> Iterator[Survey]:
    """Survey each outlet as its order says, at most `jobs` at once; results come as they end."""
    with TemporaryDirectory(prefix="archiver-survey-") as folder:
        desk = Path(folder)
        for outlet, order in outlets.values():
            write_order(desk, outlet, **order)
        plan = SurveyOrder(
            folder=loaded.folder,
            desk=desk,
            settings=settings,
            environment=loaded.child_environment,
            trigger=trigger,
        )
        for outcome in Dispatcher(plan, jobs=jobs).run(list(outlets)):
            yield Survey(
                outlet=outcome.outlet,
                exit_code=outcome.exit_code,
                report=read_report(desk, outcome.outlet) or {},
            )


def seed_of(wish: Wish, survey: Survey, *, day: str) -> SeedFile | None:
    """The seed file that a survey leads to; None where no source is worth watching."""
    report = survey.report
    taken = [found for found in survey.findings if found.get("taken")]
    if not taken:
        return None
    sources: dict[str, list[Noted]] = {key: [] for key in _KEYS.values()}
    for found in taken:
        sources[_KEYS[found["kind"]]].append(
            Noted(url=found["moved_to"] or found["url"], note=note_of(found))
        )
    return SeedFile(
        id=wish.id,
        name=wish.title or report["name"],
        homepage=report["homepage"],
        country=report["country"],
        language=report["language"],
        timezone=report["timezone"],
        hosts=tuple(report["hosts"]),
        notes=(
            f"Found by `archiver add {wish.url}` on {day}; every source answered then.",
            "Name, language, country and time zone are what the homepage says: look them over.",
        ),
        feeds=tuple(sources["feeds"]),
        sitemaps=tuple(sources["sitemaps"]),
        sections=tuple(sources["sections"]),
    )


def note_of(found: Mapping[str, Any]) -> str:
    """What a source holds, in some words."""
    newest = f", newest {found['newest'][:10]}" if found["newest"] else ""
    what = "links to articles" if found["kind"] == "section" else "items"
    what = "sitemaps" if found["format"] == "sitemap-index" else what
    return f"{found['format']}, {found['items']} {what}{newest}"
