"""What CDX servers call fields, filters and collapsing: functions of a row of the index."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

import re2

from archiver.store.spans import IndexRow

_MAX_PATTERN = 500  # characters of a regular expression
_PATTERN_MEMORY = 256 * 1024  # bytes; one that needs more is refused


class BadQueryError(ValueError):
    """A parameter that cannot be; says which one, and why."""


class Dialect(StrEnum):
    """Whose manners: they decide about filters, names of fields and forms of answers."""

    PYWB = "pywb"
    WAYBACK = "wayback"
    OUTBACK = "outback"


Test = Callable[[IndexRow], bool]


def bare_digest(row: IndexRow) -> str:
    """The digest as indexes write it: SHA-1 without its name."""
    return (row.digest or "-").removeprefix("sha1:")


def mime_in_index(row: IndexRow) -> str:
    """The media type; that of a revisit is `warc/revisit`, as index readers expect."""
    return "warc/revisit" if row.record_type == "revisit" else row.mime or "unk"


def timestamp(row: IndexRow) -> str:
    """The 14 digits of its second."""
    return row.at.strftime("%Y%m%d%H%M%S")


_READ: dict[str, Callable[[IndexRow], str]] = {
    "urlkey": lambda row: row.urlkey,
    "timestamp": timestamp,
    "url": lambda row: row.url,
    "mime": mime_in_index,
    "status": lambda row: "-" if row.status is None else str(row.status),
    "digest": bare_digest,
    "redirect": lambda row: "-",  # where it leads may be redacted
    "robotflags": lambda row: "-",
    "length": lambda row: str(row.length),
    "offset": lambda row: str(row.offset),
    "filename": lambda row: row.file,
}
_OTHER_NAMES = {
    "original": "url",
    "mimetype": "mime",
    "statuscode": "status",
    "redirecturl": "redirect",
}
# By names that all dialects may use.
FIELDS: Mapping[str, Callable[[IndexRow], str]] = _READ | {
    name: _READ[same] for name, same in _OTHER_NAMES.items()
}


def field_of(name: str, parameter: str) -> Callable[[IndexRow], str]:
    """What reads the field of a name that the parameter gives.

    Raises:
        BadQueryError: where there is none.
    """
    found = FIELDS.get(name)
    if found is None:
        raise BadQueryError(f"{parameter}: no field {name[:40]!r}; there are {', '.join(FIELDS)}")
    return found


def collapse_by(text: str) -> Callable[[IndexRow], str]:
    """What is alike in rows of which one is enough, by `field` or `field:n` (n characters).

    Raises:
        BadQueryError: where it is neither.
    """
    name, colon, count = text.partition(":")
    read = field_of(name, "collapse")
    if not colon:
        return read
    if not re.fullmatch(r"\d{1,4}", count, re.ASCII):
        raise BadQueryError("collapse is field or field:n, n a number of characters")
    return lambda row: read(row)[: int(count)]


def make_filter(text: str, dialect: Dialect) -> Test:
    """What `filter` says: `[!][=|~]field:value`.

    | written | pywb | Wayback | OutbackCDX |
    | --- | --- | --- | --- |
    | `field:x` | contains x | the pattern x matches all of it | the same |
    | `=field:x` | is x | is x | is x |
    | `~field:x` | the pattern x matches its beginning | contains x | contains x |

    `!` turns each around, before or after the other sign.

    Raises:
        BadQueryError: where there is no such field, or no such pattern.
    """
    match = re.fullmatch(r"(!?[=~]?!?)([A-Za-z]+):(.*)", text, re.DOTALL)
    if match is None or match[1].count("!") > 1:
        raise BadQueryError("filter is [!][=|~]field:value")
    signs, name, value = match.groups()
    read, turned = field_of(name, "filter"), "!" in signs
    if "=" in signs:
        return lambda row: (read(row) == value) != turned
    if ("~" in signs) != (dialect is Dialect.PYWB):
        return lambda row: (value in read(row)) != turned
    if len(value) > _MAX_PATTERN:
        raise BadQueryError(f"filter: a pattern has at most {_MAX_PATTERN} characters")
    pattern = _pattern(value)
    test = pattern.match if dialect is Dialect.PYWB else pattern.fullmatch
    return lambda row: (test(read(row)) is not None) != turned


def _pattern(text: str) -> re2._Regexp:
    """A pattern that takes time by the length of what it is held against, whatever it says.

    Anybody may send one, and Python's own takes for ever on some.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeError) as error:
        why = error.args[0].decode() if isinstance(error, re2.error) else "no Unicode"
        raise BadQueryError(
            f"filter: {text[:80]!r} is no regular expression (RE2): {why[:200]}"
        ) from None
