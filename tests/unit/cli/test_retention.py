"""`archiver retention` and `archiver rewrite` as commands: nothing is done without --yes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.exchanges import answer, exchange

from archiver.cli.main import main
from archiver.fetch.reindex import reindex
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

URL = "https://news.example/a"
RULES = '[[retention.rules]]\noutlets = ["lan*"]\nolder_than = "30d"\n'


@pytest.fixture
def warc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file of an archive with rules, in whose folder the commands run."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "archiver.toml").write_text(RULES, "utf-8")
    folder = tmp_path / "archive" / "warc"
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="test")) as writer:
        taken = exchange(answer(), url=URL, started=utcnow() - timedelta(days=50))
        said = [("kind", "page"), ("outlet", "lantern"), ("run", "1")]
        writer.append(exchange_records(taken, metadata=said))
        name = writer.name
    with Catalogue.open(f"sqlite:///{tmp_path}/archive/catalogue.sqlite", create=True) as made:
        list(reindex(folder, made))
    monkeypatch.chdir(tmp_path)
    assert name
    return folder / name


def test_retention(warc: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retention"]) == 0
    assert "would go" in capsys.readouterr().out
    assert warc.exists()
    assert main(["retention", "--yes", "--json", "--by", "Ada"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["file"], done["done"], done["records"]) == (warc.name, True, {"page": 1})
    assert not warc.exists()
    assert main(["retention", "--yes"]) == 0
    assert "no WARC file may go" in capsys.readouterr().out
    assert main(["check"]) in (0, None)


def test_retention_without_rules(warc: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("config/archiver.toml").write_text("", "utf-8")
    assert main(["retention", "--yes"]) == 2
    assert "there are no rules" in capsys.readouterr().err
    assert warc.exists()


def test_rewrite(warc: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact", URL, "--reason", "court order"]) == 0
    assert main(["rewrite"]) == 0
    assert "1 record would go" in capsys.readouterr().out
    assert warc.exists()
    assert main(["rewrite", "--yes", "--keep"]) == 0
    assert "1 record gone; replaced by" in capsys.readouterr().out
    assert not warc.exists()
    assert warc.with_name(warc.name + ".redacted-original").exists()
