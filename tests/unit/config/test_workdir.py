"""What `archiver init` lays out is a folder that works, and nothing is overwritten."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

import pytest

from archiver.config.data import packaged
from archiver.config.load import load
from archiver.config.seeds import load_seeds
from archiver.config.settings import Settings
from archiver.config.sources import KEYS
from archiver.config.workdir import lay_out
from archiver.errors import ArchiverError, ConfigError


def test_a_fresh_folder_works(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = lay_out(folder, contact="https://example.org/our-archive")
    assert result.kept == ()
    assert all(path.is_file() for path in result.written)
    loaded = load(start=folder, explicit=None, env={}, flags={})
    assert loaded.folder == folder
    assert loaded.settings.operator.contact == "https://example.org/our-archive"
    assert loaded.archive_folder.is_dir()
    assert load_seeds(loaded.seeds_folder) == load_seeds(packaged("seeds"))
    scrapy = configparser.ConfigParser()
    scrapy.read(folder / "scrapy.cfg")
    assert scrapy["settings"]["default"] == "spiders.settings"


def test_without_seeds(tmp_path: Path) -> None:
    lay_out(tmp_path, seeds=False)
    assert list((tmp_path / "seeds").iterdir()) == []


def test_what_is_there_stays_and_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "config" / "archiver.toml"
    mine.parent.mkdir()
    mine.write_text("# mine\n", encoding="utf-8")
    result = lay_out(tmp_path, contact="https://example.org/")
    assert result.kept == (mine,)
    assert mine.read_text(encoding="utf-8") == "# mine\n"
    again = lay_out(tmp_path)
    assert again.written == ()
    assert set(again.kept) == {*result.written, mine}


def test_a_bad_contact_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bare address"):
        lay_out(tmp_path / "new", contact="me@example.org")
    assert not (tmp_path / "new").exists()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ArchiverError, match="cannot be laid out"):
        lay_out(blocked)


def test_the_default_file_says_the_defaults() -> None:
    """Each commented setting, made live, is known and, examples aside, the default."""
    text = (packaged("config") / "archiver.toml").read_text(encoding="utf-8")
    assert (
        load(
            start=Path("/"), explicit=packaged("config") / "archiver.toml", env={}, flags={}
        ).settings
        == Settings()
    )
    live = "\n".join(
        line.removeprefix("# ")
        if line.partition(" = ")[0].removeprefix("# ").isidentifier()
        else line
        for line in text.splitlines()
        if not line.startswith("# workers = 0 means")
    )
    examples = {"operator.contact", "network.proxy", "network.ca_file"}
    data = tomllib.loads(live)
    keys = {f"{section}.{name}" for section, table in data.items() for name in table}
    assert keys <= set(KEYS)
    assert keys >= examples | {"crawl.delay", "archive.warc_size", "replay.port"}
    for key in examples:
        section, name = key.split(".")
        del data[section][name]
    assert Settings.model_validate(data) == Settings()
