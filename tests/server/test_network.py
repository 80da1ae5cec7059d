"""Whom a request comes from, and which pages may open a channel."""

from __future__ import annotations

import ipaddress

import pytest

from unisono.network import client_address, is_allowed_origin

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def test_a_stranger_s_claim_about_its_address_is_ignored() -> None:
    assert client_address("203.0.113.9", ["192.0.2.1"], PROXIES) == "203.0.113.9"


def test_a_trusted_proxy_is_believed() -> None:
    assert client_address("10.0.0.1", ["192.0.2.1"], PROXIES) == "192.0.2.1"


def test_only_what_trusted_proxies_appended_counts() -> None:
    """The client wrote the first entry itself."""
    assert client_address("10.0.0.1", ["198.51.100.66, 192.0.2.1", "10.0.0.2"], PROXIES) == "192.0.2.1"


def test_a_proxy_is_recognised_in_either_family() -> None:
    assert client_address("::ffff:10.0.0.1", ["192.0.2.1"], PROXIES) == "192.0.2.1"
    assert client_address("fd00::1", ["192.0.2.1"], PROXIES) == "192.0.2.1"


def test_without_a_header_the_proxy_itself_counts() -> None:
    assert client_address("10.0.0.1", [], PROXIES) == "10.0.0.1"


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::1", "::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:http", "192.0.2.1:http"),
        ("[half", "half"),
        ("", ""),
    ],
)
def test_a_proxy_may_write_the_port_as_well(hop: str, address: str) -> None:
    assert client_address("10.0.0.1", [hop], PROXIES) == address


def test_a_chain_of_proxies_with_ports_is_followed() -> None:
    assert client_address("fd00::1", ["192.0.2.1:4711, 10.0.0.2:80", "[fd00::2]:443"], PROXIES) == "192.0.2.1"


def test_nonsense_in_the_header_is_not_followed_further() -> None:
    assert client_address("10.0.0.1", ["192.0.2.1, <script>"], PROXIES) == "<script>"


@pytest.mark.parametrize(
    ("origin", "host", "public_url", "is_allowed"),
    [
        (None, "localhost:8000", None, True),
        ("http://localhost:8000", "localhost:8000", None, True),
        ("http://LOCALHOST:8000", "localhost:8000", None, True),
        ("https://party.example", "party.example", None, True),
        ("https://party.example", "party.example:443", None, True),
        ("http://[::1]:8000", "[::1]:8000", None, True),
        ("https://party.example", "127.0.0.1:8000", "https://party.example/", True),
        ("https://evil.example", "party.example", None, False),
        ("https://evil.example", "127.0.0.1:8000", "https://party.example", False),
        ("http://localhost:5000", "localhost:8000", None, False),
        ("https://party.example.evil.example", "party.example", None, False),
        ("null", "localhost:8000", None, False),
        ("file://", "localhost:8000", None, False),
        ("http://localhost:99999", "localhost:8000", None, False),
        ("https://party.example", None, None, False),
    ],
)
def test_a_page_may_talk_to_the_host_it_came_from(
    origin: str | None, host: str | None, public_url: str | None, is_allowed: bool
) -> None:
    assert is_allowed_origin(origin, host, public_url) is is_allowed


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://music.example", True),
        ("https://MUSIC.example", True),
        ("http://music.example", False),
        ("https://music.example:8443", False),
        ("https://evil.example", False),
        ("https://music.example.evil.example", False),
        ("null", False),
    ],
)
def test_a_page_from_a_named_origin_may_come_too(origin: str, is_allowed: bool) -> None:
    named = ("https://music.example",)
    assert is_allowed_origin(origin, "party.example", None, named) is is_allowed
