"""The one error tree. Each error says what happened, to which thing, and what to do.

The command line turns an error into its `exit_code`; nothing else does.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class ArchiverError(Exception):
    """Base of all errors that the archiver raises on purpose.

    `what` happened, to `thing`; `todo` is the way out.
    """

    exit_code = 1

    def __init__(self, what: str, *, thing: str | None = None, todo: str | None = None) -> None:
        self.what = what
        self.thing = thing
        self.todo = todo
        super().__init__(what, thing, todo)

    def __reduce__(self) -> tuple[Callable[..., ArchiverError], tuple[object, ...]]:
        """Cross between processes, whatever the arguments of `__init__` are."""
        return _made_again, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = f"{self.thing}: {self.what}" if self.thing else self.what
        return f"{text}. {self.todo}" if self.todo else text


def _made_again(
    kind: type[ArchiverError], args: tuple[object, ...], state: dict[str, object]
) -> ArchiverError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(ArchiverError):
    """The command line asks for something that is not there, such as an unknown outlet."""

    exit_code = 2


class StaleRevisionError(ArchiverError):
    """Revisions of another version of the extractor stand beside a new capture.

    Nothing was saved: extract their captures again, then save with what came of it.
    `revisions` are theirs.
    """

    def __init__(self, revisions: Sequence[Any]) -> None:
        self.revisions = tuple(revisions)
        super().__init__(f"{len(self.revisions)} revisions are to be extracted again first")


class ConfigError(ArchiverError):
    """Configuration is wrong. Carries every fault at once, one `ConfigFault` text a line."""

    exit_code = 4

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        super().__init__(
            f"{count} configuration error{'' if count == 1 else 's'}",
            todo="\n".join(f"  {fault}" for fault in self.faults),
        )

    def __str__(self) -> str:
        """Every fault on a line of its own."""
        return f"{self.what}:\n{self.todo}"


class DiskFullError(ArchiverError):
    """No room to keep what was fetched."""

    exit_code = 5


class NoArchiveError(ArchiverError):
    """There is no archive, or an empty one, where one was expected."""

    exit_code = 10


class LockedError(ArchiverError):
    """Somebody else is at work on the same outlet or archive."""

    exit_code = 11


class WireError(ArchiverError):
    """Bytes that are no HTTP, or HTTP that cannot be decoded."""


class FetchError(ArchiverError):
    """An exchange that failed; `reason` is one word of the vocabulary of `Problem.reason`.

    `tried` are the addresses that a connection was asked of, or would have been.
    """

    def __init__(
        self,
        what: str,
        *,
        reason: str,
        thing: str | None = None,
        todo: str | None = None,
        tried: tuple[str, ...] = (),
    ) -> None:
        self.reason = reason
        self.tried = tried
        super().__init__(what, thing=thing, todo=todo)


class WarcError(ArchiverError):
    """A WARC file that cannot be read or written; names file, offset and record."""


class StorageError(ArchiverError):
    """A store of files that did not do as it was asked, by `reason`.

    gone: no such file or bucket; exists: there is one already, and it is another; refused: by
    credentials or rules; unreachable: no answer, or no use of one, so that later may be better;
    damaged: not the bytes that were given to it.
    """

    def __init__(
        self, what: str, *, reason: str, thing: str | None = None, todo: str | None = None
    ) -> None:
        self.reason = reason
        super().__init__(what, thing=thing, todo=todo)


class DiscoveryError(ArchiverError):
    """A feed, sitemap or section page that cannot be read at all."""


class CatalogueError(ArchiverError):
    """The catalogue cannot be opened, migrated or written."""


class UndoneError(CatalogueError):
    """The database has undone a transaction, or was away: the same may well succeed again."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def disk_error(what: str, path: Path, error: OSError) -> ArchiverError:
    """Make the error of our tree for one of the operating system's."""
    if error.errno in _FULL:
        return DiskFullError(
            f"no room to {what} ({error.strerror})",
            thing=str(path),
            todo="Free some space, or give the archive another disk; nothing kept is lost.",
        )
    return WarcError(
        f"cannot {what} ({error.strerror})",
        thing=str(path),
        todo="Check the disk; what was kept before stays readable.",
    )
