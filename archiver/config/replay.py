"""Settings of the replay server."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from archiver.config.addresses import Host, check_host
from archiver.config.section import Section

HostOrNone = Annotated[str, AfterValidator(lambda host: check_host(host) if host else "")]
_LEAST = 16  # characters of a token; fewer can be guessed


def _long_enough(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < _LEAST or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"must have {_LEAST} characters or more: letters, digits and signs")
    return secret


class ReplaySettings(Section):
    """The replay server."""

    host: Host = Field(
        default="127.0.0.1",
        description="Address that it listens on. Beyond loopback it asks for a token.",
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0: any free one.")
    public_host: HostOrNone = Field(
        default="",
        description="Host name or address by which others reach the interface. Empty: `host`."
        " It answers to no name but this one, 127.0.0.1 and localhost.",
    )
    archived_host: Host = Field(
        default="replay.localhost",
        description="Host name under which archived pages are shown. It must not be the one of"
        " the interface: archived scripts are hostile.",
    )
    player_host: Host = Field(
        default="player.replay.localhost",
        description="Host name under which archived pages run with their scripts, where a player is"
        " installed; best one below archived_host.",
    )
    token: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        description="What everybody has to know who reads the archive by HTTP. Unset: nothing on"
        " loopback, and beyond it one that is made at each start and printed.",
        json_schema_extra={"secret": True},
    )
