"""Imports point down the floors only, and modules stay small: the sources themselves are read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {
    "archiver": 0,  # the package itself: its version
    "model": 0,
    "errors": 0,
    "urls": 0,
    "forms": 0,
    "cycles": 0,
    "config": 0,
    "contract": 0,
    "wire": 1,
    "warc": 1,
    "store": 2,
    "discover": 2,
    "extract": 2,
    "fetch": 3,
    "revise": 3,
    "spiders": 4,
    "replay": 4,
    "exchange": 4,
    "demo": 4,
    "daemon": 5,
    "batch": 5,
    "fleet": 5,
    "web": 5,
    "cli": 6,
}
# Neighbours that may know each other, in this one direction.
ABOVE_WITHIN_A_FLOOR = {
    "fleet": {"daemon", "batch"},
    "warc": {"wire"},
    "model": {"archiver"},
    "errors": {"archiver"},
    "urls": {"archiver"},
    "forms": {"archiver", "urls"},
    "cycles": {"archiver"},
    "contract": {"archiver", "model", "errors"},
    "config": {"archiver", "model", "errors", "urls"},
}
LONGEST = 330


def modules() -> list[Path]:
    return sorted(path for top in ("archiver", "spiders") for path in (ROOT / top).rglob("*.py"))


def room_of(dotted: str) -> str | None:
    """The room of a dotted module name; None where it is not ours."""
    top, *inner = dotted.split(".")
    if top == "spiders":
        return "spiders"
    if top != "archiver":
        return None
    return inner[0] if inner and inner[0] != "__init__" else "archiver"


def imported(source: str, module: str) -> Iterator[str]:
    """Dotted names of all that a module imports, wherever in it the import stands."""
    package = module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                # `from archiver import x` may name a room, or only the version
                joined = f"{base}.{alias.name}"
                yield joined if base == "archiver" and alias.name in FLOORS else base


def violations(source: str, module: str) -> list[str]:
    """What a module imports though it may not."""
    room = room_of(module)
    assert room in FLOORS, f"{module}: which floor is {room} on?"
    found = []
    for name in imported(source, module):
        other = room_of(name)
        if other is None or other == room:
            continue
        allowed = other in FLOORS and (
            FLOORS[other] < FLOORS[room] or other in ABOVE_WITHIN_A_FLOOR.get(room, ())
        )
        if not allowed:
            found.append(f"{module} imports {name}")
    return found


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_imports_point_down() -> None:
    found = [
        fault
        for path in modules()
        for fault in violations(path.read_text(encoding="utf-8"), dotted_name(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("archiver.wire.framer", "from archiver.warc.record import x"),
        ("archiver.wire.framer", "import archiver.store.catalogue"),
        ("archiver.store.catalogue", "from archiver.extract import worker"),
        ("archiver.store.catalogue", "from archiver import extract"),
        ("archiver.store.catalogue", "from ..extract import worker"),
        ("archiver.store.catalogue", "def late():\n    from archiver.cli.main import cli"),
        ("archiver.model", "from archiver.config.settings import Settings"),
        ("archiver.fetch.handler", "from spiders.outlet import OutletSpider"),
        ("archiver.replay.app", "from archiver.demo.server import DemoServer"),
        ("archiver.replay.app", "from archiver.unknown import x"),
    ],
)
def test_the_reader_sees_imports_that_point_up(module: str, line: str) -> None:
    assert violations(line, module) != []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("archiver.warc.record", "from archiver.wire.exchange import Exchange"),
        ("archiver.config.load", "from archiver import __version__"),
        ("archiver.warc.record", "from .reader import x\nfrom . import writer"),
        ("archiver.cli.main", "from archiver import demo"),
        ("spiders.outlet", "from archiver.fetch.sink import ExchangeSink"),
        ("archiver.store.catalogue", "import sqlalchemy.archiver"),
    ],
)
def test_the_reader_lets_imports_pass_that_point_down(module: str, line: str) -> None:
    assert violations(line, module) == []


def test_no_module_is_too_long() -> None:
    lengths = {dotted_name(path): len(path.read_bytes().splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
