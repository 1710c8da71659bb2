"""Ranges of urlkeys, and places in the index of captures: pure values, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from archiver.store.veil import LAST


class Place(NamedTuple):
    """Where a capture stands in the index, which is in the order of these."""

    urlkey: str
    at: datetime
    file_id: int
    offset: int
    url_id: int


class IndexRow(NamedTuple):
    """What an index says of a capture; `at` is exact to the microsecond.

    A tuple, since a list may have millions. The first five are its place.
    """

    urlkey: str
    at: datetime
    file_id: int
    offset: int
    url_id: int
    url: str
    status: int | None
    mime: str | None
    record_type: str
    digest: str | None
    length: int
    file: str
    redirect_to: str | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place._make(self[:5])


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Urlkeys from `first` on up to, and without, `end`; `first` alone where that is None."""

    first: str
    end: str | None = None

    def holds(self, key: str) -> bool:
        """Whether a urlkey is one of them."""
        return key == self.first if self.end is None else self.first <= key < self.end

    @classmethod
    def prefix(cls, text: str) -> Span:
        """Every urlkey that begins with a text."""
        return cls(first=text, end=text + LAST)

    @classmethod
    def host(cls, key: str) -> Span:
        """Every page of the host of a urlkey, at that port."""
        return cls.prefix(f"{key.partition(')')[0]})")

    @classmethod
    def domain(cls, key: str) -> Span:
        """Every page of the host of a urlkey and of all hosts under it, at the usual ports."""
        host = key.partition(")")[0]
        # `)` ends a host, `,` leads to one below it, and `-` comes next
        return cls(first=f"{host})", end=f"{host}-")
