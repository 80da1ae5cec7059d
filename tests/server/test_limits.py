"""Token buckets and budgets, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.limits import ConnectionBudget, TokenBucket
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
