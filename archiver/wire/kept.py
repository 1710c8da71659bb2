"""Things without number, in order: the last of them in memory, those before in an unnamed file."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Generic, Self, TypeVar

from archiver.wire.spool import Spool

_Thing = TypeVar("_Thing")
_GROUP = 1000  # things that are packed, and read again, together
_LIMIT = 1024 * 1024  # bytes of packed ones that stay in memory


class Kept(Generic[_Thing]):
    """A list that grows on disk, for what grows with the number of records in a file.

    It can be gone through again and again, and can be handed to another process, as its things
    can; there each is made anew. Memory is that of some thousand things.

    Adding and reading raise DiskFullError or ArchiverError where the disk fails.
    """

    def __init__(self, things: Iterable[_Thing] = ()) -> None:
        self._packed = Spool(limit=_LIMIT)
        self._ends: list[int] = []
        self._last: list[_Thing] = []
        self.extend(things)

    def append(self, thing: _Thing) -> None:
        """Add one at the end."""
        self._last.append(thing)
        if len(self._last) == _GROUP:
            self._packed.add(pickle.dumps(self._last, pickle.HIGHEST_PROTOCOL))
            self._ends.append(len(self._packed))
            self._last = []

    def extend(self, things: Iterable[_Thing]) -> None:
        """Add some at the end."""
        for thing in things:
            self.append(thing)

    def __len__(self) -> int:
        """Count them."""
        return len(self._ends) * _GROUP + len(self._last)

    def __iter__(self) -> Iterator[_Thing]:
        """Give them, in their order."""
        start = 0
        for end in tuple(self._ends):
            # Only what `append` has packed: the file has no name, and nobody else writes to it.
            yield from pickle.loads(bytes(self._packed.content(start, end)))  # noqa: S301
            start = end
        yield from self._last

    def __reduce__(self) -> tuple[object, ...]:
        """Cross to another process as the packed bytes that there are."""
        return _again, (type(self), bytes(self._packed.content()), self._ends, self._last)

    @classmethod
    def _of(cls, packed: bytes, ends: list[int], last: list[_Thing]) -> Self:
        made = cls()
        made._packed.add(packed)
        made._ends, made._last = ends, last
        return made


def _again(
    kind: type[Kept[_Thing]], packed: bytes, ends: list[int], last: list[_Thing]
) -> Kept[_Thing]:
    return kind._of(packed, ends, last)
