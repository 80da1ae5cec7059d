"""The built-in STUN responder: what it answers, what it is silent about, and where a welcome says it is."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.joiner import Joiner
from lab.ports import free_port
from lab.server_process import ServerProcess
from tests.server.conftest import FRAME_LIMIT_SEC
from unisono.config import Ice, Limits
from unisono.ice import ice_servers, stun_url
from unisono.limits import US_PER_SEC
from unisono.stun import (
    MOST_ADDED_BYTES,
    MOST_REQUEST_BYTES,
    Allowance,
    IpAddress,
    build_answer,
    parse_request,
    start_stun,
)

COOKIE = b"\x21\x12\xa4\x42"
TRANSACTION = bytes(range(12))
SOFTWARE = 0x8022
CHANGE_REQUEST = 0x0003
V4, V6 = ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8:1234:5678:11:2233:4455:6677")

# RFC 5769 §2.1 and §2.2: a request with USERNAME, PRIORITY, ICE-CONTROLLED, and the answer to it.
RFC_TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
RFC_XOR_V4 = bytes.fromhex("002000080001a147e112a643")
RFC_XOR_V6 = bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9")
RFC_PORT = 32853

ports = st.integers(1, 65535)
addresses: st.SearchStrategy[IpAddress] = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
transactions = st.binary(min_size=12, max_size=12)
attributes = st.lists(
    st.tuples(st.integers(0, 0xFFFF).filter(lambda kind: kind != 0x8028), st.binary(max_size=24))
)


def attribute(kind: int, value: bytes = b"") -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def request(*parts: bytes, kind: int = 1, transaction: bytes = TRANSACTION) -> bytes:
    body = b"".join(parts)
    return struct.pack("!HH", kind, len(body)) + COOKIE + transaction + body


def with_fingerprint(message: bytes) -> bytes:
    counted = message[:2] + struct.pack("!H", len(message) - 20 + 8) + message[4:]
    return counted + attribute(0x8028, struct.pack("!I", zlib.crc32(counted) ^ 0x5354554E))


def answer(datagram: bytes, address: IpAddress = V4, port: int = RFC_PORT) -> bytes:
    parsed = parse_request(datagram)
    assert parsed is not None
    return build_answer(parsed, address, port)


def mapped(message: bytes) -> tuple[IpAddress, int]:
    """The address in an answer without other attributes, read by the book and not by the code under test."""
    family, port = struct.unpack_from("!xBH", message, 24)
    mask = COOKIE + message[8:20]
    packed = bytes(a ^ b for a, b in zip(message[28 : 32 if family == 1 else 44], mask, strict=False))
    return ipaddress.ip_address(packed), port ^ 0x2112


# --- messages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("address", "expected"), [(V4, RFC_XOR_V4), (V6, RFC_XOR_V6)])
def test_an_answer_hides_the_address_as_in_the_vectors_of_the_standard(
    address: IpAddress, expected: bytes
) -> None:
    """RFC 5769 §2.2 and §2.3."""
    message = answer(request(transaction=RFC_TRANSACTION), address)
    assert message == struct.pack("!HH", 0x0101, len(expected)) + COOKIE + RFC_TRANSACTION + expected


@given(address=addresses, port=ports, transaction=transactions)
def test_whoever_asks_reads_their_own_address(address: IpAddress, port: int, transaction: bytes) -> None:
    message = answer(request(transaction=transaction), address, port)
    assert mapped(message) == (address, port)
    assert message[8:20] == transaction


def test_attributes_that_may_be_ignored_are_ignored() -> None:
    datagram = request(attribute(SOFTWARE, b"browser"), attribute(0x0006, b"ada:bo"))
    assert mapped(answer(datagram)) == (V4, RFC_PORT)


def test_a_request_with_a_fingerprint_gets_an_answer_with_one() -> None:
    message = answer(with_fingerprint(request(attribute(SOFTWARE, b"browser"))))
    assert message[-8:] == attribute(0x8028, struct.pack("!I", zlib.crc32(message[:-8]) ^ 0x5354554E))
    assert struct.unpack_from("!H", message, 2) == (len(message) - 20,)


def test_an_attribute_that_must_be_understood_and_is_not_gets_an_error_that_names_it() -> None:
    message = answer(request(attribute(CHANGE_REQUEST, b"\0\0\0\6")))
    assert message[:2] == b"\x01\x11"
    assert message[20:28] == attribute(0x0009, b"\0\0\4\x14")  # 420
    assert message[28:] == attribute(0x000A, b"\0\3")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        request()[:19],
        request(kind=0x0101),  # an answer: two servers must not talk to each other
        request(kind=0x0111),
        request(kind=0x0011),  # an indication
        request(kind=0x0003),  # TURN's Allocate
        request().replace(COOKIE, b"\0\0\0\0"),  # RFC 3489, without the cookie
        request() + b"\0\0\0\0",
        request(attribute(SOFTWARE, b"browser"))[:-4],
        request(b"\x80\x22"),
        request(struct.pack("!HH", SOFTWARE, 400)),
        request(struct.pack("!HH", SOFTWARE, 3) + b"abc"),  # not padded
        with_fingerprint(request())[:-1] + b"\0",
        with_fingerprint(with_fingerprint(request())),
        request(attribute(SOFTWARE, bytes(MOST_REQUEST_BYTES))),
    ],
)
def test_what_is_no_sound_binding_request_gets_silence(datagram: bytes) -> None:
    assert parse_request(datagram) is None


@given(st.binary(max_size=600))
def test_no_bytes_make_the_parser_fail(noise: bytes) -> None:
    parsed = parse_request(noise)
    assert parsed is None or noise[:2] == b"\0\1"


@given(body=st.binary(max_size=80), address=addresses)
def test_no_body_makes_the_parser_fail(body: bytes, address: IpAddress) -> None:
    datagram = request(body)
    parsed = parse_request(datagram)
    if parsed is not None:
        assert len(build_answer(parsed, address, 1)) <= len(datagram) + MOST_ADDED_BYTES


@given(parts=attributes, address=addresses, is_marked=st.booleans())
def test_no_answer_is_much_longer_than_its_request(
    parts: list[tuple[int, bytes]], address: IpAddress, is_marked: bool
) -> None:
    """So nobody can aim it, under a forged address, at a third party with gain."""
    datagram = request(*(attribute(kind, value) for kind, value in parts))
    datagram = with_fingerprint(datagram) if is_marked else datagram
    parsed = parse_request(datagram)
    if len(datagram) > MOST_REQUEST_BYTES:
        assert parsed is None
    else:
        assert parsed is not None
        assert parsed.has_fingerprint == is_marked
        assert len(build_answer(parsed, address, 1)) <= len(datagram) + MOST_ADDED_BYTES


def nobody(_address_key: str) -> bool:
    return False


# --- the allowance ------------------------------------------------------------------------------------------


def test_one_sender_is_answered_up_to_its_burst_and_again_a_second_later() -> None:
    limits = Limits(stun_per_address_per_sec=10, stun_address_burst=20)
    allowance = Allowance(limits, 0, nobody)
    assert [allowance.take("192.0.2.1", 0) for _ in range(22)] == [True] * 20 + [False] * 2
    assert allowance.take("192.0.2.2", 0)
    assert [allowance.take("192.0.2.1", US_PER_SEC) for _ in range(11)] == [True] * 10 + [False]


def test_one_ipv6_network_is_one_sender() -> None:
    allowance = Allowance(Limits(stun_address_burst=1), 0, nobody)
    assert allowance.take("2001:db8::1", 0)
    assert not allowance.take("2001:db8::2", 0)


def test_all_senders_together_have_a_limit_too() -> None:
    allowance = Allowance(Limits(stun_strangers_per_sec=5), 0, nobody)
    assert [allowance.take(f"192.0.2.{host}", 0) for host in range(7)] == [True] * 5 + [False] * 2


def test_a_flood_of_forged_senders_starves_nobody_who_is_connected() -> None:
    """[B6]"""
    allowance = Allowance(Limits(), 0, {"198.51.100.1", "198.51.100.2"}.__contains__)
    answered = 0
    for number in range(20_000):  # two seconds of ten thousand a second, from everywhere
        global_us = number * 100
        answered += allowance.take(f"{number % 223 + 1}.{number // 223 % 256}.7.{number % 251}", global_us)
        if number % 100 == 0:
            assert allowance.take("198.51.100.1", global_us)
    assert answered <= Limits().stun_strangers_per_sec * 3
    assert allowance.take("198.51.100.2", 2 * US_PER_SEC), "whom the flood did not hear of"


def test_a_flood_forged_within_one_network_leaves_the_strangers_of_others_theirs() -> None:
    allowance = Allowance(Limits(), 0, nobody)
    for number in range(20_000):
        allowance.take(f"203.0.{number // 250 % 256}.{number % 250}", number * 50)
        if number % 1000 == 0:
            assert allowance.take("198.51.100.1", number * 50)


def test_senders_that_fell_silent_are_forgotten() -> None:
    allowance = Allowance(Limits(), 0, nobody)
    for host in range(100):
        allowance.take(f"192.0.2.{host}", 0)
    assert len(allowance) >= 100
    for _ in range(100):
        allowance.take("198.51.100.1", 60 * US_PER_SEC)
    assert len(allowance) == 2, "an address and its network"


# --- the socket ---------------------------------------------------------------------------------------------

BURST = 3
Ask = Callable[..., socket.socket]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """`ask(datagram, sender="127.0.0.2")`: sends it to a responder of both families; returns the socket."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", 0))
        server.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        limits = Limits(stun_address_burst=BURST, stun_per_address_per_sec=0)
        transport = await start_stun(server, limits, lambda: 0, nobody)
        stack.callback(transport.close)
        port = server.getsockname()[1]
        sockets: dict[str, socket.socket] = {}

        def send(*datagrams: bytes, sender: str = "127.0.0.1") -> socket.socket:
            if sender not in sockets:
                family = socket.AF_INET6 if ":" in sender else socket.AF_INET
                sockets[sender] = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                sockets[sender].bind((sender, 0))
                sockets[sender].setblocking(False)  # noqa: FBT003 - the signature of the standard library
                sockets[sender].connect(("::1" if ":" in sender else "127.0.0.1", port))
            for datagram in datagrams:
                sockets[sender].send(datagram)
            return sockets[sender]

        yield send


async def receive(sock: socket.socket) -> bytes:
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        return await asyncio.get_running_loop().sock_recv(sock, 2048)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("sender", ["127.0.0.1", "::1"])
async def test_a_responder_for_both_families_names_the_sender_in_its_own(ask: Ask, sender: str) -> None:
    sock = ask(request(), sender=sender)
    assert mapped(await receive(sock)) == (ipaddress.ip_address(sender), sock.getsockname()[1])


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_noise_gets_no_answer_and_does_not_stop_the_next_request(ask: Ask) -> None:
    sock = ask(b"", b"noise", request(kind=0x0101), request())
    assert (await receive(sock))[:2] == b"\x01\x01"
    with pytest.raises(BlockingIOError):
        sock.recv(2048)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_who_asks_too_often_gets_silence_while_others_are_answered(ask: Ask) -> None:
    ada = ask(*[request()] * (BURST + 5))
    for _ in range(BURST):
        await receive(ada)
    # Loopback keeps the order: once bo has an answer, all of ada's requests have been read.
    await receive(ask(request(), sender="127.0.0.2"))
    with pytest.raises(BlockingIOError):
        ada.recv(2048)


# --- where it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7:8000", "stun:192.0.2.7:3478"),
        ("192.0.2.7", "stun:192.0.2.7:3478"),
        ("Party.example:8443", "stun:party.example:3478"),
        ("[2001:db8::7]:8000", "stun:[2001:db8::7]:3478"),
        ("[fe80::1%25eth0]:8000", None),
        ("two words", None),
        ("a,b", None),
        ("[half", None),
        ("ada@", None),
        ("", None),
    ],
)
def test_the_responder_is_where_the_client_reached_the_server(host: str, expected: str | None) -> None:
    assert stun_url(host, 3478) == expected


@given(st.text(max_size=40))
def test_no_host_header_makes_a_url_that_browsers_refuse(host: str) -> None:
    url = stun_url(host, 3478)
    assert url is None or (url.isascii() and url.startswith("stun:") and " " not in url)


def test_stun_comes_before_turn_and_carries_no_credentials() -> None:
    ice = Ice(turn_urls=("turn:turn.example",), turn_secret=b"north")
    stun, turn = ice_servers(ice, 0, address="192.0.2.1", reached_host="192.0.2.7:8000", is_alone=False)
    assert msgspec.to_builtins(stun) == {"urls": ["stun:192.0.2.7:3478"]}
    assert turn.urls == ["turn:turn.example"]


async def welcomed_ice_servers(server: ServerProcess) -> object:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.control_url) as ada:
        await ada.send_json(Joiner("ada").join((await ada.receive()).data))
        return msgspec.json.decode((await ada.receive()).data)["iceServers"]


async def test_a_server_announces_its_responder_and_answers_there(
    start_server: Callable[..., ServerProcess],
) -> None:
    port = free_port()
    server = start_server(extra_args=["--stun-port", str(port)])
    assert await welcomed_ice_servers(server) == [{"urls": [f"stun:127.0.0.1:{port}"]}]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        sock.connect(("127.0.0.1", port))
        sock.send(request())
        assert mapped(await receive(sock)) == (ipaddress.ip_address("127.0.0.1"), sock.getsockname()[1])
    assert server.stop() == 0


async def test_behind_a_proxy_the_responder_is_at_the_public_host(
    start_server: Callable[..., ServerProcess],
) -> None:
    port = free_port()
    public = ["--public-url", "https://party.example/"]
    server = start_server(extra_args=["--stun-port", str(port), *public])
    assert await welcomed_ice_servers(server) == [{"urls": [f"stun:party.example:{port}"]}]


async def test_a_server_whose_stun_port_is_taken_warns_and_serves_without(
    start_server: Callable[..., ServerProcess],
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        server = start_server(extra_args=["--stun-port", str(port)])
        assert await welcomed_ice_servers(server) == []
    assert f"WARNING stun-off UDP port {port}" in server.log_text()


async def test_port_0_turns_the_responder_off_without_a_warning(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(extra_args=["--stun-port", "0"])
    assert await welcomed_ice_servers(server) == []
    assert "stun-off" not in server.log_text()
