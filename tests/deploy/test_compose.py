"""docker-compose.yml: valid, complete, and without a secret that works by default."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.deploy.composefile import COMPOSE, OURS, ROOT, SERVICES, compose, required, services
from vodtender.supervision import STOP_SECONDS

FOR_USERS = {"8080:8080"}
GUIDE_PORTS = {"vod-api": 8080, "prometheus": 9090, "grafana": 3000, "jaeger": 16686, "alertmanager": 9093}


def test_it_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_specification_finds_a_planted_error(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("stop_grace_period", "stop_grace"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 1


def test_the_services_are_there_and_on_one_network() -> None:
    assert set(services()) == {*SERVICES, "migrate"}
    for service in services().values():
        assert service["networks"] == ["web"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_watched_and_started_again(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["logging"]["options"]["max-size"]


def test_ports_are_those_of_the_guide_and_only_the_web_is_open_to_others() -> None:
    for name, port in GUIDE_PORTS.items():
        assert any(mapped.endswith(f"{port}:{port}") for mapped in services()[name]["ports"]), name
    published = [port for service in services().values() for port in service.get("ports", ())]
    assert {port for port in published if not port.startswith("127.0.0.1:")} == FOR_USERS


def test_what_is_published_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "OBSERVABILITY.md").read_text(encoding="utf-8")
    for port in GUIDE_PORTS.values():
        assert f"http://localhost:{port}" in guide


def test_no_secret_has_a_default() -> None:
    secrets = {"SECRET_KEY", "ENCRYPTION_KEY", "METRICS_TOKEN", "POSTGRES_PASSWORD", "GRAFANA_ADMIN_PASSWORD"}
    assert required() == secrets
    text = COMPOSE.read_text()
    assert not re.findall(r"\$\{[A-Z_]+:?-", text)
    for line in text.splitlines():
        name, _, value = line.strip().partition(": ")
        if re.search(r"PASSWORD|SECRET|TOKEN|KEY", name) and not line.strip().startswith("#"):
            assert value in {"", '""'} or value.startswith("${"), line


@pytest.mark.parametrize("name", OURS)
def test_our_commands_exist(name: str) -> None:
    python, script, command = services()[name]["command"]
    assert (python, script) == ("python", "manage.py")
    assert command in get_commands()


@pytest.mark.parametrize("name", OURS)
def test_ours_take_nothing_of_the_hosts_paths_and_trust_nobody(name: str) -> None:
    service = services()[name]
    assert service["env_file"] == ".env"
    inside = service["environment"]
    assert inside["DATA_DIR"] == "/data"
    assert inside["HTTP_ADDR"] == "0.0.0.0:8080"
    assert inside["MEDIA_DIR"] == inside["FFMPEG_PATH"] == ""
    assert {given for given in inside if given.endswith("_FILE")} == {
        "SECRET_KEY_FILE",
        "ENCRYPTION_KEY_FILE",
        "METRICS_TOKEN_FILE",
        "DATABASE_URL_FILE",
    }
    assert inside["POSTGRES_PASSWORD"] == inside["GRAFANA_ADMIN_PASSWORD"] == ""
    assert inside["OTEL_EXPORTER_OTLP_ENDPOINT"] == "jaeger:4317"
    assert inside["LOG_FORMAT"] == "json"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "hostname" not in service  # owners of leases are told apart by it


def test_the_database_is_prepared_before_the_parts_start() -> None:
    assert services()["migrate"]["command"][-1] == "prepare"
    assert services()["migrate"]["restart"] == "no"
    assert services()["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("vod-api", "worker", "recorder"):
        assert services()[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_worker_has_time_to_give_its_vods_back() -> None:
    seconds = int(services()["worker"]["stop_grace_period"].removesuffix("s"))
    assert seconds > 30 > STOP_SECONDS


def test_prometheus_gets_the_token() -> None:
    assert compose()["secrets"] == {"metrics_token": {"environment": "METRICS_TOKEN"}}
    assert services()["prometheus"]["secrets"] == ["metrics_token"]
    text = (ROOT / "prometheus" / "prometheus.compose.yml").read_text()
    assert "credentials_file: /run/secrets/metrics_token" in text


def test_what_is_mounted_is_there() -> None:
    volumes = compose()["volumes"]
    for name, service in services().items():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert volume.endswith(":ro")
            else:
                assert source in volumes, f"{name}: {source}"


def test_images_have_a_version() -> None:
    images = {service["image"] for name, service in services().items() if name not in OURS}
    assert all(re.fullmatch(r"[a-z/]+:v?\d[\w.-]*", image) for image in images), images
