"""What goes out for what comes in, in virtual time: who is withheld, and whom that never touches."""

from __future__ import annotations

import pytest

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.fan_out import FanOut
from unisono.protocol import ErrorCode

SEC_US = 1_000_000
BEAT_BYTES = 342


class Room:
    """A swarm of so many, all of one address, and what was passed on to its members."""

    def __init__(
        self, fan_out: FanOut, members: int, swarm_id: str = "5" * 32, address: str = "192.0.2.1"
    ) -> None:
        self.fan_out, self.members, self.swarm_id, self.address = fan_out, members, swarm_id, address
        self.frames = self.closed = 0

    def say(
        self, member: int, global_us: int, receivers: int | None = None, body_bytes: int = BEAT_BYTES
    ) -> bool:
        receivers = self.members - 1 if receivers is None else receivers
        is_passed_on = self.fan_out.charge(
            hash((self.swarm_id, member)),
            swarm_id=self.swarm_id,
            address=self.address,
            receivers=receivers,
            body_bytes=body_bytes,
            global_us=global_us,
        )
        self.frames += receivers * is_passed_on
        return is_passed_on


def test_sixty_four_sockets_at_fifty_broadcasts_a_second_make_no_200_000_frames() -> None:
    """[B4]"""
    limits, fan_out = Limits(), FanOut(Limits())
    room, closed = Room(fan_out, 64), dict[int, ErrorCode]()
    for number in range(10 * 64 * 50):
        member, global_us = number % 64, number * SEC_US // (64 * 50)
        if member in closed:
            continue
        try:
            room.say(member, global_us)
        except PeerError as reason:
            closed[member] = reason.code
    assert room.frames <= 10 * limits.frames_per_swarm_per_sec + 2 * limits.swarm_frame_burst
    assert list(closed.values()) == [ErrorCode.RATE_LIMITED] * 64, "who goes on is parted with"


def test_one_address_with_many_swarms_makes_no_more_than_an_address_may() -> None:
    limits, fan_out = Limits(), FanOut(Limits())
    rooms = [Room(fan_out, 16, f"{number:032x}") for number in range(10)]
    for number in range(5 * 1000):
        rooms[number % 10].say(number // 10 % 16, number * SEC_US // 1000)
    sent = sum(room.frames for room in rooms)
    assert sent <= 5 * limits.frames_per_address_per_sec + 2 * limits.address_frame_burst
    elsewhere = Room(fan_out, 16, "e" * 32, "198.51.100.1")
    assert all(elsewhere.say(0, 5 * SEC_US) for _ in range(100)), "another address pays for itself"


def test_a_full_swarm_at_its_busiest_is_never_withheld() -> None:
    """Everyone comes in one moment, greets everyone, offers links; then statuses and heartbeats, all changes
    at once.
    """
    fan_out = FanOut(Limits())
    room = Room(fan_out, 64)
    for member in range(64):
        assert room.say(member, 0)  # a status
    for other in range(63):
        for member in range(64):
            assert room.say(member, other * 20_000, receivers=1)
            assert room.say(member, other * 20_000, receivers=1, body_bytes=4000)  # an offer
    for second in range(2, 600):
        assert room.say(0, second * SEC_US)
        for member in range(64):
            assert room.say(member, second * SEC_US + member)


@pytest.mark.parametrize("members", [64, 1000])
def test_a_director_s_heartbeat_reaches_all_whatever_one_member_sends(members: int) -> None:
    """[B4] Also of a swarm of a thousand, larger than a burst can serve at once: life at the cap."""
    fan_out = FanOut(Limits())
    room = Room(fan_out, members)
    flooder_is_in = True
    for tick in range(60 * 50):
        global_us = tick * SEC_US // 50
        if flooder_is_in:
            try:
                room.say(7, global_us)
            except PeerError:
                flooder_is_in = False
        if tick % 50 == 0:
            assert room.say(0, global_us), f"second {tick // 50}"
    assert not flooder_is_in or members == 64


def test_in_a_swarm_where_all_others_flood_the_director_is_still_heard() -> None:
    fan_out = FanOut(Limits(withheld_burst=10**9))
    room = Room(fan_out, 64)
    for tick in range(20 * 50):
        global_us = tick * SEC_US // 50
        for member in range(1, 64):
            room.say(member, global_us)
        if tick % 50 == 0:
            assert room.say(0, global_us)


def test_large_bodies_cost_more() -> None:
    fan_out = FanOut(Limits())
    room = Room(fan_out, 64)
    large = sum(room.say(1, 0, body_bytes=22_000) for _ in range(100))
    assert 0 < large < sum(Room(FanOut(Limits()), 64).say(1, 0) for _ in range(1)) * 64


def test_nothing_is_kept_of_who_has_gone_and_of_who_is_quiet() -> None:
    fan_out = FanOut(Limits())
    for number in range(100):
        Room(fan_out, 8, f"{number:032x}", f"192.0.2.{number}").say(0, 0)
        fan_out.forget(hash((f"{number:032x}", 0)))
    for number in range(200):
        Room(fan_out, 8, "e" * 32, "198.51.100.1").say(0, 60 * SEC_US + number)
    assert len(fan_out) <= 4
