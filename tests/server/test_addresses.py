"""What one network address may do, in virtual time."""

from __future__ import annotations

import pytest

from unisono.addresses import AddressBudgets, address_key
from unisono.config import Limits
from unisono.errors import PeerError
from unisono.protocol import ErrorCode

SEC_US = 1_000_000


def test_an_address_may_hold_so_many_connections_and_no_more() -> None:
    budgets = AddressBudgets(Limits(connections_per_address=2))
    budgets.connect("192.0.2.1", 0)
    budgets.connect("192.0.2.1", 0)
    with pytest.raises(PeerError) as refusal:
        budgets.connect("192.0.2.1", 0)
    assert refusal.value.code is ErrorCode.TOO_MANY_CONNECTIONS
    budgets.connect("192.0.2.2", 0)
    budgets.disconnect("192.0.2.1", 0)
    budgets.connect("192.0.2.1", 0)


def test_all_addresses_together_hold_so_many_connections_and_no_more() -> None:
    budgets = AddressBudgets(Limits(max_connections=2))
    budgets.connect("192.0.2.1", 0)
    budgets.connect("192.0.2.2", 0)
    with pytest.raises(PeerError) as refusal:
        budgets.connect("192.0.2.3", 0)
    assert refusal.value.code is ErrorCode.TOO_MANY_CONNECTIONS
    budgets.disconnect("192.0.2.1", 0)
    budgets.connect("192.0.2.3", 0)


def test_an_address_may_join_so_often_a_minute_and_no_more() -> None:
    budgets = AddressBudgets(Limits(joins_per_address_per_min=2))
    budgets.connect("192.0.2.1", 0)
    budgets.join("192.0.2.1", 0)
    budgets.join("192.0.2.1", 0)
    with pytest.raises(PeerError) as refusal:
        budgets.join("192.0.2.1", 0)
    assert refusal.value.code is ErrorCode.TOO_MANY_JOINS
    budgets.join("192.0.2.1", 30 * SEC_US)


def test_reconnecting_does_not_refill_the_joins() -> None:
    budgets = AddressBudgets(Limits(joins_per_address_per_min=1))
    budgets.connect("192.0.2.1", 0)
    budgets.join("192.0.2.1", 0)
    budgets.disconnect("192.0.2.1", 0)
    budgets.connect("192.0.2.1", SEC_US)
    with pytest.raises(PeerError):
        budgets.join("192.0.2.1", SEC_US)


def test_addresses_are_forgotten_when_nothing_is_left_to_remember() -> None:
    budgets = AddressBudgets(Limits())
    for number in range(100):
        budgets.connect(f"192.0.2.{number}", 0)
        budgets.join(f"192.0.2.{number}", 0)
        budgets.disconnect(f"192.0.2.{number}", 0)
    assert len(budgets) == 100
    for number in range(100):
        budgets.connect("198.51.100.1", 120 * SEC_US + number)
    assert len(budgets) == 1


def test_a_48_of_ipv6_holds_some_64s_and_not_all_of_its_65536() -> None:
    """[B5]"""
    budgets = AddressBudgets(Limits(connections_per_address=2, ipv6_site_factor=3))
    for network in range(3):
        for _ in range(2):
            budgets.connect(f"2001:db8:1:{network:x}::/64", 0)
    with pytest.raises(PeerError) as refusal:
        budgets.connect("2001:db8:1:9::/64", 0)
    assert refusal.value.code is ErrorCode.TOO_MANY_CONNECTIONS
    budgets.connect("2001:db8:2:9::/64", 0)
    budgets.disconnect("2001:db8:1:0::/64", 0)
    budgets.connect("2001:db8:1:9::/64", 0)


def test_a_48_of_ipv6_joins_and_upgrades_no_more_often_than_some_64s() -> None:
    limits = Limits(connections_per_address=10, joins_per_address_per_min=2, ipv6_site_factor=3)
    budgets = AddressBudgets(limits)
    networks = [f"2001:db8:1:{network:x}::/64" for network in range(100)]
    upgraded = 0
    for network in networks:
        upgraded += budgets.upgrade(network, 0)
        if upgraded <= 6 and network in networks[:6]:
            budgets.join(network, 0)
    assert upgraded == 3 * limits.upgrade_address_burst
    with pytest.raises(PeerError):
        budgets.join(networks[50], 0)
    budgets.join("2001:db8:2:1::/64", 0)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_ipv4_address_or_an_ipv6_network_counts_as_one(address: str, key: str) -> None:
    assert address_key(address) == key
