"""What `welcome.iceServers` holds: TURN servers with short-lived credentials.

The scheme is coturn's "TURN REST API" (use-auth-secret): the user name starts with the Unix second at which
it expires, and the password is the base64 of its HMAC-SHA1 under the secret shared with the TURN server.
Clock: wall time, in Unix seconds, as coturn compares with its own. Knows no user: the label is random.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from unisono.config import Ice
from unisono.protocol import IceServer


def ice_servers(ice: Ice, unix_sec: int, label: str) -> list[IceServer]:
    """The list for one welcome. The label tells credentials apart for coturn's quota; it names no user."""
    if not ice.turn_urls:
        return []
    username = f"{unix_sec + ice.turn_credential_sec}:{label}"
    digest = hmac.new(ice.turn_secret, username.encode(), hashlib.sha1).digest()
    credential = base64.b64encode(digest).decode()
    return [IceServer(urls=list(ice.turn_urls), username=username, credential=credential)]
