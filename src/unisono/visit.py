"""One upgrade on its way in, and the address it counts for: from the handshake until its connection is gone.

    asking --refused: its page, its address, too many at once--> ended
    asking --waits--> its turn: inside --connection lost--> ended
              '--left--> ended, and the turn is the next one's

Both carriers go through it: `connection` for the first request of a connection, `app` for a later one. Clock:
`global_us`. Knows neither sockets nor HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from unisono.addresses import address_key
from unisono.handshake import FOREIGN_ORIGIN, STOPPING, Handshake, HttpRefusal, come_again
from unisono.hub import Hub, global_us
from unisono.network import client_address, is_allowed_origin
from unisono.sockets import OpenSocket
from unisono.upgrade_queue import UpgradeRefusedError, WaitingUpgrade


class PassOn(Protocol):
    """Where there are several workers: gives a request to the worker that has its shard."""

    def __call__(
        self, transport: asyncio.BaseTransport, protocol: asyncio.Protocol, head: bytes, peer: str
    ) -> asyncio.Future[None] | None:
        """None when the request is to be served here. Otherwise the connection is given away, and `protocol`
        hears that it is lost once it is: that is when the future is done. `peer`: who it is, which the socket
        cannot say where it leads to a relay.
        """


class Readiness:
    """Whether new peers are welcome: `/readyz` says so to proxies."""

    def __init__(self) -> None:
        self.is_draining = False

    async def drain(self, hub: Hub) -> None:
        """Takes nobody in any more; those who wait to be let in hear so at once."""
        self.is_draining = True
        await hub.dismiss_waiting()

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

    __slots__ = ("_is_inside", "_waiting", "address_key", "hub", "reached_host", "socket")

    hub: Hub

    def __init__(self, socket: OpenSocket) -> None:
        self.socket = socket
        self.address_key = ""
        # The host by which the client reached this server.
        self.reached_host = ""
        self._is_inside = False
        self._waiting: WaitingUpgrade | None = None

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

        def enter() -> None:
            self._waiting = None
            self._is_inside = True
            self.socket.upgrade()
            go_on()

        try:
            waiting = hub.ask_in(self.address_key, enter)
        except UpgradeRefusedError as refusal:
            return come_again(refusal.status, refusal.detail, refusal.retry_after_sec)
        if not self._is_inside:
            self._waiting = waiting
        return None

    def end(self) -> None:
        """The connection is gone, or was never let in. Idempotent."""
        if self._waiting is not None:
            self.hub.give_up(self._waiting)
            self._waiting = None
        if self._is_inside:
            self._is_inside = False
            self.hub.addresses.disconnect(self.address_key, global_us())
