"""Where the data stand that come with the archiver: seeds/ and config/."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def packaged(name: str) -> Path:
    """The folder `name` ("seeds" or "config") that came with the archiver.

    In a wheel it lies inside the package, in a checkout beside it.

    Raises:
        FileNotFoundError: where it is in neither place: a broken installation.
    """
    for folder in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}/ did not come with this installation of the archiver")
