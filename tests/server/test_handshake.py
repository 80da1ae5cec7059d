"""Which requests ask for a control channel, and what a message in pieces is. Pure: no socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.raw_socket import BINARY, CONTINUATION, KEY, TEXT, handshake
from unisono.errors import PeerError
from unisono.frames import FramingError, Pieces
from unisono.handshake import MAX_HEAD_BYTES, may_become_handshake, read_handshake, split_head
from unisono.protocol import ErrorCode

PATHS = (b"/v1/control", b"/party/v1/control")


def head_of(request: bytes) -> bytes:
    split = split_head(request)
    assert split is not None
    return split[0]


def test_a_handshake_is_read() -> None:
    request = handshake(Origin="https://party.example", X_Forwarded_For="203.0.113.7, 10.0.0.1")
    read = read_handshake(head_of(request))
    assert read is not None
    assert (read.key, read.host, read.origin) == (KEY, "here", "https://party.example")
    assert read.forwarded_for == ["203.0.113.7, 10.0.0.1"]


@pytest.mark.parametrize("path", PATHS)
def test_every_beginning_of_a_handshake_may_become_one(path: bytes) -> None:
    request = handshake().replace(b"/v1/control", path)
    assert all(may_become_handshake(request[:end], PATHS) for end in range(len(request) + 1))


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n", b"HEAD", b"GET /v1/controls", b"get /v1/control", b"GET /v1/control/", b"\0"],
)
def test_what_cannot_become_one_is_known_at_once(data: bytes) -> None:
    assert not may_become_handshake(data, PATHS)


def test_a_head_without_end_is_given_up() -> None:
    endless = b"GET /v1/control?s=0000 HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES
    assert not may_become_handshake(endless, PATHS)


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Host: elsewhere",
        "Origin: https://a.example\r\nOrigin: https://b.example",
        f"Sec-WebSocket-Key: {KEY}",
        " folded",
        "no colon",
        "X : space",
        "X: a\rb",
        "X: a\nb",
        "X: a\0b",
    ],
)
def test_what_two_programs_may_read_in_two_ways_is_no_handshake(line: str) -> None:
    request = handshake().replace(b"\r\n\r\n", f"\r\n{line}\r\n\r\n".encode())
    assert read_handshake(head_of(request)) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    may_become_handshake(data, PATHS)
    read_handshake(data)
    read_handshake(head_of(handshake()) + b"\r\n" + data)


@given(st.lists(st.binary(max_size=20), min_size=2, max_size=10))
def test_pieces_make_the_message(parts: list[bytes]) -> None:
    pieces = Pieces(max_bytes=200)
    first, *others = parts
    assert pieces.take(TEXT, first, is_last=False) is None
    *middle, last = others
    for part in middle:
        assert pieces.take(CONTINUATION, part, is_last=False) is None
    assert pieces.take(CONTINUATION, last, is_last=True) == b"".join(parts)
    assert pieces.take(TEXT, b"whole", is_last=True) == b"whole", (
        "a message in one frame, after one in pieces"
    )


def test_pieces_have_an_order_and_a_limit() -> None:
    with pytest.raises(FramingError):
        Pieces(9).take(CONTINUATION, b"x", is_last=True)
    pieces = Pieces(9)
    pieces.take(BINARY, b"12345", is_last=False)
    assert pieces.is_binary
    with pytest.raises(FramingError):
        pieces.take(TEXT, b"x", is_last=False)
    with pytest.raises(PeerError) as refusal:
        pieces.take(CONTINUATION, b"67890", is_last=False)
    assert refusal.value.code is ErrorCode.FRAME_TOO_LARGE
