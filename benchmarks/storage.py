"""What keeping WARC files in a store costs and survives, beside the AWS command line.

    python benchmarks/storage.py [--quick] [--faults]

A real S3 gateway (Ceph's radosgw) on loopback behind TLS. Writes the section `storage` of
benchmarks/results.md, or, with --faults, `storage-faults`: uploads past faults, and kills. A run
that does something else than it is measured at raises.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import machine
from support.environments import Environment
from support.faults_ships import killed_ships
from support.flips import flip_bits
from support.measure import BenchmarkError, Command, Cost, best, measure, timed
from support.results import RESULTS, put_section, table, verdict
from support.s3_place import S3Place, served_by
from support.shelf import fill
from support.ships_through_faults import ships_through_faults

from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.warc.check import check_file

MB = 1000**2
_ROOT = Path(__file__).resolve().parents[1]
_TESTS = _ROOT / "tests"
_READING = Path(__file__).parent / "support" / "reading_alone.py"
_INDEXER = _ROOT / ".venv-judges" / "bin" / "cdxj-indexer"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is done: uploads through faults, kills, files and bytes of each, flips, pages."""

    uploads: int = 1000
    kills: int = 300
    files: int = 8
    file_size: int = 128 * MB
    large: int = 5000 * MB
    flips: int = 1000
    pages: int = 12_000
    runs: int = 3


QUICK = Sizes(uploads=60, kills=20, files=3, file_size=24 * MB, large=300 * MB, flips=60, pages=600)


def main() -> None:
    """Measure, print, write results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("~/.cache/news-archiver-bench").expanduser(),
        help="where the peer's environment is kept",
    )
    parser.add_argument("--dir", type=Path, help="where files are written; default: TMPDIR")
    parser.add_argument("--quick", action="store_true", help="little of everything: to try it out")
    parser.add_argument("--faults", action="store_true", help="faults and kills, not speed")
    options = parser.parse_args()
    sizes = QUICK if options.quick else Sizes()
    command = shlex.join(["python", "benchmarks/storage.py", *machine.without_places(sys.argv[1:])])
    with tempfile.TemporaryDirectory(prefix="archiver-storage-", dir=options.dir) as name:
        folder = Path(name)
        facts = [*machine.facts(command=command, folder=folder, peers={})]
        parts = [] if options.faults else [_bits(folder, sizes), _index(folder, sizes)]
        with served_by(_TESTS / "support" / "radosgw.py", "--line") as place:
            if options.faults:
                parts += [_faults(folder, place, sizes), _kills(folder, place, sizes)]
            else:
                parts += [_upload(folder, place, sizes, options.cache)]
                parts += [_memory(folder, place, sizes)]
    text = "\n".join((table(("what", "value"), facts), *parts))
    print(text)
    if not options.quick:
        name, title = ("storage", "WARC files in a store")
        if options.faults:
            name, title = ("storage-faults", "WARC files in a store that fails")
        put_section(name, title, text, path=RESULTS)


def _bits(folder: Path, sizes: Sizes) -> str:
    warcs = folder / "flips"
    with Catalogue.open(f"sqlite:///{folder / 'flips.sqlite'}", create=True) as catalogue:
        (name,) = fill(warcs, catalogue, files=1, pages=40, size=12_000)
    if check_file(warcs / name):
        raise BenchmarkError("the file is damaged before it is")
    done = flip_bits(warcs / name, count=sizes.flips, seed=1)
    rows = [
        ("changed content", str(done.content), str(done.content_found)),
        ("changed none (headers, padding)", str(done.elsewhere), str(done.elsewhere_found)),
    ]
    all_found = verdict(done.content_found, done.content, at_least=True)
    return (
        f"### Single bits turned over in a WARC\n\n{done.tried} bits at random, one at a time; what"
        " `archiver check` finds by the file alone, without the SHA-256 that the catalogue has of"
        f" it.\n\n{table(('bit', 'tried', 'found'), rows)}\nAll that change content found:"
        f" {all_found}.\n"
    )


def _index(folder: Path, sizes: Sizes) -> str:
    pages = sizes.pages
    plain = _indexing(folder / "plain", sizes, files=4, pages=pages)
    many = _indexing(folder / "many", sizes, files=16, pages=4 * pages)
    coded = _indexing(folder / "coded", sizes, files=16, pages=4 * pages, coded=True)
    return "\n".join((plain, many, coded))


def _indexing(folder: Path, sizes: Sizes, *, files: int, pages: int, coded: bool = False) -> str:
    archive = _working_folder(folder, "")
    words = random.Random(2)
    page = " ".join(f"{words.getrandbits(20):x}" for _ in range(14_000)).encode()
    with Catalogue.open(f"sqlite:///{folder / 'index.sqlite'}", create=True) as catalogue:
        each = pages // files
        fill(archive / "warc", catalogue, files=files, pages=each, body=page, coded=coded)
    size = sum(path.stat().st_size for path in (archive / "warc").glob("*.warc.gz"))
    names = [str(path) for path in sorted((archive / "warc").glob("*.warc.gz"))]
    ours, theirs, alone = [], [], []
    for run in range(sizes.runs):
        line = [sys.executable, "-m", "archiver.cli.main", "reindex"]
        (archive / "catalogue.sqlite").unlink(missing_ok=True)
        ours.append(measure(Command(argv=line, folder=folder)))
        if _INDEXER.exists():
            index = [str(_INDEXER), *names, "-o", str(folder / f"{run}.cdxj")]
            theirs.append(measure(Command(argv=index, folder=folder)))
        alone.append(measure(Command(argv=[sys.executable, str(_READING), *names], folder=folder)))
    rows = [
        _row("archiver reindex (rows, SHA-256)", best(ours), size),
        _row("of it: reading and SHA-256 alone", best(alone), size),
    ]
    text = ""
    if theirs:
        rows.append(_row("cdxj-indexer", best(theirs), size))
        ratio = best(theirs).wall / best(ours).wall
        cpu = best(theirs).cpu / best(ours).cpu
        text = (
            f"\n{ratio:.2f} times as fast by the clock, {cpu:.2f} times by CPU"
            f" (target 3: {verdict(ratio, 3, at_least=True)}). Reading alone:"
            f" {best(theirs).wall / best(alone).wall:.2f} times.\n"
        )
    shutil.rmtree(archive)
    what = "pages that came compressed" if coded else "pages"
    return (
        f"### Indexing {pages:,} {what} in {files} WARC files anew\n\n"
        f"{table(('who', 'wall s', 'CPU s', 'MB/s', 'peak memory MB'), rows)}{text}"
    )


def _upload(folder: Path, place: S3Place, sizes: Sizes, cache: Path) -> str:
    aws = Environment(cache, "awscli", ["awscli"])
    program = aws.program("aws")
    ours, theirs = [], []
    size = sizes.files * sizes.file_size
    for run in range(sizes.runs):
        here = folder / f"upload-{run}"
        _noise_files(_working_folder(here, _store(place)), sizes.files, sizes.file_size)
        ours.append(measure(_ship(here, place)))
        _expect(place, here, sizes.files)
        bucket = place.new_bucket()
        line = [program, "--endpoint-url", place.endpoint, "--ca-bundle", place.ca_file, "s3", "cp"]
        line += ["--recursive", "--no-progress", "--quiet", str(here / "archive" / "warc")]
        environment = _keys(place) | {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}
        command = Command(argv=[*line, f"s3://{bucket}/"], folder=here, env=environment)
        theirs.append(measure(command))
        place_client = place.client()
        for name in (bucket, _bucket(here)):
            _empty(place_client, name)
        for path in (here / "archive" / "warc").iterdir():
            path.unlink()
    ratio = best(theirs).wall / best(ours).wall
    digests = _digests(size)
    both = best(theirs).cpu + digests
    rows = [
        _row("archiver ship (verified, catalogued)", best(ours), size),
        _row(f"aws s3 cp {aws.version('awscli')}", best(theirs), size),
    ]
    return (
        f"### Uploading {sizes.files} files of {sizes.file_size // MB} MB\n\n"
        f"{table(('who', 'wall s', 'CPU s', 'MB/s', 'peak memory MB'), rows)}\n"
        f"{ratio:.2f} times as fast (target 1: {verdict(ratio, 1, at_least=True)}). The other one"
        " compares nothing: what it sends over TLS is not signed. The SHA-256 by which a file is"
        f" known and the MD5 that the store compares take {digests:.1f} s of CPU, with what it"
        f" takes {both:.1f} s; ours took {best(ours).cpu:.1f} s. The gateway works on"
        " the same cores.\n"
    )


def _digests(size: int) -> float:
    """CPU seconds of the two digests of so many bytes."""
    piece = os.urandom(8 * MB)
    with timed() as watch:
        for _ in range(size // len(piece)):
            hashlib.sha256(piece)
            hashlib.md5(piece, usedforsecurity=False)
    return watch.cpu


def _memory(folder: Path, place: S3Place, sizes: Sizes) -> str:
    here = folder / "large"
    _noise_files(_working_folder(here, _store(place)), 1, sizes.large)
    cost = measure(_ship(here, place))
    _expect(place, here, 1)
    _empty(place.client(), _bucket(here))
    next((here / "archive" / "warc").glob("*.warc.gz")).unlink()
    rows = [_row("archiver ship", cost, sizes.large)]
    return (
        f"### One WARC of {sizes.large // MB} MB\n\n"
        f"{table(('who', 'wall s', 'CPU s', 'MB/s', 'peak memory MB'), rows)}\n"
        f"Memory under 150 MB: {verdict(cost.rss / MB, 150)}.\n"
    )


def _faults(folder: Path, place: S3Place, sizes: Sizes) -> str:
    done = ships_through_faults(folder / "faults", place, uploads=sizes.uploads, rate=0.3, seed=1)
    rows = [(kind, str(count)) for kind, count in sorted(done.injected.items())]
    wrong = "none" if not done.faults else "; ".join(done.faults[:5])
    return (
        f"### {done.uploads} uploads while 30 % of all requests go wrong\n\n"
        f"{table(('fault', 'times'), rows)}\n"
        f"{done.requests} requests. Passes of `ship` until all were there: {done.passes}. Lost,"
        f" doubled, left behind or other bytes: {wrong}.\n"
    )


def _kills(folder: Path, place: S3Place, sizes: Sizes) -> str:
    done = killed_ships(folder / "kills", place, kills=sizes.kills, seed=1)
    wrong = "none" if not done.faults else "; ".join(done.faults[:5])
    return (
        f"### kill -9 while shipping\n\n{done.kills} kills at random moments, in {done.shelves}"
        " archives of four small files and two in several parts, local files removed at once. After"
        " each kill every file is looked for, here and in the store; at the end of each archive"
        f" also for what was left behind. Wrong: {wrong}.\n"
    )


def _store(place: S3Place) -> str:
    return (
        f'[storage]\nurl = "s3://{place.new_bucket()}/warcs"\nendpoint = "{place.endpoint}"\n'
        f'region = "{place.region}"\nca_file = "{place.ca_file}"\naddressing = "path"\n'
    )


def _bucket(here: Path) -> str:
    text = (here / "config" / "archiver.toml").read_text()
    return text.partition("s3://")[2].partition("/")[0]


def _working_folder(here: Path, config: str) -> Path:
    """Lay out a folder with this configuration; its archive."""
    (here / "config").mkdir(parents=True)
    (here / "config" / "archiver.toml").write_text(config)
    archive = here / "archive"
    (archive / "warc").mkdir(parents=True)
    return archive


def _noise_files(archive: Path, files: int, size: int) -> None:
    """Closed files that do not compress. What is in them is nothing to a store."""
    with Catalogue.open(f"sqlite:///{archive / 'catalogue.sqlite'}", create=True) as catalogue:
        for number in range(files):
            name = f"bench-2026110212000{number:04}-lantern-{number:08x}.warc.gz"
            noise = os.urandom(4 * MB)
            left, digest = size, hashlib.sha256()
            with (archive / "warc" / name).open("wb") as out:
                while left > 0:
                    piece = noise[: min(left, len(noise))]
                    digest.update(piece)
                    left -= out.write(piece)
            catalogue.open_file(name, utcnow())
            sha256 = f"sha256:{digest.hexdigest()}"
            catalogue.close_file(name, at=utcnow(), size=size, sha256=sha256)


def _ship(here: Path, place: S3Place) -> Command:
    line = [sys.executable, "-m", "archiver.cli.main", "ship"]
    return Command(argv=line, folder=here, env=_keys(place))


def _keys(place: S3Place) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": place.access_key,
        "AWS_SECRET_ACCESS_KEY": place.secret_key,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _expect(place: S3Place, here: Path, files: int) -> None:
    found = place.client().list_objects_v2(Bucket=_bucket(here)).get("Contents", [])
    if sum(one["Key"].endswith(".warc.gz") for one in found) != files:
        raise BenchmarkError(f"not {files} files in the store")


def _empty(client: object, bucket: str) -> None:
    """Give the gateway its memory back."""
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])  # type: ignore[attr-defined]
    for one in found:
        client.delete_object(Bucket=bucket, Key=one["Key"])  # type: ignore[attr-defined]


def _row(who: str, cost: Cost, size: int) -> tuple[str, ...]:
    return (
        who,
        f"{cost.wall:.1f}",
        f"{cost.cpu:.1f}",
        f"{size / MB / cost.wall:.0f}",
        f"{cost.rss / MB:.0f}",
    )


if __name__ == "__main__":
    main()
