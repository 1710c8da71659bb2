"""The command line: exit codes, messages, and what `--help` costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from archiver import __version__
from archiver.cli import main as main_module
from archiver.cli.context import settings_of_flags
from archiver.cli.main import COMMANDS, cli, main
from archiver.errors import ConfigError, LockedError, UsageError

HOSTILE = Path(__file__).parents[2] / "hostile" / "config"
SECRET = "hunter2-do-not-print"


def archiver(
    *arguments: str, folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a folder, with none of our variables but those of `env`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ARCHIVER_")}
    return subprocess.run(
        [sys.executable, "-m", "archiver.cli.main", *arguments],
        cwd=folder,
        env={**clean, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_init_then_config_show(tmp_path: Path) -> None:
    made = archiver("init", "work", "--contact", "mailto:a@example.org", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "work/config/archiver.toml" in made.stdout
    work = tmp_path / "work"
    env = {
        "ARCHIVER_CRAWL__DELAY": "3s",
        "ARCHIVER_NETWORK__PROXY": "http://me@proxy.example:3128",
        "ARCHIVER_NETWORK__PROXY_PASSWORD": SECRET,
    }
    shown = archiver("--set", "crawl.jobs=9", "config", "show", folder=work / "seeds", env=env)
    assert shown.returncode == 0, shown.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert re.fullmatch(r'crawl.delay +"3s"  # env ARCHIVER_CRAWL__DELAY', lines["crawl.delay"])
    assert re.fullmatch(r"crawl.jobs +9  # flag --set crawl.jobs", lines["crawl.jobs"])
    assert re.search(r"  # config/archiver.toml:\d+$", lines["operator.contact"])
    assert lines["crawl.retries"].endswith("2  # default")
    assert "***" in lines["network.proxy_password"]
    as_json = archiver("config", "show", "--json", folder=work, env=env)
    document = json.loads(as_json.stdout)
    assert document["folder"] == str(work)
    assert document["settings"]["crawl.delay"]["origin"] == "env ARCHIVER_CRAWL__DELAY"
    assert SECRET not in shown.stdout + shown.stderr + as_json.stdout + as_json.stderr


def test_init_names_what_it_keeps(tmp_path: Path) -> None:
    archiver("init", ".", "--no-seeds", folder=tmp_path)
    again = archiver("init", ".", "--no-seeds", folder=tmp_path)
    assert again.returncode == 0
    assert again.stdout == ""
    assert "config/archiver.toml was there already" in again.stderr


def test_bad_configuration_is_exit_code_4_with_every_fault(tmp_path: Path) -> None:
    path = HOSTILE / "every-kind-of-fault.toml"
    result = archiver("--config", str(path), "config", "show", folder=tmp_path)
    assert result.returncode == 4
    assert result.stdout == ""
    assert result.stderr.startswith("archiver: 11 configuration errors")
    assert result.stderr.count("every-kind-of-fault.toml:") == 11
    assert "Traceback" not in result.stderr


def test_an_unknown_command_gets_near_names(tmp_path: Path) -> None:
    result = archiver("confg", folder=tmp_path)
    assert result.returncode == 2
    assert "Did you mean config?" in result.stderr


@pytest.mark.parametrize("arguments", [["--nope"], ["config", "show", "--nope"], ["--set", "x"]])
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "config", "show"] if arguments[0] == "--set" else arguments) == 2
    assert capsys.readouterr().out == ""


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert main(["-h"]) == 0
    shown = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", shown, re.MULTILINE) for name in COMMANDS)


def test_help_imports_no_command() -> None:
    code = (
        "import sys\n"
        "from archiver.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'pydantic', 'scrapy', 'sqlalchemy', 'lxml', 'trafilatura', 'rich', 'uvicorn'}\n"
        "commands = {f'archiver.cli.{name}' for name in sys.argv[1:]}\n"
        "sys.exit(', '.join((heavy | commands) & sys.modules.keys()) or None)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *COMMANDS], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str) -> None:
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None
    assert (command.help or "").partition("\n\n")[0].replace("\n", " ") == COMMANDS[name]


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (LockedError("somebody else is at work", thing="sky"), 11),
        (ConfigError(["one"]), 4),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (None, 0),
        (3, 3),
    ],
)
def test_how_a_command_ends(
    raised: BaseException | int | None,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def command() -> int | None:
        if isinstance(raised, BaseException):
            raise raised
        return raised

    monkeypatch.setitem(main_module.COMMANDS, "probe", "Probe.")
    monkeypatch.setattr(main_module.cli, "get_command", lambda context, name: command)
    assert main(["probe"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_schemas_are_printed() -> None:
    for name, key in (("archiver", "crawl"), ("outlet", "homepage")):
        result = CliRunner().invoke(cli, ["config", "schema", name])
        assert key in json.loads(result.stdout)["properties"]


def test_flags_become_settings() -> None:
    pairs = ("crawl.delay=1s", "operator.name=a=b", "crawl.delay=2s")
    assert settings_of_flags(pairs, verbose=1, quiet=0) == {
        "crawl.delay": "2s",
        "operator.name": "a=b",
        "log.level": "DEBUG",
    }
    assert settings_of_flags(("log.level=ERROR",), verbose=0, quiet=1) == {"log.level": "ERROR"}
    with pytest.raises(UsageError):
        settings_of_flags(("crawl.delay",), verbose=0, quiet=0)
