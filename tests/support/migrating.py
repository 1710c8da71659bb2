"""A process that brings a catalogue to a revision that this program does not have yet.

    python -m support.migrating DATABASE FOLDER

FOLDER has the migration (`write_migration`), which counts beside those of the program. It says
"begun" in the middle of it, and goes on for a line of its input; in the end it says "done".
"""

from __future__ import annotations

import sys
from pathlib import Path

from archiver.store import migrate
from archiver.store.catalogue import Catalogue

NEWER = "9000"
_SOURCE = """\
import sys
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{newer}", "{head}", None, None


def upgrade():
    op.create_table("newer", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO newer (id) VALUES (1)")
    with op.batch_alter_table("capture") as table:
        table.add_column(sa.Column("newer", sa.BigInteger))
    op.create_index("ix_capture_newer", "capture", ["newer"])
    print("begun", flush=True)
    assert sys.stdin.readline()
    with op.batch_alter_table("url") as table:
        table.add_column(sa.Column("newer", sa.Text))
"""


def write_migration(folder: Path) -> None:
    """Write a migration that changes the tables to which crawls write most."""
    folder.mkdir()
    text = _SOURCE.format(newer=NEWER, head=migrate.HEAD)
    (folder / f"{NEWER}_newer.py").write_text(text, "utf-8")


def main() -> None:
    """Open the catalogue as a newer program would."""
    database, folder = sys.argv[1:]
    plain = migrate.alembic_config

    def with_newer() -> object:
        config = plain()
        config.set_main_option("version_locations", f"{migrate._FOLDER / 'versions'}:{folder}")
        return config

    migrate.alembic_config = with_newer  # type: ignore[assignment]
    migrate.HEAD = NEWER
    Catalogue.open(database).close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
