"""Commands in the tests' own process, as a user in the present folder would run them."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO

from archiver.cli.main import main


def archiver(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it wrote to stdout."""
    out = StringIO()
    with redirect_stdout(out):
        code = main(arguments)
    return code, out.getvalue()
