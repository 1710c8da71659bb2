"""What the queue of a fleet holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Something to do, by its `kind`, with arguments that JSON can say.

    `key`: while a job with it waits or is done, another one is not put in; None: as often as asked.
    `lock`: jobs of one lock are done one after the other. Higher priority first. `batch` names
    what belongs together, for `Queue.progress`. `keep`: the finished job, with what came of it,
    stays until `Queue.forget`.
    """

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    queue: str = "batch"
    key: str | None = None
    lock: str | None = None
    priority: int = 0
    batch: str | None = None
    keep: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A job that a worker has taken; `attempts`: how often it was begun before."""

    number: int
    worker: int
    job: Job
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many jobs wait, are being done, are done and have failed (the last two: kept ones)."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0

    @property
    def left(self) -> int:
        """How many are still to come to an end."""
        return self.waiting + self.running


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A kept job that has ended; `outcome` is what its work gave back, or the fault."""

    job: Job
    ok: bool
    outcome: Mapping[str, Any]
