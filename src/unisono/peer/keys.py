"""From a link to all keys, by the same derivation as in the web app. Pure.

The key is stretched by scrypt (64 MiB, a fraction of a second), so that whoever runs the server cannot look
it up in a dictionary. vectors/keys.json pins the result.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from unisono.admission import USER_ID_BYTES
from unisono.peer.errors import SwarmKeyError
from unisono.peer.key import canonical_key

SCRYPT_N = 2**16
SCRYPT_R = 8
SCRYPT_MEMORY_BYTES = 2 * 128 * SCRYPT_N * SCRYPT_R  # what OpenSSL wants to be allowed, with room to spare
SALT = b"unisono/v1"


@dataclass(frozen=True)
class Link:
    """Where a swarm is: its key in canonical form, and the base address of its server (ws:// or wss://)."""

    key: str
    server: str


@dataclass(frozen=True)
class SwarmKeys:
    """Everything that follows from the key and from this session's seed. Secret, but for ids and shard."""

    swarm_id: str
    shard: str
    broadcast_key: bytes
    pair_key: bytes
    bind_key: bytes
    admission_seed: bytes
    session_seed: bytes
    session_public_key: bytes
    user_id: str


def read_link(text: str) -> Link | None:
    """The swarm that an address like https://host/#K7QF-9TXM-2B4D3 names, also as a messenger changed it;
    None when it is no such address.
    """
    # What a messenger escaped is a fragment all the same.
    parts = _split(re.sub("%(?:25)*23", "#", text.strip().strip("<>()[]\"'"), count=1))
    if parts is None or parts.scheme not in ("http", "https", "ws", "wss"):
        return None
    try:
        key = canonical_key(f"{parts.scheme}://{parts.netloc}/#{parts.fragment}")
    except SwarmKeyError:
        return None
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    _, _, query = parts.fragment.partition("?")
    folder = parts.path.rpartition("/")[0]  # the server may be behind a path of its host
    return Link(key, _named_server(query) or f"{scheme}://{parts.netloc}{folder}")


def derive_keys(canonical: str, session_seed: bytes) -> SwarmKeys:
    """`session_seed`: 32 random bytes of this session. Takes a fraction of a second."""
    root = hashlib.scrypt(
        canonical.encode(), salt=SALT, n=SCRYPT_N, r=SCRYPT_R, p=1, maxmem=SCRYPT_MEMORY_BYTES, dklen=32
    )

    def part(name: str, length: int) -> bytes:
        return hkdf(root, b"", f"unisono/v1/{name}".encode(), length)

    public_key = public_key_of(session_seed)
    return SwarmKeys(
        swarm_id=part("swarm-id", 16).hex(),
        shard=part("shard", 2).hex(),
        broadcast_key=part("broadcast", 32),
        pair_key=part("pair", 32),
        bind_key=part("bind", 32),
        admission_seed=part("admission", 32),
        session_seed=session_seed,
        session_public_key=public_key,
        user_id=user_id_of(public_key),
    )


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-SHA-256."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt or None, info=info).derive(secret)


def public_key_of(seed: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def user_id_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).digest()[:USER_ID_BYTES].hex()


def _split(address: str) -> SplitResult | None:
    """None where it has no host, or one that no computer can have, or no possible port."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # a name of too many letters
    except ValueError:
        return None
    return None if not host or port == 0 or re.search(r"\s", host) else parts


def _named_server(query: str) -> str | None:
    """`?server=wss://host` inside the fragment."""
    for server in parse_qs(query).get("server", []):
        parts = _split(server)
        if parts is not None and parts.scheme in ("ws", "wss"):
            return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return None
