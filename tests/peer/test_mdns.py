"""Names behind which browsers hide their addresses, as a headless peer reads them."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from lab.networks.network import NEEDS_NETWORKS, Network, can_make_networks
from unisono.peer import mdns
from unisono.peer.mdns import MdnsResolver, addresses_in, is_mdns_name, question_for

NAME = "0b8ad3e6-55b9-4b8d-9d3b-6e1b3b3b3b3b.local"
ON_WIRE = b"".join(bytes([len(part)]) + part.encode() for part in NAME.split(".")) + b"\0"
POINTER = b"\xc0\x0c"


def answer(address: bytes, extra: bytes = b"", extra_records: int = 0, flags: int = 0x8400) -> bytes:
    head = struct.pack("!6H", 0, flags, 0, 1, 0, extra_records)
    return head + ON_WIRE + struct.pack("!HHIH", 1, 0x8001, 120, len(address)) + address + extra


def nsec(owner: bytes) -> bytes:
    rest = owner + b"\x00\x01\x40"
    return POINTER + struct.pack("!HHIH", 47, 0x8001, 120, len(rest)) + rest


@pytest.mark.parametrize("owner", [POINTER, ON_WIRE], ids=["compressed, as Chromium has it", "in full"])
def test_an_answer_with_a_record_of_what_does_not_exist_is_understood(owner: bytes) -> None:
    """[P56] dnspython from 2.9.1 refuses the whole message for the first: findings/dnspython-mdns-nsec.sh."""
    assert addresses_in(answer(bytes([10, 77, 0, 2]), nsec(owner), 1)) == {NAME: "10.77.0.2"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        answer(bytes([10, 77, 0, 2]), flags=0),
        answer(bytes([10, 77])),
        answer(bytes(16)),
        answer(bytes([10, 77, 0, 2]))[:-3],
        POINTER * 40,
        question_for(NAME),
    ],
)
def test_anything_else_is_no_answer(data: bytes) -> None:
    """[P56]"""
    assert addresses_in(data) == {}


def test_only_names_of_one_label_under_local_are_asked_for() -> None:
    """[P56]"""
    assert is_mdns_name(NAME)
    assert not any(
        is_mdns_name(each) for each in ("10.0.0.1", "a.b.local", "local", "x.example", "x.local\n")
    )


async def test_who_asks_gets_the_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """[P56] Case does not matter, and a name that nobody answers for ends by itself."""
    resolver = MdnsResolver()

    async def opened() -> None:
        resolver.received(answer(bytes([10, 77, 0, 2])))  # before the question: of no use

    async def asked(_host: str) -> None:
        resolver.received(answer(bytes([10, 77, 0, 3])))
        resolver.received(answer(bytes([10, 77, 0, 4])))

    monkeypatch.setattr(resolver, "_open", opened)
    monkeypatch.setattr(resolver, "_ask", asked)
    monkeypatch.setattr(mdns, "PATIENCE_SEC", 0.05)
    assert await resolver.resolve(NAME.upper().replace("LOCAL", "local")) == "10.77.0.3"
    assert await resolver.resolve("nobody.local") is None
    resolver.close()


RESPONDER = """
import socket, sys
answer, address = bytes.fromhex(sys.argv[1]), sys.argv[2]
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
ear.bind(("", 5353))
interface = socket.inet_aton(address)
ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.251") + interface)
ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
print("listening", flush=True)
ear.recv(2000)
ear.sendto(answer, ("224.0.0.251", 5353))
"""
ASKER = """
import asyncio, sys
from unisono.peer import mdns
mdns.PATIENCE_SEC = 30.0
async def ask():
    resolver = mdns.MdnsResolver()
    print(await resolver.resolve(sys.argv[1]))
    resolver.close()
asyncio.run(ask())
"""


@pytest.mark.skipif(not can_make_networks(), reason=NEEDS_NETWORKS)
def test_a_name_is_resolved_where_only_mdns_leads_there() -> None:
    """[P56] Over a real network of two, without any other name service; shaped as Chromium answers."""
    with Network("bo", "ada") as network:
        address = network.address("ada")
        packet = answer(bytes(map(int, address.split("."))), nsec(POINTER), 1)
        responder = subprocess.Popen(
            [*network.command("ada"), sys.executable, "-c", RESPONDER, packet.hex(), address],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert responder.stdout is not None
            assert responder.stdout.readline() == "listening\n"
            asked = subprocess.run(
                [*network.command("bo"), sys.executable, "-c", ASKER, NAME],
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            responder.kill()
            responder.communicate()
    assert asked.stdout == f"{address}\n"
