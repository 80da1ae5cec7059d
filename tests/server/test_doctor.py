"""`unisono doctor`, before real servers, real proxies that break things, and a real TURN server."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from lab.ports import free_port, wait_for_port
from lab.server_process import ServerProcess
from tests.server.conftest import FRAME_LIMIT_SEC
from unisono.doctor import Finding, examine, look_at_address, parse_target
from unisono.ice_probe import Address, ask, parse_url
from unisono.lan import LanAddress
from unisono.protocol import IceServer

StartServer = Callable[..., ServerProcess]
NOT_PASSED_ON = {"connection", "upgrade", "transfer-encoding", "content-length", "content-encoding", "host"}


async def findings(url: str) -> list[Finding]:
    return [finding async for finding in examine(url)]


async def troubles(url: str) -> list[str]:
    """What it says is wrong, without what only is not there (TURN)."""
    return [finding.what for finding in await findings(url) if finding.verdict == "fail"]


@dataclass
class BadProxy:
    """A reverse proxy as people set one up in a hurry."""

    upstreams: list[str]
    strips: tuple[str, ...] = ()
    adds: tuple[tuple[str, str], ...] = ()
    passes_host: bool = True
    passes_upgrade: bool = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        turns = itertools.cycle(self.upstreams)

        async def pass_on(request: web.Request) -> web.StreamResponse:
            upstream = next(turns)
            headers = {"Host": request.headers["Host"]} if self.passes_host else {}
            if "Origin" in request.headers:
                headers["Origin"] = request.headers["Origin"]
            if request.headers.get("Upgrade") == "websocket" and self.passes_upgrade:
                return await self._bridge(http, request, f"{upstream}{request.path_qs}", headers)
            async with http.get(f"{upstream}{request.path_qs}", headers=headers) as answer:
                response = web.Response(status=answer.status, body=await answer.read())
                for name, value in answer.headers.items():
                    if name.lower() not in NOT_PASSED_ON and name not in self.strips:
                        response.headers[name] = value
                response.headers.extend(self.adds)
                return response

        app = web.Application()
        app.router.add_get("/{path:.*}", pass_on)
        async with aiohttp.ClientSession() as http, TestServer(app) as server:
            yield f"http://{server.host}:{server.port}"

    async def _bridge(
        self, http: aiohttp.ClientSession, request: web.Request, upstream: str, headers: dict[str, str]
    ) -> web.StreamResponse:
        try:
            behind = await http.ws_connect(upstream, headers=headers)
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        before: web.WebSocketResponse[bool] = web.WebSocketResponse()
        await before.prepare(request)

        async def down() -> None:
            async for frame in behind:
                if frame.type is WSMsgType.TEXT:
                    await before.send_str(frame.data)

        pump = asyncio.create_task(down())
        async for frame in before:
            await behind.send_str(frame.data)
        await behind.close()
        await pump
        return before


@pytest.fixture
def plain(start_server: StartServer) -> ServerProcess:
    return start_server(extra_args=["--stun-port", str(free_port())])


def doctor(url: str, **environment: str) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "unisono", "doctor", url],
        capture_output=True,
        text=True,
        check=False,
        env=environment or None,
    )
    assert run.stderr == ""
    return run.returncode, run.stdout


def test_a_healthy_server_gets_a_good_word(plain: ServerProcess) -> None:
    code, said = doctor(plain.url)
    assert code == 0, said
    for words in (
        "is ready",
        "COOP and COEP",
        "lets a member in",
        "one server",
        "tells devices their address",
    ):
        assert words in said
    assert "warn  There is no TURN server." in said
    assert said.endswith("It works.\n")
    assert "Traceback" not in plain.log_text()


async def test_it_leaves_nothing_behind(start_server: StartServer) -> None:
    metrics_port = free_port()
    server = start_server(extra_args=["--stun-port", "0", "--metrics", f"127.0.0.1:{metrics_port}"])
    assert await troubles(server.url) == []
    async with aiohttp.ClientSession() as http, asyncio.timeout(FRAME_LIMIT_SEC):
        while True:
            async with http.get(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
                lines = (await answer.text()).splitlines()
            if "unisono_members 0" in lines and "unisono_connections 0" in lines:
                break


# --- the way there ------------------------------------------------------------------------------------------


async def test_a_closed_port_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        [trouble] = await findings(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert "Nobody answers on TCP port" in trouble.what
    assert "firewall" in trouble.advice


async def test_https_to_a_server_without_a_certificate_is_named(plain: ServerProcess) -> None:
    [trouble] = await findings(plain.url.replace("http", "https"))
    assert "does not speak TLS" in trouble.what


async def test_a_certificate_nobody_trusts_is_named_and_a_trusted_one_is_not(
    start_server: StartServer, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    server = start_server(extra_args=["--tls-cert", str(cert), "--tls-key", str(key), "--stun-port", "0"])
    assert "is not trusted" in (await troubles(server.url))[0]
    code, said = await asyncio.to_thread(doctor, server.url, SSL_CERT_FILE=str(cert))
    assert (code, "The certificate ends in" in said) == (0, True), said


WLAN = LanAddress("192.168.7.2", "wlan0", "network")
ETHERNET = LanAddress("10.1.2.3", "eth0", "network")
VPN = LanAddress("10.8.0.2", "tun0", "tunnel")


@pytest.mark.parametrize(
    ("host", "addresses", "expected"),
    [
        ("192.168.7.2", [WLAN, VPN], []),
        ("party.example", [WLAN, VPN], []),
        ("192.168.7.9", [WLAN, VPN], []),
        ("10.8.0.2", [WLAN, VPN], ["warn", "tun0", "http://192.168.7.2:8000 (wlan0)"]),
        ("10.8.0.2", [VPN], ["warn", "tun0", "join the Wi-Fi"]),
        ("10.1.2.3", [WLAN, ETHERNET], ["ok", "2 networks", "192.168.7.2 (wlan0)"]),
    ],
)
def test_an_address_that_phones_cannot_use_is_named(
    host: str, addresses: list[LanAddress], expected: list[str]
) -> None:
    found = look_at_address(parse_target(f"http://{host}:8000"), addresses)
    said = " ".join(f"{finding.verdict} {finding.what} {finding.advice}" for finding in found)
    assert len(found) == bool(expected)
    for part in expected:
        assert part in said


async def test_another_program_on_the_port_is_named() -> None:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/{path:.*}", hello)
    async with TestServer(app) as other:
        assert "is not Unisono" in (await troubles(f"http://{other.host}:{other.port}"))[0]


# --- proxies ------------------------------------------------------------------------------------------------


async def test_a_proxy_that_passes_everything_on_is_fine(plain: ServerProcess) -> None:
    async with BadProxy([plain.url]).running() as url:
        seen = await findings(url)
    assert [finding.what for finding in seen if finding.verdict == "fail"] == []
    assert any("COOP and COEP" in finding.what for finding in seen)


async def test_headers_that_a_proxy_strips_or_doubles_are_named(plain: ServerProcess) -> None:
    proxy = BadProxy(
        [plain.url],
        strips=("Cross-Origin-Opener-Policy",),
        adds=(("Cross-Origin-Embedder-Policy", "unsafe-none"),),
    )
    async with proxy.running() as url:
        first, second = await troubles(url)
    assert first == "The header Cross-Origin-Opener-Policy is missing."
    assert second == "The header Cross-Origin-Embedder-Policy is require-corp, unsafe-none."


async def test_a_proxy_that_speaks_no_websocket_is_named(plain: ServerProcess) -> None:
    async with BadProxy([plain.url], passes_upgrade=False).running() as url:
        assert "The control channel does not open" in (await troubles(url))[0]


async def test_a_proxy_that_changes_the_host_is_named(plain: ServerProcess) -> None:
    async with BadProxy([plain.url], passes_host=False).running() as url:
        assert "takes its own page for one of another site" in (await troubles(url))[0]


async def test_a_proxy_that_deals_one_swarm_out_is_named(
    plain: ServerProcess, start_server: StartServer
) -> None:
    other = start_server(extra_args=["--stun-port", "0"])
    async with BadProxy([plain.url, other.url]).running() as url:
        assert "One swarm is led to 2 servers: its people would not find each other." in await troubles(url)


# --- STUN and TURN ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("stun:a.example", Address("stun", "a.example", 3478, "udp")),
        ("turn:a.example:99?transport=tcp", Address("turn", "a.example", 99, "tcp")),
        ("turns:a.example", Address("turns", "a.example", 5349, "tcp")),
        ("stun:[2001:db8::1]:9", Address("stun", "2001:db8::1", 9, "udp")),
        ("turn:[::1]", Address("turn", "::1", 3478, "udp")),
    ],
)
def test_ice_urls_are_read(url: str, address: Address) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize(
    "url", ["turn:127.0.0.1:{}?transport=tcp", "turns:127.0.0.1:{}", "stun:127.0.0.1:{}"]
)
def test_a_helper_that_is_not_there_is_named(url: str) -> None:
    url = url.format(free_port())
    said = ask(IceServer(urls=[url], username="1:a", credential="x"), url)
    assert said is not None
    assert said.startswith(url)
    assert "does not answer" in said


@contextmanager
def coturn(folder: Path, secret: str, more: str = "") -> Iterator[int]:
    """A relay on this machine alone, that takes logins made with this secret. Yields its port."""
    program = shutil.which("turnserver", path="/usr/bin:/usr/sbin:/usr/local/bin")
    assert program is not None, "coturn is missing; `make test-tools` installs it"
    port = free_port()
    config = folder / "coturn.conf"
    config.write_text(
        f"listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port={port}\nuse-auth-secret\n"
        f"static-auth-secret={secret}\nrealm=turn.example\nno-cli\nno-tls\nno-dtls\nallow-loopback-peers\n"
        f"log-file=stdout\npidfile={folder}/coturn.pid\nuserdb={folder}/coturn.db\n{more}",
        encoding="utf-8",
    )
    with (folder / "coturn.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
        try:
            wait_for_port(port, "coturn")
            yield port
        finally:
            process.kill()
            process.wait()


async def test_a_relay_is_tried_with_the_login_of_a_page(start_server: StartServer, tmp_path: Path) -> None:
    secret, wrong = tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("north", encoding="utf-8")
    wrong.write_text("south", encoding="utf-8")
    with coturn(tmp_path, "north") as port:
        turn = f"turn:127.0.0.1:{port},turn:127.0.0.1:{port}?transport=tcp"
        options = ["--stun-port", "0", "--turn", turn, "--turn-secret-file"]
        good, bad = (start_server(extra_args=[*options, str(file)]) for file in (secret, wrong))
        seen = await findings(good.url)
        assert [finding.what for finding in seen if "relays with the login" in finding.what] == [
            f"{url} relays with the login that pages get." for url in turn.split(",")
        ]
        assert all(finding.verdict == "ok" for finding in seen)
        refusals = await troubles(bad.url)
    assert refusals == ["The relay at 127.0.0.1 refuses the login that the server makes for its pages."] * 2
