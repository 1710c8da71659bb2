"""What `archiver extract` shows: a bar on a terminal only, and walls as what they are."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from archiver.cli.main import cli

GOLDEN = Path(__file__).parents[2] / "golden"
_COMMAND = (sys.executable, "-m", "archiver.cli.main", "extract", str(GOLDEN / "abo-de.html"))


@pytest.mark.parametrize(
    ("page", "kind"), [("consent-wall", "consent"), ("bot-wall", "blocked"), ("abo-de", "article")]
)
def test_walls_are_lines_of_their_own_kind(page: str, kind: str) -> None:
    done = CliRunner().invoke(cli, ["extract", str(GOLDEN / f"{page}.html")])
    line = json.loads(done.stdout)
    assert line["kind"] == kind
    assert ("reason" in line) == (kind != "article")


def _said_on_stderr(folder: Path, *, terminal: bool) -> bytes:
    ours, theirs = pty.openpty() if terminal else os.pipe()
    out = folder / "out.jsonl"  # a file: whoever waits for one pipe lets another one fill
    with (
        out.open("wb") as stdout,
        subprocess.Popen(
            _COMMAND, stdout=stdout, stderr=theirs, env={**os.environ, "TERM": "xterm"}
        ),
    ):
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 65536):
                said += chunk
        except OSError:  # how a terminal says that nobody writes to it any more
            pass
        os.close(ours)
    assert json.loads(out.read_text("utf-8"))["kind"] == "article"
    return said


def test_a_bar_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    assert b"pages" in _said_on_stderr(tmp_path, terminal=True)
    assert _said_on_stderr(tmp_path, terminal=False) == b""
