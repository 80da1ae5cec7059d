"""The messages of the control channel: the one source of their shapes.

JSON text frames, one message each, tagged by "type". `scripts/gen_protocol.py` draws the JSON Schema, the
TypeScript types and docs/protocol.md from this file, and a test fails when any of them is stale.
Clocks: `t0` is the sender's own and is only echoed; `t1` and `t2` are global time (this server's monotonic
clock, microseconds, with a fraction). This file does not know sockets, swarms, or what is inside a relayed
body.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

PROTOCOL_VERSION = 2

# Largest relay body in base64url characters: 16896 bytes, which is the largest padding step (16 KiB) plus 512
# bytes for the sealed envelope around it (nonce, tag, header).
MAX_BODY_CHARS = 22_528

# Largest frame: the largest body with its JSON around it (under 100 bytes), rounded up to whole KiB with room
# to grow.
MAX_FRAME_BYTES = 24 * 1024

# Largest count a JSON number carries exactly into a browser.
MAX_SAFE_INTEGER = 2**53 - 1

# No clock in use reaches this (2^53 µs is 285 years); it keeps absurd exponents out of the echo.
MAX_TIMESTAMP = float(MAX_SAFE_INTEGER)

# The length stands beside the pattern because Python's `$` also matches before a trailing line break.
_ID_PATTERN = "^[0-9a-f]{32}$"
_ID_CHARS = 32

# `(?![\s\S])` is "the end" both here and in ECMAScript, which has no `\Z`.
_BASE64URL_PATTERN = r"^[A-Za-z0-9_-]+(?![\s\S])"

# Names a clock or a process: goes into plans, which must fit a small envelope.
LABEL_PATTERN = r"^[\x20-\x7e]{1,64}(?![\s\S])"

# What a member takes of a server's answers.
MAX_RETRY_AFTER_MS = 600_000
MAX_ICE_SERVERS = 8
MAX_ICE_TEXT_CHARS = 200
MAX_WELCOMED = 1024

# 32 and 64 bytes in base64url without padding.
_KEY_CHARS = 43
_SIGNATURE_CHARS = 86

# What a member announces of itself to the others. 63 of them with ids and keys stay below `MAX_FRAME_BYTES`.
MAX_ANNOUNCEMENT_CHARS = 192


class CloseCode(enum.IntEnum):
    """Why a WebSocket was closed. 4xxx codes follow an `error` message; 1xxx codes are WebSocket's own."""

    NORMAL = 1000, "After `leave`."
    FRAME_BEYOND_LIMIT = 1009, "A frame so large that it was never read: no `error` message comes first."
    RESTART = 1012, "The server is going away; a `goaway` message said when to come back."
    BAD_MESSAGE = 4400, "Not a message of this protocol."
    JOIN_EXPECTED = 4401, "The first message was not `join`, or a second `join` came."
    NOT_ADMITTED = 4403, "The join does not prove the swarm key, or not that the user id is the sender's own."
    JOIN_TIMEOUT = 4408, "No `join` came in time."
    TAKEN_OVER = 4409, "The same user id joined from another connection, which now holds the seat."
    FRAME_TOO_LARGE = 4413, "A frame above the limit."
    WRONG_VERSION = 4426, "A protocol version this server does not speak: the page must be reloaded."
    RATE_LIMITED = 4429, "Too many messages or bytes from this connection."
    SLOW_READER = 4430, "This connection read too slowly and its queue was full."
    SWARM_FULL = 4431, "The swarm has as many members as this server allows."
    TOO_MANY_CONNECTIONS = 4432, "Too many connections, from one network address or in all."
    TOO_MANY_JOINS = 4433, "Too many joins per minute from one network address."
    INTERNAL = 4500, "The server failed; trying again is right."

    description: str

    def __new__(cls, code: int, description: str) -> CloseCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.description = description
        return member


class ErrorCode(enum.StrEnum):
    """The `code` of an `error` message. Each has one close code."""

    BAD_MESSAGE = "bad-message"
    JOIN_EXPECTED = "join-expected"
    NOT_ADMITTED = "not-admitted"
    JOIN_TIMEOUT = "join-timeout"
    TAKEN_OVER = "taken-over"
    FRAME_TOO_LARGE = "frame-too-large"
    WRONG_VERSION = "wrong-version"
    RATE_LIMITED = "rate-limited"
    SLOW_READER = "slow-reader"
    SWARM_FULL = "swarm-full"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    TOO_MANY_JOINS = "too-many-joins"
    INTERNAL = "internal"

    @property
    def close_code(self) -> CloseCode:
        return CloseCode[self.name]


UserId = Annotated[
    str,
    Meta(
        pattern=_ID_PATTERN,
        min_length=_ID_CHARS,
        max_length=_ID_CHARS,
        description="Names one browser tab in a swarm; 32 hex digits.",
    ),
]
SwarmId = Annotated[
    str,
    Meta(
        pattern=_ID_PATTERN,
        min_length=_ID_CHARS,
        max_length=_ID_CHARS,
        description="16 bytes derived from the swarm key; 32 hex digits.",
    ),
]
Body = Annotated[
    str,
    Meta(
        pattern=_BASE64URL_PATTERN,
        max_length=MAX_BODY_CHARS,
        description="Sealed by the sender, base64url without padding. The server cannot read it.",
    ),
]
PublicKey = Annotated[
    str,
    Meta(
        pattern=_BASE64URL_PATTERN,
        min_length=_KEY_CHARS,
        max_length=_KEY_CHARS,
        description="Ed25519 public key, 32 bytes in base64url.",
    ),
]
Signature = Annotated[
    str,
    Meta(
        pattern=_BASE64URL_PATTERN,
        min_length=_SIGNATURE_CHARS,
        max_length=_SIGNATURE_CHARS,
        description="Ed25519 signature, 64 bytes in base64url.",
    ),
]
SessionKey = Annotated[
    PublicKey,
    Meta(
        description="The session's Ed25519 public key; the user id is the first 16 bytes of its SHA-256. "
        "32 bytes in base64url."
    ),
]
Announcement = Annotated[
    str,
    Meta(
        pattern=_BASE64URL_PATTERN,
        max_length=MAX_ANNOUNCEMENT_CHARS,
        description="What the member tells the others of its page load, signed; opaque to the server.",
    ),
]
GlobalUs = Annotated[
    float, Meta(description="Global time: the server's monotonic clock in µs, with a fraction.")
]
Label = Annotated[str, Meta(pattern=LABEL_PATTERN, min_length=1, max_length=64)]
IceText = Annotated[str, Meta(max_length=MAX_ICE_TEXT_CHARS)]
NodeId = Annotated[
    Label, Meta(description="Names this server process; two of them in one swarm mean a split.")
]
ClockId = Annotated[Label, Meta(description="Names the clock behind global time; new at every server start.")]
Count = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag=str.lower):
    """What all messages share: immutable, tagged by the class name in lower case, nothing beyond the named
    fields.
    """


class _Answer(_Message, frozen=True, forbid_unknown_fields=False):
    """From the server: a member passes over fields that a newer server may add."""


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """A piece of a message."""


# --- client to server ---------------------------------------------------------------------------------------


class Join(_Message, frozen=True):
    """Enters a swarm, or takes one's seat there again. The first message of every client, answering
    `challenge`.
    """

    v: Annotated[int, Meta(description="Protocol version.")]
    swarm_id: SwarmId
    user_id: UserId
    session_key: SessionKey
    announcement: Announcement
    admission_key: Annotated[
        PublicKey,
        Meta(
            description="Derived from the swarm key: the first joiner's is pinned for as long as the swarm "
            "lives. 32 bytes in base64url."
        ),
    ]
    admission_proof: Annotated[
        Signature,
        Meta(description="The admission key's signature of the challenge: the sender knows the swarm key."),
    ]
    session_proof: Annotated[
        Signature, Meta(description="The session key's signature of the challenge: the user id is its own.")
    ]


class Ping(_Message, frozen=True):
    """One probe of the clock. Answered by `pong` before anything else."""

    id: Annotated[Count, Meta(description="Chosen by the sender, echoed.")]
    t0: Annotated[
        float,
        Meta(
            ge=-MAX_TIMESTAMP, le=MAX_TIMESTAMP, description="The sender's own clock in its own unit, echoed."
        ),
    ]


class Relay(_Message, kw_only=True, frozen=True):
    """Carries a sealed body to one member, or to all others. Nothing is kept for a member that is away."""

    to: (
        Annotated[UserId, Meta(description="The one receiver; without it the body goes to all others.")]
        | UnsetType
    ) = UNSET
    body: Body


class Leave(_Message, frozen=True):
    """Gives the seat up at once, without the grace a dropped connection has."""


class AskIce(_Message, tag="ice", frozen=True):
    """Asks for the ICE servers anew, before their credentials end. Only to a server whose `welcome` said
    `iceSec`. Answered by `ice`.
    """


# --- server to client ---------------------------------------------------------------------------------------


class MemberState(_Part, frozen=True):
    """One other member of the swarm."""

    user_id: UserId
    away: Annotated[bool, Meta(description="Its connection dropped; its seat is kept for the grace.")]
    session_key: SessionKey
    announcement: Announcement


class Limits(_Part, frozen=True):
    """What this server allows one connection."""

    max_frame_bytes: Annotated[Count, Meta(description="Largest frame.")]
    max_body_chars: Annotated[Count, Meta(description="Largest relay body, in base64url characters.")]
    messages_per_sec: Annotated[Count, Meta(description="Messages per second in the long run.")]
    message_burst: Annotated[Count, Meta(description="Messages at once after a quiet while.")]
    bytes_per_sec: Annotated[Count, Meta(description="Bytes per second in the long run.")]
    byte_burst: Annotated[Count, Meta(description="Bytes at once after a quiet while.")]
    max_members: Annotated[Count, Meta(description="Most members in one swarm.")]


class IceServer(_Part, omit_defaults=True, frozen=True):
    """A STUN or TURN server, as `RTCPeerConnection` takes it."""

    urls: Annotated[list[IceText], Meta(max_length=MAX_ICE_SERVERS, description="Its addresses.")]
    username: Annotated[IceText, Meta(description="Short-lived.")] | UnsetType = UNSET
    credential: Annotated[IceText, Meta(description="Belongs to the user name.")] | UnsetType = UNSET


class Challenge(_Answer, frozen=True):
    """The first message of the server on every connection: what a `join` must sign, and who asks. A page that
    only wants to know which process its address leads to reads this and closes.
    """

    nonce: Annotated[
        str,
        Meta(
            pattern=_BASE64URL_PATTERN,
            min_length=_KEY_CHARS,
            max_length=_KEY_CHARS,
            description="32 random bytes in base64url, good for this connection only.",
        ),
    ]
    node_id: NodeId


class Welcome(_Answer, omit_defaults=True, frozen=True):
    """The answer to `join`: the seat is taken."""

    clock_id: ClockId
    node_id: NodeId
    members: Annotated[
        list[MemberState],
        Meta(max_length=MAX_WELCOMED, description="The other members, without the receiver."),
    ]
    limits: Limits
    ice_servers: Annotated[
        list[IceServer],
        Meta(max_length=MAX_ICE_SERVERS, description="For `RTCPeerConnection`; may be empty."),
    ]
    grace_sec: Annotated[float, Meta(ge=0, description="How long a dropped connection keeps its seat.")]
    ice_sec: (
        Annotated[float, Meta(ge=0, description="How long the credentials of ICE servers hold; see `ice`.")]
        | UnsetType
    ) = UNSET


class Pong(_Answer, frozen=True):
    """The answer to `ping`."""

    id: Annotated[Count, Meta(description="Echoed.")]
    t0: Annotated[float, Meta(description="Echoed.")]
    t1: Annotated[GlobalUs, Meta(description="Global time when the ping arrived, µs.")]
    t2: Annotated[GlobalUs, Meta(description="Global time when the pong was sent, µs.")]
    clock_id: ClockId


class Joined(_Answer, omit_defaults=True, frozen=True):
    """Someone new is in the swarm."""

    user_id: UserId
    session_key: SessionKey
    announcement: Announcement
    ice_servers: (
        Annotated[
            list[IceServer],
            Meta(
                max_length=MAX_ICE_SERVERS,
                description="For who was alone until now and was told of no relay; in place of the former.",
            ),
        ]
        | UnsetType
    ) = UNSET


class Presence(_Answer, omit_defaults=True, frozen=True):
    """A member's connection dropped (`away`), or it took its seat again with a new connection and, after a
    reload, a new announcement.
    """

    user_id: UserId
    away: Annotated[bool, Meta(description="True: dropped, the seat is kept for the grace. False: back.")]
    announcement: Announcement | UnsetType = UNSET


class Left(_Answer, frozen=True):
    """A member is gone. Also the answer to a `relay` to someone who is not in the swarm, which can happen in
    good faith.
    """

    user_id: UserId


class Relayed(_Answer, frozen=True):
    """A body from another member."""

    sender: Annotated[UserId, Meta(description="Who sent it.")] = msgspec.field(name="from")
    body: Body


class GivenIce(_Answer, tag="ice", frozen=True):
    """The answer to `ice`: in place of those that `welcome` named."""

    ice_servers: Annotated[
        list[IceServer],
        Meta(max_length=MAX_ICE_SERVERS, description="For `RTCPeerConnection`; may be empty."),
    ]


class GoAway(_Answer, frozen=True):
    """This server is about to stop; the connection closes right after."""

    retry_after_ms: Annotated[
        int, Meta(ge=0, le=MAX_RETRY_AFTER_MS, description="Wait this long before connecting again.")
    ]


class Refusal(_Answer, tag="error", frozen=True):
    """Why the connection is about to close. A close with the matching 4xxx code always follows."""

    code: ErrorCode
    message: Annotated[
        str, Meta(description="For logs and developers, in English; not for people's screens.")
    ]


ClientMessage = Join | Ping | Relay | AskIce | Leave
ServerMessage = Challenge | Welcome | Pong | Joined | Presence | Left | Relayed | GivenIce | GoAway | Refusal

CLIENT_MESSAGES: tuple[type[msgspec.Struct], ...] = (Join, Ping, Relay, AskIce, Leave)
SERVER_MESSAGES: tuple[type[msgspec.Struct], ...] = (
    Challenge,
    Welcome,
    Pong,
    Joined,
    Presence,
    Left,
    Relayed,
    GivenIce,
    GoAway,
    Refusal,
)


class _VersionOnly(msgspec.Struct):
    """Just enough of a join to tell "another version" from "not our protocol"; unknown fields are fine."""

    type: str = ""
    v: int = PROTOCOL_VERSION


_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_version_decoder = msgspec.json.Decoder(_VersionOnly)
_encoder = msgspec.json.Encoder()

# All that decoding hostile text can raise: RecursionError comes from thousands of nested brackets, ValueError
# from text that is no Unicode (msgspec's own errors are ValueErrors too).
NOT_A_MESSAGE = (msgspec.MsgspecError, ValueError, RecursionError)


def decode_client(frame: str | bytes) -> ClientMessage:
    """One client frame. Raises one of `NOT_A_MESSAGE` when it is not a message of this protocol."""
    return _client_decoder.decode(frame)


def encode_server(message: ServerMessage) -> bytes:
    """One server frame, as UTF-8 text."""
    return _encoder.encode(message)


def kind_of(message: ClientMessage | ServerMessage) -> str:
    """What stands in its `type`."""
    tag = message.__struct_config__.tag
    assert isinstance(tag, str)  # noqa: S101 - all messages have one
    return tag


def has_other_version(frame: str | bytes) -> bool:
    """Whether an undecodable frame is a join of another protocol version, whose fields we need not know."""
    try:
        probe = _version_decoder.decode(frame)
    except NOT_A_MESSAGE:
        return False
    return probe.type == "join" and probe.v != PROTOCOL_VERSION
