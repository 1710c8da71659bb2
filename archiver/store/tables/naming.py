"""Where all tables are entered, how their keys and indexes are named, and words that they share."""

from __future__ import annotations

from sqlalchemy import MetaData

from archiver.store.columntypes import Code

SOURCES = Code(("feed", "sitemap", "section"))  # as KINDS: add at the end only

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
