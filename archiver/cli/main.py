"""The `archiver` command: global options, commands by name, errors to exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from archiver import __version__
from archiver.cli.context import GlobalOptions, settings_of_flags
from archiver.config.suggest import did_you_mean
from archiver.cycles import look_less_for_cycles
from archiver.errors import ArchiverError

INTERRUPTED = 130

# Each stands in archiver/cli/<name>.py as `command`, and is imported only when it is run; its
# line here is that of its own help.
COMMANDS = {
    "demo": "Crawl a bundled news site twice, show what was found, and serve replay.",
    "init": "Lay out a working folder: configuration, seeds, scrapy.cfg and archive.",
    "add": "Find the sources of an outlet, and write its seed file.",
    "outlets": "List the outlets in seeds/.",
    "crawl": "Crawl outlets once: poll their sources, fetch what is new, extract it.",
    "daemon": "Follow the timetable: crawl what is due, look after the archive, until stopped.",
    "worker": "Do the work of a fleet of machines on this one, until stopped: any number, any"
    " machine.",
    "run-now": "Have the running daemon crawl outlets now, among its other crawls.",
    "status": "Show outlets, runs, captures, articles, problems by reason, timetable and fleet.",
    "show": "Show the versions of the article at URL, and the newest one's text.",
    "diff": "Show what changed in the article at URL: words that [-went-] and {+came+}.",
    "changes": "List what changed in articles, and which were removed; newest first.",
    "duplicates": "List articles of several outlets that have nearly the same text.",
    "extract": "Extract articles of HTML files (gzipped ones too) and WARCs, as JSON lines.",
    "export": "Give articles or captures to others: tables, WARC files that stand alone, a WACZ.",
    "import": "Take WARC files of other archivers in: copy them, index them, extract articles.",
    "ship": "Bring closed WARC files to the store, each with its index and SHA-256.",
    "check": "Check WARC files: every record whole, digests true, requests paired.",
    "repair": "Finish files that a crash left open, and mend indexes and catalogue.",
    "reindex": "Read all WARC files, and add what the catalogue lacks of them.",
    "batches": "List batches of `extract`, `reindex` and `check`; of one, each file that is amiss.",
    "redact": "Hide pages from replay, lists, extraction and indexes, at once; a tombstone stays.",
    "backup": "Back the catalogue up: a checked snapshot, packed, to the store.",
    "catalogue": "Copy the catalogue from one database to another, and compare the two.",
    "restore": "Bring the catalogue back from a backup.",
    "rewrite": "Take what is redacted out of WARC files: each is replaced by a new one.",
    "retention": "Remove WARC files of which every capture may go by the rules of [retention].",
    "replay": "Show archived pages in a browser, until interrupted.",
    "player": "Install or remove the player, with which replay shows pages as they ran.",
    "doctor": "Check an installation, and try what its store can do.",
    "config": "Show the settings and where each comes from; print JSON Schemas.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules beside this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"archiver.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with near names for one that is unknown."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = did_you_mean(name, COMMANDS)
            raise click.UsageError(f"No such command {name!r}.{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `archiver --help`, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Configuration file; otherwise ARCHIVER_CONFIG, or config/archiver.toml in this folder"
    " or one above it.",
)
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A setting, such as crawl.delay=2s."
)
@click.option("-v", "--verbose", count=True, help="Log everything.")
@click.option("-q", "--quiet", count=True, help="Log warnings and errors only.")
@click.version_option(__version__, prog_name="archiver")
@click.pass_context
def cli(
    context: click.Context,
    config_file: Path | None,
    pairs: tuple[str, ...],
    verbose: int,
    quiet: int,
) -> None:
    """Keep a news archive of your own: crawl outlets into WARC, extract, replay.

    Exit codes: 0 done, 1 failed, 2 usage, 3 done in part, 4 configuration, 5 disk full,
    10 no archive there, 11 locked, 130 interrupted.
    """
    settings = settings_of_flags(pairs, verbose=verbose, quiet=quiet)
    context.obj = GlobalOptions(config=config_file, settings=settings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own) and return its exit code.

    A command may return an exit code; None means 0.
    """
    look_less_for_cycles()
    try:
        code = cli.main(arguments, prog_name="archiver", standalone_mode=False)
    except ArchiverError as error:
        click.echo(f"archiver: {error}", err=True)
        return error.exit_code
    except click.Abort:  # also what click makes of KeyboardInterrupt
        click.echo("archiver: interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
