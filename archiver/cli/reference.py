"""The reference pages, written from the code: `python -m archiver.cli.reference docs/reference`.

With `--check` nothing is written, and the exit code is 1 where a page is out of date. The JSON
Schemas beside the configuration file (`--schemas config`) are made in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from archiver.cli.main import cli
from archiver.config.schema import SCHEMAS
from archiver.config.settings import Settings
from archiver.config.sources import KEYS, OTHER_VARIABLES, SECRETS, variable_of

_NOTE = "<!-- Written by `make docs` from the code; changes here are lost. -->\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(*heads: str) -> list[str]:
    return [_row(*heads), _row(*("---" for _ in heads))]


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return command.make_context(name, [], parent=parent, resilient_parsing=True)


def _walk(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _walk(child, _context(child, name, context))


def commands_page() -> str:
    """Every command with its usage, help and options."""
    lines = [_NOTE, "# Commands", ""]
    for context in _walk(cli, _context(cli, "archiver", None)):
        command = context.command
        usage = command.get_usage(context).removeprefix("Usage: ")
        lines += [f"## {context.command_path}", "", "```", " ".join(usage.split()), "```", ""]
        # In click \f ends what people read, and \b keeps a paragraph from being wrapped.
        text = (command.help or "").partition("\f")[0].replace("\b\n", "")
        lines += [cleandoc(text), ""]
        options = [
            option for option in command.get_params(context) if option.param_type_name == "option"
        ]
        records = [option.get_help_record(context) for option in options]
        if any(records):
            lines += _table("option", "meaning")
            lines += [_row(f"`{record[0]}`", record[1]) for record in records if record]
            lines.append("")
    return "\n".join(lines)


def _kind(schema: dict[str, Any]) -> str:
    """What a value of a JSON Schema is called in the tables."""
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "$ref" in schema:
        return "table"
    if "anyOf" in schema:  # with null, which TOML does not have
        return _kind(schema["anyOf"][0])
    if "format" in schema:
        return {"uri": "URL", "regex": "regular expression"}[schema["format"]]
    if isinstance(schema["type"], list):
        return "size" if "integer" in schema["type"] else "duration"
    if schema["type"] == "array":
        return f"list of {_kind(schema['items'])}s"
    name = {"string": "text", "object": "table", "number": "number"}.get(schema["type"])
    name = name or str(schema["type"])
    if "minimum" in schema and "maximum" in schema:
        return f"{name}, {schema['minimum']} to {schema['maximum']}"
    return f"{name}, {schema['minimum']} or more" if "minimum" in schema else name


_SETTINGS_HEAD = """\
# Settings

They stand in `config/archiver.toml`, one table a section. The archiver reads the file that
`--config` or the variable `ARCHIVER_CONFIG` names, otherwise `config/archiver.toml` in the
present folder or the nearest one above it; the folder that holds `config/` is the working
folder. A flag (`--set crawl.delay=2s`) goes before an environment variable
(`ARCHIVER_CRAWL__DELAY=2s`: prefix, section, two underscores, key), that before the file, and
the file before the default. Keys and variables that nobody reads are errors.
`archiver config show` prints every value and where it comes from.

A **size** is `"32MB"`, `"1GiB"` or a number of bytes; a **duration** is `"20s"`, `"1h30m"` or a
number of seconds. A **secret** is only taken from its variable, or from the file that the
variable with `_FILE` at its end names; in the file or on the command line it is refused.
"""


def settings_page() -> str:
    """Every setting with its type, default, variable and meaning."""
    schema = SCHEMAS["archiver"]()
    lines = [_NOTE, _SETTINGS_HEAD]
    for section, field in Settings.model_fields.items():
        lines += [f"## [{section}]", "", cleandoc(field.annotation.__doc__ or ""), ""]
        lines += _table("key", "type", "default", "variable", "meaning")
        reference = schema["properties"][section]["$ref"].rpartition("/")[2]
        properties = schema["$defs"][reference]["properties"]
        for key, setting in KEYS.items():
            table, _, name = key.partition(".")
            if table != section:
                continue
            kind, default = "secret", ""
            if key not in SECRETS:
                kind = _kind(properties[name])
                default = f"`{json.dumps(properties[name]['default'])}`"
            meaning = setting.description or ""
            lines.append(_row(f"`{key}`", kind, default, f"`{variable_of(key)}`", meaning))
        lines.append("")
    lines += ["## Other variables", "", *_table("variable", "meaning")]
    lines += [_row(f"`{name}`", meaning) for name, meaning in OTHER_VARIABLES.items()]
    return "\n".join([*lines, ""])


_SEEDS_HEAD = """\
# Seeds

What is watched: one TOML file an outlet, anywhere under `seeds/`. File and folder names are
free, names that begin with a dot are passed over. `archiver outlets` lists them.

```toml
id = "example-times"
name = "The Example Times"
homepage = "https://www.example.com/"
country = "GB"
language = "en"
timezone = "Europe/London"
feeds = ["https://www.example.com/news/rss.xml"]
sitemaps = ["https://www.example.com/news-sitemap.xml"]

[articles]
include = ['/news/[a-z0-9-]+-\\d+$']
exclude = ['/news/video/']

[fetch]
delay = "3s"
```

At least one of `feeds`, `sitemaps` and `sections` is needed.
"""


def seeds_page() -> str:
    """Every key of a seed file with its type, default and meaning."""
    schema = SCHEMAS["outlet"]()
    lines = [_NOTE, _SEEDS_HEAD, *_table("key", "type", "default", "meaning")]
    lines += _seed_rows(schema, schema, "")
    return "\n".join([*lines, ""])


def _seed_rows(table: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in table["properties"].items():
        if "$ref" in field:
            inner = schema["$defs"][field["$ref"].rpartition("/")[2]]
            yield from _seed_rows(inner, schema, f"{prefix}{name}.")
            continue
        default = field.get("default")
        text = f"`{json.dumps(default)}`" if default not in (None, "") else ""
        text = "(required)" if name in table.get("required", ()) else text
        yield _row(f"`{prefix}{name}`", _kind(field), text, field["description"])


def pages() -> dict[str, str]:
    """Text of each reference page by file name."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "seeds.md": seeds_page(),
    }


def schema_files() -> dict[str, str]:
    """Text of each JSON Schema by file name."""
    return {
        f"{name}.schema.json": json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        for name, make in SCHEMAS.items()
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--schemas", type=click.Path(path_type=Path, file_okay=False), default="config")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file is out of date.")
def command(folder: Path, schemas: Path, check: bool) -> None:
    """Write the reference pages into FOLDER and the JSON Schemas beside archiver.toml."""
    texts = {folder / name: text for name, text in pages().items()}
    texts |= {schemas / name: text for name, text in schema_files().items()}
    stale = [
        path
        for path, text in texts.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if check:
            click.echo(f"{path} is out of date: run `make docs`", err=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
        click.echo(path)
    if check and stale:
        raise SystemExit(1)


if __name__ == "__main__":
    command()
