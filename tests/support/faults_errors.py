"""Crawls whose disk fails at a chosen call, and what must come of them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from support.faults_crawls import TriedArchive
from support.faults_layer import NEEDS_ROOM, Plan

FULL, BROKEN = 5, 1  # exit codes

_BY_THE_WAY = {  # without these an archive is as good as with them
    ("ftruncate", ".lock"),
    ("pwrite", ".lock"),
    ("close", ".lock"),
    ("pwrite", ".journal"),
    ("unlink", ".journal"),
    ("close", ".journal"),
    ("close", ".open"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One crawl that met a fault at call `at`, and what is wrong with what came of it."""

    at: int
    code: int
    call: tuple[str, str] | None  # None where the crawl had fewer calls
    wrong: list[str]

    def __str__(self) -> str:
        return f"{errno.errorcode[self.code]} at call {self.at} {self.call}: {self.wrong}"


def failing_crawls(
    archive: TriedArchive, folder: Path, faults: Iterable[tuple[int, int, bool]]
) -> Iterator[Outcome]:
    """Try each fault (call, errno, whether it lasts) on a copy of the archive of its own."""
    for at, code, lasting in faults:
        trial = archive.copy(folder / "trial")
        ended = trial.crawl(Plan(at=at, code=code, lasting=lasting))
        calls = trial.calls()
        output = trial.output
        wrong: list[str] = []
        if len(calls) >= at:
            expected = _expected(calls[at - 1 :], code, lasting)
            if ended != expected:
                wrong.append(f"exit code {ended} and not {expected}: {output[-3000:]}")
            if ended and os.strerror(code) not in output:
                wrong.append(f"the message does not say why: {output[-3000:]}")
        elif ended:
            wrong.append(f"exit code {ended} without a fault")
        wrong += after(trial)
        yield Outcome(
            at=at, code=code, call=calls[at - 1] if len(calls) >= at else None, wrong=wrong
        )
        shutil.rmtree(trial.folder)


def after(trial: TriedArchive) -> list[str]:
    """What is wrong once the disk is well again: the next crawl mends everything by itself."""
    code = trial.crawl()
    wrong = [] if code == 0 else [f"the next crawl ended with {code}: {trial.output[-3000:]}"]
    return wrong + trial.faults()


def _expected(rest: list[tuple[str, str]], code: int, lasting: bool) -> int:
    """The exit code, by the calls that failed: what is told of a large body costs that body."""
    failed = [rest[0]]
    if lasting:
        failed += [call for call in rest[1:] if call[0] in NEEDS_ROOM]
    spilled = {("open", ""), ("pwrite", ""), ("close", "")}
    if not set(failed) - _BY_THE_WAY - spilled:
        return 0
    return FULL if code == errno.ENOSPC else BROKEN
