"""Who archives the same pages: ours, its peers, and the floor below."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastwarc.warc import ArchiveIterator, WarcRecordType
from support.environments import Environment
from support.measure import BenchmarkError, Command
from support.site import HOST, Site

from archiver.config.load import load
from archiver.config.workdir import lay_out
from archiver.fetch.settings import scrapy_settings

CONCURRENCY = 8
_HERE = Path(__file__).parent
# Settings of Scrapy's own that both Scrapy peers get from us, to the letter.
_SHARED = (
    "TWISTED_REACTOR",
    "USER_AGENT",
    "SCHEDULER_MEMORY_QUEUE",
    "CONCURRENT_ITEMS",
    "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN",
    "DOWNLOAD_DELAY",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_MAXSIZE",
    "DOWNLOAD_WARNSIZE",
    "RETRY_TIMES",
    "ROBOTSTXT_OBEY",
    "COOKIES_ENABLED",
    "METAREFRESH_ENABLED",
    "HTTPERROR_ALLOW_ALL",
    "REFERRER_POLICY",
    "TELNETCONSOLE_ENABLED",
    "LOG_LEVEL",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """`command` makes what fetches the first so many pages from an empty folder.

    `archives` says where its WARC files are then, as a glob; None where it keeps none.
    `limit` is how many times its CPU ours may take (None: no target).
    """

    name: str
    command: Callable[[Site, Path, int], Command]
    archives: str | None
    limit: float | None = None


def ours_in(
    site: Site,
    folder: Path,
    listing: str,
    *,
    crawl: str = "requisites = 'none'",
    extract_workers: int | None = None,
) -> Command:
    """`scrapy crawl` in a working folder whose one outlet has this sitemap.

    `crawl` is more of the [crawl] table; without extraction workers nothing is extracted.
    """
    lay_out(folder, seeds=False)
    (folder / "config" / "archiver.toml").write_text(
        '[operator]\ncontact = "https://archive.example/about"\n'
        f'[crawl]\ndelay = "0s"\nconcurrency = {CONCURRENCY}\nfront_page = 0\n{crawl}\n'
        f'[log]\nlevel = "WARNING"\n[extract]\nworkers = {extract_workers or 1}\n'
        f'[network.connect_to]\n"{HOST}" = "{site.address}"\n',
        encoding="utf-8",
    )
    (folder / "seeds" / "bench.toml").write_text(
        f'id = "bench"\nname = "Benchmark"\nhomepage = "http://{HOST}/"\n'
        f'language = "en"\nsitemaps = ["{listing}"]\n',
        encoding="utf-8",
    )
    argv = [sys.executable, "-m", "scrapy", "crawl", "bench"]
    if extract_workers is None:
        argv += ["-s", "ITEM_PIPELINES={}"]
    return Command(argv=argv, folder=folder)


def _ours(site: Site, folder: Path, pages: int) -> Command:
    return ours_in(site, folder, site.listing(pages, host=HOST))


def _ours_by_default(site: Site, folder: Path, pages: int) -> Command:
    return ours_in(site, folder, site.listing(pages, host=HOST), crawl="")


def peer_options(site: Site, folder: Path, pages: int) -> list[str]:
    """The command line of a Scrapy peer, after its program."""
    _ours(site, folder, pages)  # for its configuration
    settings = scrapy_settings(load(start=folder, explicit=None, env={}, flags={}))
    options = ["runspider", str(_HERE / "peer_spider.py"), "-a", f"listing={site.listing(pages)}"]
    for name in _SHARED:
        options += ["-s", f"{name}={settings[name]}"]
    return options


def _stock(site: Site, folder: Path, pages: int) -> Command:
    outside = folder / "peer"  # not within a Scrapy project
    outside.mkdir()
    argv = [sys.executable, "-m", "scrapy", *peer_options(site, folder / "config-of", pages)]
    return Command(argv=argv, folder=outside)


def webarchive_environment(cache: Path) -> Environment:
    """scrapy-webarchive with what it runs on: its Scrapy (below 2.12) fails with newer ones."""
    return Environment(
        cache, "scrapy-webarchive", ["scrapy-webarchive==0.5.3", "w3lib<2.2", "Twisted<24.4"]
    )


def _webarchive(environment: Environment) -> Callable[[Site, Path, int], Command]:
    def command(site: Site, folder: Path, pages: int) -> Command:
        outside = folder / "peer"
        outside.mkdir()
        exporter = {"scrapy_webarchive.extensions.WaczExporter": 543}
        argv = [
            environment.program("scrapy"),
            *peer_options(site, folder / "config-of", pages),
            *("-s", "REQUEST_FINGERPRINTER_IMPLEMENTATION=2.7"),
            *("-s", f"EXTENSIONS={json.dumps(exporter)}"),
            *("-s", f"SW_EXPORT_URI={outside}/"),
        ]
        return Command(argv=argv, folder=outside)

    return command


def _url_list(site: Site, folder: Path, pages: int) -> Path:
    path = folder / "urls.txt"
    path.write_text("\n".join(site.urls(pages)) + "\n", encoding="utf-8")
    return path


def _wget(site: Site, folder: Path, pages: int) -> Command:
    urls = str(_url_list(site, folder, pages))
    options = ["--quiet", "--output-document=/dev/null", "--warc-file=peer"]
    return Command(argv=["wget", *options, f"--input-file={urls}"], folder=folder)


def warcprox_environment(cache: Path) -> Environment:
    """The recording proxy."""
    return Environment(cache, "warcprox", ["warcprox==2.13.1"])


# warcprox refuses to fetch from loopback; its switch for that has no option on the command line.
_PROXY = """\
from warcprox import main, warcproxy
warcproxy.WarcProxyHandler.allow_localhost = True
main.main()
"""
# Its own shell: both are one command, and what is measured is both.
_PROXY_SCRIPT = """\
"$1" -c "$4" --address 127.0.0.1 --port "$2" --gzip --dir warcs --quiet \
  --dedup-db-file /dev/null --stats-db-file /dev/null --cacert ca.pem --certs-dir certs &
proxy=$!
until (: < /dev/tcp/127.0.0.1/"$2") 2>/dev/null; do
  kill -0 $proxy || exit 1
  sleep 0.1
done
curl --silent --parallel --parallel-max "$3" --proxy "127.0.0.1:$2" --config curl.conf
code=$?
kill -TERM $proxy
wait $proxy
exit $code
"""


def _warcprox(environment: Environment) -> Callable[[Site, Path, int], Command]:
    def command(site: Site, folder: Path, pages: int) -> Command:
        lines = [f'url = "{url}"\noutput = "/dev/null"\n' for url in site.urls(pages)]
        (folder / "curl.conf").write_text("".join(lines), encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        python = environment.program("python")
        argv = ["bash", "-c", _PROXY_SCRIPT, "proxy", python, str(port), str(CONCURRENCY), _PROXY]
        return Command(argv=argv, folder=folder)

    return command


def _bare(site: Site, folder: Path, pages: int) -> Command:
    urls = str(_url_list(site, folder, pages))
    script = str(_HERE / "bare.py")
    argv = [sys.executable, script, site.address, urls, str(folder / "warc"), str(CONCURRENCY)]
    return Command(argv=argv, folder=folder)


OURS = Contender(name="ours", command=_ours, archives="archive/**/*.warc.gz")


def peers(cache: Path) -> tuple[list[Contender], list[tuple[str, str]], dict[str, str]]:
    """All that can run here; (name, reason) of those that cannot; versions of those that can."""
    found = [
        Contender(name="stock Scrapy, no archiving", command=_stock, archives=None, limit=1.05),
        Contender(
            name="ours, looking for requisites",
            command=_ours_by_default,
            archives=OURS.archives,
        ),
    ]
    absent: list[tuple[str, str]] = []
    versions: dict[str, str] = {}
    webarchive, warcprox = webarchive_environment(cache), warcprox_environment(cache)
    try:
        webarchive.program("scrapy")
        found.append(
            Contender(
                name="scrapy-webarchive",
                command=_webarchive(webarchive),
                archives="peer/*.wacz",
                limit=0.3,
            )
        )
        parts = ("scrapy-webarchive", "Scrapy", "Twisted", "warcio")
        versions["scrapy-webarchive"] = ", ".join(f"{p} {webarchive.version(p)}" for p in parts)
    except BenchmarkError as error:
        absent.append(("scrapy-webarchive", str(error)))
    if shutil.which("wget"):
        found.append(
            Contender(name="wget --warc-file", command=_wget, archives="*.warc.gz", limit=0.7)
        )
    else:
        absent.append(("wget --warc-file", "no wget here"))
    try:
        warcprox.program("warcprox")
        if not shutil.which("curl"):
            raise BenchmarkError("no curl here")
        found.append(
            Contender(
                name="warcprox + curl -Z",
                command=_warcprox(warcprox),
                archives="warcs/*.warc.gz",
                limit=0.6,
            )
        )
        versions["warcprox"] = warcprox.version("warcprox")
    except BenchmarkError as error:
        absent.append(("warcprox + curl -Z", str(error)))
    found.append(
        Contender(name="bare asyncio protocol (floor)", command=_bare, archives="warc/*.warc.gz")
    )
    return found, absent, versions


def kept(contender: Contender, folder: Path) -> tuple[int, int]:
    """How many pages an archive holds as responses, and the size of its WARC files in bytes."""
    pages = size = 0
    for path in folder.glob(contender.archives) if contender.archives else ():
        for stream, length in _warcs(path):
            size += length
            for record in ArchiveIterator(
                stream, record_types=WarcRecordType.response, parse_http=False
            ):
                pages += "/page/" in (record.headers.get("WARC-Target-URI") or "")
    return pages, size


def _warcs(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """A WARC file, or those within a WACZ, with their sizes."""
    if path.suffix != ".wacz":
        with path.open("rb") as stream:
            yield stream, path.stat().st_size
        return
    with zipfile.ZipFile(path) as pack:
        for info in pack.infolist():
            if info.filename.endswith(".warc.gz"):
                with pack.open(info) as stream:
                    yield stream, info.file_size
