"""What was not asked for, counted by reason."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.store.base import Store, count, intern_outlets

REFUSED = "refused"  # the tally's name, and the first part of a run's counts


class Refusals(Store):
    """The part of the catalogue that counts refusals."""

    def add_refusals(self, outlet: str, counts: Mapping[str, int]) -> None:
        """Add to the counts of an outlet, by reason; a row a reason is written."""
        if counts:
            with self._writing() as conn:
                number = intern_outlets(conn, [outlet])[outlet]
                count(conn, {(number, REFUSED, reason): n for reason, n in counts.items()})
