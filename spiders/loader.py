"""A Scrapy spider loader over the seeds: one spider an outlet, made when asked for."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any, TypeVar

from scrapy import Request, Spider
from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

from archiver.config.load import with_password
from archiver.config.seeds import load_seeds
from archiver.config.suggest import did_you_mean
from archiver.errors import ConfigError
from archiver.model import Outlet
from archiver.urls import host_of
from spiders.exits import ending_on_config_errors
from spiders.outlet import OutletSpider

_S = TypeVar("_S", bound=Spider)


class OutletLoader(SpiderLoader):
    """Names every enabled outlet to `scrapy list`, and makes the spider of one.

    An outlet that needs code has it in `spiders/<id, with _ for ->.py`: a subclass of
    `OutletSpider` named `Spider`.
    """

    def __init__(self, settings: BaseSettings) -> None:
        # Scrapy's own loader is a base for its interface alone: it would import spider modules.
        seeds = Path(settings["ARCHIVER_SEEDS"])
        with ending_on_config_errors():
            self._outlets = load_seeds(seeds)

    def load(self, spider_name: str) -> type[Spider]:
        """The spider class of an outlet.

        Raises:
            KeyError: there is no such outlet; the message names near ones.
        """
        outlet = self._outlets.get(spider_name)
        if outlet is None:
            hint = did_you_mean(spider_name, self._outlets)
            raise KeyError(f"there is no outlet {spider_name!r}.{hint}")
        with ending_on_config_errors():
            return spider_class(outlet)

    def list(self) -> builtins.list[str]:
        """The ids of all outlets that are enabled, sorted."""
        return sorted(name for name, outlet in self._outlets.items() if outlet.enabled)

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """The outlets on whose hosts a request's URL lies."""
        host = host_of(request.url)
        return sorted(
            name
            for name, outlet in self._outlets.items()
            if host == host_of(outlet.homepage) or host in outlet.hosts
        )


def spider_class(outlet: Outlet) -> type[OutletSpider]:
    """The spider of one outlet, with the settings that its seed overrides.

    Raises:
        ConfigError: the variable that holds the password of its proxy is not there.
    """
    module = f"spiders.{outlet.id.replace('-', '_')}"
    base: type[OutletSpider] = OutletSpider
    if importlib.util.find_spec(module) is not None:
        base = getattr(importlib.import_module(module), "Spider", OutletSpider)
    return made_for(outlet, base)


def made_for(outlet: Outlet, base: type[_S], **attributes: object) -> type[_S]:
    """A spider class for one outlet, with the settings that its seed overrides.

    Raises:
        ConfigError: as `spider_class`.
    """
    overrides: dict[str, Any] = {
        "DOWNLOAD_DELAY": outlet.delay,
        "AUTOTHROTTLE_START_DELAY": outlet.delay,
        "AUTOTHROTTLE_ENABLED": None if outlet.delay is None else outlet.delay > 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": outlet.concurrency,
        "ARCHIVER_PROXY": _proxy_url(outlet),
        "ARCHIVER_VERIFY_TLS": None if outlet.verify_tls else False,
        "ARCHIVER_OUTLET_PORTS": outlet.ports or None,
        "ARCHIVER_OUTLET_ADDRESSES": list(outlet.addresses) or None,
        "ARCHIVER_RENDER": outlet.render or None,
    }
    return type(
        "Outlet_" + outlet.id.replace("-", "_"),
        (base,),
        {
            "name": outlet.id,
            "outlet": outlet,
            "custom_settings": {k: v for k, v in overrides.items() if v is not None},
            "__module__": base.__module__,
            **attributes,
        },
    )


def _proxy_url(outlet: Outlet) -> str | None:
    """URL of the outlet's proxy with its password (do not print); None: the installation's."""
    variable = outlet.proxy_password_variable
    if outlet.proxy is None or variable is None:
        return outlet.proxy
    password = os.environ.get(variable)
    if password is None:
        raise ConfigError([f"{outlet.id}: fetch.proxy_password_variable: no {variable} is set"])
    return with_password(outlet.proxy, password)
