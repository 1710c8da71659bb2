"""The command and crawls: what is redacted is not shown, not extracted, not asked for again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.catalogues import lose
from support.scripted_site import ScriptedSite, feed, redirect, story
from support.workdir import run, status

X = "http://x.example"
RAIN, SNOW, HAIL = (f"{X}/news/{name}" for name in ("rain-1", "snow-2", "hail-3"))
SEED = f'homepage = "{X}/"\nfeeds = ["{X}/feed"]\n'


def archiver(folder: Path, *command: str, code: int = 0) -> str:
    done = run(folder, "archiver", *command)
    assert done.returncode == code, done.stderr
    return done.stdout


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_page_that_was_taken_down(tmp_path: Path, each_database: str) -> None:
    answers = {
        "x.example/feed": feed([RAIN, SNOW]),
        "x.example/news/rain-1": story("Rain"),
        "x.example/news/snow-2": story("Snow"),
        "x.example/news/hail-3": story("Hail"),
        "x.example/moved": redirect(RAIN),
        "x.example/news/old-4": redirect(RAIN),
    }
    with ScriptedSite(answers) as site:
        folder = site.folder(tmp_path, SEED, "x.example", "m.x.example")
        archiver(folder, "crawl", "x")
        site.asked()
        reason = ("--reason", "court order")
        planned = objects(archiver(folder, "redact", RAIN, *reason, "--dry-run", "--json"))
        assert [(one["captures"], one["articles"], one["revisions"]) for one in planned] == [
            (1, 1, 1)
        ]
        assert archiver(folder, "redact", "--list", "--json") == ""
        assert "Rain" in archiver(folder, "show", RAIN)

        said = archiver(folder, "redact", RAIN, *reason, "--by", "Ada")
        assert "hides 1 capture, 1 article, 1 revision" in said
        assert "redacted already" in archiver(folder, "redact", RAIN, *reason)
        [made] = objects(archiver(folder, "redact", "--list", "--json"))
        assert (made["by"], made["reason"], made["url"]) == ("Ada", "court order", RAIN)
        assert "no article of this URL" in run(folder, "archiver", "show", RAIN).stderr
        assert archiver(folder, "check").count("whole") == 1

        # the archive's own files, and the same bytes as a file of the user's own
        [warc] = (folder / "archive" / "warc").glob("*.warc.gz")
        own = objects(archiver(folder, "extract", str(warc), code=3))
        told = {(line.get("url"), line.get("reason")) for line in own}  # captured in either order
        assert told == {(None, "redacted"), (SNOW, None)}
        assert "Rain" not in json.dumps(own)
        copy = tmp_path / "copy.warc.gz"
        copy.write_bytes(warc.read_bytes())
        assert "Rain" in archiver(folder, "extract", str(copy))

        # neither by its feed, nor by a redirect, nor as a page that is to be looked at again
        answers["x.example/feed"] = feed([RAIN, f"{X}/news/old-4", HAIL])
        done = run(folder, "scrapy", "crawl", "x", "-a", "recheck=all")
        assert done.returncode == 0, done.stderr
        asked = site.asked()
        assert HAIL in asked
        assert RAIN not in asked
        outlet = status(folder)["outlets"]["x"]
        assert outlet["refused"]["redacted"] == 2
        assert outlet["last_run"]["state"] == "done"
        assert outlet["problems"] == {}

        # a catalogue that is made anew still hides it
        lose(folder)
        archiver(folder, "reindex")
        archiver(folder, "crawl", "x")  # which extracts what waits
        assert RAIN not in site.asked()
        assert "no article of this URL" in run(folder, "archiver", "show", RAIN).stderr
        assert "Snow" in archiver(folder, "show", SNOW)
        assert objects(archiver(folder, "redact", "--list", "--json")) == [made]
        archiver(folder, "redact", "--lift", made["id"], "--reason", "appeal")
        archiver(folder, "crawl", "x")
        assert "Rain" in archiver(folder, "show", RAIN)
        archiver(folder, "check")
        archiver(folder, "redact", RAIN, "--reason", "court order, again")
        [first, made] = objects(archiver(folder, "redact", "--list", "--json"))
        assert (first["lifted_why"], first["reason"]) == ("appeal", "court order")

        # the payload is taken out of the file, and all else still stands in one
        assert "nothing was done yet" in archiver(folder, "rewrite")
        name = warc.name
        [done] = objects(archiver(folder, "rewrite", "--yes", "--json"))
        assert (done["file"], done["kept_because"]) == (name, None)
        assert not warc.exists()
        archiver(folder, "check")
        assert "no WARC file holds" in archiver(folder, "rewrite", "--yes")
        [_, made] = objects(archiver(folder, "redact", "--list", "--json"))
        assert [file["new"] for file in made["files"]] == [done["new"]]
        lines = objects(archiver(folder, "extract", str(warc.with_name(done["new"]))))
        assert [line["title"] for line in lines] == ["Snow"]
        archiver(folder, "reindex")
        assert "Snow" in archiver(folder, "show", SNOW)

        archiver(folder, "redact", "--lift", made["id"], "--reason", "appeal")
        archiver(folder, "crawl", "x")
        assert "no article of this URL" in run(folder, "archiver", "show", RAIN).stderr
        run(folder, "scrapy", "crawl", "x", "-a", "recheck=all")
        archiver(folder, "check")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ([], "give URLs"),
        ([RAIN], "reason"),
        ([RAIN, "--reason", " "], "reason"),
        ([RAIN, "--list"], "give URLs"),
        (["nonsense", "--reason", "x"], "URL"),
        ([RAIN, "--reason", "x", "--at", "2026"], "14 digits"),
        ([RAIN, "--reason", "x", "--at", "20261301000000"], "14 digits"),
        ([RAIN, "--reason", "x", "--prefix", "--at", "20260101000000"], "--prefix"),
        (["--lift", "none", "--reason", "x"], "no such redaction"),
    ],
)
def test_wrong_commands(
    tmp_path_factory: pytest.TempPathFactory, command: list[str], word: str
) -> None:
    from click.testing import CliRunner

    from archiver.cli.main import main
    from archiver.store.catalogue import Catalogue

    folder = tmp_path_factory.getbasetemp() / "wrong"
    folder.mkdir(exist_ok=True)
    (folder / "archive").mkdir(exist_ok=True)
    Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite", create=True).close()
    runner = CliRunner()
    with pytest.MonkeyPatch.context() as patch, runner.isolation() as (_, errors, _output):
        patch.chdir(folder)
        assert main(["redact", *command]) == 2
        said = errors.getvalue().decode()
    assert word in said
