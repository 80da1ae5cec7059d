"""A STUN responder (RFC 8489, Binding only): tells a device which address and port the network gives it.

Peers learn their own address from the server that introduced them, and no third party does. No state per
device, no authentication, no keys. A datagram that is no well-formed Binding request gets silence, and an
answer is at most `MOST_ADDED_BYTES` longer than its request, so that forged senders gain nothing here.
Clock: `global_us`, for the allowance only. Knows no swarm, and logs no address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import cast

from unisono.addresses import address_key
from unisono.config import Limits
from unisono.limits import TokenBucket

MAGIC_COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")

BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111

ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
FINGERPRINT = 0x8028
FINGERPRINT_XOR = 0x5354554E
FINGERPRINT_BYTES = 8

# USERNAME, MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH: RFC 8489
# makes every agent understand them. Nothing here needs a login, so they change nothing.
UNDERSTOOD = frozenset((0x0006, 0x0008, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E))
FIRST_OPTIONAL = 0x8000

# Browsers ask in 20 to 60 bytes; without this a request of 64 KiB would be worth parsing.
MOST_REQUEST_BYTES = 512

# XOR-MAPPED-ADDRESS of an IPv6 sender (24) and a FINGERPRINT (8).
MOST_ADDED_BYTES = 32

# How many senders to look at per request while forgetting idle ones: a small table at a constant cost.
SWEEP_PER_REQUEST = 4

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


# --- messages (pure) ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BindingRequest:
    transaction_id: bytes
    # Attributes that must be understood and are not: they get an error instead of an address.
    not_understood: tuple[int, ...] = ()
    has_fingerprint: bool = False


def parse_request(datagram: bytes) -> BindingRequest | None:
    """The request in this datagram; None when it is anything else, or broken in any way."""
    if not HEADER.size <= len(datagram) <= MOST_REQUEST_BYTES:
        return None
    kind, length, cookie, transaction_id = HEADER.unpack_from(datagram)
    if kind != BINDING_REQUEST or cookie != MAGIC_COOKIE or length != len(datagram) - HEADER.size:
        return None
    return _read_attributes(datagram, transaction_id)


def _read_attributes(datagram: bytes, transaction_id: bytes) -> BindingRequest | None:
    not_understood: list[int] = []
    has_fingerprint = False
    at = HEADER.size
    while at < len(datagram):
        if has_fingerprint or at + ATTRIBUTE.size > len(datagram):
            return None  # nothing may follow a fingerprint (§14.7)
        attribute, value_bytes = ATTRIBUTE.unpack_from(datagram, at)
        end = at + ATTRIBUTE.size + value_bytes
        if end > len(datagram):
            return None
        if attribute == FINGERPRINT:
            if datagram[at:] != _fingerprint(datagram[:at]):
                return None
            has_fingerprint = True
        elif attribute < FIRST_OPTIONAL and attribute not in UNDERSTOOD:
            not_understood.append(attribute)
        at = end + -value_bytes % 4  # values are padded to 4 bytes; a message that is cut there has no end
    if at != len(datagram):
        return None
    return BindingRequest(transaction_id, tuple(not_understood), has_fingerprint)


def build_answer(request: BindingRequest, address: IpAddress, port: int) -> bytes:
    """The success that names the sender's address, or the error that names what was not understood."""
    if request.not_understood:
        kind = BINDING_ERROR
        # 420, without a reason phrase: programs read the number.
        attributes = _attribute(ERROR_CODE, struct.pack("!HBB", 0, 4, 20))
        listed = struct.pack(f"!{len(request.not_understood)}H", *request.not_understood)
        attributes += _attribute(UNKNOWN_ATTRIBUTES, listed)
    else:
        kind = BINDING_SUCCESS
        attributes = _attribute(XOR_MAPPED_ADDRESS, _xor_address(request.transaction_id, address, port))
    length = len(attributes) + (FINGERPRINT_BYTES if request.has_fingerprint else 0)
    answer = HEADER.pack(kind, length, MAGIC_COOKIE, request.transaction_id) + attributes
    return answer + _fingerprint(answer) if request.has_fingerprint else answer


def _attribute(kind: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def _xor_address(transaction_id: bytes, address: IpAddress, port: int) -> bytes:
    """§14.2: hidden from NATs that rewrite whatever looks like an address."""
    mask = struct.pack("!I", MAGIC_COOKIE) + transaction_id
    family = 1 if address.version == 4 else 2
    hidden = bytes(byte ^ other for byte, other in zip(address.packed, mask, strict=False))
    return struct.pack("!BBH", 0, family, port ^ (MAGIC_COOKIE >> 16)) + hidden


def _fingerprint(before: bytes) -> bytes:
    """The attribute that ends a message. The header's length counts it already (§14.7)."""
    return ATTRIBUTE.pack(FINGERPRINT, 4) + struct.pack("!I", zlib.crc32(before) ^ FINGERPRINT_XOR)


# --- the allowance (pure) -----------------------------------------------------------------------------------


class Allowance:
    """How many requests are answered, for each sender and in all.

    Senders of UDP can be forged, so a flood can claim to come from anywhere. Addresses from which somebody is
    connected have a budget of their own, which a flood of made-up addresses does not touch: a TCP handshake
    has proved them. All others share another, of which one network gets a part only.
    """

    def __init__(self, limits: Limits, global_us: int, is_connected: Callable[[str], bool]) -> None:
        self._limits = limits
        self._is_connected = is_connected
        self._connected = _full(limits.stun_connected_per_sec, global_us)
        self._strangers = _full(limits.stun_strangers_per_sec, global_us)
        # By address and by network of strangers; a hash would do, but these are few.
        self._senders: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._senders)

    def take(self, address: str, global_us: int) -> bool:
        """Whether this sender, an IP address as text, gets an answer now."""
        self._forget_idle(global_us)
        key = address_key(address)
        if self._is_connected(key):
            buckets = [self._sender(key, global_us), self._connected]
        else:
            # Before the table: forged senders would each have an entry of their own.
            if not self._strangers.has(1, global_us):
                return False
            network = network_of(address)
            buckets = [self._sender(key, global_us), self._network(network, global_us), self._strangers]
        if not all(bucket.has(1, global_us) for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.take(1, global_us)
        return True

    def _sender(self, key: str, global_us: int) -> TokenBucket:
        limits = self._limits
        return self._bucket(key, limits.stun_per_address_per_sec, limits.stun_address_burst, global_us)

    def _network(self, network: str, global_us: int) -> TokenBucket:
        per_sec = self._limits.stun_per_network_per_sec
        return self._bucket(network, per_sec, per_sec, global_us)

    def _bucket(self, key: str, per_sec: float, burst: float, global_us: int) -> TokenBucket:
        if key not in self._senders:
            self._senders[key] = TokenBucket.full(per_sec, burst, global_us)
        return self._senders[key]

    def _forget_idle(self, global_us: int) -> None:
        """Looks at the longest-unvisited few; those not full again go to the end of the line."""
        for key in list(islice(self._senders, SWEEP_PER_REQUEST)):
            bucket = self._senders.pop(key)
            if not bucket.is_full(global_us):
                self._senders[key] = bucket


def _full(per_sec: float, global_us: int) -> TokenBucket:
    return TokenBucket.full(per_sec, per_sec, global_us)


def network_of(address: str) -> str:
    """What a forger has to choose from to look like many: an IPv4 /16, an IPv6 /32."""
    parsed = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((int(parsed), 16 if parsed.version == 4 else 32), strict=False))


# --- the socket ---------------------------------------------------------------------------------------------


class StunResponder(asyncio.DatagramProtocol):
    """Answers on one UDP socket until the transport is closed."""

    def __init__(
        self, limits: Limits, global_us: Callable[[], int], is_connected: Callable[[str], bool]
    ) -> None:
        self._global_us = global_us
        self._allowance = Allowance(limits, global_us(), is_connected)
        self._transport: asyncio.DatagramTransport | None = None
        self._is_backed_up = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: the transports of asyncio and uvloop are datagram transports by duck only.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def pause_writing(self) -> None:
        self._is_backed_up = True

    def resume_writing(self) -> None:
        self._is_backed_up = False

    def datagram_received(self, datagram: bytes, sender: tuple[str, int] | tuple[str, int, int, int]) -> None:
        transport, port = self._transport, sender[1]
        request = parse_request(datagram)
        if transport is None or request is None or port == 0:
            return
        address = ipaddress.ip_address(sender[0].partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # an IPv4 sender on a socket for both families
        # What the kernel does not take now is worth nothing later: the sender asks again.
        if not self._is_backed_up and self._allowance.take(str(address), self._global_us()):
            transport.sendto(build_answer(request, address, port), sender)


async def start_stun(
    sock: socket.socket,
    limits: Limits,
    global_us: Callable[[], int],
    is_connected: Callable[[str], bool],
) -> asyncio.DatagramTransport:
    """Answers on this bound UDP socket from now on; `is_connected` tells whether somebody of an address is
    connected. Whoever starts it closes the transport.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: StunResponder(limits, global_us, is_connected), sock=sock
    )
    return transport
