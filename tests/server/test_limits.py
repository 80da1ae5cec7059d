"""Token buckets and budgets, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.limits import AddressBudgets, ConnectionBudget, TokenBucket, UpgradeLimiter, address_key
from unisono.protocol import ErrorCode

SEC_US = 1_000_000


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    bucket = TokenBucket.full(per_sec=10, burst=3, global_us=0)
    assert [bucket.take(1, 0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(1, SEC_US // 10)
    assert not bucket.take(1, SEC_US // 10)


def test_a_quiet_while_fills_the_bucket_no_further_than_its_burst() -> None:
    bucket = TokenBucket.full(per_sec=10, burst=3, global_us=0)
    assert [bucket.take(1, 3600 * SEC_US) for _ in range(4)] == [True, True, True, False]


@given(
    per_sec=st.integers(1, 100),
    burst=st.integers(1, 100),
    gaps_us=st.lists(st.integers(0, 2 * SEC_US), max_size=200),
)
def test_no_pattern_takes_more_than_burst_plus_rate(per_sec: int, burst: int, gaps_us: list[int]) -> None:
    bucket, global_us, taken = TokenBucket.full(per_sec, burst, 0), 0, 0
    for gap_us in gaps_us:
        global_us += gap_us
        taken += bucket.take(1, global_us)
        assert taken <= burst + per_sec * global_us / SEC_US + 1e-6


def test_a_connection_that_sends_too_many_messages_is_refused() -> None:
    budget = ConnectionBudget(Limits(), 0)
    for _ in range(Limits().message_burst):
        budget.charge(10, 0)
    with pytest.raises(PeerError) as refusal:
        budget.charge(10, 0)
    assert refusal.value.code is ErrorCode.RATE_LIMITED


def test_a_connection_that_sends_too_many_bytes_is_refused() -> None:
    limits = Limits()
    budget = ConnectionBudget(limits, 0)
    for _ in range(limits.byte_burst // limits.max_frame_bytes):
        budget.charge(limits.max_frame_bytes, 0)
    with pytest.raises(PeerError) as refusal:
        budget.charge(limits.max_frame_bytes, 0)
    assert refusal.value.code is ErrorCode.RATE_LIMITED


def test_the_announced_rate_can_be_kept_for_ever() -> None:
    limits = Limits()
    budget = ConnectionBudget(limits, 0)
    frame_bytes = limits.bytes_per_sec // limits.messages_per_sec
    for number in range(limits.messages_per_sec * 600):
        budget.charge(frame_bytes, number * SEC_US // limits.messages_per_sec)


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


def test_a_crowd_goes_through_the_upgrade_limiter_one_by_one_and_who_comes_alone_does_not_wait() -> None:
    upgrade_limiter = UpgradeLimiter(per_sec=100)
    assert [upgrade_limiter.wait_us(1_000_000) for _ in range(4)] == [0, 10_000, 20_000, 30_000]
    assert upgrade_limiter.wait_us(1_020_000) == 20_000
    assert upgrade_limiter.wait_us(2_000_000) == 0


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
