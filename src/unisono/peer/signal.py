"""What two peers say through the sealed relay until they are connected.

The page's parser is written from this file (scripts/gen_peer_wire.py). A session names one connection;
whatever speaks of another session than the current one is stale.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from unisono.peer.errors import WireError
from unisono.peer.json_wire import NOT_JSON, check_units

# Without `$`, which Python lets stand before a last line break.
SESSION_PATTERN = r"^[0-9a-f]{16}(?![\s\S])"
Session = Annotated[str, Meta(pattern=SESSION_PATTERN, min_length=16, max_length=16)]
# One of data channels only is about 1 KiB with its candidates inside; the relay takes 16 KiB sealed.
MAX_SDP_CHARS = 8 * 1024
MAX_CANDIDATE_CHARS = 1024
MAX_SHORT_CHARS = 256
Sdp = Annotated[str, Meta(max_length=MAX_SDP_CHARS)]
ShortText = Annotated[str, Meta(max_length=MAX_SHORT_CHARS)]


class _Signal(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower, rename="camel"):
    session: Session


class Offer(_Signal, frozen=True):
    """From the smaller user id only. A restart renews the paths of a session both sides still have."""

    sdp: Sdp
    is_restart: bool

    def __post_init__(self) -> None:
        check_units(self.sdp, MAX_SDP_CHARS)


class Answer(_Signal, frozen=True):
    sdp: Sdp

    def __post_init__(self) -> None:
        check_units(self.sdp, MAX_SDP_CHARS)


class CandidateInit(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    candidate: Annotated[str, Meta(max_length=MAX_CANDIDATE_CHARS)]
    sdp_mid: ShortText | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=16)] | None = msgspec.field(
        default=None, name="sdpMLineIndex"
    )
    username_fragment: ShortText | None = None

    def __post_init__(self) -> None:
        check_units(self.candidate, MAX_CANDIDATE_CHARS)
        for text in (self.sdp_mid, self.username_fragment):
            check_units(text or "", MAX_SHORT_CHARS)


class Candidate(_Signal, frozen=True):
    candidate: CandidateInit


class Call(_Signal, frozen=True):
    """From the larger user id: "I have no connection to you, please offer". Its session is a fresh number."""


class Bye(_Signal, frozen=True):
    """This session is over for the sender."""


Signal = Offer | Answer | Candidate | Call | Bye


def read_signal(value: object) -> Signal:
    """`value`: as JSON is read. Raises `WireError` wire-malformed."""
    try:
        signal: Signal = msgspec.convert(value, Signal)
    except NOT_JSON as cause:
        raise WireError("wire-malformed", "not a signal") from cause
    return signal
