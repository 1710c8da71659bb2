"""How an answer of the index is written: lines of text, lines of JSON, or one array of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from archiver.replay.cdx_fields import FIELDS, Dialect
from archiver.replay.cdx_query import CdxQuery, resume_key
from archiver.replay.cdx_rows import Answer
from archiver.store.spans import IndexRow

_JSON = json.JSONEncoder(ensure_ascii=False).encode
_CDXJ = ("url", "mime", "status", "digest", "length", "offset", "filename")
_WAYBACK = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
_CDX11 = (*_WAYBACK[:6], "redirect", "robotflags", "length", "offset", "filename")
_OUTBACK = tuple("redirecturl" if name == "redirect" else name for name in _CDX11)
_NUMBERS = frozenset(("timestamp", "statuscode", "status", "length", "offset"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A form of answers.

    `row` writes one row. Between rows of an array stands `between`, and `opening` before the
    first, which an empty answer lacks.
    """

    media_type: str
    row: Callable[[IndexRow], str]
    opening: str = ""
    between: str = ""
    closing: str = ""
    empty: str = ""
    resumption: Callable[[str], str] = "\n{}\n".format


def form_of(query: CdxQuery, dialect: Dialect) -> Form:
    """The form that a question asks for, in its dialect."""
    if dialect is Dialect.PYWB:
        if query.output == "cdxj":
            return Form(media_type="text/x-cdxj", row=_cdxj(query.fields or _CDXJ))
        if query.output == "json":
            row = _object(query.fields or ("urlkey", "timestamp", *_CDXJ))
            last = '{{"resumeKey": "{}"}}\n'.format
            return Form(
                media_type="text/x-ndjson", row=lambda one: row(one) + "\n", resumption=last
            )
        return Form(media_type="text/plain", row=_line(query.fields or _CDX11))
    fields = query.fields or (_OUTBACK if dialect is Dialect.OUTBACK else _WAYBACK)
    if query.output == "text":
        return Form(media_type="text/plain", row=_line(fields))
    numbers = _NUMBERS if dialect is Dialect.OUTBACK else frozenset()  # which it writes as such
    row = _object(fields, numbers) if query.output == "jsondict" else _array(fields, numbers)
    header = _JSON(fields) + ",\n" if dialect is Dialect.WAYBACK else ""
    return Form(
        media_type="application/json",
        row=row,
        opening=f"[{header}",
        between=",\n",
        closing="]\n",
        empty="[]\n",
        resumption=',\n[],\n["{}"]'.format,
    )


def written(answer: Answer, query: CdxQuery, form: Form) -> Iterator[bytes]:
    """The answer in its form, piece by piece; where it was cut short, where to go on."""
    begun = False
    for rows in answer:
        text = form.between.join(map(form.row, rows))
        yield ((form.between if begun else form.opening) + text).encode("utf-8", "replace")
        begun = True
    if not begun:
        yield form.empty.encode()
        return
    key = answer.resume if query.show_resume else None
    yield ((form.resumption(resume_key(key)) if key else "") + form.closing).encode()


def _cdxj(fields: Sequence[str]) -> Callable[[IndexRow], str]:
    """`urlkey timestamp {json}`."""
    key, at = FIELDS["urlkey"], FIELDS["timestamp"]
    rest = _object([name for name in fields if name not in ("urlkey", "timestamp")])
    return lambda row: f"{key(row)} {at(row)} {rest(row)}\n"


def _object(
    fields: Iterable[str], numbers: Container[str] = frozenset()
) -> Callable[[IndexRow], str]:
    reads = [(name, _reader(name, numbers)) for name in fields]
    return lambda row: _JSON({name: read(row) for name, read in reads})


def _array(fields: Iterable[str], numbers: Container[str]) -> Callable[[IndexRow], str]:
    reads = [_reader(name, numbers) for name in fields]
    return lambda row: _JSON([read(row) for read in reads])


def _reader(name: str, numbers: Container[str]) -> Callable[[IndexRow], str | int]:
    read = FIELDS[name]
    return (lambda row: _number(read(row))) if name in numbers else read


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _line(fields: Iterable[str]) -> Callable[[IndexRow], str]:
    """Fields with a blank between them: none of their own, nor an empty one."""
    reads = [FIELDS[name] for name in fields]
    return lambda row: " ".join(_word(read(row)) for read in reads) + "\n"


def _word(text: str) -> str:
    if text.isalnum():
        return text
    return re.sub(r"[\s\x00-\x20\x7f]", lambda found: f"%{ord(found[0]):02X}", text) or "-"
