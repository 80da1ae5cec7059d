"""One upgrade on its way in, and the address it counts for: from the handshake until its connection is gone.

    asking --refused | left--> ended
    asking --its turn has come--> inside --connection lost--> ended

Both carriers go through it: `connection` for the first request of a connection, `app` for a later one. Clock:
`global_us`. Knows neither sockets nor HTTP.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from unisono.errors import PeerError
from unisono.handshake import FOREIGN_ORIGIN, STOPPING, Handshake, HttpRefusal
from unisono.hub import Hub, global_us
from unisono.limits import US_PER_SEC, address_key
from unisono.network import client_address, is_allowed_origin


class PassOn(Protocol):
    """Where there are several workers: gives a request to the worker that has its shard."""

    def __call__(
        self, transport: asyncio.BaseTransport, protocol: asyncio.Protocol, head: bytes
    ) -> asyncio.Future[None] | None:
        """None when the request is to be served here. Otherwise the connection is given away, and `protocol`
        hears that it is lost once it is: that is when the future is done.
        """


class Readiness:
    """Whether new peers are welcome: `/readyz` says so to proxies."""

    def __init__(self) -> None:
        self.is_draining = False

    def is_healthy(self) -> bool:
        """Whether the server works at all: whoever answers this does."""
        return True

    def is_ready(self) -> bool:
        return not self.is_draining

    def is_full(self, connections: int, full_connections: int) -> bool:
        """Whether new swarms should go elsewhere, of a server that has so many connections."""
        return connections >= full_connections


class Visit:
    """Whoever makes one must `end` it. `refusal` is for the session to say: pages read close codes."""

    __slots__ = ("_is_counted", "address_key", "hub", "reached_host", "refusal", "wait_sec")

    def __init__(self, hub: Hub, address: str, reached_host: str) -> None:
        self.hub = hub
        self.address_key = address
        # The host by which the client reached this server.
        self.reached_host = reached_host
        self.refusal: PeerError | None = None
        self.wait_sec = 0.0
        self._is_counted = False
        try:
            # Before it waits: who waits holds a connection as well.
            hub.addresses.connect(address, global_us())
        except PeerError as reason:
            self.refusal = reason
        else:
            self._is_counted = True
            self.wait_sec = hub.upgrade_limiter.wait_us(global_us()) / US_PER_SEC

    def end(self) -> None:
        """The connection is gone. Idempotent."""
        if self._is_counted:
            self._is_counted = False
            self.hub.addresses.disconnect(self.address_key, global_us())


def ask_in(hub: Hub, readiness: Readiness, handshake: Handshake, peer: str) -> Visit | HttpRefusal:
    """Whether this handshake, from this peer of the socket, may open a channel once its turn comes."""
    config = hub.config
    if not is_allowed_origin(handshake.origin, handshake.host, config.public_url, config.page_origins):
        return FOREIGN_ORIGIN
    if readiness.is_draining:
        return STOPPING
    client = client_address(peer, handshake.forwarded_for, config.trusted_proxies)
    return Visit(hub, address_key(client), config.public_host or handshake.host)
