"""What a revisit stands for: the response that its record names, found by steps into indexes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, select

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.index import spellings_of


class Referring(Store):
    """The part of the catalogue that finds what revisits refer to."""

    def refers_to(self, url: str, at: datetime) -> Capture | None:
        """The response of a URL at a moment, which a revisit names as what it stands for.

        Also one that is redacted: its payload is shown as that of another URL, unless that is
        redacted as well.
        """
        named = and_(
            t.capture.c.url_id == select(t.url.c.id).where(t.url.c.url == url).scalar_subquery(),
            t.capture.c.at == at,
            t.capture.c.record_type == "response",
        )
        with self._reading() as conn:
            row = conn.execute(select_captures(named).limit(1)).first()
        return to_capture(row) if row else None

    def original_of(self, url: str, at: datetime | None, digest: str | None) -> Capture | None:
        """The response of a URL (by urlkey) at that very moment, or else its oldest with a digest.

        Redacted or not, as in `refers_to`. Reads those of that moment, then those of that digest:
        not the other captures of the URL, however many there are.
        """
        taken, response = t.capture.c, t.capture.c.record_type == "response"
        with self._reading() as conn:
            ids = spellings_of(conn, key_of(url))
            ways = []
            if at is not None:
                ways.append(select_captures(taken.url_id.in_(ids), taken.at == at, response))
            if digest is not None:
                # a sum, so that no planner reads all captures of the URL in the order of time
                equal = and_(t.RESPONSES, taken.payload_digest == digest)
                ways.append(select_captures(equal, (taken.url_id + 0).in_(ids)))
            for wanted in ways:
                row = conn.execute(wanted.order_by(taken.at).limit(1)).first()
                if row is not None:
                    return to_capture(row)
        return None
