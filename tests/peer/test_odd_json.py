"""JSON that only looks odd, and JSON that is wrong: page and headless peer take and refuse the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from unisono.peer import ctl
from unisono.peer.control_link import read_server_message
from unisono.peer.ctl import CtlInbox
from unisono.peer.errors import WireError
from unisono.peer.peer_message import decode_message

VECTORS = Path(__file__).parents[2] / "vectors" / "odd-json.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]


def takes_ctl(text: str) -> bool:
    return not isinstance(CtlInbox().take(text, 0), str)


def takes_from_server(text: str) -> bool:
    return read_server_message(text) is not None


def takes_signal(text: str) -> bool:
    try:
        decode_message(text.encode())
    except WireError:
        return False
    return True


TAKES: dict[str, Callable[[str], bool]] = {
    "ctl": takes_ctl,
    "server": takes_from_server,
    "peer": takes_signal,
}


@pytest.mark.parametrize("kind", TAKES)
def test_odd_json_is_taken_and_refused_as_by_a_page(kind: str) -> None:
    """[V1] Numbers, texts, doubled keys and lengths at and beyond their limits."""
    cases = [case for case in CASES if case["kind"] == kind]
    wrong = [case["text"][:200] for case in cases if TAKES[kind](case["text"]) is not case["isTaken"]]
    assert len(cases) > 20
    assert wrong == []


def test_what_looks_odd_has_the_same_values() -> None:
    """7.0 is 7."""
    assert CtlInbox().take('{"seq":0.0,"message":{"type":"ping","id":7e0}}', 0) == [ctl.Ping(7)]


def test_a_length_counts_in_units_of_utf_16() -> None:
    """[V1] As a page counts it: half as many emoji fit."""
    text = '{"seq":0,"message":{"type":"bye","reason":"","more":"%s"}}'
    assert CtlInbox().take(text % ("😀" * 32_700), 0) == [ctl.Bye("")]
    assert CtlInbox().take(text % ("😀" * 32_800), 0) == "too-large"
