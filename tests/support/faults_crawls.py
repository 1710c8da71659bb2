"""Archives whose crawls meet faults, and what must hold of them afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from support.faults_layer import Plan
from support.faults_power import Found
from support.faults_site import HOST, FreshSite, body_of
from support.judges import judge
from support.workdir import add_seed, environment, working_folder

from archiver.fetch.audit import Audit
from archiver.fetch.recovery import finish_left_files
from archiver.model import Capture
from archiver.store.captures import select_captures, to_capture
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.names import JOURNAL, OPEN, TORN
from archiver.warc.reader import Damage, StoredRecord, iter_records

OUTLET = "faults"
_SEED = f"""\
id = "{OUTLET}"
name = "Faults"
homepage = "http://{HOST}/"
feeds = ["http://{HOST}/feed.xml"]
[articles]
include = ["/a/"]
"""


class Zygote:
    """The process that forks crawls, one at a time."""

    def __init__(self) -> None:
        tests = Path(__file__).parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.faults_zygote"],
            env=environment(PYTHONPATH=f"{tests}:{tests.parent}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def crawl(self, order: dict[str, Any], *, kill_after: float | None = None) -> int:
        """Crawl; kill it after so many seconds, if it still runs. Its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = self._hear()["pid"]
        if kill_after is not None:
            time.sleep(kill_after)  # the moment is the test's random choice
            with suppress(ProcessLookupError):  # its parent reaps it: the number is not another's
                os.kill(pid, signal.SIGKILL)
        return int(self._hear()["code"])

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that forks crawls has ended")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


class TriedArchive:
    """A working folder, its crawls and their faults."""

    def __init__(self, folder: Path, zygote: Zygote, site: FreshSite) -> None:
        self.folder = folder
        self._zygote = zygote
        self._site = site
        self._acknowledged = folder / "acknowledged.jsonl"
        self._torn: set[Path] = set()

    @classmethod
    def make(
        cls, folder: Path, zygote: Zygote, site: FreshSite, *, warc_age: str = "1h"
    ) -> TriedArchive:
        """An empty one; its files are small."""
        made = working_folder(
            folder, connect_to={HOST: f"127.0.0.1:{site.port}"}, crawl="delay = 0"
        )
        config = folder / "config" / "archiver.toml"
        small = f'[archive]\nwarc_size = "1MB"\nwarc_age = "{warc_age}"\nrevisit_min_size = 1\n'
        small += "[politeness]\ndaily_requests = 0\n"  # what was booked when it was killed stays so
        config.write_text(config.read_text("utf-8") + small, "utf-8")
        add_seed(made, OUTLET, _SEED)
        return cls(made, zygote, site)

    def copy(self, folder: Path) -> TriedArchive:
        """Another one with the same past."""
        shutil.copytree(self.folder, folder)
        twin = TriedArchive(folder, self._zygote, self._site)
        twin._torn = {folder / torn.relative_to(self.folder) for torn in self._torn}
        return twin

    @property
    def warcs(self) -> Path:
        return self.folder / "archive" / "warc"

    @property
    def output(self) -> str:
        """What the last crawl said."""
        return (self.folder / "output.txt").read_text("utf-8", errors="replace")

    def catalogue(self) -> Catalogue:
        return Catalogue.open(f"sqlite:///{self.folder}/archive/catalogue.sqlite", create=True)

    def crawl(
        self,
        plan: Plan | None = None,
        *,
        kill_after: float | None = None,
        **more: Any,
    ) -> int:
        """Crawl once; its exit code, -9 where it was killed."""
        order = {
            "folder": str(self.folder),
            "outlet": OUTLET,
            "plan": asdict(plan or Plan()),
            "acknowledged": str(self._acknowledged),
            "calls": str(self.folder / "calls.txt"),
            "output": str(self.folder / "output.txt"),
            **more,
        }
        return self._zygote.crawl(order, kill_after=kill_after)

    def after_power_loss(self, folder: Path, found: Found) -> TriedArchive:
        """One of the same past, as the power's return found it."""
        twin = TriedArchive(folder, self._zygote, self._site)
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("archive", "*.jsonl"))
        twin.warcs.mkdir(parents=True)
        for name, data in found.files.items():
            (twin.warcs / name).write_bytes(data)
        if found.catalogue is not None:
            (folder / "archive" / "catalogue.sqlite").write_bytes(found.catalogue)
        facts = (
            {"id": record_id, "file": file, "offset": offset}
            for record_id, (file, offset) in found.acknowledged.items()
        )
        twin._acknowledged.write_text("".join(json.dumps(fact) + "\n" for fact in facts), "utf-8")
        return twin

    def calls(self) -> list[tuple[str, str]]:
        """The calls of the last crawl: operation, and which kind of file."""
        lines = (self.folder / "calls.txt").read_text("utf-8").splitlines()
        words = (line.split(" ", 1) for line in lines)
        return [(operation, Path(name).suffix) for operation, name in words]

    def acknowledged(self) -> dict[str, tuple[str, int]]:
        """Where each capture stands that Scrapy was given, by its record's id."""
        if not self._acknowledged.exists():
            return {}
        facts = map(json.loads, self._acknowledged.read_text("utf-8").splitlines())
        return {fact["id"]: (fact["file"], fact["offset"]) for fact in facts}

    def faults(self) -> list[str]:
        """What is wrong after recovery; empty if all is well. Repeats nothing that is checked."""
        self._torn |= set(self.warcs.glob(f"*{TORN}"))
        with closing(self.catalogue()) as catalogue:
            finish_left_files(self.warcs, catalogue)  # as the next crawl would
            files = sorted(self.warcs.glob("*.warc.gz"))
            audit = Audit(Warcs(self.warcs, catalogue.file), catalogue)
            found = [f"audit: {fault}" for path in files for fault in audit.file(path)]
            found += [f"audit: {fault}" for fault in audit.folder()]
            rows = _captures(catalogue)
        for end in (OPEN, JOURNAL):
            found += [f"left: {path.name}" for path in self.warcs.glob(f"*{end}")]
        found += [f"torn is gone: {path.name}" for path in self._torn if not path.exists()]
        stored: dict[str, tuple[str, int]] = {}
        articles: Counter[str] = Counter()
        for record in (record for path in files for record in iter_records(path)):
            if isinstance(record, Damage):
                found.append(f"damage: {record}")
            elif record.is_http and record.type in ("response", "revisit"):
                if record.record_id in stored:
                    found.append(f"twice in WARCs: {record.record_id}")
                stored[str(record.record_id)] = (record.file, record.offset)
                found += _article_faults(record, articles)
        found += [f"{n} times: {url}" for url, n in articles.items() if n > 1]
        catalogued = {row.warc.record_id: (row.warc.file, row.warc.offset) for row in rows}
        if len(rows) != len(catalogued):
            found.append("twice in the catalogue")
        found += [
            f"{record_id}: {stored.get(record_id)} in WARC, {catalogued.get(record_id)} catalogued"
            for record_id in stored.keys() | catalogued.keys()
            if stored.get(record_id) != catalogued.get(record_id)
        ]
        return found + [
            f"acknowledged and lost: {record_id} of {place}"
            for record_id, place in self.acknowledged().items()
            if stored.get(record_id) != place
        ]

    def judged(self) -> list[str]:
        """What the judges hold against all files, joined into one (which RFC 1952 allows)."""
        joined = self.folder / "joined.warc.gz"
        with joined.open("wb") as out:
            for path in sorted(self.warcs.glob("*.warc.gz")):
                out.write(path.read_bytes())
        faults = judge(joined)
        joined.unlink()
        return faults


def _captures(catalogue: Catalogue) -> list[Capture]:
    with catalogue._reading() as conn:
        return [to_capture(row) for row in conn.execute(select_captures())]


def _article_faults(record: StoredRecord, articles: Counter[str]) -> list[str]:
    url = str(record.target_uri)
    if record.type != "response" or "/a/" not in url:
        return []
    articles[url] += 1
    sent = body_of(url.partition(HOST)[2])
    return [] if bytes(record.http().payload) == sent else [f"not what was sent: {url}"]
