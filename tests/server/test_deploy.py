"""What lies in deploy/ holds on to names of the server: its metrics, its options, its addresses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest

from lab.joiner import Joiner
from lab.ports import free_port
from lab.server_process import ServerProcess
from unisono.cli import OPTIONS
from unisono.metrics import Metrics, Present, Workers
from unisono.protocol import CloseCode

DEPLOY = Path(__file__).parents[2] / "deploy"
SUFFIXES = re.compile(r"_(bucket|sum|count)$")


def named_metrics(text: str) -> set[str]:
    """The metrics of ours in some PromQL; a histogram is named by its family."""
    return {SUFFIXES.sub("", name) for name in re.findall(r"\b(?:unisono|process)_[a-z_]+", text)}


async def test_every_metric_of_the_dashboard_and_of_the_alerts_exists(
    start_server: Callable[..., ServerProcess],
) -> None:
    metrics_port = free_port()
    server = start_server(extra_args=["--metrics", f"127.0.0.1:{metrics_port}", "--stun-port", "0"])
    async with aiohttp.ClientSession() as http, http.ws_connect(server.control_url) as ada:
        await ada.send_json(Joiner("ada").join((await ada.receive()).data))
        await ada.receive()
        await ada.send_json({"type": "ping", "id": 1, "t0": 0})
        await ada.receive()
        async with http.get(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
            text = await answer.text()
    offered = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))

    panels = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    alerts = re.findall(r"expr: (?:>-\n)?((?: {8,}.*\n| *\S.*\n)+?) *(?:for|labels):", read("alerts.yml"))
    for query in (*queries, *alerts):
        assert named_metrics(query) <= offered, query
        assert named_metrics(query) or "up{" in query, query
    assert len(alerts) == read("alerts.yml").count("- alert:")
    assert offered - named_metrics("\n".join(queries)) == {"unisono_members"}, "the dashboard shows the rest"
    assert re.search(r'^unisono_clock_service_seconds_bucket\{le="\+Inf"\} 1$', text, re.MULTILINE)
    for secret in (Joiner("ada").user_id, "5" * 32, "127.0.0.1"):
        assert secret not in text


def test_alerts_name_reasons_that_exist() -> None:
    reasons = {code.name.lower() for code in CloseCode} | {"lost", "closed"}
    for expression in re.findall(r'reason=~?"([^"]+)"', read("alerts.yml")):
        for pattern in expression.split("|"):
            assert any(re.fullmatch(pattern, reason) for reason in reasons), pattern


@pytest.mark.parametrize(
    "name", ["haproxy.cfg", "unisono.service", "Dockerfile", "Caddyfile", "nginx.conf", "kubernetes.yaml"]
)
def test_every_option_they_name_exists(name: str) -> None:
    options = {f"UNISONO_{option.replace('-', '_').upper()}" for option, _, _ in OPTIONS}
    flags = {f"--{option}" for option, _, _ in OPTIONS}
    text = read(name)
    assert set(re.findall(r"\bUNISONO_[A-Z]+[A-Z_]*", text)) <= options
    ours = re.findall(r"`(--[a-z-]+)|(?<=with `)(--[a-z-]+)", text)
    assert {flag for pair in ours for flag in pair if flag} <= flags


def test_the_operator_guide_names_options_metrics_and_files_that_exist() -> None:
    text = (DEPLOY.parent / "docs/operations.md").read_text(encoding="utf-8")
    flags = {f"--{option}" for option, _, _ in OPTIONS}
    # A bench has options of its own; every other command is of the server or of one of these tools.
    spans = [span for span in re.findall(r"`([^`]*)`", text) if not span.startswith("python -m bench")]
    named = {flag for span in spans for flag in re.findall(r"(?<!\S)(--[a-z-]+)", span)}
    others = {"--read-only", "--cap-drop", "--stop-timeout", "--now", "--real-time"}
    assert named - flags <= others
    for module in re.findall(r"`python -m (bench[.\w]*)", text):
        assert find_spec(module), module
    variables = {flag.removeprefix("--").replace("-", "_").upper() for flag in flags}
    assert set(re.findall(r"UNISONO_([A-Z]+[A-Z_]*)", text)) <= variables
    present = Present(swarm_sizes={}, workers=Workers(connections={}, restarts={}))
    offered = named_metrics(Metrics().render(present, "1"))
    assert {name for name in named_metrics(text) if not name.endswith("_")} <= offered
    for name in re.findall(r"deploy/([A-Za-z.]+)", text):
        assert (DEPLOY / name).exists(), name
    for alert in re.findall(r"- alert: (\w+)", read("alerts.yml")):
        assert f"`{alert}`" in text, "each alert has an answer"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "unisono.service"
    unit.write_text(read("unisono.service").replace("/opt/unisono/bin/unisono", sys.executable), "utf-8")
    run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")
