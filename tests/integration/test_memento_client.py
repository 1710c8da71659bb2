"""memento_client, a Memento client of others, finds its way through our TimeGate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.pywb import BIN, needs_judges
from support.replay_content import STORY, T1, T2, fill
from support.replay_site import Archive, serving

pytestmark = needs_judges()

# Its machine need not know the name replay.localhost: every name leads to loopback.
_ASK = """
import datetime, json, socket, sys
plain = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **how: plain("127.0.0.1", *more, **how)
try:
    from memento_client import MementoClient
except ImportError:
    sys.exit(77)
asked, timegate, year = sys.argv[1:]
client = MementoClient(timegate_uri=timegate, check_native_timegate=False)
found = client.get_memento_info(asked, datetime.datetime(int(year), 5, 3, 9))
json.dump(found, sys.stdout, default=str)
"""


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        ("2026", {"closest": T2, "first": T1, "prev": T1, "next": "20260504060000",
                  "last": "20260504060000"}),
        ("1999", {"closest": T1, "first": T1, "next": T2, "last": "20260504060000"}),
    ],
)  # fmt: skip
def test_it_finds_the_mementos(tmp_path: Path, year: str, expected: dict[str, str]) -> None:
    archive = Archive(tmp_path)
    fill(archive)
    with serving(archive) as site:
        gate = f"{site.archived}/timegate/"
        asked = [f"{site.archived}/{T1}/{STORY}", gate, year]
        done = subprocess.run(
            [BIN / "python", "-W", "ignore", "-c", _ASK, *asked],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    archive.close()
    if done.returncode == 77:
        pytest.skip("no memento_client in .venv-judges: make judges")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["original_uri"] == STORY
    assert found["timegate_uri"] == f"{gate}{STORY}"
    mementos = {name: one["uri"] for name, one in found["mementos"].items()}
    assert mementos == {name: [f"{site.archived}/{at}/{STORY}"] for name, at in expected.items()}
