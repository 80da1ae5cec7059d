"""What `welcome.iceServers` holds: the built-in STUN responder, and TURN servers with brief credentials.

The scheme is coturn's "TURN REST API" (use-auth-secret): the user name starts with the Unix second at which
it expires, and the password is the base64 of its HMAC-SHA1 under the secret shared with the TURN server.
Clock: wall time, in Unix seconds, as coturn compares with its own. Knows no user: the label is random.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from contextvars import ContextVar
from urllib.parse import urlsplit

from unisono.config import Ice
from unisono.protocol import IceServer

# The host by which the client of the current request reached this server, as it stands in its Host header. A
# context of the request and no argument, because sessions and hub have no other use for it.
REACHED_HOST: ContextVar[str] = ContextVar("reached_host", default="")

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def ice_servers(ice: Ice, unix_sec: int, label: str) -> list[IceServer]:
    """The list for one welcome. The label tells credentials apart for coturn's quota; it names no user."""
    stun = stun_url(REACHED_HOST.get(), ice.stun_port)
    offered = [] if stun is None else [IceServer(urls=[stun])]
    if ice.turn_urls:
        username = f"{unix_sec + ice.turn_credential_sec}:{label}"
        digest = hmac.new(ice.turn_secret, username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        offered.append(IceServer(urls=list(ice.turn_urls), username=username, credential=credential))
    return offered


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
