"""Which address a name under `.local` has: browsers hide their own addresses behind such names.

Asks and listens on every IPv4 interface (RFC 6762). aioice asks too, but dnspython from 2.9.1 refuses a whole
answer for a compressed name in its NSEC record, which RFC 6762 (18.14) allows and Chromium sends; here what
can be read of an answer is used. Whoever opens it closes it; `close` is idempotent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import struct
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import ifaddr

GROUP = "224.0.0.251"
PORT = 5353
# A browser answers within milliseconds; multicast on Wi-Fi gets lost, so the question is put three times.
ASK_AFTER_SEC = (0.0, 0.3, 0.9)
PATIENCE_SEC = 2.5
# Names that are asked for at once, over all connections.
MOST_WAITING = 64
NAME = re.compile(r"[A-Za-z0-9-]{1,63}\.local\.?")

log = logging.getLogger(__name__)


def is_mdns_name(host: str) -> bool:
    return NAME.fullmatch(host) is not None


def question_for(host: str) -> bytes:
    message = dns.message.make_query(dns.name.from_text(host), dns.rdatatype.A)
    message.id, message.flags = 0, dns.flags.Flag(0)
    return message.to_wire()


def addresses_in(data: bytes) -> dict[str, str]:
    """Name (lower case, without a dot at its end) to IPv4 address, of an answer; empty for anything else."""
    try:
        message = dns.message.from_wire(data, continue_on_error=True, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return {}
    if not message.flags & dns.flags.QR:
        return {}
    found = {}
    for records in [*message.answer, *message.additional]:
        for record in records:
            content = record.to_generic().data
            if records.rdtype == dns.rdatatype.A and len(content) == 4:
                found[_key(records.name.to_text())] = socket.inet_ntoa(content)
    return found


class MdnsResolver:
    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._interfaces: list[str] = []

    async def resolve(self, host: str) -> str | None:
        """Its IPv4 address; None where nobody answers."""
        key = _key(host)
        if key not in self._waiting and len(self._waiting) >= MOST_WAITING:
            return None
        try:
            await self._open()
        except OSError as failure:
            log.info("names of browsers cannot be resolved here: %s", failure)
            return None
        answer = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        asking = asyncio.create_task(self._ask(host))
        try:
            async with asyncio.timeout(PATIENCE_SEC):
                return await asyncio.shield(answer)
        except TimeoutError:
            return None
        finally:
            asking.cancel()
            if self._waiting.get(key) is answer:
                del self._waiting[key]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def received(self, data: bytes) -> None:
        for name, address in addresses_in(data).items():
            answer = self._waiting.get(name)
            if answer is not None and not answer.done():
                answer.set_result(address)

    async def _ask(self, host: str) -> None:
        question, before_sec = question_for(host), 0.0
        for after_sec in ASK_AFTER_SEC:
            await asyncio.sleep(after_sec - before_sec)
            before_sec = after_sec
            if self._transport is None:
                return
            handle = self._transport.get_extra_info("socket")
            for interface in self._interfaces:
                with contextlib.suppress(OSError):
                    handle.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
                    self._transport.sendto(question, (GROUP, PORT))

    async def _open(self) -> None:
        """Joins the group on every interface there now is."""
        if self._transport is None:
            handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if hasattr(socket, "SO_REUSEPORT"):
                    handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                handle.bind(("", PORT))
                handle.setblocking(False)  # noqa: FBT003 - socket's own words
            except OSError:
                handle.close()
                raise
            self._interfaces = []
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(self), sock=handle)
        handle = self._transport.get_extra_info("socket")
        for interface in _own_addresses():
            if interface not in self._interfaces:
                with contextlib.suppress(OSError):  # without multicast, or joined before
                    member = socket.inet_aton(GROUP) + socket.inet_aton(interface)
                    handle.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
                    self._interfaces.append(interface)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, resolver: MdnsResolver) -> None:
        self._resolver = resolver

    def datagram_received(self, data: bytes, _sender: tuple[Any, ...]) -> None:
        self._resolver.received(data)


def _own_addresses() -> list[str]:
    return [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]


def _key(host: str) -> str:
    return host.rstrip(".").lower()
