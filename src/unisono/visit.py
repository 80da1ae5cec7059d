"""One upgrade on its way in, and the address it counts for: from the handshake until its connection is gone.

    asking --refused--> ended
    asking --waits--> its turn: inside --connection lost--> ended
              '--left--> ended

Both carriers go through it: `connection` for the first request of a connection, `app` for a later one. Clock:
`global_us`. Knows neither sockets nor HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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

    def health(self) -> tuple[int, str]:
        """Status and text for `/healthz`: whether the server works at all. Whoever answers this does."""
        return 200, "ok\n"

    def readiness(self) -> tuple[int, str]:
        """Status and text for `/readyz`."""
        return (503, "draining\n") if self.is_draining else (200, "ready\n")

    def is_full(self, connections: int, full_connections: int) -> bool:
        """Whether new swarms should go elsewhere, of a server that has so many connections."""
        return connections >= full_connections


class Visit:
    """`ask_in` once, and `end` when all is over, whatever came of it."""

    __slots__ = (
        "_is_counted",
        "_peer",
        "_turn",
        "address_key",
        "handshake",
        "hub",
        "reached_host",
        "refusal",
    )

    hub: Hub

    def __init__(self) -> None:
        self.address_key = ""
        # The host by which the client reached this server.
        self.reached_host = ""
        # For the session to say: pages read close codes.
        self.refusal: PeerError | None = None
        self._is_counted = False
        self._turn: asyncio.TimerHandle | None = None

    def ask_in(
        self, hub: Hub, readiness: Readiness, handshake: Handshake, peer: str, go_on: Callable[[], None]
    ) -> HttpRefusal | None:
        """`peer`: the address of the socket's other end. Calls `go_on` once, in its turn, possibly before
        this returns, and not after `end`.
        """
        config = hub.config
        if not is_allowed_origin(handshake.origin, handshake.host, config.public_url, config.page_origins):
            return FOREIGN_ORIGIN
        if readiness.is_draining:
            return STOPPING
        client = client_address(peer, handshake.forwarded_for, config.trusted_proxies)
        self.hub = hub
        self.address_key = address_key(client)
        self.reached_host = config.public_host or handshake.host
        try:
            # Before it waits: who waits holds a connection as well.
            hub.addresses.connect(self.address_key, global_us())
        except PeerError as reason:
            self.refusal = reason
            go_on()
            return None
        self._is_counted = True
        wait_us = hub.upgrade_limiter.wait_us(global_us())
        if wait_us > 0:
            self._turn = asyncio.get_running_loop().call_later(wait_us / US_PER_SEC, go_on)
        else:
            go_on()
        return None

    def end(self) -> None:
        """The connection is gone, or was never let in. Idempotent."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        if self._is_counted:
            self._is_counted = False
            self.hub.addresses.disconnect(self.address_key, global_us())
