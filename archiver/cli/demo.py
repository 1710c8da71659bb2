"""`archiver demo`: the main job, once, on a news site that comes along."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.demo.server import DemoServer
    from archiver.store.catalogue import Catalogue

_MARK = "# Written by `archiver demo`."
_COUNTS = (
    ("sources read", ("sources/feed", "sources/sitemap", "sources/section")),
    ("style sheets and pictures", ("captures/requisite",)),
    ("articles new", ("articles/new",)),
    ("articles changed", ("articles/changed",)),
    ("articles unchanged", ("articles/unchanged",)),
    ("articles missing", ("articles/missing",)),
)


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo",
    show_default=True,
    help="The working folder that the demo makes or goes on with.",
)
@click.option("--no-serve", is_flag=True, help="End after the crawls, without serving replay.")
def command(folder: Path, no_serve: bool) -> int:
    """Crawl a bundled news site twice, show what was found, and serve replay.

    Needs no network: the site is served by this command on loopback. Between the two crawls a
    day passes for the site: articles change, appear and disappear. The folder is an ordinary
    working folder afterwards.
    """
    from archiver.config.load import load
    from archiver.demo.server import DemoServer
    from archiver.store.catalogue import Catalogue

    code = 0
    with DemoServer(edition=1) as server:
        _lay_out(folder, server)
        loaded = load(start=folder, explicit=None, env={}, flags={})
        click.echo(f"The Daily Lantern, a news site that comes along, on 127.0.0.1:{server.port}")
        for edition, words in ((1, "First crawl"), (2, "Second crawl, a day later")):
            server.edition = edition
            code = max(code, _crawl(loaded, recheck="modified" if edition == 1 else "all"))
            with Catalogue.open(loaded.catalogue_url) as catalogue:
                _show_run(catalogue, words)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        _show_changes(catalogue)
    _show_files(loaded)
    click.echo(f"\nEvery command works in {folder}/: try `archiver status` or `archiver check`.")
    if not no_serve and not code:
        _serve(loaded)
    return code


def _lay_out(folder: Path, server: DemoServer) -> None:
    from archiver.config.workdir import lay_out

    config = folder / "config" / "archiver.toml"
    if config.exists() and not config.read_text("utf-8").startswith(_MARK):
        raise UsageError(
            "is a working folder of your own already",
            thing=str(folder),
            todo="Give the demo another one: --dir DIR.",
        )
    config.parent.mkdir(parents=True, exist_ok=True)
    port = server.port
    config.write_text(
        f"{_MARK} The site's names exist on this machine only, while the demo runs.\n"
        '[operator]\nname = "Demo"\ncontact = "http://lantern.example/about"\n\n'
        "[network.connect_to]\n"
        f'"lantern.example" = "127.0.0.1:{port}"\n"www.farwire.example" = "127.0.0.1:{port}"\n',
        encoding="utf-8",
    )
    seed = folder / "seeds" / "ca" / "lantern.toml"
    seed.parent.mkdir(parents=True, exist_ok=True)
    seed.write_text((files("archiver.demo") / "seed.toml").read_text("utf-8"), encoding="utf-8")
    lay_out(folder, seeds=False)


def _crawl(loaded: Loaded, *, recheck: str) -> int:
    from archiver.daemon.dispatch import CrawlOrder, Dispatcher

    order = CrawlOrder(
        folder=loaded.folder,
        arguments={"recheck": recheck},
        # What is wrong with the site is wrong by design: it is shown from the catalogue.
        settings={"LOG_LEVEL": "CRITICAL"},
        environment=loaded.child_environment,
        trigger="demo",
    )
    return next(iter(Dispatcher(order, jobs=1).run(["lantern"]))).exit_code


def _show_run(catalogue: Catalogue, words: str) -> None:
    run = catalogue.last_run("lantern")
    counts: dict[str, int] = run["counts"] if run else {}
    click.echo(f"\n{words}: {run['state'] if run else 'failed'}")
    rows: list[tuple[Any, ...]] = [
        (label, sum(counts.get(name, 0) for name in names)) for label, names in _COUNTS
    ]
    problems = [(n.removeprefix("problems/"), c) for n, c in counts.items() if "problems/" in n]
    rows += [(f"problem: {name}", count) for name, count in sorted(problems)]
    print_table(("", "count"), rows)


def _show_changes(catalogue: Catalogue) -> None:
    changed = catalogue.article_list("lantern", min_revision=2)
    click.echo("\nWhat changed and what disappeared")
    rows = [
        (row.state if row.gone_at else f"revision {row.revision}", row.title or "", row.url)
        for row in [*changed, *catalogue.article_list("lantern", state="missing")]
    ]
    print_table(("state", "title", "address"), rows)


def _show_files(loaded: Loaded) -> None:
    click.echo("\nWARC files")
    paths = sorted(loaded.warc_folder.glob("*.warc.gz"))
    print_table(("file", "bytes"), [(path.name, path.stat().st_size) for path in paths])


def _serve(loaded: Loaded) -> None:
    from archiver.config.seeds import read_seeds
    from archiver.errors import ArchiverError
    from archiver.replay.server import run
    from archiver.store.catalogue import Catalogue
    from archiver.store.warcs import Warcs

    replay = loaded.settings.replay
    with Catalogue.open(loaded.catalogue_url) as catalogue:

        def serve(port: int) -> None:
            run(
                catalogue=catalogue,
                warcs=Warcs.of(loaded, catalogue),
                host=replay.host,
                port=port,
                archived_host=replay.archived_host,
                public_host=replay.public_host,
                player_host=replay.player_host,
                player=loaded.player_folder,
                token=replay.token.get_secret_value() if replay.token else None,
                outlets=cache(lambda: read_seeds(loaded.seeds_folder).outlets),
                announce=lambda url: click.echo(f"Replay: {url}  (stop with Ctrl-C)"),
            )

        try:
            serve(replay.port)
        except ArchiverError:
            serve(0)  # somebody has the port: any free one will do for a demo
