"""Addresses: whom a request comes from, and whether its page may open a channel. Pure.

No address goes into a log.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from unisono.config import IpNetwork

DEFAULT_PORTS = {"http": 80, "https": 443}


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[IpNetwork]) -> str:
    """The nearest address that is not one of our proxies.

    `forwarded_for` holds the values of X-Forwarded-For in the order they came. Each proxy appends whom it
    saw, so the list is read from the right, and only as far as trusted proxies wrote it: what lies beyond is
    the client's claim.
    """
    chain = [without_port(hop.strip()) for value in forwarded_for for hop in value.split(",")]
    address = peer
    while chain and is_trusted(address, trusted):
        address = chain.pop()
    return address


def without_port(hop: str) -> str:
    """The address of `192.0.2.1:4711`, `[2001:db8::1]:4711` or `[2001:db8::1]`, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    host, colon, port = hop.partition(":")
    return host if colon and port.isdigit() else hop


def is_trusted(address: str, trusted: Sequence[IpNetwork]) -> bool:
    """Whether this is one of our own proxies."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)


def is_allowed_origin(
    origin: str | None, host: str | None, public_url: str | None, page_origins: Sequence[str] = ()
) -> bool:
    """Whether a page of this origin may open the control channel.

    Browsers always send Origin and programs need not, so its absence is fine. A page must come from the host
    it connects to, from the public URL, or from an origin that was named; the scheme is compared only there,
    as a proxy may have ended TLS.
    """
    if origin is None:
        return True
    origin_place = _place(origin)
    if origin_place is None:
        return False
    scheme, *_ = origin.partition(":")
    if origin_place in (_place(f"{scheme}://{host}"), _place(public_url or "")):
        return True
    return any(origin.lower() == named.lower().rstrip("/") for named in page_origins)


def _place(url: str) -> tuple[str, int] | None:
    """Host and port, the default port filled in; None for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            return None
        return parts.hostname.lower(), parts.port or DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None
