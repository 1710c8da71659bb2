"""Which known articles a crawl asks for again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from archiver.config.settings import Settings
from archiver.fetch.run import RunExtension
from archiver.model import Capture, Discovery, ExtractionState, utcnow
from archiver.revise.outcomes import Outcomes
from archiver.revise.planning import RecheckPlan
from spiders.recheck_plan import COUNT, allowance, today_of

_PLANNED = 2000  # articles without a due time that one crawl plans
_PUT_OFF = timedelta(days=30)  # to the next look at one that is redacted


class Due:
    """Chooses, of an outlet's articles, those that a crawl looks at again."""

    def __init__(self, run: RunExtension, plan: RecheckPlan, settings: Settings) -> None:
        self._run = run
        self._plan = plan
        self._settings = settings

    def pages(self) -> list[str]:
        """The pages that are due, as many as the budgets leave room for; longest due first."""
        catalogue, outlet, now = self._run.catalogue, self._run.outlet.id, utcnow()
        unplanned = catalogue.unplanned(outlet, limit=_PLANNED)
        catalogue.plan_rechecks([self._plan.begun(row, now) for row in unplanned])
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        today = today_of(catalogue.counts_since(midnight, outlet), outlet)
        most = allowance(self._settings, in_run=self._run.counts[COUNT], today=today)
        rows = catalogue.due_rechecks(outlet, now, limit=most)
        veil = self._run.veil.now()
        hidden = [row for row in rows if veil.of_url(row.url) is not None]
        catalogue.plan_rechecks([replace(row, due=now + _PUT_OFF) for row in hidden])
        return [row.url for row in rows if row not in hidden]

    def controls(self, outcomes: Outcomes) -> list[str]:
        """Pages by which it shows whether the outlet is there, where those asked do not tell."""
        wanting, missed = outcomes.wanting(), outcomes.missed
        if not wanting:
            return []
        most = wanting + min(len(missed), _PLANNED)
        last = self._run.catalogue.seen_last(self._run.outlet.id, limit=most)
        return [page for page in last if page not in missed][:wanting]

    def modified(self, said: Iterable[Discovery], how: str) -> list[Discovery]:
        """Mentions that sources call modified and that are to be followed at once.

        Where due articles are asked for (`how` is due), a source's word makes an article due,
        sooner or later by how often it was right: so it is not forgotten where a budget ends.
        """
        if how not in ("modified", "due"):
            return []
        found = list(said)
        if how == "modified":
            return found
        rows = self._run.catalogue.rechecks_of(self._run.outlet.id, [one.url for one in found])
        planned = []
        for one in found:
            row = rows.get(one.url)
            word = one.modified and min(one.modified, utcnow())  # some clocks go fast
            if row is not None and word is not None and word > row.checked:
                planned.append(self._plan.planned(replace(row, modified=word)))
        self._run.catalogue.plan_rechecks(planned)
        return [one for one in found if one.url not in rows]

    def base_of(self, page: str) -> Capture | None:
        """The capture whose validators go with a check: one that was read as the article.

        That an error page is as it was is not to be taken for the article's being there.
        """
        base = self._run.catalogue.latest_capture(page)
        return base if base and base.extraction is ExtractionState.DONE else None
