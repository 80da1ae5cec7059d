"""The server's part of the test vectors in vectors/: what a page signs, this server believes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.joiner import decode_base64url
from unisono.admission import ADMISSION_LABEL, SEAT_LABEL, check_join, signed_bytes
from unisono.errors import PeerError
from unisono.protocol import Join, decode_client

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "join.json").read_text())


def test_the_join_of_the_vectors_is_believed_and_for_its_nonce_only() -> None:
    join = decode_client(json.dumps(VECTOR["join"]))
    assert isinstance(join, Join)
    nonce = decode_base64url(VECTOR["nonce"])
    check_join(join, nonce, None)
    check_join(join, nonce, join.admission_key)
    with pytest.raises(PeerError):
        check_join(join, bytes(32), None)


def test_what_is_signed_is_laid_out_as_documented() -> None:
    join = decode_client(json.dumps(VECTOR["join"]))
    assert isinstance(join, Join)
    nonce = decode_base64url(VECTOR["nonce"])
    for label in (ADMISSION_LABEL, SEAT_LABEL):
        text = signed_bytes(label, nonce, join)
        at = len(label) + 1
        assert text[:at] == label + b"\0"
        assert text[at : at + 32] == nonce
        assert text[at + 32 : at + 48].hex() == join.swarm_id
        assert text[at + 48 : at + 64].hex() == join.user_id
        assert text[at + 64 :] == join.announcement.encode()
