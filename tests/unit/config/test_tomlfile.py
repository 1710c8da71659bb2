"""Which line a key stands on, in files that try to hide it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.config.tomlfile import TomlFile, _key_lines
from archiver.errors import ConfigError

HOSTILE = Path(__file__).parents[2] / "hostile" / "config"


def fault_of(name: str) -> str:
    with pytest.raises(ConfigError) as caught:
        TomlFile(HOSTILE / name, name)
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("torn.toml", "torn.toml:3: bad TOML: "),
        ("key-twice.toml", "key-twice.toml:3: bad TOML: "),
        ("nul.toml", "nul.toml:3: bad TOML: "),
        ("latin-1.toml", "latin-1.toml:2: is not UTF-8"),
        ("number-of-5000-digits.toml", "number-of-5000-digits.toml: bad TOML: "),
        ("nested-3000-deep.toml", "nested-3000-deep.toml: bad TOML: "),
        ("no-such-file.toml", "no-such-file.toml: cannot be read: "),
        ("seeds", "seeds: cannot be read: "),
    ],
)
def test_what_is_no_toml_is_one_fault(name: str, start: str) -> None:
    assert fault_of(name).startswith(start)


def test_an_end_that_is_missing_is_on_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[crawl]\nname = """\n  no end\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.toml:[34]: bad TOML"):
        TomlFile(path, "a.toml")


def test_lines_of_a_file_full_of_traps() -> None:
    file = TomlFile(HOSTILE / "strings-with-keys-inside.toml", "x.toml")
    assert file.line(("operator",)) == 1
    assert file.line(("operator", "name")) == 2
    assert file.line(("operator", "user_agent")) == 6
    assert file.line(("network", "connect_to")) == 9
    assert file.line(("network", "connect_to", "a.example")) == 10
    assert file.line(("network", "connect_to", "b.example", "[key]")) == 11
    assert file.where(("crawl", "retries")) == "x.toml:14"
    assert file.line(("crawl", "jobs")) == 15
    assert file.line(("nowhere",)) == 1


def test_a_byte_order_mark_and_crlf_are_read() -> None:
    file = TomlFile(HOSTILE / "byte-order-mark-and-crlf.toml", "x")
    assert file.data["operator"]["name"] == "Z"
    assert file.line(("operator", "contact")) == 3


_NAMES = st.text("abcdefg-_123", min_size=1, max_size=6)
_STRINGS = st.text("ab'\"\\#[]{}=,. \t", max_size=12)


def _basic(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _multiline(text: str) -> str:
    return '"""' + text.replace("\\", "\\\\").replace('"', '\\"') + '\n\n[x]\ny = 1"""'


_VALUES = (
    _STRINGS.map(_basic)
    | _STRINGS.map(_multiline)
    | _STRINGS.map(lambda text: "'" + text.replace("'", "").replace("\t", "") + "'")
    | st.lists(_STRINGS.map(_basic), max_size=3).map(
        lambda items: "[ # ] = [\n" + ",\n".join(items) + "\n]"
    )
    | st.sampled_from(["1", "-1.5", "true", "1979-05-27 07:32:00", "{ a = [1], b = '}' }", "inf"])
)


@settings(deadline=None)
@given(
    st.dictionaries(_NAMES, st.dictionaries(_NAMES, _VALUES, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["\n", "\n\n", ' # = [ \' """\n', "\t# x\n \n"]),
)
def test_every_key_is_found_on_its_line(tables: dict[str, dict[str, str]], gap: str) -> None:
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        expected[table,] = text.count("\n") + 1
        text += f"[ '{table}' ]{gap}"
        for key, value in keys.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{key} = {value}{gap}"
    tomllib.loads(text)
    lines = _key_lines(text)
    assert {place: lines[place] for place in expected} == expected
