"""Who may join: whoever signs the server's challenge with two keys. Pure.

The admission key is derived from the swarm key, which the server does not know: the first joiner's is pinned
by `swarm` for as long as the swarm lives, so that later nobody enters without the swarm key. The session key
is the tab's own, and the user id is its hash: nobody takes another's seat. Both signatures are over

    label · 0 · nonce (32 bytes) · swarm id (16) · user id (16) · announcement

with the labels below, so that neither serves as the other, on another connection, or for another seat.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unisono.errors import PeerError
from unisono.protocol import ErrorCode, Join

NONCE_BYTES = 32
USER_ID_BYTES = 16
ADMISSION_LABEL = b"unisono/v2/admission"
SEAT_LABEL = b"unisono/v2/seat"


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_bytes(label: bytes, nonce: bytes, join: Join) -> bytes:
    """What a joiner signs with the key that belongs to the label."""
    ids = bytes.fromhex(join.swarm_id) + bytes.fromhex(join.user_id)
    return label + b"\0" + nonce + ids + join.announcement.encode()


def check_join(join: Join, nonce: bytes, pinned_key: str | None) -> None:
    """Raises `PeerError` unless both proofs hold; `pinned_key` is None where there is no swarm yet.

    What costs nothing is looked at first: a stranger without the swarm key costs no signature check.
    """
    if pinned_key is not None and not hmac.compare_digest(pinned_key, join.admission_key):
        raise PeerError(ErrorCode.NOT_ADMITTED, "another key opened this swarm")
    session_key = decode_base64url(join.session_key)
    user_id = hashlib.sha256(session_key).digest()[:USER_ID_BYTES].hex()
    if not hmac.compare_digest(user_id, join.user_id):
        raise PeerError(ErrorCode.NOT_ADMITTED, "the user id is not the one of the session key")
    admission_text = signed_bytes(ADMISSION_LABEL, nonce, join)
    if not _has_signed(decode_base64url(join.admission_key), join.admission_proof, admission_text):
        raise PeerError(ErrorCode.NOT_ADMITTED, "the challenge is not signed with the admission key")
    if not _has_signed(session_key, join.session_proof, signed_bytes(SEAT_LABEL, nonce, join)):
        raise PeerError(ErrorCode.NOT_ADMITTED, "the challenge is not signed with the session key")


def _has_signed(public_key: bytes, signature: str, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(decode_base64url(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def decode_base64url(text: str) -> bytes:
    """The protocol has checked letters and length already."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
