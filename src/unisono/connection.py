"""Who carries a connection: its first request decides. picows a control channel, aiohttp everything else.

    reading --a control channel is asked for--> waiting for its turn --> picows
       |                                           |--draining--> refused
       |--anything else----> aiohttp               '--left or talks too early--> cut
       '--request_timeout_sec--> cut

Each is counted as an open socket from the first moment, and cut at once when there are too many. A request is
read no further than it takes to tell; aiohttp gets all the bytes there were and bounds the rest. Knows no
message of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast

from unisono.addresses import address_key
from unisono.app import SECURITY_HEADERS
from unisono.control_feed import ControlFeed, peer_address
from unisono.handshake import (
    STOPPING,
    HttpRefusal,
    may_become_handshake,
    read_handshake,
    split_head,
)
from unisono.hub import Hub, global_us
from unisono.log import log_event, log_failure
from unisono.network import is_trusted
from unisono.session import ControlSession
from unisono.sockets import OpenSocket
from unisono.visit import PassOn, Readiness, Visit


@dataclass(frozen=True, slots=True)
class Carriers:
    """What the connections of one server share. `control_paths`: the addresses of the control channel;
    `make_pages`: what serves the rest on a socket, and closes it in the count.
    """

    hub: Hub
    readiness: Readiness
    make_pages: Callable[[OpenSocket, asyncio.Transport], asyncio.Protocol]
    control_paths: Collection[bytes]
    pass_on: PassOn | None = None


class Connection(asyncio.Protocol):
    """One accepted connection until it is known what it wants. `already_read`: by whoever accepted it."""

    __slots__ = (
        "_carriers",
        "_data",
        "_feed",
        "_handshake",
        "_peer",
        "_socket",
        "_timer",
        "_transport",
        "_visit",
    )

    def __init__(self, carriers: Carriers, already_read: bytes = b"", peer: str = "") -> None:
        """`peer`: who it is, where the socket leads to a relay."""
        self._carriers = carriers
        self._data = already_read
        self._peer = peer
        # From the handshake on.
        self._feed: ControlFeed | None = None
        self._visit: Visit | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        limit_sec = self._carriers.hub.config.limits.request_timeout_sec
        self._timer = asyncio.get_running_loop().call_later(limit_sec, self._transport.abort)
        self._peer = self._peer or peer_address(self._transport)
        self._socket = self._count()
        if not self._socket.may_stay:
            self._transport.abort()
        elif self._data:
            self._decide()

    def data_received(self, data: bytes) -> None:
        if self._feed is not None:
            self._feed.feed_data(data)
            return
        self._data += data
        self._decide()

    def connection_lost(self, _reason: Exception | None) -> None:
        """Also while it waits: reading goes on, so that whoever leaves takes no turn from others."""
        self._timer.cancel()
        if self._visit is not None:
            self._visit.end()
        self._socket.close()

    def _count(self) -> OpenSocket:
        hub = self._carriers.hub
        is_proxy = is_trusted(self._peer, hub.config.trusted_proxies)
        counted = OpenSocket(hub.sockets, None if is_proxy else address_key(self._peer), self._peer)
        if not counted.may_stay:
            hub.metrics.refused_sockets += 1
            if hub.sockets.is_warning_due(global_us()):
                log_event("socket-refused", logging.WARNING, open=hub.sockets.open, most=hub.sockets.most)
        return counted

    def _decide(self) -> None:
        carriers, data = self._carriers, self._data
        if not may_become_handshake(data, carriers.control_paths):
            self._hand_to_pages()
            return
        split = split_head(data)
        if split is None:
            return
        pass_on = carriers.pass_on
        if pass_on is not None and pass_on(self._transport, self, data, self._peer) is not None:
            self._timer.cancel()
            self._socket.upgrade()
            return
        head, rest = split
        handshake = read_handshake(head)
        if handshake is None:
            self._hand_to_pages()
            return
        self._timer.cancel()
        self._data = b""
        self._feed = ControlFeed(self._transport, _nothing)
        self._feed.feed_data(rest)
        self._handshake, self._visit = handshake, Visit(self._socket)
        refusal = self._visit.ask_in(carriers.hub, carriers.readiness, handshake, self._peer, self._enter)
        if refusal is not None:
            self._refuse(refusal)

    def _hand_to_pages(self) -> None:
        self._timer.cancel()
        pages = self._carriers.make_pages(self._socket, self._transport)
        self._transport.set_protocol(pages)
        pages.connection_made(self._transport)
        pages.data_received(self._data)

    def _enter(self) -> None:
        """Its turn has come."""
        visit, feed = self._visit, self._feed
        if visit is None or feed is None or self._transport.is_closing():
            return  # connection_lost is on its way
        if self._carriers.readiness.is_draining:
            self._refuse(STOPPING)
            return
        try:
            protocol = feed.open(self._handshake, ControlSession(visit))
        except OSError:
            self._transport.abort()
            return
        except Exception as failure:  # noqa: BLE001 - the turns of others come in the same call
            log_failure("upgrade-failed", failure)
            self._transport.abort()
            return
        self._visit = None  # the session ends it from here on
        self._transport.set_protocol(protocol)

    def _refuse(self, refusal: HttpRefusal) -> None:
        self._transport.write(_http_bytes(refusal))
        self._transport.close()


def _nothing() -> None:
    """`connection_lost` has done it."""


def _http_bytes(refusal: HttpRefusal) -> bytes:
    body = refusal.text.encode()
    fields = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Server": "unisono",
        **SECURITY_HEADERS,
        **refusal.headers,
    }
    lines = [f"HTTP/1.1 {refusal.status} {refusal.reason}", *(f"{name}: {fields[name]}" for name in fields)]
    return "\r\n".join([*lines, "", ""]).encode() + body
