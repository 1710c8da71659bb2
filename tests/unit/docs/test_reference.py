"""The generated pages and schemas are those of the code, and people find everything in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from archiver.cli.main import COMMANDS
from archiver.cli.reference import command, pages, schema_files
from archiver.config.sources import KEYS, SECRETS, variable_of

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "seeds.md"])
def test_a_page_is_current(name: str) -> None:
    stale = f"docs/reference/{name} is out of date: run `make docs`"
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], stale


@pytest.mark.parametrize("name", ["archiver.schema.json", "outlet.schema.json"])
def test_a_schema_is_current(name: str) -> None:
    stale = f"config/{name} is out of date: run `make docs`"
    assert (ROOT / "config" / name).read_text(encoding="utf-8") == schema_files()[name], stale


def test_check_tells_stale_pages_and_writes_nothing(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "reference"), "--schemas", str(tmp_path / "config")]
    runner = CliRunner()
    assert runner.invoke(command, [*arguments, "--check"]).exit_code == 1
    assert list(tmp_path.iterdir()) == []
    assert runner.invoke(command, arguments).exit_code == 0
    assert runner.invoke(command, [*arguments, "--check"]).exit_code == 0
    (tmp_path / "reference" / "seeds.md").write_text("old", encoding="utf-8")
    result = runner.invoke(command, [*arguments, "--check"])
    assert result.exit_code == 1
    assert "seeds.md is out of date" in result.stderr


def test_every_setting_and_variable_is_documented() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for key in KEYS:
        assert f"| `{key}` |" in text
        assert f"| `{variable_of(key)}` |" in text


def test_no_secret_is_in_the_schema_of_the_file() -> None:
    schema = schema_files()["archiver.schema.json"]
    for key in SECRETS:
        assert f'"{key.partition(".")[2]}"' not in schema


@pytest.mark.parametrize("name", COMMANDS)
def test_people_are_told_of_every_command(name: str) -> None:
    """Beside the generated page: in the README or in a guide."""
    texts = [ROOT / "README.md", *(ROOT / "docs" / "guides").rglob("*.md")]
    told = "".join(path.read_text(encoding="utf-8") for path in texts)
    assert f"archiver {name}" in told, f"neither README.md nor docs/guides names `archiver {name}`"
