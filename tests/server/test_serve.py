"""The command as a process: it starts, says where it is, stops when asked, and fails in one sentence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path

import aiohttp
import msgspec
import pytest

from lab.joiner import SWARM, Joiner
from lab.ports import free_port
from lab.server_process import STOP_LIMIT_SEC, ServerProcess
from tests.server.conftest import FRAME_LIMIT_SEC, USER_IDS
from unisono.protocol import CloseCode

StartServer = Callable[..., ServerProcess]


def serve_and_fail(*arguments: str) -> str:
    """Runs `unisono serve`, which must refuse to start, and returns its one sentence."""
    run = subprocess.run(
        [sys.executable, "-m", "unisono", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=STOP_LIMIT_SEC,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    [sentence] = run.stderr.splitlines()
    return sentence


def test_the_server_says_where_it_is(server: ServerProcess) -> None:
    log = server.log_text()
    assert f"On this device:      {server.url}/" in log
    assert re.search(rf"INFO listening port={server.port} scheme=http version=", log)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_without_peers_stops_at_once_and_cleanly(server: ServerProcess, how: signal.Signals) -> None:
    assert server.stop(how) == 0
    assert "INFO stopped" in server.log_text()
    assert "Traceback" not in server.log_text()


def test_a_server_comes_back_on_the_same_port(server: ServerProcess) -> None:
    port = server.port
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server.restart()
    assert server.port == port
    assert server.log_text().count("INFO listening") == 2


async def test_peers_of_a_stopping_server_are_told_and_it_ends_cleanly(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.control_url) as ada:
        await ada.send_json(Joiner("ada").join((await ada.receive()).data))
        await ada.receive()
        os.kill(server.pid, signal.SIGTERM)
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            assert msgspec.json.decode((await ada.receive()).data)["type"] == "goaway"
            await ada.receive()
        assert ada.close_code == CloseCode.RESTART
    assert await asyncio.to_thread(server.wait) == 0


async def test_a_peer_that_never_answers_does_not_keep_the_server_alive(server: ServerProcess) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        f"GET /v1/control HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    assert await asyncio.to_thread(server.stop) == 0
    writer.close()
    await writer.wait_closed()


async def test_a_session_leaves_no_key_no_id_and_no_address_in_the_log(start_server: StartServer) -> None:
    """Not even when peers misbehave in all the ways there are log lines for."""
    server = start_server(extra_args=["--trusted-proxy", "127.0.0.0/8"])
    headers = {"X-Forwarded-For": "203.0.113.77", "Sec-WebSocket-Protocol": "surprise"}
    async with aiohttp.ClientSession() as http:
        for changed in ({}, {"body": "garbage"}, {"v": 1}, {"sessionProof": "A" * 86}):
            async with http.ws_connect(server.control_url, headers=headers) as ada:
                await ada.send_json(Joiner("ada").join((await ada.receive()).data, **changed))
                await ada.receive()
                await ada.send_str("more garbage " + SWARM)
                while not ada.closed:
                    await ada.receive()
        async with http.get(f"{server.url}/{SWARM}"):
            pass
    server.stop()
    log = server.log_text().partition("INFO listening")[2].partition("\n")[2]
    assert "session-ended code=4400" in log
    joiner = Joiner("ada")
    keys = (joiner.session_key, joiner.admission_key, joiner.announcement)
    for secret in (SWARM, USER_IDS["ada"], *keys, "203.0.113.77", "127.0.0.1", "garbage", "surprise"):
        assert secret not in log.replace(server.url, "")


def test_metrics_have_their_own_address(start_server: StartServer) -> None:
    metrics_port = free_port()
    server = start_server(extra_args=["--metrics", f"127.0.0.1:{metrics_port}"])
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        assert b"unisono_connections 0" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/metrics")


def test_with_a_certificate_the_server_speaks_https_and_wss(
    start_server: StartServer, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    server = start_server(extra_args=["--tls-cert", str(cert), "--tls-key", str(key)])
    trust = ssl.create_default_context(cafile=cert)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for path, headers, status in (("/healthz", {}, 200), ("/v1/control?s=0000", upgrade, 101)):
        connection = HTTPSConnection(server.host, server.port, context=trust, timeout=FRAME_LIMIT_SEC)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            assert connection.getresponse().status == status


def test_by_default_every_interface_of_both_families_is_served(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "server.log", host="::" if socket.has_dualstack_ipv6() else "0.0.0.0")
    try:
        assert server.is_running
    finally:
        server.stop()


# --- failures -----------------------------------------------------------------------------------------------


def test_a_port_in_use_is_named(server: ServerProcess) -> None:
    sentence = serve_and_fail("--host", server.host, "--port", str(server.port))
    assert sentence.startswith(f"unisono: Port {server.port} is in use by another program")


def test_a_port_in_use_is_noticed_when_listening_everywhere(server: ServerProcess) -> None:
    assert f"Port {server.port} is in use" in serve_and_fail("--port", str(server.port))


def test_a_host_that_is_not_this_machine_is_named() -> None:
    assert "198.51.100.1" in serve_and_fail("--host", "198.51.100.1", "--port", "0")


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "cert.pem")
    sentence = serve_and_fail("--port", "0", "--tls-cert", missing, "--tls-key", missing)
    assert sentence == f"unisono: The TLS file {missing} does not exist."


def test_a_bad_certificate_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("not a certificate", encoding="utf-8")
    sentence = serve_and_fail("--port", "0", "--tls-cert", str(bad), "--tls-key", str(certificate[1]))
    assert "not a PEM certificate and its unencrypted key" in sentence


def test_a_key_of_another_certificate_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    subprocess.run(
        [
            "openssl",
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-out",
            str(other),
        ],
        check=True,
        capture_output=True,
    )
    sentence = serve_and_fail("--port", "0", "--tls-cert", str(certificate[0]), "--tls-key", str(other))
    assert sentence == f"unisono: The key {other} does not belong to the certificate {certificate[0]}."


def test_an_unknown_flag_is_named() -> None:
    assert serve_and_fail("--colour", "red") == (
        "unisono: Unrecognized arguments: --colour red (see `unisono --help`)."
    )
