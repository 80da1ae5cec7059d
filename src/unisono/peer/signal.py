"""What two peers say through the sealed relay until they are connected.

The page's parser is written from this file (scripts/gen_peer_wire.py). A session names one connection;
whatever speaks of another session than the current one is stale.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from unisono.peer.errors import WireError

# Without `$`, which Python lets stand before a last line break.
SESSION_PATTERN = r"^[0-9a-f]{16}(?![\s\S])"
Session = Annotated[str, Meta(pattern=SESSION_PATTERN, min_length=16, max_length=16)]
# One of data channels only is about 1 KiB with its candidates inside; the relay takes 16 KiB sealed.
Sdp = Annotated[str, Meta(max_length=8 * 1024)]
ShortText = Annotated[str, Meta(max_length=256)]


class _Signal(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower, rename="camel"):
    session: Session


class Offer(_Signal, frozen=True):
    """From the smaller user id only. A restart renews the paths of a session both sides still have."""

    sdp: Sdp
    is_restart: bool


class Answer(_Signal, frozen=True):
    sdp: Sdp


class CandidateInit(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    candidate: Annotated[str, Meta(max_length=1024)]
    sdp_mid: ShortText | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=16)] | None = msgspec.field(
        default=None, name="sdpMLineIndex"
    )
    username_fragment: ShortText | None = None


class Candidate(_Signal, frozen=True):
    candidate: CandidateInit


class Call(_Signal, frozen=True):
    """From the larger user id: "I have no connection to you, please offer". Its session is a fresh number."""


class Bye(_Signal, frozen=True):
    """This session is over for the sender."""


Signal = Offer | Answer | Candidate | Call | Bye

_decoder: msgspec.json.Decoder[Signal] = msgspec.json.Decoder(Signal)


def decode_signal(text: bytes) -> Signal:
    """Raises `WireError` wire-malformed."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as cause:
        raise WireError("wire-malformed", "not a signal") from cause
