"""`unisono doctor [URL]`: looks at a running server the way a page does, and says in words what to do.

It comes from outside: it opens the page, its headers and the control channel, joins an empty swarm of its own
for a moment, and tries the STUN and TURN servers it is told there. So it sees what a proxy, a firewall or a
certificate make of the server. What it cannot see is said in docs/operations.md. Clock: `time.monotonic_ns()`
for round trips, wall time for certificates.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from unisono.admission import (
    ADMISSION_LABEL,
    SEAT_LABEL,
    decode_base64url,
    encode_base64url,
    signed_bytes,
)
from unisono.app import SECURITY_HEADERS
from unisono.banner import about
from unisono.errors import StartError
from unisono.ice_probe import ask
from unisono.lan import LanAddress, lan_addresses
from unisono.protocol import (
    PROTOCOL_VERSION,
    Challenge,
    IceServer,
    Join,
    Leave,
    Ping,
    Pong,
    Refusal,
    ServerMessage,
    Welcome,
)

Verdict = Literal["ok", "warn", "fail"]
EXIT_HEALTHY = 0
EXIT_SICK = 1

LIMIT_SEC = 10.0
PROBES = 8
# A room on the same continent has a tenth of it; the clock then still works, only slower.
LONG_ROUND_TRIP_MS = 300.0
LONG_SERVICE_MS = 2.0
# TURN logins carry an expiry, and certificates have one.
MOST_WALL_DIFFERENCE_SEC = 60.0
CERTIFICATE_SOON_DAYS = 14
# Enough to see one that goes round: three servers are missed once in nine times.
ROUTE_PROBES = 6

HOST_HEADERS = ("Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy")

Heard = TypeVar("Heard", Challenge, Welcome, Pong)

_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do, and is empty where all is well."""

    verdict: Verdict
    what: str
    advice: str = ""


class Unwell(Exception):  # noqa: N818 - a finding on its way out, no error of ours
    """The rest cannot be looked at."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.finding = Finding("fail", what, advice)


def parse_target(url: str) -> SplitResult:
    """Raises `StartError`."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StartError("bad-option", f"The URL must be like https://unisono.example, not {url!r}.")
    return parts


async def examine(url: str) -> AsyncIterator[Finding]:
    """Everything there is to say about this server, in the order it is found out."""
    target = parse_target(url)
    timeout = aiohttp.ClientTimeout(total=LIMIT_SEC)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as http:
        try:
            yield await _reach(target)
            for finding in look_at_address(target, lan_addresses()):
                yield finding
            async for finding in _look_at_page(http, target):
                yield finding
            async for finding in _look_at_control(http, target):
                yield finding
        except Unwell as end:
            yield end.finding
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            yield Finding(
                "fail",
                f"The conversation broke off ({type(failure).__name__}).",
                "Look into the log of the server and of the proxy before it, and try again.",
            )


# --- the way there ------------------------------------------------------------------------------------------


async def _reach(target: SplitResult) -> Finding:
    host, port = target.hostname or "", target.port or (443 if target.scheme == "https" else 80)
    secured = ssl.create_default_context() if target.scheme == "https" else None
    try:
        async with asyncio.timeout(LIMIT_SEC):
            _, writer = await asyncio.open_connection(host, port, ssl=secured)
    except ssl.SSLCertVerificationError as failure:
        raise Unwell(
            f"The certificate of {host} is not trusted: {failure.verify_message}.",
            "Use a certificate for this very name from a public authority (Caddy gets one by itself), "
            "with the whole "
            "chain in the file.",
        ) from failure
    except ssl.SSLError as failure:
        raise Unwell(
            f"Port {port} of {host} does not speak TLS ({failure.reason}).",
            "Give the server --tls-cert and --tls-key, or put a proxy with https before it; or try the "
            "http:// address.",
        ) from failure
    except (OSError, TimeoutError) as failure:
        raise Unwell(
            f"Nobody answers on TCP port {port} of {host} "
            f"({getattr(failure, 'strerror', None) or 'in time'}).",
            "Is the server running, and does the name lead to this machine? Open the port in the "
            "firewall and in "
            "the router.",
        ) from failure
    certificate = writer.get_extra_info("peercert")
    writer.close()
    if certificate is None:
        if host in ("localhost", "127.0.0.1", "::1"):
            return Finding("ok", f"Port {port} is reachable.")
        return Finding(
            "warn",
            f"Port {port} of {host} is reachable, without TLS.",
            "Fine in a room. On the internet use https: browsers keep the screen on and give fine clocks "
            "to https only.",
        )
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    days = (expires - datetime.now(UTC)).days
    if days < CERTIFICATE_SOON_DAYS:
        return Finding(
            "warn", f"The certificate ends in {days} days.", "Renew it, and see why nothing did it before."
        )
    return Finding("ok", f"Port {port} of {host} is reachable, its certificate is good for {days} days.")


def look_at_address(target: SplitResult, addresses: Sequence[LanAddress]) -> list[Finding]:
    """Of a link to this very machine: whether it is one that the phones in the room can use."""
    mine = next((each for each in addresses if each.address == target.hostname), None)
    if mine is None:
        return []
    rooms = [each for each in addresses if each.kind == "network"]
    if mine.kind == "network":
        if len(rooms) == 1:
            return []
        others = " or ".join(f"{each.address} ({each.interface})" for each in rooms if each != mine)
        advice = f"Use it for phones in the network of {mine.interface}. For the other network: {others}."
        return [Finding("ok", f"This machine is in {len(rooms)} networks.", advice)]
    what = f"{mine.address} is an address of {about(mine)}."
    if not rooms:
        return [Finding("warn", what, "This machine is in no other network: join the Wi-Fi of the room.")]
    likeliest = target._replace(netloc=target.netloc.replace(mine.address, rooms[0].address)).geturl()
    return [Finding("warn", what, f"Phones in the room use {likeliest} ({rooms[0].interface}).")]


# --- the page -----------------------------------------------------------------------------------------------


async def _look_at_page(http: aiohttp.ClientSession, target: SplitResult) -> AsyncIterator[Finding]:
    async with http.get(_at(target, "/readyz")) as answer:
        status, date = answer.status, answer.headers.get("Date")
        text = (await answer.text(errors="replace"))[:100].strip()
    if (status, text) == (503, "draining"):
        yield Finding("warn", "The server is stopping.", "Wait for the next one.")
    elif (status, text) != (200, "ready"):
        raise Unwell(
            f"What answers at {target.netloc} is not Unisono (/readyz says {status}).",
            "Does the proxy pass every path on to the server, and is the server running?",
        )
    else:
        yield Finding("ok", "The server is ready.")
    yield _compare_wall_clocks(date)
    async with http.get(_at(target, "/")) as answer:
        page, headers = await answer.text(errors="replace"), answer.headers
        if answer.status != 200 or "<html" not in page:
            yield Finding(
                "fail",
                f"The page does not come ({answer.status}).",
                "Install the released package, which carries the page; in a checkout run `make web`.",
            )
        for finding in _compare_headers({name: headers.getall(name, []) for name in SECURITY_HEADERS}):
            yield finding


def _compare_wall_clocks(date: str | None) -> Finding:
    try:
        server = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding(
            "warn", "The answers carry no date.", "A proxy removes it; TURN logins cannot be judged."
        )
    difference_sec = abs((server - datetime.now(UTC)).total_seconds())
    if difference_sec > MOST_WALL_DIFFERENCE_SEC:
        return Finding(
            "fail",
            f"The server's wall clock and this machine's differ by {difference_sec:.0f} s.",
            "Let both follow NTP (`timedatectl set-ntp true`): TURN logins and certificates depend on it.",
        )
    return Finding("ok", "Its wall clock agrees with this machine's.")


def _compare_headers(seen: dict[str, list[str]]) -> list[Finding]:
    """One finding for all that came whole, and one for each that did not."""
    broken = []
    for name, expected in SECURITY_HEADERS.items():
        values = seen[name]
        if values and all(value == expected for value in values):
            continue
        how = "is missing" if not values else f"is {', '.join(values)}"[:120]
        verdict: Verdict = "fail" if name in HOST_HEADERS else "warn"
        why = (
            "Without it the page's timers are coarse, and rooms are in step less well. "
            if "Cross" in name
            else ""
        )
        broken.append(
            Finding(
                verdict,
                f"The header {name} {how}.",
                f"{why}The server sends it: let the proxy pass it on as it is and add none of its own.",
            )
        )
    return broken or [Finding("ok", "All its headers arrive as it sends them, COOP and COEP among them.")]


# --- the control channel ------------------------------------------------------------------------------------


async def _look_at_control(http: aiohttp.ClientSession, target: SplitResult) -> AsyncIterator[Finding]:
    shard, swarm = secrets.token_hex(2), _OwnSwarm()
    socket = await _open_control(http, target, shard)
    async with socket:
        challenge = await _hear(socket, Challenge)
        await _say(socket, _join(challenge.nonce, swarm))
        welcome = await _hear(socket, Welcome)
        yield Finding("ok", "The control channel opens, from a page's own origin, and lets a member in.")
        yield await _look_at_clock(socket)
        yield await _probe_route(http, target, shard, challenge.node_id)
        for finding in await _look_at_ice(await _in_company(http, target, shard, swarm, welcome)):
            yield finding
        await _say(socket, Leave())


async def _in_company(
    http: aiohttp.ClientSession, target: SplitResult, shard: str, swarm: _OwnSwarm, alone: Welcome
) -> list[IceServer]:
    """The ICE servers of a second member (W15): who is alone is told of no relay."""
    if isinstance(alone.ice_sec, msgspec.UnsetType):
        return alone.ice_servers
    async with await _open_control(http, target, shard) as socket:
        challenge = await _hear(socket, Challenge)
        await _say(socket, _join(challenge.nonce, swarm))
        welcome = await _hear(socket, Welcome)
        await _say(socket, Leave())
    return welcome.ice_servers


async def _open_control(
    http: aiohttp.ClientSession, target: SplitResult, shard: str
) -> aiohttp.ClientWebSocketResponse[bool]:
    try:
        return await http.ws_connect(
            _at(target, f"/v1/control?s={shard}"), origin=f"{target.scheme}://{target.netloc}", compress=0
        )
    except aiohttp.WSServerHandshakeError as refusal:
        if refusal.status == 403:
            raise Unwell(
                "The server takes its own page for one of another site (403).",
                "Let the proxy pass the Host header on as it came, or start the server with "
                f"--public-url {_at(target, '/')}.",
            ) from refusal
        if refusal.status in (429, 503):
            raise Unwell(
                f"The server lets nobody else in just now ({refusal.status}).",
                "429: too much comes from this address; behind a proxy, name it with --trusted-proxy. 503: "
                "many come at once, or it stops. Look again in a minute.",
            ) from refusal
        raise Unwell(
            f"The control channel does not open: the answer to the WebSocket is {refusal.status}.",
            "Let the proxy speak HTTP/1.1 to the server and pass the headers Upgrade and Connection on "
            "(deploy/ has files for HAProxy, Caddy and nginx).",
        ) from refusal


async def _look_at_clock(socket: aiohttp.ClientWebSocketResponse[bool]) -> Finding:
    round_trips_ms, services_ms, last_us = [], [], 0.0
    for number in range(PROBES):
        before_ns = time.monotonic_ns()
        await _say(socket, Ping(id=number, t0=0.0))
        pong = await _hear(socket, Pong)
        round_trips_ms.append((time.monotonic_ns() - before_ns) / 1e6)
        services_ms.append((pong.t2 - pong.t1) / 1000)
        if pong.t1 < last_us or pong.t2 < pong.t1:
            return Finding(
                "fail",
                "The server's clock runs backwards.",
                "Restart it; on a virtual machine look at its time source.",
            )
        last_us = pong.t2
    trip_ms, service_ms = statistics.median(round_trips_ms), statistics.median(services_ms)
    said = f"Its clock answers in {trip_ms:.1f} ms ({min(round_trips_ms):.1f} at best)"
    if service_ms > LONG_SERVICE_MS:
        return Finding(
            "warn",
            f"{said}, of which the server takes {service_ms:.1f} ms.",
            "It lacks processor time: a larger machine.",
        )
    if trip_ms > LONG_ROUND_TRIP_MS:
        return Finding("warn", f"{said}.", "That is far: a server nearer to the room keeps better time.")
    return Finding("ok", f"{said} and is served at once.")


async def _probe_route(http: aiohttp.ClientSession, target: SplitResult, shard: str, node_id: str) -> Finding:
    """Whether one swarm is led to one server, however often it comes."""
    nodes = {node_id}
    for _ in range(ROUTE_PROBES):
        async with await _open_control(http, target, shard) as socket:
            nodes.add((await _hear(socket, Challenge)).node_id)
    if len(nodes) > 1:
        return Finding(
            "fail",
            f"One swarm is led to {len(nodes)} servers: its people would not find each other.",
            "Let the proxy choose the server by the `s` in the address (deploy/haproxy.cfg, "
            "deploy/nginx.conf).",
        )
    return Finding("ok", "One swarm is led to one server.")


async def _look_at_ice(servers: list[IceServer]) -> list[Finding]:
    asked = [(server, url) for server in servers for url in server.urls]
    troubles = await asyncio.gather(*(asyncio.to_thread(ask, server, url) for server, url in asked))
    findings = []
    for (_, url), trouble in zip(asked, troubles, strict=True):
        is_stun = url.startswith("stun:")
        if trouble is None:
            what = "tells devices their address" if is_stun else "relays with the login that pages get"
            findings.append(Finding("ok", f"{url} {what}."))
        elif is_stun:
            advice = (
                "Open that port for UDP up to the server itself, as HTTP proxies do not carry it; or "
                "start it with "
                "--stun-port 0 and use coturn."
            )
            findings.append(Finding("fail", trouble, advice))
        else:
            advice = (
                "Compare static-auth-secret of coturn with the server's --turn-secret-file, and the "
                "clocks of both."
                if "login" in trouble
                else "Is coturn running? Open its port for UDP and TCP, and 49152-65535 for UDP."
            )
            findings.append(Finding("fail", trouble, advice))
    if not any(url.startswith("turn") for _, url in asked):
        advice = (
            "Some networks let nothing else through. In one room it is not needed (docs/operations.md, TURN)."
        )
        findings.append(Finding("warn", "There is no TURN server.", advice))
    return findings


# --- a member's part ----------------------------------------------------------------------------------------


class _OwnSwarm:
    """An empty swarm that nobody else can know."""

    def __init__(self) -> None:
        self.swarm_id = secrets.token_hex(16)
        self.admission = Ed25519PrivateKey.generate()


def _join(nonce: str, swarm: _OwnSwarm) -> Join:
    session, admission = Ed25519PrivateKey.generate(), swarm.admission
    session_key = session.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    unsigned = Join(
        v=PROTOCOL_VERSION,
        swarm_id=swarm.swarm_id,
        user_id=hashlib.sha256(session_key).digest()[:16].hex(),
        session_key=encode_base64url(session_key),
        announcement="doctor",
        admission_key=encode_base64url(admission.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
        admission_proof="",
        session_proof="",
    )
    challenge = decode_base64url(nonce)
    return msgspec.structs.replace(
        unsigned,
        admission_proof=encode_base64url(admission.sign(signed_bytes(ADMISSION_LABEL, challenge, unsigned))),
        session_proof=encode_base64url(session.sign(signed_bytes(SEAT_LABEL, challenge, unsigned))),
    )


async def _say(socket: aiohttp.ClientWebSocketResponse[bool], message: Join | Ping | Leave) -> None:
    await socket.send_str(msgspec.json.encode(message).decode())


async def _hear(socket: aiohttp.ClientWebSocketResponse[bool], kind: type[Heard]) -> Heard:
    """The next message, which must be of this kind."""
    frame = await socket.receive(timeout=LIMIT_SEC)
    message = _decoder.decode(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else None
    if isinstance(message, kind):
        return message
    if isinstance(message, Refusal):
        raise Unwell(f"The server lets nobody in: {message.message}.", "Its log says more.")
    raise Unwell(
        "The control channel opens and is closed again.",
        "Does the proxy end long connections, or is the server of another version than this program?",
    )


def _at(target: SplitResult, path: str) -> str:
    return f"{target.scheme}://{target.netloc}{target.path.rpartition('/')[0]}{path}"


async def doctor(url: str) -> int:
    """Prints what it finds as it finds it; the exit code of the command."""
    parse_target(url)
    worst: Verdict = "ok"
    async for finding in examine(url):
        print(f"{finding.verdict.ljust(4)}  {finding.what}", flush=True)
        if finding.advice:
            print(f"      {finding.advice}", flush=True)
        if finding.verdict == "fail" or worst == "ok":
            worst = finding.verdict if worst != "fail" else worst
    print({"ok": "All is well.", "warn": "It works.", "fail": "Something is to be done."}[worst])
    return EXIT_SICK if worst == "fail" else EXIT_HEALTHY
