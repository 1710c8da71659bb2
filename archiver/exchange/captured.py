"""Chosen captures as whole exchanges, written so that they stand alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from archiver.errors import ArchiverError, StorageError, WarcError
from archiver.exchange.resolving import is_unmodified, resolve
from archiver.exchange.warcfile import WarcFileWriter
from archiver.fetch.index import original_of
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.reader import StoredRecord, iter_records, read_record
from archiver.warc.source import ByteSource

_SORTED = 1000  # captures that are put into the order of their files at a time
_BESIDE = frozenset({"request", "metadata"})


@dataclass(slots=True)
class Account:
    """What came of an export: captures written, revisits resolved, and what was left out, why."""

    captures: int = 0
    resolved: int = 0
    left_out: list[str] = field(default_factory=list)


class CaptureWriter:
    """Writes captures, each with its request and metadata.

    A revisit of an equal payload becomes a response. One that says that nothing was modified is
    kept as it is, and the response that it names comes along. What cannot be read is left out,
    and named in `account`. What the captures are chosen by must leave out what is redacted.

    Args:
        catalogue: where originals of revisits are found.
        warcs: opens the archive's files.
        chosen: whether a capture will come by itself.
        writer: gives the file to write to, asked before each exchange with its size in bytes.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        warcs: Warcs,
        *,
        chosen: Callable[[Capture], bool],
        writer: Callable[[int], WarcFileWriter],
    ) -> None:
        self.account = Account()
        self._catalogue = catalogue
        self._warcs = warcs
        self._chosen = chosen
        self._writer = writer
        self._brought: set[str] = set()  # ids of responses that came with what names them

    def write(self, captures: Iterable[Capture]) -> None:
        """Write them all.

        Raises:
            StorageError: the store does not answer.
            DiskFullError, OSError: they cannot be written.
        """
        rest = iter(captures)
        while some := list(islice(rest, _SORTED)):
            some.sort(key=lambda one: (one.warc.file, one.warc.offset))
            for name, group in groupby(some, key=lambda one: one.warc.file):
                self._of_file(name, list(group))

    def _of_file(self, name: str, captures: Sequence[Capture]) -> None:
        try:
            source = self._warcs.open(name)
        except ArchiverError as error:
            self._missed(error, captures)
            return
        with source:
            for capture in captures:
                try:
                    self._one(capture, source)
                except ArchiverError as error:
                    if error.exit_code != ArchiverError.exit_code:
                        raise  # the disk is full
                    self._missed(error, [capture])

    def _missed(self, error: ArchiverError, captures: Sequence[Capture]) -> None:
        if isinstance(error, StorageError) and error.reason == "unreachable":
            raise error
        self.account.left_out += [f"{one.url} of {one.captured_at}: {error}" for one in captures]

    def _one(self, capture: Capture, source: ByteSource) -> None:
        answer, beside = exchange_at(capture, source)
        size = sum(one.length for one in (answer, *beside))
        if answer.type == "revisit":
            self._revisit(capture, answer, beside, source)
            return
        out = self._writer(size)
        for record in (answer, *beside):
            out.copy(record, source)
        self.account.captures += 1

    def _revisit(
        self,
        capture: Capture,
        answer: StoredRecord,
        beside: Sequence[StoredRecord],
        source: ByteSource,
    ) -> None:
        original = original_of(self._catalogue, answer)
        if original is None:
            raise WarcError("the response that it stands for is not here", thing=capture.warc.file)
        hidden = self._catalogue.veil_over([original.url]).of_capture(original) is not None
        unmodified = is_unmodified(answer)
        if unmodified and hidden:
            raise WarcError("the response that it names may not be shown", thing=capture.warc.file)
        with self._warcs.open(original.warc.file) as other:
            record = read_record(other, original.warc.offset)
            if unmodified:
                if not self._chosen(original) and original.warc.record_id not in self._brought:
                    self._bring(original, other)
                out = self._writer(sum(one.length for one in (answer, *beside)))
                for one in (answer, *beside):
                    out.copy(one, source, listed=False)
            else:
                out = self._writer(answer.length + record.length)
                made = resolve(
                    answer, beside, record, warcinfo_id=out.warcinfo_id, named=not hidden
                )
                if made is None:
                    raise WarcError(
                        "the response that it names is not what it stands for",
                        thing=capture.warc.file,
                    )
                out.resolve(made)
                self.account.resolved += 1
        self.account.captures += 1

    def _bring(self, original: Capture, source: ByteSource) -> None:
        """Write a response that was not chosen, for one that names it."""
        answer, beside = exchange_at(original, source)
        out = self._writer(sum(one.length for one in (answer, *beside)))
        for record in (answer, *beside):
            out.copy(record, source)
        self._brought.add(original.warc.record_id)


def exchange_at(
    capture: Capture, source: ByteSource
) -> tuple[StoredRecord, tuple[StoredRecord, ...]]:
    """The record of a capture, and the request and metadata that follow it.

    Raises:
        WarcError: it is not there, or damaged.
    """
    records = iter_records(source, start=capture.warc.offset)
    answer = next(records, None)
    if (
        not isinstance(answer, StoredRecord)
        or answer.offset != capture.warc.offset
        or answer.record_id != capture.warc.record_id
    ):
        raise WarcError("its record is damaged or gone", thing=f"{source.place}")
    return answer, tuple(_beside(answer, records))


def _beside(answer: StoredRecord, records: Iterator[object]) -> Iterator[StoredRecord]:
    for record in records:
        if not isinstance(record, StoredRecord) or record.type not in _BESIDE:
            return
        named = [v for k, v in record.headers if k.lower() == "warc-concurrent-to"]
        if answer.record_id not in named and record.record_id != answer.header(
            "WARC-Concurrent-To"
        ):
            return
        yield record
