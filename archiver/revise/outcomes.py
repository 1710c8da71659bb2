"""What checks of an outlet's articles showed in one run: judged, and kept in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from archiver.config.recheck import RecheckSettings
from archiver.model import Article, ArticleKind, Capture, utcnow
from archiver.revise.planning import RecheckPlan
from archiver.revise.removals import AWAY, Sight, State
from archiver.revise.sightings import (
    MOST_CONTROLS,
    Answers,
    Sighting,
    Verdict,
    access_sight,
    leads_away,
    verdict,
)
from archiver.store.aliases import Alias
from archiver.store.articles import Saved
from archiver.store.catalogue import Catalogue
from archiver.store.identity import REDIRECT, Territory
from archiver.store.rechecks import Recheck


class Outcomes:
    """What became of the articles that one run looked at again.

    What came of an article is kept at once where it came; what did not is judged at the end, when
    it is known whether the outlet's other pages did.

    Args:
        catalogue: gives the open catalogue, with a row of every capture that was seen.
        outlet: whose articles they are.
        territory: what is the outlet's.
        settings: from when on what is missing is removed.
        plan: when articles are due next.
        count: is told what came of each, in a word.
        clock: the time of what has no capture, and of the end.
    """

    def __init__(
        self,
        catalogue: Callable[[], Catalogue],
        *,
        outlet: str,
        territory: Territory,
        settings: RecheckSettings,
        plan: RecheckPlan,
        count: Callable[[str], None],
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._catalogue = catalogue
        self._outlet = outlet
        self._territory = territory
        self._settings = settings
        self._plan = plan
        self._count = count
        self._clock = clock
        self.answers = Answers()
        self._lost: dict[str, Sighting] = {}
        self._elsewhere: dict[str, Sighting] = {}  # by redirects to pages of this run

    def wanting(self) -> int:
        """How many more pages have to come before it shows whether the outlet is there."""
        missed = [page for page, seen in self._lost.items() if seen.sight is not Sight.FAILED]
        if not missed:
            return 0
        rows = self._catalogue().rechecks_of(self._outlet, missed)
        away = [page for page, row in rows.items() if row.state in AWAY]
        return min(self.answers.wanting(known_away=away), MOST_CONTROLS)

    @property
    def missed(self) -> frozenset[str]:
        """The pages that did not come."""
        return frozenset(self._lost)

    def led_elsewhere(
        self, page: str, final: str, capture: Capture | None, *, permanent: bool
    ) -> None:
        """A page redirects to one that was asked for in this run in another way."""
        if (away := leads_away(page, final, self._territory)) is not None:
            self.lost(page, Sight.SOFT, away, capture)
            return
        known = bool(self._catalogue().rechecks_of(self._outlet, [final]))
        joined = known and permanent
        sight = Sight.MOVED if joined else Sight.FAILED
        seen = Sighting.of(page, sight, "redirect", capture, at=self._clock())
        self._elsewhere[page] = replace(seen, target=final) if joined else seen

    def unmodified(self, page: str, capture: Capture | None) -> None:
        """A 304: the article is as it was."""
        row = self.row(page)
        if row is not None:
            self._count("rechecks/unmodified")
            seen = Sighting.of(page, Sight.SAME, "unmodified", capture, at=self._clock())
            self._keep([self._judged(row, seen)], changed=False)

    def lost(self, page: str, sight: Sight, reason: str, capture: Capture | None) -> None:
        """An article did not come; judged at the end of the run."""
        self.answers.page(page, good=False)
        self._lost[page] = Sighting.of(page, sight, reason, capture, at=self._clock())

    def known(self, page: str) -> tuple[Recheck | None, Article | None]:
        """An article's place in the timetable, and what it said last."""
        row = self.row(page)
        return row, self._catalogue().newest_article(row.article_id) if row else None

    def saved(
        self,
        article: Article,
        came: Saved,
        *,
        capture: Capture,
        again: str | None = None,
        before: tuple[Recheck | None, Article | None] = (None, None),
        permanent: bool = False,
    ) -> None:
        """An article came: a new one, one asked for `again`, or another in its place."""
        row, known = before
        live = article.kind is ArticleKind.LIVEBLOG
        if row is None or again is None:
            own = self.row(article.url)
            if own is not None and own.due is None:
                place = self._plan.planned(replace(own, live_blog=live))
                self._catalogue().plan_rechecks([place])
            return
        sight, reason = access_sight(article, known, row.state), "came"
        if sight is Sight.WALLED:
            reason = article.access.evidence or "access"
        target = None
        if article.url != row.url and permanent:
            target, reason = article.url, "redirect"
            sight = Sight.CAME if came.article_id == row.article_id else Sight.MOVED
        elif came.article_id != row.article_id:
            sight = Sight.FAILED  # another page for now: it says nothing of this one
        seen = Sighting.of(again, sight, reason, capture, at=self._clock())
        self._count("rechecks/changed" if came.changed else "rechecks/same")
        fresh = replace(row, live_blog=live)
        self._keep([self._judged(fresh, replace(seen, target=target))], changed=came.changed)

    def end(self) -> None:
        """Judge what did not come, by how the outlet's other pages did; before the run ends."""
        found = self._elsewhere | self._lost
        rows = self._catalogue().rechecks_of(self._outlet, list(found))
        self._catalogue().add_aliases(
            self._outlet,
            [
                Alias(url=page, target=seen.target, rule=REDIRECT, first_seen=seen.at)
                for page, seen in self._elsewhere.items()
                if seen.target is not None
            ],
        )
        self._keep(
            [self._judged(row, found[page], rows) for page, row in rows.items()], changed=False
        )
        if self._plan.learned.checks:
            self._catalogue().keep_edits(self._outlet, self._plan.learned)

    def row(self, page: str) -> Recheck | None:
        """A page's article's place in the timetable; None of one that is not known."""
        return self._catalogue().rechecks_of(self._outlet, [page]).get(page)

    def _judged(
        self, row: Recheck, seen: Sighting, others: Mapping[str, Recheck] | None = None
    ) -> Verdict:
        away = [page for page, other in (others or {}).items() if other.state in AWAY]
        company = self.answers.company(seen.page, known_away=away)
        return verdict(row, seen, company, self._settings)

    def _keep(self, verdicts: Sequence[Verdict], *, changed: bool) -> None:
        """Keep new states and the next checks."""
        changes = [found.change for found in verdicts if found.change is not None]
        for change in changes:
            live = change.state == State.LIVE
            self._count(f"articles/{change.reason if live else change.state}")
        self._catalogue().change_states(changes)
        now = self._clock()
        self._catalogue().plan_rechecks(
            [
                self._plan.checked(found.row, now, changed=changed, told=found.told)
                for found in verdicts
            ]
        )
