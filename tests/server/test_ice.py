"""TURN credentials, as coturn checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac

from unisono.config import Ice
from unisono.ice import ice_servers


def test_without_turn_there_are_no_ice_servers() -> None:
    assert ice_servers(Ice(), 0, "label") == []


def test_a_credential_is_what_coturn_computes_from_the_user_name() -> None:
    ice = Ice(
        turn_urls=("turn:turn.example:3478", "turns:turn.example"),
        turn_secret=b"north",
        turn_credential_sec=600,
    )
    [offered] = ice_servers(ice, 1_700_000_000, "5f")
    assert offered.urls == ["turn:turn.example:3478", "turns:turn.example"]
    assert offered.username == "1700000600:5f"
    expected = hmac.new(b"north", b"1700000600:5f", hashlib.sha1).digest()
    assert base64.b64decode(str(offered.credential)) == expected


def test_the_secret_does_not_show_when_a_configuration_is_printed() -> None:
    assert "north" not in repr(Ice(turn_urls=("turn:turn.example",), turn_secret=b"north"))
