"""The demo's outlet in every edition, built once."""

import shutil

import pytest

from archiver.config.seeds import load_seeds
from archiver.demo import outlet
from archiver.demo.site import SEED, Answer, Site
from archiver.model import Outlet


@pytest.fixture(scope="session")
def sites() -> dict[int, Site]:
    return {edition: Site(edition) for edition in outlet.CLOCK}


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Outlet:
    folder = tmp_path_factory.mktemp("seeds")
    shutil.copy(SEED, folder / "lantern.toml")
    return load_seeds(folder)["lantern"]


@pytest.fixture(scope="session")
def pages(sites: dict[int, Site]) -> dict[int, dict[str, Answer]]:
    return {edition: site.pages() for edition, site in sites.items()}
