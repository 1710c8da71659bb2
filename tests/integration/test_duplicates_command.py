"""`archiver duplicates` as its user sees it."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from support.captures import START, make_article

from archiver.cli.main import main
from archiver.store.catalogue import Catalogue


def test_groups_are_listed_with_their_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(random.Random(1).choices([f"word{n}" for n in range(900)], k=300))
    archive = tmp_path / "archive"
    archive.mkdir()
    with Catalogue.open(f"sqlite:///{archive / 'catalogue.sqlite'}", create=True) as catalogue:
        for hour, outlet in enumerate(("one", "two")):
            article = make_article(
                f"https://{outlet}.example/a",
                text,
                START + timedelta(hours=hour),
                outlet=outlet,
                published=f"2026-03-01T{12 - hour}:00:00Z",
            )
            catalogue.save_article(article)
    monkeypatch.chdir(tmp_path)
    assert main(["duplicates", "--json"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["original"], row["why"]) == ("https://two.example/a", "published")
    assert [(one["outlet"], one["earliest"], one["likeness"]) for one in row["members"]] == [
        ("one", True, 1.0),
        ("two", False, 1.0),
    ]
    assert main(["duplicates"]) == 0
    assert "original (published)" in capsys.readouterr().out
    assert main(["duplicates", "--outlet", "three"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["duplicates", "--since", "soon"]) == 2
