"""A fleet's compose file and manifests against the code: commands, settings, ports, stopping."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from archiver.cli.main import COMMANDS, cli
from archiver.config.load import load
from archiver.config.quantities import parse_duration
from archiver.config.settings import Settings

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
SETTINGS = Settings()
STOP = 2 * SETTINGS.daemon.stop_within + 10  # crawls end, and then their files are shipped
PLACE = CONFIG / "container" / "fleet.yaml"
COMPOSE = yaml.safe_load(PLACE.read_text("utf-8"))
OURS: dict[str, dict[str, Any]] = {
    name: made for name, made in COMPOSE["services"].items() if name != "postgres"
}
ITEMS = yaml.safe_load((CONFIG / "kubernetes" / "fleet.yaml").read_text("utf-8"))["items"]
SETS = {made["metadata"]["name"]: made for made in ITEMS if "template" in made.get("spec", {})}
SECRETS = {"ARCHIVER_ARCHIVE__CATALOGUE_PASSWORD": "x" * 9, "ARCHIVER_REPLAY__TOKEN": "x" * 16}


def understood(arguments: list[str]) -> bool:
    """Whether the command line knows a command and its options."""
    name, *rest = arguments
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    known = {option for made in command.params for option in (*made.opts, *made.secondary_opts)}
    return all(part in known for part in rest if part.startswith("-"))


def test_the_compose_files_commands_and_settings_are_there(tmp_path: Path) -> None:
    for name, made in OURS.items():
        assert understood(made["command"]), name
        env = {
            key: re.sub(r"\$\{.*\}", SECRETS.get(key, "s3://bucket/x"), value)
            for key, value in made["environment"].items()
            if key.startswith("ARCHIVER_") and "ENDPOINT" not in key
        }
        env["ARCHIVER_OPERATOR__CONTACT"] = "https://example.org/"
        loaded = load(start=tmp_path, explicit=None, env=env, flags={})
        assert loaded.catalogue_url.startswith("postgresql://archiver:")
        assert parse_duration(made["stop_grace_period"]) >= STOP
        assert made["depends_on"]["postgres"] == {"condition": "service_healthy"}
        assert 'exec archiver "$$@"' in made["entrypoint"][2]
    port = SETTINGS.daemon.port
    for name in ("worker", "daemon"):
        assert f":{port}/healthz" in OURS[name]["healthcheck"]["test"][-1]
    assert OURS["replay"]["ports"] == [f"127.0.0.1:{SETTINGS.replay.port}:{SETTINGS.replay.port}"]
    named = set(re.findall(r"\$\{(\w+)", PLACE.read_text("utf-8")))
    said = PLACE.read_text("utf-8").partition("name:")[0]
    assert {name for name in named if name not in said} == {"ARCHIVER_STORAGE__ENDPOINT"}


def test_workers_keep_what_no_store_has_yet() -> None:
    """A volume of each one's own: one that many share would be one machine's folder."""
    assert "work" not in COMPOSE["volumes"]
    for made in OURS.values():
        assert made["volumes"] == ["seeds:/data/seeds"]
    worker = SETS["news-archiver-worker"]
    assert worker["kind"] == "StatefulSet"
    [claim] = worker["spec"]["volumeClaimTemplates"]
    [main] = worker["spec"]["template"]["spec"]["containers"]
    assert {"name": claim["metadata"]["name"], "mountPath": "/data"} in main["volumeMounts"]


def test_the_manifests_commands_settings_and_ports_are_there(tmp_path: Path) -> None:
    [settings] = [made["data"] for made in ITEMS if made["kind"] == "ConfigMap"]
    loaded = load(start=tmp_path, explicit=None, env={**settings, **SECRETS}, flags={})
    services = {made["metadata"]["name"] for made in ITEMS if made["kind"] == "Service"}
    assert loaded.catalogue_url.split("@")[1].partition("/")[0] in services
    for name in ("worker", "daemon", "replay"):
        pod = SETS[f"news-archiver-{name}"]["spec"]["template"]["spec"]
        [main] = pod["containers"]
        assert understood(main["args"])
        assert [made["args"][0] for made in pod["initContainers"]] == ["init"]
        assert main["securityContext"]["readOnlyRootFilesystem"] is True
        mounted = {one["name"] for one in main["volumeMounts"]}
        claims = SETS[f"news-archiver-{name}"]["spec"].get("volumeClaimTemplates", ())
        made = {one["name"] for one in pod["volumes"]}
        assert mounted <= made | {one["metadata"]["name"] for one in claims}
        [port] = main["ports"]
        assert (
            port["containerPort"]
            == getattr(SETTINGS, "replay" if name == "replay" else "daemon").port
        )
        if name != "replay":
            assert pod["terminationGracePeriodSeconds"] >= STOP
            assert main["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    for made in SETS.values():
        labels = made["spec"]["template"]["metadata"]["labels"]
        assert made["spec"]["selector"]["matchLabels"] == labels
    assert "worker" in COMMANDS


@pytest.mark.skipif(not shutil.which("kubernetes-validate"), reason="no kubernetes-validate here")
def test_the_cluster_would_take_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all(ITEMS), "utf-8")
    done = subprocess.run(
        ["kubernetes-validate", "--strict", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
