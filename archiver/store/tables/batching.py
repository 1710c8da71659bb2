"""Tables of batches: work over many WARC files, one job a file."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from archiver.store.columntypes import Code, Micros, Words
from archiver.store.tables.naming import metadata

# Words stand in the database by their place: add at the end only.
JOB_STATES = Code(("waiting", "running", "done", "failed"))

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made", Micros, nullable=False),
    Column("fleet", Boolean, nullable=False),  # done by the fleet's workers
    Column("kind", Words, nullable=False),  # extract, reindex, check
    Column("asked", Words, nullable=False),  # the command: one that is equal goes on with it
    Column("options", JSON, nullable=False),
    Index("ix_batch_asked", "asked"),
)

batch_job = Table(
    "batch_job",
    metadata,
    Column("started", Micros),
    Column("ended", Micros),
    Column("batch_id", ForeignKey("batch.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", JOB_STATES, nullable=False),
    Column("place", Words, nullable=False),  # a file's name in the archive, a path or a URL
    Column("worker", Words),  # host and process
    Column("reason", Words),  # why it failed
    Column("counts", JSON(none_as_null=True)),
    Column("faults", JSON(none_as_null=True)),  # of the file, as words for people
    PrimaryKeyConstraint("batch_id", "number"),
    UniqueConstraint("batch_id", "place"),
    Index("ix_batch_job_batch_id_state", "batch_id", "state"),
)
