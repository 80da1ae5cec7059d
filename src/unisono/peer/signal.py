"""What two peers say through the sealed relay until they are connected, as in web/src/transfer/net/signal.ts.

A session names one connection; whatever speaks of another session than the current one is stale.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from unisono.peer.errors import WireError

Session = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", min_length=16, max_length=16)]
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


class Candidate(_Signal, frozen=True):
    candidate: CandidateInit


class Call(_Signal, frozen=True):
    """From the larger user id: "I have no connection to you, please offer"."""


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
