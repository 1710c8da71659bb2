"""Units, container and cluster files against the code: paths, ports, signals, times to stop."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from archiver.cli.main import COMMANDS
from archiver.config.load import load
from archiver.config.quantities import parse_duration
from archiver.config.settings import Settings
from archiver.daemon.health import make_app
from archiver.errors import ConfigError, LockedError, UsageError

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
UNITS = sorted((CONFIG / "systemd").glob("*.service"))
DAEMON = CONFIG / "systemd" / "news-archiver.service"
SETTINGS = Settings()
STOP = SETTINGS.daemon.stop_within + 10  # and some time for reports and webhooks
COMPOSE = yaml.safe_load((CONFIG / "container" / "compose.yaml").read_text("utf-8"))
STATEFUL = yaml.safe_load((CONFIG / "kubernetes" / "news-archiver.yaml").read_text("utf-8"))
CONTAINERFILE = (CONFIG / "container" / "Containerfile").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
POD = STATEFUL["spec"]["template"]["spec"]
CONTAINERS = {made["name"]: made for made in (*POD["initContainers"], *POD["containers"])}


def service(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(path, "utf-8")
    return parser["Service"]


def test_the_daemons_unit_fits_the_daemon() -> None:
    unit = service(DAEMON)
    assert unit["Type"] == "notify"
    assert unit["KillMode"] == "mixed"  # the daemon ends its crawls itself
    assert float(unit["TimeoutStopSec"]) >= STOP
    assert unit["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert unit["OOMPolicy"] == "continue"
    codes = {error.exit_code for error in (UsageError, ConfigError, LockedError)}
    assert {int(code) for code in unit["RestartPreventExitStatus"].split()} == codes
    assert int(unit["WatchdogSec"].removesuffix("min")) * 60 >= 2 * 30  # a tick at the latest


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_names_what_is_there_and_writes_to_the_archive_alone(path: Path) -> None:
    unit = service(path)
    program, command = unit["ExecStart"].split()
    assert Path(program).name == "archiver"
    assert command in COMMANDS
    folder = unit["WorkingDirectory"]
    assert unit["ReadWritePaths"] == f"{folder}/{SETTINGS.archive.folder}"
    assert unit["ProtectSystem"] == "strict"
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["User"] != "root"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_finds_nothing_amiss_and_little_exposed(tmp_path: Path) -> None:
    made = []
    for path in UNITS:
        text = re.sub(r"/opt/\S+/archiver\b", "/bin/true", path.read_text("utf-8"))
        made.append(tmp_path / path.name)
        made[-1].write_text(re.sub(r"(?m)^User=.*$", "User=daemon", text), "utf-8")
    for command in (["verify"], ["security", "--offline=true", "--threshold=25"]):
        done = subprocess.run(
            ["systemd-analyze", "--no-pager", *command, *made],
            capture_output=True,
            text=True,
            check=False,
        )
        if "Failed to connect to bus" in done.stderr:
            pytest.skip("systemd-analyze does not work here")
        assert done.returncode == 0, done.stdout + done.stderr
        own = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
        assert own == []


def test_the_image_is_what_the_package_asks_for_and_nobodys_root() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python = wanted["requires-python"].removeprefix(">=")
    assert set(re.findall(r"(?m)^FROM (\S+)", CONTAINERFILE)) == {f"python:{python}-slim"}
    assert re.search(r"(?m)^USER 10001", CONTAINERFILE)
    assert re.search(r"(?m)^STOPSIGNAL SIGTERM$", CONTAINERFILE)
    assert re.search(r"(?m)^WORKDIR /data\nVOLUME /data$", CONTAINERFILE)
    ports = {SETTINGS.daemon.port, SETTINGS.replay.port}
    [exposed] = re.findall(r"(?m)^EXPOSE (.*)$", CONTAINERFILE)
    assert {int(port) for port in exposed.split()} == ports


def test_variables_are_settings(tmp_path: Path) -> None:
    """A variable that is no setting is an error of the configuration."""
    env = dict.fromkeys(re.findall(r"(ARCHIVER_\w+)=", CONTAINERFILE), "0.0.0.0")
    assert env
    for made in SERVICES.values():
        env |= {**made["environment"], "ARCHIVER_OPERATOR__CONTACT": "https://example.org/"}
    loaded = load(start=tmp_path, explicit=None, env=env, flags={})
    assert loaded.settings.daemon.host == "0.0.0.0"
    for made in CONTAINERS.values():
        own = {pair["name"]: pair["value"] for pair in made.get("env", ())}
        load(start=tmp_path, explicit=None, env=own, flags={})


def test_compose_runs_daemon_and_replay_on_one_volume() -> None:
    for made in SERVICES.values():
        assert made["command"][0] in COMMANDS
        assert made["volumes"] == ["work:/data"]
        assert made["build"]["dockerfile"] == "config/container/Containerfile"
    daemon, replay = SERVICES["daemon"], SERVICES["replay"]
    assert parse_duration(daemon["stop_grace_period"]) >= STOP
    port = SETTINGS.daemon.port
    assert daemon["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f":{port}/healthz" in daemon["healthcheck"]["test"][-1]
    assert replay["ports"] == [f"127.0.0.1:{SETTINGS.replay.port}:{SETTINGS.replay.port}"]


def test_the_cluster_has_one_pod_that_is_asked_and_stopped_rightly() -> None:
    assert (STATEFUL["kind"], STATEFUL["spec"]["replicas"]) == ("StatefulSet", 1)
    assert POD["terminationGracePeriodSeconds"] >= STOP
    paths = {getattr(route, "path", "") for route in make_app(None).routes}  # type: ignore[arg-type]
    daemon = CONTAINERS["daemon"]
    [port] = daemon["ports"]
    assert port["containerPort"] == SETTINGS.daemon.port
    probes = {name: daemon[name]["httpGet"] for name in daemon if name.endswith("Probe")}
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert {probe["path"] for probe in probes.values()} <= paths
    assert probes["livenessProbe"]["path"] == "/healthz"  # an archive behind is no reason to kill
    assert probes["readinessProbe"]["path"] == "/readyz"
    assert CONTAINERS["replay"]["ports"][0]["containerPort"] == SETTINGS.replay.port
    [claim] = STATEFUL["spec"]["volumeClaimTemplates"]
    for made in CONTAINERS.values():
        assert made["args"][0] in COMMANDS
        assert {"name": claim["metadata"]["name"], "mountPath": "/data"} in made["volumeMounts"]
        assert made["securityContext"]["readOnlyRootFilesystem"] is True
