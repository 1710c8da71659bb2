"""What is known of outlets, hosts and sources beside what was captured of them."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
)

from archiver.store.columntypes import BYTEWISE, Micros, Words
from archiver.store.tables.naming import SOURCES, metadata

# How often an outlet brings news: an average that forgets, over some days.
rhythm = Table(
    "rhythm",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), primary_key=True),
    Column("since", Micros, nullable=False),
    Column("updated", Micros, nullable=False),
    Column("last_new", Micros),
    Column("a_day", Float),  # new articles
)

# What is amiss at present, so that it is told once, and its end too.
alert = Table(
    "alert",
    metadata,
    Column("subject", Words, nullable=False),  # an outlet's id, or "archive"
    Column("what", Words, nullable=False),
    Column("since", Micros, nullable=False),
    PrimaryKeyConstraint("subject", "what"),
)

# How each source stood after it was last asked.
poll = Table(
    "poll",
    metadata,
    Column("polled", Micros, nullable=False),
    Column("due", Micros, nullable=False),
    Column("brought", Micros),  # when it last had something new
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("source_id", ForeignKey("url.id"), nullable=False),
    Column("answered_by_id", ForeignKey("url.id")),  # where it redirects to
    Column("same_as_id", ForeignKey("url.id")),  # the source whose duplicate it is
    Column("interval", Integer, nullable=False),  # seconds
    Column("hint", Integer, nullable=False),  # seconds, by its own word
    Column("kind", SOURCES, nullable=False),
    Column("same_rule", Words),
    PrimaryKeyConstraint("outlet_id", "source_id"),
)

# The sitemaps that an index named when it was last read.
child = Table(
    "child",
    metadata,
    Column("index_id", ForeignKey("url.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("url", Words, nullable=False),
    PrimaryKeyConstraint("index_id", "place"),
)

# Hints for push: the WebSub hubs that a source names for itself, and the topic to ask them for.
hub = Table(
    "hub",
    metadata,
    Column("source_id", ForeignKey("url.id"), nullable=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False, index=True),
    Column("seen", Micros, nullable=False),  # first
    Column("hub", Words, nullable=False),
    Column("topic", Words, nullable=False),
    PrimaryKeyConstraint("source_id", "hub"),
)

# How often URLs of one shape (see archiver/discover/shapes.py) turned out to be articles, or not.
shape = Table(
    "shape",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("shape", BYTEWISE, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("others", Integer, nullable=False),
    PrimaryKeyConstraint("outlet_id", "shape"),
)

# What captures said of themselves: noarchive, noindex, tdm-reservation, tdm-policy.
signal = Table(
    "signal",
    metadata,
    Column("url_id", ForeignKey("url.id"), nullable=False),
    Column("at", Micros, nullable=False),  # of the capture
    Column("name", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("source", Words, nullable=False),
    PrimaryKeyConstraint("url_id", "at", "name"),
)

# Of these three nothing can be rebuilt: they are what one run tells the next, and grow old soon.
host_state = Table(
    "host_state",
    metadata,
    Column("host", Words, primary_key=True),  # with its port, where that is not the scheme's
    Column("not_before", Micros),
    Column("failures", Integer, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Words, primary_key=True),
    Column("fetched", Micros, nullable=False),
    Column("expires", Micros, nullable=False),
    Column("unreachable_since", Micros),
    Column("rules", Words),  # at most 500 KiB
    Column("record", Words),  # file, offset and id of the WARC record
)

outlet_state = Table(
    "outlet_state",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),  # since 1970, of `requests`
    Column("requests", Integer, nullable=False),
    Column("blocks", Integer, nullable=False),  # in a row
    Column("blocked_kind", Words),
)
