"""`archiver extract --explain` shows what was left out of an article, and why."""

import json
from pathlib import Path

from click.testing import CliRunner

from archiver.cli.main import cli

PAGE = Path(__file__).parents[2] / "golden" / "furniture-de.html"


def test_cuts_are_shown_only_when_asked_for() -> None:
    plain, explained = (
        json.loads(CliRunner().invoke(cli, ["extract", str(PAGE), *more]).stdout)
        for more in ([], ["--explain"])
    )
    assert "cuts" not in plain
    cuts = explained.pop("cuts")
    assert explained == plain
    assert any(cut["reason"] == "newsletter" and "Postfach" in cut["text"] for cut in cuts)
