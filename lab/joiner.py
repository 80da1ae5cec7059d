"""Someone who joins by hand: keys made of a name, and the join that answers a server's challenge.

`Joiner("ada").join(challenge)` is a message to send as JSON. Joiners share one swarm key unless told
otherwise.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from unisono.admission import ADMISSION_LABEL, SEAT_LABEL, encode_base64url, signed_bytes
from unisono.protocol import PROTOCOL_VERSION, Join

SWARM = "5" * 32


def decode_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Joiner:
    """One page load of one person."""

    def __init__(self, name: str, swarm_key: str = "party", announcement: str = "") -> None:
        self._session = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self._admission = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(swarm_key.encode()).digest())
        self.session_key = _public(self._session)
        self.admission_key = _public(self._admission)
        self.announcement = announcement or encode_base64url(name.encode())
        self.user_id = hashlib.sha256(decode_base64url(self.session_key)).digest()[:16].hex()

    def join(
        self, challenge: Mapping[str, Any] | str | bytes, swarm_id: str = SWARM, **changed: Any
    ) -> dict[str, Any]:
        """The answer to a challenge, with some fields changed after signing."""
        said = msgspec.json.decode(challenge) if isinstance(challenge, str | bytes) else challenge
        nonce = decode_base64url(said["nonce"])
        join = Join(
            v=PROTOCOL_VERSION,
            swarm_id=swarm_id,
            user_id=self.user_id,
            session_key=self.session_key,
            announcement=self.announcement,
            admission_key=self.admission_key,
            admission_proof="",
            session_proof="",
        )
        proofs = {
            "admissionProof": _sign(self._admission, signed_bytes(ADMISSION_LABEL, nonce, join)),
            "sessionProof": _sign(self._session, signed_bytes(SEAT_LABEL, nonce, join)),
        }
        fields: dict[str, Any] = msgspec.to_builtins(join)
        return {**fields, **proofs, **changed}


def _public(key: Ed25519PrivateKey) -> str:
    return encode_base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _sign(key: Ed25519PrivateKey, text: bytes) -> str:
    return encode_base64url(key.sign(text))
