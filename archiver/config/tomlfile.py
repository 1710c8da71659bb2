"""A TOML file with the line of each key, for faults that say `file:line`.

The standard library parses; only where it found a file to be good are its lines looked for,
so the scanner here may take the syntax for granted.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from archiver.errors import ConfigError

_TEXT = r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"' + r"|'''.*?'{3,5}|'[^'\n]*'"
_TOKEN = re.compile(
    rf"(?P<name>{_TEXT}|" + r"""[^\s"'#=.,\[\]{}]+)|(?P<open>[\[{])|(?P<close>[\]}])"""
    r"|(?P<equals>=)|(?P<comma>,)|(?P<newline>\n)|(?P<other>#[^\n]*|[\s.])",
    re.DOTALL,
)

Place = tuple[str | int, ...]


class TomlFile:
    """What a TOML file holds (`data`) and where (`where`); `shown` is its name in faults."""

    def __init__(self, path: Path, shown: str) -> None:
        """Read and parse.

        Raises:
            ConfigError: with one fault, where the file cannot be read or is no TOML.
        """
        self.shown = shown
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError([f"{shown}: cannot be read: {error.strerror}"]) from error
        try:
            self._text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise ConfigError([f"{shown}:{line}: is not UTF-8"]) from error
        try:
            self.data: dict[str, Any] = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([self._syntax_fault(str(error))]) from error
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits, [[[[[…
            raise ConfigError([f"{shown}: bad TOML: {error}"]) from error

    def _syntax_fault(self, message: str) -> str:
        # "Expected '=' … (at line 3, column 5)" or "… (at end of document)"
        text, _, place = message.rpartition(" (at ")
        number = re.match(r"line (\d+)", place)
        line = int(number[1]) if number else self._text.rstrip().count("\n") + 1
        return f"{self.shown}:{line}: bad TOML: {text or message}"

    @cached_property
    def _lines(self) -> dict[Place, int]:
        return _key_lines(self._text)

    def line(self, place: Place) -> int:
        """The line of a key or array element, or of the nearest thing around it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def where(self, place: Place) -> str:
        """`file:line` of a key."""
        return f"{self.shown}:{self.line(place)}"


def _unquote(key: str) -> str:
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key


def _tokens(text: str) -> Iterator[tuple[str | None, str, int]]:
    """Kind, text and line number of each token of a valid TOML text."""
    line = 1
    for match in _TOKEN.finditer(text):
        yield match.lastgroup, match[0], line
        line += match[0].count("\n")


def _key_lines(text: str) -> dict[Place, int]:
    """Line numbers, from 1, of the keys and the array elements of a valid TOML text."""
    lines: dict[Place, int] = {}
    tokens = _tokens(text)
    table: Place = ()
    key: list[str] = []
    for kind, piece, line in tokens:
        if kind == "name":
            key.append(_unquote(piece))
        elif kind == "close" and key:  # of a [table]
            table, key = tuple(key), []
            _note(lines, table, line)
        elif kind == "equals":
            place, key = (*table, *key), []
            _note(lines, place, line)
            _note_elements(lines, place, tokens)
    return lines


def _note(lines: dict[Place, int], place: Place, line: int) -> None:
    for end in range(1, len(place) + 1):
        lines.setdefault(place[:end], line)


def _note_elements(
    lines: dict[Place, int], place: Place, tokens: Iterator[tuple[str | None, str, int]]
) -> None:
    """Read a value to the end of its line and note where its elements stand, if it has any."""
    depth = element = 0
    for kind, _, line in tokens:
        if kind == "newline" and depth == 0:
            return
        depth += (kind == "open") - (kind == "close")
        if depth == 1 and kind == "comma":
            element += 1
        elif depth == 1 and kind == "name":
            lines.setdefault((*place, element), line)
