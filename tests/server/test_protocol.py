"""The messages: what decodes, what does not, and that nothing hostile raises anything unexpected."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.joiner import SWARM, Joiner
from unisono import protocol
from unisono.config import Limits
from unisono.protocol import NOT_A_MESSAGE, Ping, Relay, decode_client, encode_server, has_other_version

BO = "b" * 32
ADA = Joiner("ada").user_id
JOIN = Joiner("ada").join({"nonce": "A" * 43})


def text(**fields: object) -> str:
    return json.dumps(fields)


def test_a_join_decodes_into_its_fields() -> None:
    assert msgspec.to_builtins(decode_client(json.dumps(JOIN))) == JOIN


def test_a_ping_keeps_the_fraction_of_its_time_stamp() -> None:
    assert decode_client(text(type="ping", id=3, t0=1234.5678)) == Ping(id=3, t0=1234.5678)


def test_a_relay_without_a_receiver_is_for_all_others() -> None:
    assert decode_client(text(type="relay", body="c2VhbGVk")) == Relay(body="c2VhbGVk")


def test_the_largest_body_fits_into_the_largest_frame() -> None:
    body = "A" * protocol.MAX_BODY_CHARS
    frame = msgspec.json.encode(Relay(to=BO, body=body))
    assert decode_client(frame) == Relay(to=BO, body=body)
    assert len(frame) <= protocol.MAX_FRAME_BYTES


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "garbage",
        "[]",
        "null",
        '"join"',
        "{}",
        text(type="dance"),
        text(type="join"),
        text(type="leave", extra=1),
        json.dumps({**JOIN, "userId": "A" * 32}),
        json.dumps({**JOIN, "userId": ADA + "\n"}),
        json.dumps({**JOIN, "swarmId": SWARM[:-1]}),
        json.dumps({**JOIN, "announcement": "x" * (protocol.MAX_ANNOUNCEMENT_CHARS + 1)}),
        json.dumps({**JOIN, "announcement": None}),
        json.dumps({**JOIN, "announcement": "<b>"}),
        json.dumps({**JOIN, "sessionKey": "A" * 42}),
        json.dumps({**JOIN, "admissionKey": "A" * 43 + "\n"}),
        json.dumps({**JOIN, "admissionProof": "A" * 87}),
        json.dumps({**JOIN, "sessionProof": ""}),
        json.dumps({**JOIN, "name": "ada"}),
        text(type="ping", id=-1, t0=0),
        text(type="ping", id=1.5, t0=0),
        text(type="ping", id=True, t0=0),
        text(type="ping", id=2**53, t0=0),
        text(type="ping", id=1, t0="0"),
        '{"type":"ping","id":1,"t0":1e400}',
        '{"type":"ping","id":1,"t0":NaN}',
        text(type="ping", id=1, t0=1e300),
        text(type="relay", body=""),
        text(type="relay", body="not base64url!"),
        text(type="relay", body="AAAA\n"),
        text(type="relay", body="A" * (protocol.MAX_BODY_CHARS + 1)),
        text(type="relay", to=None, body="AAAA"),
        text(type="relay", to="bo", body="AAAA"),
        text(type="pong", id=1, t0=0, t1=0, t2=0, clockId="x"),
        b"\xff\xfe",
        b'{"type":"relay","body":"\xff"}',
        "[" * 24_000,
        '{"type":"leave","x":' + "[" * 20_000,
    ],
)
def test_what_is_no_message_is_refused(frame: str | bytes) -> None:
    with pytest.raises(NOT_A_MESSAGE):
        decode_client(frame)


def test_a_join_of_another_version_is_told_apart_from_garbage() -> None:
    assert has_other_version(text(type="join", v=1, someday="a new field"))
    assert not has_other_version(text(type="join", v=2, someday="a new field"))
    assert not has_other_version(text(type="ping", v=1))
    assert not has_other_version(text(type="join", v="2"))
    assert not has_other_version("garbage")
    assert not has_other_version('{"type":"join","v":' + "[" * 20_000)
    assert not has_other_version('{"type":"join","x":' + "[" * 20_000)


def test_a_relayed_body_names_its_sender_as_from() -> None:
    frame = encode_server(protocol.Relayed(sender=ADA, body="AAAA"))
    assert json.loads(frame) == {"type": "relayed", "from": ADA, "body": "AAAA"}


def test_the_welcome_to_a_full_swarm_fits_into_a_frame() -> None:
    card = {"session_key": "A" * 43, "announcement": "A" * protocol.MAX_ANNOUNCEMENT_CHARS}
    members = [protocol.MemberState(user_id=BO, away=False, **card)] * (Limits().max_members - 1)
    ice = protocol.IceServer(urls=["turns:turn.example:443?transport=tcp"] * 4, username="u" * 40)
    welcome = protocol.Welcome("c" * 16, "n" * 16, members, Limits().announced(), [ice], 15.0)
    assert len(encode_server(welcome)) <= protocol.MAX_FRAME_BYTES


def test_an_ice_server_without_credentials_has_no_empty_fields() -> None:
    assert msgspec.json.encode(protocol.IceServer(urls=["stun:host"])) == b'{"urls":["stun:host"]}'


def test_every_error_has_a_close_code_of_its_own() -> None:
    close_codes = [code.close_code for code in protocol.ErrorCode]
    assert len(set(close_codes)) == len(close_codes)
    assert all(4000 <= code <= 4999 for code in close_codes)


def test_a_reason_fits_into_a_close_frame() -> None:
    """RFC 6455 §5.5 leaves 123 bytes; the descriptions here stand for the longest sentences in use."""
    assert all(len(code.description.encode()) <= 123 for code in protocol.CloseCode)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(frame: str | bytes) -> None:
    try:
        decode_client(frame)
    except NOT_A_MESSAGE:
        has_other_version(frame)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(
    ["v", "swarmId", "userId", "sessionKey", "announcement", "id", "t0", "to", "body"]
)


@given(
    kind=st.sampled_from(["join", "ping", "relay", "leave"]),
    fields=st.dictionaries(FIELD_NAMES, JSON_VALUES, max_size=5),
)
def test_no_fields_raise_anything_but_a_refusal(kind: str, fields: dict[str, object]) -> None:
    frame = json.dumps({"type": kind, **fields})
    try:
        message = decode_client(frame)
    except NOT_A_MESSAGE:
        has_other_version(frame)
    else:
        assert type(message).__name__.lower() == kind
