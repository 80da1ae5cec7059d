"""What the server was told and what it allows, each default with its reason. Frozen: read once, at the start.

Durations name their unit. This file reads no environment and opens no file: `cli` does, and hands over the
result.
"""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from unisono.protocol import MAX_BODY_CHARS, MAX_FRAME_BYTES
from unisono.protocol import Limits as AnnouncedLimits

# Each is a process that fills a core; a typing error should not start thousands.
MOST_WORKERS = 64

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one connection, one swarm and one network address may take."""

    # A page sends `join` in the same moment its socket opens; 5 s forgives a slow radio and frees the rest
    # early.
    join_timeout_sec: float = 5.0

    max_frame_bytes: int = MAX_FRAME_BYTES

    # Above this a frame is not even read into memory: the socket closes at once with 1009. It lies above
    # `max_frame_bytes` so that a page a little over the limit still gets a reason in words, and not far above
    # it, as picows keeps room for the longest frame that ever came as long as the connection lives.
    unread_frame_bytes: int = 25 * 1024

    # A peer at its busiest sends 5 pings/s in a pre-roll, 1 heartbeat/s, and a burst of candidates per
    # neighbour.
    messages_per_sec: int = 50
    message_burst: int = 100
    bytes_per_sec: int = 64 * 1024
    byte_burst: int = 256 * 1024

    # Above this neither the mesh nor one sealed broadcast per heartbeat makes sense in one room.
    max_members: int = 64

    # A party shares one NAT, and so may a school: do not copy the 10 per address of other services. Two full
    # swarms fit: those of a swarm whose network blinked stay counted until they are noticed to be gone, and
    # all of a swarm that has just come join once more when their worker is restarted.
    connections_per_address: int = 160
    joins_per_address_per_min: int = 160

    # How much more than one address a /48 of IPv6 may do. One tunnel or one site has a /48, with 65,536
    # addresses as counted here; a carrier gives one to thousands of phones, so it cannot be much tighter.
    ipv6_site_factor: int = 10

    # Of all addresses together, those included that wait for their upgrade: 10,000 people, and room for who
    # knocks beside them. Raise it with the number of open files allowed.
    max_connections: int = 12_000

    # From here on `/roomz` says that new swarms should go elsewhere; the rest is for members of those here.
    full_connections: int = 8_000

    # WebSockets that are opened, one after the other: each costs up to a ms of the loop that answers clock
    # probes, and a crowd that comes in one moment would hold up all of them. A full swarm that comes back at
    # once is through in 0.1 s, 10,000 people in 17 s.
    handshakes_per_sec: int = 600

    # Whoever would wait longer is told to come again. Waiting costs the server nothing but memory, a refused
    # upgrade costs it a connection, so the queue is as long as pages are patient: they give up after 8 s.
    longest_upgrade_wait_sec: float = 5.0

    # A response that took longer is cut off: the largest file of the page takes 20 s at 0.5 Mbit/s.
    response_timeout_sec: float = 60.0

    # From accepting a connection to its whole request, and again from one request to the next.
    request_timeout_sec: float = 20.0

    # What may wait for one peer before it counts as too slow: eleven of the largest bodies, or hundreds of
    # heartbeats. Bytes alone, no count of frames: the frames wait in the transport, which knows only bytes,
    # and a burst of many small ones from others is no fault of the reader.
    queue_bytes: int = 256 * 1024

    # What may wait for all peers together; above it the worst readers are closed first. Small frames cost
    # twice their size in memory. With ten thousand that never read the process stays below 400 MiB.
    backlog_bytes: int = 48 * 1024 * 1024

    # What may be kept for all peers together of messages that have come in part, whether of a frame or in
    # pieces, and of the room that long frames took. Above it those with the most are cut off: ten thousand
    # that each send half of the longest message would otherwise hold half a GB.
    unfinished_bytes: int = 64 * 1024 * 1024

    # The kernel's part of that queue. Its own growth, to megabytes, would hide a slow reader for minutes.
    send_buffer_bytes: int = 64 * 1024

    # A lift ride or a cell handover: nobody tears connections down for less.
    grace_sec: float = 15.0

    # Browsers answer WebSocket pings even in hidden tabs, so a socket that stays silent through one is dead.
    heartbeat_sec: float = 20.0

    # What goes out for what comes in. A body to all others costs one frame for each of them, and one more for
    # every 4 KiB; the charge is the swarm's and the address's. A full swarm at its busiest (all statuses once
    # a second and a heartbeat) makes 4,100 a second; a frame takes about 8 µs of the loop.
    frames_per_swarm_per_sec: int = 8_000
    swarm_frame_burst: int = 8_000
    # What each member may always say to all others, whatever the rest of its swarm does: a director's
    # heartbeat, once a second, and a status now and then. All of a full swarm together stay below its rate.
    assured_broadcasts_per_sec: float = 1.5
    assured_broadcast_burst: int = 3
    # Bodies that were not passed on before who sends them is closed: 4 s at the full rate.
    withheld_per_sec: int = 5
    withheld_burst: int = 200

    # STUN requests that are answered. Chromium repeats one every 10 s for each of a peer's 8 connections: a
    # full swarm behind one NAT makes 51 a second, and more while it gathers. What is refused is asked again.
    stun_per_address_per_sec: int = 100
    stun_address_burst: int = 400
    # For all addresses together from which someone is connected, and for all others together, since senders
    # of UDP can be forged: each answer costs about 20 µs of the loop that also answers clock probes.
    stun_connected_per_sec: int = 1500
    stun_strangers_per_sec: int = 1000
    # Of the strangers' share, what one network (an IPv4 /16, an IPv6 /32) may take.
    stun_per_network_per_sec: int = 150

    # What follows from how many people one address may stand for.

    @property
    def upgrades_per_address_per_sec(self) -> float:
        """Upgrades that take a place in the queue: 20. A host that sends hundreds a second and finishes none
        gets a thirtieth of `handshakes_per_sec`.
        """
        return self.connections_per_address / 8

    @property
    def upgrade_address_burst(self) -> float:
        """At once: a full swarm twice."""
        return max(8, self.connections_per_address * 0.8)

    @property
    def plain_sockets_per_address(self) -> int:
        """Sockets that are no control channel (yet): a browser opens six for a page, and half the people of
        an address may load it in one moment.
        """
        return round(self.connections_per_address * 3.2)

    @property
    def frames_per_address_per_sec(self) -> float:
        """Charged as those of a swarm: 12,000, a swarm and a half at its limit."""
        return self.connections_per_address * 75

    @property
    def address_frame_burst(self) -> float:
        return self.connections_per_address * 100

    def announced(self) -> AnnouncedLimits:
        """The part of the limits that a client needs to stay within them."""
        return AnnouncedLimits(
            max_frame_bytes=self.max_frame_bytes,
            max_body_chars=MAX_BODY_CHARS,
            messages_per_sec=self.messages_per_sec,
            message_burst=self.message_burst,
            bytes_per_sec=self.bytes_per_sec,
            byte_burst=self.byte_burst,
            max_members=self.max_members,
        )


@dataclass(frozen=True, kw_only=True)
class Drain:
    """How the server leaves: all within the 15 s after which init systems lose patience."""

    # Closes are spread so that the peers do not all knock on the next server in the same instant. A swarm
    # goes as one: while half of it is elsewhere, its director is away for some and not for others.
    spread_per_connection_sec: float = 0.02
    max_spread_sec: float = 8.0

    # For a peer that does not answer the closing handshake.
    close_timeout_sec: float = 2.0

    # A swarm comes back within this range after the close, at a random moment of its own, its members one
    # after the other within the last of these numbers.
    min_retry_ms: int = 250
    max_retry_ms: int = 3000
    within_swarm_ms: int = 250

    # All may come to one and the same server, which lets in `handshakes_per_sec`: a crowd is given longer, so
    # that the queue of those who wait there never grows so long that somebody is told to come again.
    returns_per_sec: int = 300


@dataclass(frozen=True, kw_only=True)
class Ice:
    """What goes into `welcome.iceServers`: the built-in STUN responder and TURN servers."""

    # The registered port, which firewalls that know of STUN let through. UDP. 0: no responder.
    stun_port: int = 3478

    turn_urls: tuple[str, ...] = ()
    turn_secret: bytes = field(default=b"", repr=False)

    # coturn looks at the expiry when an allocation is made, and refreshes it afterwards whatever the time
    # (4.6.1). Pages renew theirs when half of this is over (W14). One that leaks is worth little for long.
    turn_credential_sec: int = 3600


@dataclass(frozen=True, kw_only=True)
class Tls:
    certificate: Path
    private_key: Path


@dataclass(frozen=True, kw_only=True)
class Config:
    # None: every interface, IPv4 and IPv6. 0 as the port: any free one.
    host: str | None = None
    port: int = 8000
    tls: Tls | None = None
    public_url: str | None = None
    # Where else the page may be served from, as browsers write origins: https://music.example.
    page_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IpNetwork, ...] = ()
    metrics_bind: tuple[str, int] | None = None
    # Processes, each with the swarms of its own shards. 1: no more than the one that was started.
    workers: int = 1
    # As the system allows this process.
    open_files: int = sys.maxsize
    log_format: Literal["text", "json"] = "text"
    ice: Ice = field(default_factory=Ice)
    limits: Limits = field(default_factory=Limits)
    drain: Drain = field(default_factory=Drain)

    @property
    def public_path(self) -> str:
        """Where on its host people find this server, without a slash at the end; "" at the root."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def public_host(self) -> str:
        """Under which host, with its port if it has one, people find this server; "" when only they know."""
        return urlsplit(self.public_url or "").netloc
