"""TURN credentials, as coturn checks them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnTransport, create_turn_endpoint

from tests.server.test_doctor import coturn
from unisono.config import Ice
from unisono.ice import ice_servers, turn_label
from unisono.protocol import IceServer

TURN = Ice(
    turn_urls=("turn:turn.example:3478", "turns:turn.example"),
    turn_secret=b"north",
    turn_credential_sec=600,
)


def offered(ice: Ice = TURN, address: str = "192.0.2.1", *, is_alone: bool = False) -> list[IceServer]:
    return ice_servers(ice, 1_700_000_000, address=address, reached_host="", is_alone=is_alone)


def test_without_turn_there_are_no_ice_servers() -> None:
    assert offered(Ice()) == []


def test_a_credential_is_what_coturn_computes_from_the_user_name() -> None:
    [server] = offered()
    assert server.urls == ["turn:turn.example:3478", "turns:turn.example"]
    assert str(server.username).startswith("1700000600:")
    expected = hmac.new(b"north", str(server.username).encode(), hashlib.sha1).digest()
    assert base64.b64decode(str(server.credential)) == expected


def test_one_address_has_one_label_so_that_quotas_bind_and_no_log_holds_the_address() -> None:
    names = [str(offered(address=address)[0].username) for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    assert names[0] == names[1] != names[2]
    assert not any("192" in name.partition(":")[2] and "0.2" in name for name in names)
    assert turn_label(b"north", "192.0.2.1") != turn_label(b"south", "192.0.2.1"), "keyed"


def test_who_is_alone_gets_no_credentials() -> None:
    assert offered(is_alone=True) == []


async def test_coturn_counts_its_quota_by_address_however_often_one_asks(tmp_path: Path) -> None:
    """Also a login that has meanwhile ended keeps the relay it got: the label counts, not the expiry."""
    with coturn(tmp_path, "north", "user-quota=1\n") as port:
        ice = Ice(turn_urls=("turn:127.0.0.1",), turn_secret=b"north")

        async def allocate(address: str, later_sec: int) -> TurnTransport:
            [server] = ice_servers(
                ice, int(time.time()) + later_sec, address=address, reached_host="", is_alone=False
            )
            transport, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=("127.0.0.1", port),
                username=str(server.username),
                password=str(server.credential),
            )
            return transport

        first = await allocate("192.0.2.1", 0)
        with pytest.raises(TransactionFailed, match="Quota"):
            await allocate("192.0.2.1", 7)
        other = await allocate("192.0.2.2", 7)
        first.close()
        other.close()
        await asyncio.sleep(0)


def test_the_secret_does_not_show_when_a_configuration_is_printed() -> None:
    assert "north" not in repr(Ice(turn_urls=("turn:turn.example",), turn_secret=b"north"))
