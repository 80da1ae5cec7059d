"""What a page is told of ICE servers: the built-in STUN responder, and TURN servers with brief credentials.

The scheme is coturn's "TURN REST API" (use-auth-secret): the user name starts with the Unix second at which
it expires, and the password is the base64 of its HMAC-SHA1 under the secret shared with the TURN server. The
rest of the user name, the label, is what coturn's quotas count by: one for each network address, so that
nobody gets more by asking again. It is a keyed hash, so that no log of the relay holds an address. Clock:
wall time, in Unix seconds, as coturn compares with its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from urllib.parse import urlsplit

from unisono.config import Ice
from unisono.protocol import IceServer

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

LABEL_CONTEXT = b"unisono/v1/turn-label\0"
LABEL_CHARS = 16


def ice_servers(
    ice: Ice, unix_sec: int, *, address: str, reached_host: str, is_alone: bool
) -> list[IceServer]:
    """What one member is told. Whoever is alone in its swarm has nobody to reach through a relay, and gets no
    credentials: else anybody could have them for the asking.
    """
    stun = stun_url(reached_host, ice.stun_port)
    offered = [] if stun is None else [IceServer(urls=[stun])]
    if ice.turn_urls and not is_alone:
        username = f"{unix_sec + ice.turn_credential_sec}:{turn_label(ice.turn_secret, address)}"
        digest = hmac.new(ice.turn_secret, username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        offered.append(IceServer(urls=list(ice.turn_urls), username=username, credential=credential))
    return offered


def turn_label(secret: bytes, address: str) -> str:
    """The same for one address on every server that shares the secret; says nothing of it without."""
    digest = hmac.new(secret, LABEL_CONTEXT + address.encode(), hashlib.sha256).hexdigest()
    return digest[:LABEL_CHARS]


def stun_url(reached_host: str, stun_port: int) -> str | None:
    """Where this server's responder is, given a Host header; None without a responder or a usable host.

    A browser refuses a whole list of servers for one bad URL, so a host that is neither a name nor an address
    is not passed on.
    """
    if stun_port == 0:
        return None
    try:
        host = urlsplit(f"//{reached_host}").hostname or ""
        if ":" in host:
            return f"stun:[{ipaddress.IPv6Address(host).compressed}]:{stun_port}" if "%" not in host else None
    except ValueError:
        return None
    return f"stun:{host}:{stun_port}" if _HOST_NAME.fullmatch(host) else None
