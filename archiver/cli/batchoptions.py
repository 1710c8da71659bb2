"""The options of `extract`, `reindex` and `check` where they work file by file, as a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.moments import moment
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.batch.choosing import Chosen
    from archiver.config.load import Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOptions:
    """The options of a batch as they were given; see `batch_options`."""

    batch: bool
    fleet: bool
    outlets: tuple[str, ...]
    since: str | None
    until: str | None
    jobs: int | None
    anew: bool
    wait: bool

    @property
    def wanted(self) -> bool:
        """Whether it is a batch at all.

        Raises:
            UsageError: options of batches were given, and no batch.
        """
        if self.batch or self.fleet:
            return True
        for name, given in (
            ("--outlet", self.outlets),
            ("--since", self.since),
            ("--until", self.until),
            ("--jobs", self.jobs),
            ("--anew", self.anew),
            ("--wait", self.wait),
        ):
            if given:
                raise UsageError("is for a batch", thing=name, todo="Add --batch or --fleet.")
        return False

    def chosen(self, files: tuple[str, ...] = (), source: str | None = None) -> Chosen:
        """What the options choose.

        Raises:
            UsageError: they do not go together.
        """
        from archiver.batch.choosing import Chosen
        from archiver.model import utcnow

        by_content = bool(self.outlets or self.since or self.until)
        if sum((bool(files), source is not None, by_content)) > 1:
            raise UsageError(
                "FILE, --from, and --outlet with --since and --until exclude each other",
                todo="Choose the files in one of these ways.",
            )
        now = utcnow()
        return Chosen(
            files=tuple(_named(name) for name in files),
            source=source,
            outlets=tuple(name for text in self.outlets for name in text.split(",") if name),
            since=moment(self.since, now) if self.since else None,
            until=moment(self.until, now) if self.until else None,
        )


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of batches to a command, which gets them as one `BatchOptions`."""

    def taken(**given: Any) -> Any:
        own = {name: given.pop(name) for name in BatchOptions.__slots__}
        return command(**given, options=BatchOptions(**own))

    taken.__name__, taken.__doc__ = command.__name__, command.__doc__
    taken.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    wrapped: Callable[..., Any] = taken
    for decorate in reversed(_OPTIONS):
        wrapped = decorate(wrapped)
    return wrapped


_OPTIONS = (
    click.option(
        "--batch",
        is_flag=True,
        help="Work through files one by one and keep account: what is done stays done, and the same"
        " command goes on where it was broken off.",
    ),
    click.option("--fleet", is_flag=True, help="As --batch, by the workers of the fleet."),
    click.option(
        "--outlet",
        "outlets",
        multiple=True,
        metavar="OUTLET[,...]",
        help="In a batch: only files with captures of those.",
    ),
    click.option(
        "--since",
        metavar="TIME",
        help="In a batch: only files with captures of then or later: a duration back from now, or"
        " a date (UTC).",
    ),
    click.option("--until", metavar="TIME", help="In a batch: or of before then; as --since."),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Of --batch: so many files at once; extract.workers or the processor cores unless"
        " given.",
    ),
    click.option(
        "--anew", is_flag=True, help="Begin a batch anew, though one like it is not all done."
    ),
    click.option("--wait", is_flag=True, help="With --fleet: until the batch is done."),
)


def store_url(text: str, loaded: Loaded, option: str) -> str:
    """The URL of a store: as it is, `storage.url` for nothing, or that of a folder.

    Raises:
        UsageError: it is none, or none is configured.
    """
    from pydantic import ValidationError

    from archiver.config.storage import StorageSettings

    if not text and not loaded.settings.storage.url:
        todo = f"Set storage.url, or say {option}=s3://BUCKET/PREFIX."
        raise UsageError("no store is configured", todo=todo)
    if text and "://" not in text:
        text = Path(text).absolute().as_uri()
    try:
        return StorageSettings(url=text or loaded.settings.storage.url).url
    except ValidationError as error:
        said = str(error.errors()[0]["msg"])
        raise UsageError(said, thing=f"{option}={text}") from None


def _named(name: str) -> str:
    """A FILE as a job's place: a path is absolute, since jobs stand elsewhere."""
    path = Path(name)
    return str(path.absolute()) if "://" not in name and path.exists() else name
