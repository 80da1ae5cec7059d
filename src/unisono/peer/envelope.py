"""Seals what goes through the relay, so that the server can neither read, forge nor use it twice. Pure.

The layout is in docs/security.md ("The envelope"), the vectors in vectors/envelope.json. Does not know what
the content means.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from unisono.admission import ADMISSION_LABEL, SEAT_LABEL, signed_bytes
from unisono.peer.ambient import Chance
from unisono.peer.announcement import PeerKeyring, epoch_bytes, has_signed, make_announcement, sign
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.errors import WireError
from unisono.peer.keys import SwarmKeys, public_key_of
from unisono.protocol import PROTOCOL_VERSION, Join

VERSION = 2
TO_ALL = 1
TO_ONE = 2
HEADER_BYTES = 6
NONCE_BYTES = 24
TAG_BYTES = 16
LENGTH_BYTES = 2
SIGNATURE_BYTES = 64
OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES + LENGTH_BYTES
SIZES_BYTES = (256, 1024, 4096, 16384)
BROADCAST_LABEL = b"unisono/v2/broadcast\0"
LINK_LABEL = b"unisono/v2/fingerprints\0"
NOBODY = bytes(16)


class Sealer:
    """One load of one session: its sequence, its keyring, its proofs.

    `epoch` must be higher than that of any former load of the same session.
    """

    def __init__(self, keys: SwarmKeys, epoch: int, chance: Chance) -> None:
        self._keys = keys
        self._epoch = epoch
        self._chance = chance
        self._sequence = 0
        self._peer_keyring = PeerKeyring(keys, epoch, chance.bytes(32))
        self.announcement = make_announcement(keys, epoch, self._peer_keyring.agreement_key)

    def meet(self, user_id: str, session_key: str, announcement: str) -> None:
        """The server shows a member. Raises `WireError` when what it shows is not that member's."""
        self._peer_keyring.meet(user_id, session_key, announcement)

    def renew(self, user_id: str, announcement: str) -> None:
        self._peer_keyring.renew(user_id, announcement)

    def left(self, user_id: str) -> None:
        """The server says that a member is gone."""
        self._peer_keyring.left(user_id)

    def make_join(self, nonce: str) -> Join:
        """Answers the server's challenge."""
        keys = self._keys
        join = Join(
            v=PROTOCOL_VERSION,
            swarm_id=keys.swarm_id,
            user_id=keys.user_id,
            session_key=encode_base64url(keys.session_public_key),
            announcement=self.announcement,
            admission_key=encode_base64url(public_key_of(keys.admission_seed)),
            admission_proof="",
            session_proof="",
        )
        raw = decode_base64url(nonce)
        admission = sign(keys.admission_seed, signed_bytes(ADMISSION_LABEL, raw, join))
        seat = sign(keys.session_seed, signed_bytes(SEAT_LABEL, raw, join))
        return Join(
            v=join.v,
            swarm_id=join.swarm_id,
            user_id=join.user_id,
            session_key=join.session_key,
            announcement=join.announcement,
            admission_key=join.admission_key,
            admission_proof=encode_base64url(admission),
            session_proof=encode_base64url(seat),
        )

    def seal(self, to: str | None, content: bytes) -> bytes:
        """For everyone (`to` None) or one peer. Raises `WireError`: too large, or never met."""
        signature_bytes = SIGNATURE_BYTES if to is None else 0
        needed = OVERHEAD_BYTES + signature_bytes + len(content)
        size = next((size for size in SIZES_BYTES if needed <= size), None)
        if size is None:
            raise WireError("wire-too-large", f"{len(content)} bytes")
        key = self._key_to(to)
        header = struct.pack(">BBI", VERSION, TO_ALL if to is None else TO_ONE, self._sequence)
        self._sequence += 1
        aad = self._associated_data(header, self._keys.user_id, to, self._epoch)
        signature = sign(self._keys.session_seed, BROADCAST_LABEL + aad + content) if to is None else b""
        plain = struct.pack(">H", len(content)) + signature + content
        padded = plain.ljust(size - HEADER_BYTES - NONCE_BYTES - TAG_BYTES, b"\0")
        nonce = self._chance.bytes(NONCE_BYTES)
        return header + nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(padded, aad, nonce, key)

    def open(self, sender: str, envelope: bytes) -> bytes:
        """What `sender` sent to this peer or to all. Raises `WireError`; wire-unproven: greet it and ask."""
        if len(envelope) not in SIZES_BYTES:
            raise WireError("wire-malformed", f"envelope of {len(envelope)} bytes")
        version, kind, sequence = struct.unpack(">BBI", envelope[:HEADER_BYTES])
        if version != VERSION:
            raise WireError("wire-version", f"envelope version {version}")
        if kind not in (TO_ALL, TO_ONE):
            raise WireError("wire-malformed", f"kind {kind}")
        known_peer = self._peer_keyring.get(sender)
        is_for_all = kind == TO_ALL
        to = None if is_for_all else self._keys.user_id
        aad = self._associated_data(envelope[:HEADER_BYTES], sender, to, known_peer.announcement.epoch)
        key = self._keys.broadcast_key if is_for_all else self._peer_keyring.pair_of(known_peer).from_peer
        plain = _decrypt(key, envelope, aad)
        known_peer.window.check(sequence)
        length = int.from_bytes(plain[:LENGTH_BYTES])
        begin = LENGTH_BYTES + (SIGNATURE_BYTES if is_for_all else 0)
        if begin + length > len(plain):
            raise WireError("wire-malformed", "content runs over")
        content = plain[begin : begin + length]
        if is_for_all:
            if known_peer.proven_from is None:
                raise WireError("wire-unproven", "not greeted yet")
            if sequence < known_peer.proven_from:
                raise WireError("wire-replayed", "from before the greeting")
            signature = plain[LENGTH_BYTES:begin]
            if not has_signed(known_peer.session_key, signature, BROADCAST_LABEL + aad + content):
                raise WireError("wire-unsealed", "not signed by its sender")
        known_peer.window.admit(sequence)
        if not is_for_all and known_peer.proven_from is None:
            known_peer.proven_from = sequence
        return content

    def prove_link(self, to: str, own: str, theirs: str) -> bytes:
        """That this peer knows the swarm key and sees these DTLS fingerprints of both ends; 32 bytes."""
        return self._link_proof(to, self._keys.user_id, own, theirs)

    def is_link_proven(self, sender: str, proof: bytes, own: str, theirs: str) -> bool:
        try:
            return hmac.compare_digest(proof, self._link_proof(sender, sender, theirs, own))
        except WireError:
            return False  # nobody we met

    def _key_to(self, to: str | None) -> bytes:
        if to is None:
            return self._keys.broadcast_key
        return self._peer_keyring.pair_of(self._peer_keyring.get(to)).to_peer

    def _link_proof(self, peer: str, prover: str, of_prover: str, of_other: str) -> bytes:
        key = self._peer_keyring.pair_of(self._peer_keyring.get(peer)).link
        text = LINK_LABEL + bytes.fromhex(prover) + f"{of_prover}\0{of_other}".encode()
        return hmac.new(key, text, hashlib.sha256).digest()

    def _associated_data(self, header: bytes, sender: str, to: str | None, epoch: int) -> bytes:
        ends = bytes.fromhex(sender) + (bytes.fromhex(to) if to else NOBODY)
        return bytes.fromhex(self._keys.swarm_id) + header[1:2] + ends + epoch_bytes(epoch) + header[2:]


def _decrypt(key: bytes, envelope: bytes, aad: bytes) -> bytes:
    nonce = envelope[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    try:
        plain: bytes = crypto_aead_xchacha20poly1305_ietf_decrypt(
            envelope[HEADER_BYTES + NONCE_BYTES :], aad, nonce, key
        )
    except (CryptoError, ValueError) as cause:
        raise WireError("wire-unsealed", "not sealed by this swarm for this peer") from cause
    return plain
