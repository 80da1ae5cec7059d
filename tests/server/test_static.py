"""The SPA over HTTP: what is served, how it may be cached, and the headers on everything."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.server.conftest import ControlServer, StartControl, until
from unisono.app import SECURITY_HEADERS
from unisono.config import Config

SCRIPT = "/assets/index-C0ffee12.js"
SOURCE = b"export {};" * 100


@pytest.fixture
def web_root(tmp_path: Path) -> Path:
    """A build in miniature, with a secret beside it that must never be served."""
    root = tmp_path / "_web"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>the app</title>", encoding="utf-8")
    (root / "manifest.webmanifest").write_text("{}", encoding="utf-8")
    script = root / SCRIPT.removeprefix("/")
    script.write_bytes(SOURCE)
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(SOURCE, mtime=0))
    script.with_name(script.name + ".br").write_bytes(b"stands for brotli")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    return root


@pytest.fixture
async def control(start_control: StartControl, web_root: Path) -> ControlServer:
    return await start_control(web_root=web_root)


@pytest.fixture
async def raw() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows what was sent: it neither decompresses nor follows."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def test_the_page_is_served_and_always_asked_for_again(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url("/")) as answer:
        assert answer.status == 200
        assert "the app" in await answer.text()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        etag = answer.headers["ETag"]
    async with control.http.get(control.server.make_url("/"), headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


async def test_a_link_whose_hash_was_escaped_leads_into_its_swarm(
    control: ControlServer, raw: aiohttp.ClientSession
) -> None:
    """K8: some messengers write %23. Nothing of the key stays with the server."""
    url = URL(str(control.server.make_url("/")) + "%23caf%C3%A9%20noir?utm_source=chat", encoded=True)
    async with raw.get(url, allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Location"] == "./#caf%C3%A9%20noir"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_hashed_file_is_kept_for_ever(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url(SCRIPT)) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_the_service_worker_is_always_asked_for_again_and_may_rule_over_the_whole_site(
    control: ControlServer, web_root: Path
) -> None:
    """A worker that a cache kept would keep its page with it. Under the page's own policy it may fetch."""
    (web_root / "sw.js").write_text("addEventListener('fetch', () => {});", encoding="utf-8")
    os.utime(web_root / "index.html", ns=(1, 1))
    async with control.http.get(control.server.make_url("/sw.js")) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        policy = answer.headers["Content-Security-Policy"]
        assert "worker-src 'self'" in policy
        assert "connect-src 'self'" in policy


async def test_a_file_without_a_hash_is_asked_for_again(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url("/manifest.webmanifest")) as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Type"] == "application/manifest+json"


@pytest.mark.parametrize(
    ("accepted", "sent"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None)]
)
async def test_the_smallest_form_that_the_browser_takes_is_sent(
    control: ControlServer, raw: aiohttp.ClientSession, accepted: str, sent: str | None
) -> None:
    async with raw.get(control.server.make_url(SCRIPT), headers={"Accept-Encoding": accepted}) as answer:
        body = await answer.read()
        assert answer.headers.get("Content-Encoding") == sent
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert "Accept-Encoding" in answer.headers["Vary"]
    forms = {"br": b"stands for brotli", "gzip": gzip.compress(SOURCE, mtime=0), None: SOURCE}
    assert body == forms[sent]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "//secret.txt",
        "/link.txt",
        "/assets",
        "/assets/",
        "/" + SCRIPT.removeprefix("/") + ".gz",
        "/index.html%00",
        "/nothing",
        "/%ff",
    ],
)
async def test_only_built_files_can_be_named(control: ControlServer, path: str) -> None:
    """By hand, as every HTTP client tidies such paths up before it sends them."""
    reader, writer = await asyncio.open_connection(control.server.host, control.server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ")[1] in (b"404", b"400"), answer
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["/", SCRIPT, "/nothing", "/healthz", "/readyz", "/roomz", "/v1/control"])
async def test_the_security_headers_are_on_everything(control: ControlServer, path: str) -> None:
    async with control.http.get(control.server.make_url(path)) as answer:
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Server"] == "unisono"


async def test_the_policy_allows_nothing_inline_and_nobody_else(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url("/")) as answer:
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
        )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
    assert not any("unsafe" in sources or "http" in sources or "*" in sources for sources in policy.values())


async def test_other_methods_are_refused_with_the_same_headers(control: ControlServer) -> None:
    async with control.http.post(control.server.make_url("/"), data=b"x") as answer:
        assert answer.status == 405
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_without_a_build_the_page_says_what_to_do_and_a_later_build_is_found(
    start_control: StartControl, tmp_path: Path
) -> None:
    root = tmp_path / "later"
    control = await start_control(web_root=root)
    async with control.http.get(control.server.make_url("/")) as answer:
        assert answer.status == 503
        assert "make web" in await answer.text()
    root.mkdir()
    (root / "index.html").write_text("first", encoding="utf-8")
    async with control.http.get(control.server.make_url("/")) as answer:
        assert (answer.status, await answer.text()) == (200, "first")


async def test_a_rebuild_is_served_without_a_restart(control: ControlServer, web_root: Path) -> None:
    (web_root / "assets/index-D00dad00.js").write_text("new", encoding="utf-8")
    index = web_root / "index.html"
    index.write_text("rebuilt", encoding="utf-8")
    os.utime(index, ns=(1, 1))
    async with control.http.get(control.server.make_url("/assets/index-D00dad00.js")) as answer:
        assert (answer.status, await answer.text()) == (200, "new")


async def test_a_full_server_asks_for_nobody_new(start_control: StartControl) -> None:
    control = await start_control(full_connections=1)
    ada = await control.joined("ada")
    async with control.http.get(control.server.make_url("/roomz")) as answer:
        assert (answer.status, await answer.text()) == (404, "full\n")
    async with control.http.get(control.server.make_url("/readyz")) as answer:
        assert answer.status == 200, "those who cannot tell a member from a stranger keep it in"
    await control.joined("bo")
    assert await ada.is_served()


async def test_health_and_readiness_differ_while_the_server_drains(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url("/readyz")) as answer:
        assert answer.status == 200
    control.readiness.is_draining = True
    async with control.http.get(control.server.make_url("/readyz")) as answer:
        assert (answer.status, await answer.text()) == (503, "draining\n")
    async with control.http.get(control.server.make_url("/healthz")) as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


@pytest.mark.parametrize("path", ["/unisono", "/our/music"])
async def test_behind_a_path_that_the_proxy_keeps_all_is_as_at_the_root(
    start_control: StartControl, web_root: Path, path: str
) -> None:
    """O10. A proxy that takes the path away asks for the root's addresses, which stay."""
    config = Config(public_url=f"https://party.example{path}/")
    control = await start_control(config=config, web_root=web_root)
    for address in ("/", SCRIPT, "/healthz", "/nothing", "/v1/control"):
        async with control.http.get(control.server.make_url(address)) as at_root:
            status, body = at_root.status, await at_root.read()
        async with control.http.get(control.server.make_url(path + address)) as behind:
            assert (behind.status, await behind.read()) == (status, body), address
            assert behind.headers["Cache-Control" if status == 200 else "Server"]


async def test_behind_a_path_the_page_is_led_to_the_slash_its_parts_need(
    start_control: StartControl, web_root: Path
) -> None:
    """O10."""
    config = Config(public_url="https://party.example/unisono/")
    control = await start_control(config=config, web_root=web_root)
    url = control.server.make_url("/unisono")
    async with control.http.get(url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, "/unisono/")
    async with control.http.get(control.server.make_url("/unisono2/")) as answer:
        assert answer.status == 404


async def test_a_reader_that_takes_its_time_is_cut_off(start_control: StartControl, web_root: Path) -> None:
    """It holds a socket and an open file; a page on the slowest network is done long before."""
    (web_root / "assets/long.bin").write_bytes(bytes(30_000_000))
    control = await start_control(web_root=web_root, response_timeout_sec=0.2)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        loop, sockets = asyncio.get_running_loop(), control.hub.sockets
        await loop.sock_connect(slow, (control.server.host, control.server.port))
        await loop.sock_sendall(slow, b"GET /assets/long.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: sockets.open == 1)
        await until(lambda: sockets.open == 0)
