"""What a session tells the others of itself through the server, and whom it has met. Pure.

The announcement names this load of the session (its epoch) and a key for agreeing on pairwise keys with it:

    version (2) · epoch (8, big-endian) · X25519 public key (32) · Ed25519 signature by the session key (64)
    of "unisono/v2/announcement\\0" · swarm id · what stands before it

A peer is met when the server shows its announcement, and proven when a pairwise envelope of it was opened.
However many come and go, there is room for the next: of those who have left, whoever left first is forgotten
but for a floor, the last it was heard to say, on which it starts anew should it come back.

Invariants: (1) the user id is the hash of the session key; (2) an epoch never goes back; (3) nothing that was
once admitted is admitted again, whoever leaves and comes back meanwhile.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from unisono.peer.constants.control import MAX_FLOORS, MAX_KNOWN_PEERS
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.errors import WireError
from unisono.peer.keys import SwarmKeys, hkdf, user_id_of

VERSION = 2
SIGNED_BYTES = 41
WHOLE_BYTES = SIGNED_BYTES + 64
LABEL = b"unisono/v2/announcement\0"
MAX_SAFE_EPOCH = 2**53 - 1
REPLAY_WIDTH = 64


@dataclass(frozen=True)
class Announcement:
    epoch: int
    agreement_key: bytes
    signature: bytes

    @property
    def head(self) -> bytes:
        return bytes([VERSION]) + epoch_bytes(self.epoch) + self.agreement_key


@dataclass(frozen=True)
class PairKeys:
    """What both ends of a pair derive, in both directions."""

    to_peer: bytes
    from_peer: bytes
    link: bytes


class ReplayWindow:
    """Accepts each sequence number of one sender once, in any order within the last 64 (RFC 4303, 3.4.3)."""

    def __init__(self, floor: int = -1) -> None:
        """Whatever is not above `floor` counts as admitted."""
        self._floor = floor
        self._highest = floor
        self._seen: set[int] = set()

    @property
    def highest(self) -> int:
        return self._highest

    def check(self, sequence: int) -> None:
        """Raises `WireError` wire-replayed for a number admitted before or too old to tell."""
        if sequence <= max(self._floor, self._highest - REPLAY_WIDTH) or sequence in self._seen:
            raise WireError("wire-replayed", f"sequence {sequence}")

    def admit(self, sequence: int) -> None:
        self.check(sequence)
        self._seen.add(sequence)
        if sequence > self._highest:
            self._highest = sequence
            self._seen = {seen for seen in self._seen if seen > sequence - REPLAY_WIDTH}


@dataclass
class KnownPeer:
    user_id: str
    session_key: bytes
    announcement: Announcement
    window: ReplayWindow = field(default_factory=ReplayWindow)
    # The sequence of its first pairwise envelope: broadcasts before it may be a record of the past.
    proven_from: int | None = None
    pair: PairKeys | None = None
    # By the server's word; who has left may come back.
    is_present: bool = True


@dataclass(frozen=True)
class Floor:
    """What stays of somebody who was forgotten: nothing it said before counts."""

    epoch: int
    # The highest sequence heard of that load.
    sequence: int


def make_announcement(keys: SwarmKeys, epoch: int, agreement_key: bytes) -> str:
    """As it goes into `join`."""
    head = bytes([VERSION]) + epoch_bytes(epoch) + agreement_key
    return encode_base64url(head + sign(keys.session_seed, _signed_text(keys.swarm_id, head)))


def parse_announcement(text: str) -> Announcement:
    """Raises `WireError` wire-malformed. Whether the signature holds is `is_genuine`'s to say."""
    data = decode_base64url(text)
    if len(data) != WHOLE_BYTES or data[0] != VERSION:
        raise WireError("wire-malformed", "announcement")
    epoch = int.from_bytes(data[1:9])
    if epoch > MAX_SAFE_EPOCH:
        raise WireError("wire-malformed", "announcement epoch")
    return Announcement(epoch, data[9:SIGNED_BYTES], data[SIGNED_BYTES:])


def is_genuine(swarm_id: str, announcement: Announcement, session_key: bytes) -> bool:
    return has_signed(session_key, announcement.signature, _signed_text(swarm_id, announcement.head))


class PeerKeyring:
    """Everybody this session has met."""

    def __init__(self, keys: SwarmKeys, epoch: int, agreement_secret: bytes) -> None:
        self._keys = keys
        self._secret = X25519PrivateKey.from_private_bytes(agreement_secret)
        self.agreement_key = self._secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._own_end = _end(keys.user_id, epoch, self.agreement_key)
        # Who left first, or was shown first of those who are here, comes first.
        self._known_peers: dict[str, KnownPeer] = {}
        self._floors: dict[str, Floor] = {}

    def meet(self, user_id: str, session_key_text: str, announcement_text: str) -> None:
        """The server shows a peer; an older load than the known one changes nothing. Raises `WireError`."""
        session_key = decode_base64url(session_key_text)
        if len(session_key) != 32:
            raise WireError("wire-malformed", "session key")
        if user_id_of(session_key) != user_id:
            raise WireError("wire-unsealed", "a user id that is not its session key's")  # invariant 1
        self._renew(user_id, announcement_text, session_key)

    def renew(self, user_id: str, announcement_text: str) -> None:
        """A known peer is shown with a load that may be new. Raises `WireError`."""
        self._renew(user_id, announcement_text, self.get(user_id).session_key)

    def left(self, user_id: str) -> None:
        """The server says that it is gone for good; it may come back all the same."""
        known_peer = self._known_peers.pop(user_id, None)
        if known_peer is not None:
            known_peer.is_present = False
            self._known_peers[user_id] = known_peer  # as the last

    def get(self, user_id: str) -> KnownPeer:
        """Raises `WireError` wire-unsealed for somebody who was never shown."""
        known_peer = self._known_peers.get(user_id)
        if known_peer is None:
            raise WireError("wire-unsealed", "from somebody who was not introduced")
        return known_peer

    def pair_of(self, known_peer: KnownPeer) -> PairKeys:
        """Raises `WireError` wire-unsealed when the peer's announcement is not its own."""
        if known_peer.pair is None:
            known_peer.pair = self._make_pair(known_peer)
        return known_peer.pair

    def _renew(self, user_id: str, announcement_text: str, session_key: bytes) -> None:
        announcement = parse_announcement(announcement_text)
        known = self._known_peers.get(user_id)
        if known is not None:
            known.is_present = True
            if announcement.epoch <= known.announcement.epoch:
                return  # invariant 2
            # Forged ones must not push out a true one; the first is checked when it is used.
            if not is_genuine(self._keys.swarm_id, announcement, session_key):
                raise WireError("wire-unsealed", "an announcement its session did not sign")
            del self._known_peers[user_id]
        floor = self._floors.get(user_id)
        if floor is not None and announcement.epoch < floor.epoch:
            raise WireError("wire-replayed", "a load before the one last heard")  # invariant 2
        self._make_room()
        is_load_known = floor is not None and floor.epoch == announcement.epoch
        window = ReplayWindow(floor.sequence) if floor is not None and is_load_known else ReplayWindow()
        self._known_peers[user_id] = KnownPeer(user_id, session_key, announcement, window)

    def _make_room(self) -> None:
        """Forgets somebody when there are too many.

        Of those who have left rather one who never proved anything, else who left first; only then one who is
        here and unproven. A crowd that a server invents so pushes out nobody who is proven and here.
        """
        if len(self._known_peers) < MAX_KNOWN_PEERS:
            return
        departed = [known_peer for known_peer in self._known_peers.values() if not known_peer.is_present]
        unproven = [known_peer for known_peer in self._known_peers.values() if known_peer.proven_from is None]
        forgotten = next((known_peer for known_peer in departed if known_peer.proven_from is None), None)
        forgotten = forgotten or next(iter(departed), None) or next(iter(unproven), None)
        if forgotten is None:
            raise WireError("wire-too-large", f"{MAX_KNOWN_PEERS} people at once")
        del self._known_peers[forgotten.user_id]
        if forgotten.proven_from is not None:
            self._keep_floor(forgotten)

    def _keep_floor(self, known_peer: KnownPeer) -> None:
        self._floors.pop(known_peer.user_id, None)  # anew, as the last
        self._floors[known_peer.user_id] = Floor(known_peer.announcement.epoch, known_peer.window.highest)
        if len(self._floors) > MAX_FLOORS:
            del self._floors[next(iter(self._floors))]

    def _make_pair(self, known_peer: KnownPeer) -> PairKeys:
        keys, announcement = self._keys, known_peer.announcement
        is_own = is_genuine(keys.swarm_id, announcement, known_peer.session_key)
        shared = self._agree(announcement) if is_own else None
        if shared is None:
            del self._known_peers[known_peer.user_id]  # a true one may still come
            raise WireError("wire-unsealed", "an announcement its session did not sign")
        me, peer = self._own_end, _end(known_peer.user_id, announcement.epoch, announcement.agreement_key)
        lower, upper = (me, peer) if keys.user_id < known_peer.user_id else (peer, me)
        salt = bytes.fromhex(keys.swarm_id)

        def key(secret: bytes, label: str, first: bytes, second: bytes) -> bytes:
            return hkdf(shared + secret, salt, f"unisono/v2/{label}\0".encode() + first + second)

        return PairKeys(
            to_peer=key(keys.pair_key, "pair", me, peer),
            from_peer=key(keys.pair_key, "pair", peer, me),
            link=key(keys.bind_key, "link", lower, upper),
        )

    def _agree(self, announcement: Announcement) -> bytes | None:
        """None for a public key that would make the secret guessable."""
        try:
            return self._secret.exchange(X25519PublicKey.from_public_bytes(announcement.agreement_key))
        except ValueError:
            return None


def epoch_bytes(epoch: int) -> bytes:
    return struct.pack(">Q", epoch)


def sign(seed: bytes, text: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(text)


def has_signed(public_key: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_text(swarm_id: str, head: bytes) -> bytes:
    return LABEL + bytes.fromhex(swarm_id) + head


def _end(user_id: str, epoch: int, agreement_key: bytes) -> bytes:
    return bytes.fromhex(user_id) + epoch_bytes(epoch) + agreement_key
