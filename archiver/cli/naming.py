"""What names of WARC files on the command line mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archiver.errors import NoArchiveError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.store.copies import Copy


def named_file(name: str, loaded: Loaded) -> Path | Copy:
    """The path, or the copy in a store, that a name means.

    It may be a path, a URL (`s3://BUCKET/KEY`, `file:///PATH`), or the name of one of the
    archive's WARC files. A path that is none, where it means nothing.
    """
    path, url = Path(name), urlsplit(name)
    if url.scheme == "file" and not url.netloc:
        return Path(unquote(url.path))
    if path.exists() or url.scheme not in ("", "s3"):
        return path
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a while
    from archiver.store.copies import Copy
    from archiver.store.warcs import Stores, Warcs

    stores = Stores.of(loaded)
    if url.scheme == "s3":
        return Copy(url=name, stores=stores)
    if path.name != name:
        return path
    try:
        with Catalogue.open(loaded.catalogue_url) as catalogue:
            if Warcs.of(loaded, catalogue).is_here(name):
                return loaded.warc_folder / name
            known = catalogue.file(name)
    except NoArchiveError:
        return path
    return Copy(url=known.copy_url, stores=stores) if known and known.copy_url else path
