from __future__ import annotations

from datetime import timedelta

from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.robots import KnownRobots


def test_what_a_host_said_is_remembered(catalogue: Catalogue) -> None:
    origin = "https://a.example"
    assert catalogue.known_robots(origin) is None
    known = KnownRobots(rules=None, fetched=utcnow(), expires=utcnow() + timedelta(hours=1))
    for robots in (known, KnownRobots(**{**_fields(known), "rules": "User-agent: *\n\x00"})):
        catalogue.keep_robots(origin, robots)
    found = catalogue.known_robots(origin)
    assert found is not None
    assert found.rules is not None
    assert found.rules.startswith("User-agent: *\n")
    assert (found.expires, found.unreachable_since) == (known.expires, None)
    assert catalogue.known_robots("http://a.example") is None


def _fields(known: KnownRobots) -> dict[str, object]:
    return {name: getattr(known, name) for name in known.__slots__}
