"""Seats, presence, take-over, relay and grace: the pure core, in virtual time. Rules M and R are in its
headers.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.protocol import ErrorCode, Joined, Left, MemberState, Presence, Relayed, ServerMessage
from unisono.registry import JoinOutcome, Registry
from unisono.swarm import Close, ConnectionId, Effect, MemberInfo, Send

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32
PARTY, OTHER = "1" * 32, "2" * 32
GRACE_US = 15_000_000
KEY = "K" * 43
CARD = MemberInfo(session_key="S" * 43, announcement="AAAA")


def join(registry: Registry, connection: ConnectionId, swarm_id: str, user_id: str) -> JoinOutcome:
    return registry.join(connection, swarm_id, user_id, CARD, KEY)


def member(user_id: str, *, away: bool) -> MemberState:
    return MemberState(
        user_id=user_id, away=away, session_key=CARD.session_key, announcement=CARD.announcement
    )


def newcomer(user_id: str) -> Joined:
    return Joined(user_id=user_id, session_key=CARD.session_key, announcement=CARD.announcement)


def back(user_id: str) -> Presence:
    return Presence(user_id=user_id, away=False, announcement=CARD.announcement)


def heard(effects: list[Effect], connection: ConnectionId) -> list[ServerMessage]:
    return [
        effect.message for effect in effects if isinstance(effect, Send) and connection in effect.connections
    ]


@pytest.fixture
def registry() -> Registry:
    return Registry(Limits())


def test_the_first_to_join_finds_nobody(registry: Registry) -> None:
    outcome = join(registry, 1, PARTY, ADA)
    assert outcome.members == []
    assert outcome.effects == []


def test_a_newcomer_finds_the_others_and_they_hear_of_the_newcomer(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    outcome = join(registry, 2, PARTY, BO)
    assert outcome.members == [member(ADA, away=False)]
    assert heard(outcome.effects, 1) == [newcomer(BO)]
    assert heard(outcome.effects, 2) == []


def test_swarms_do_not_hear_of_each_other(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    outcome = join(registry, 2, OTHER, BO)
    assert outcome.members == []
    assert outcome.effects == []
    assert registry.relay(2, None, "body") == []


def test_a_dropped_member_is_away_for_the_grace_and_then_gone(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    assert heard(registry.drop(2, 1_000_000), 1) == [Presence(user_id=BO, away=True)]
    assert registry.next_expiry_us() == 1_000_000 + GRACE_US
    assert registry.expire(1_000_000 + GRACE_US - 1) == []
    assert heard(registry.expire(1_000_000 + GRACE_US), 1) == [Left(user_id=BO)]
    assert registry.next_expiry_us() is None


def test_a_member_that_returns_within_the_grace_keeps_its_seat(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    registry.drop(2, 0)
    outcome = join(registry, 3, PARTY, BO)
    assert heard(outcome.effects, 1) == [back(BO)]
    assert registry.next_expiry_us() is None
    assert registry.expire(GRACE_US) == []


def test_someone_who_drops_twice_has_the_whole_grace_again(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    registry.drop(2, 0)
    join(registry, 3, PARTY, BO)
    registry.drop(3, 10_000_000)
    assert registry.expire(GRACE_US) == []
    assert heard(registry.expire(10_000_000 + GRACE_US), 1) == [Left(user_id=BO)]


def test_a_newcomer_sees_who_is_away(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    registry.drop(1, 0)
    assert join(registry, 2, PARTY, BO).members == [member(ADA, away=True)]


def test_a_clean_leave_is_immediate(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    assert heard(registry.leave(2), 1) == [Left(user_id=BO)]
    assert registry.drop(2, 5) == []
    assert registry.next_expiry_us() is None


def test_the_same_user_id_takes_its_seat_over_from_a_connection_that_still_looks_alive(
    registry: Registry,
) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    effects = join(registry, 3, PARTY, BO).effects
    assert heard(effects, 1) == [back(BO)]
    closes = [effect for effect in effects if isinstance(effect, Close)]
    assert [(close.connection, close.reason.code) for close in closes] == [(2, ErrorCode.TAKEN_OVER)]


def test_a_join_that_was_overtaken_by_that_of_a_later_connection_takes_no_seat(registry: Registry) -> None:
    """[W16] M5: a page that was cut off while it joined has connected anew before its first join arrives."""
    join(registry, 1, PARTY, ADA)
    join(registry, 3, PARTY, BO)
    with pytest.raises(PeerError) as refusal:
        join(registry, 2, PARTY, BO)
    assert refusal.value.code is ErrorCode.TAKEN_OVER
    assert registry.drop(2, 0) == []
    assert heard(registry.relay(1, BO, "body"), 3) == [Relayed(sender=ADA, body="body")]


def test_the_loser_of_a_take_over_changes_nothing_any_more(registry: Registry) -> None:
    """M4: its leave, its drop and its messages come late and mean nothing."""
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    join(registry, 3, PARTY, BO)
    assert registry.relay(2, None, "late") == []
    assert registry.leave(2) == []
    assert registry.drop(2, 0) == []
    assert heard(registry.relay(1, BO, "body"), 3) == [Relayed(sender=ADA, body="body")]


def test_a_relay_reaches_all_others_but_not_its_sender(registry: Registry) -> None:
    for connection, user_id in enumerate((ADA, BO, CY), start=1):
        join(registry, connection, PARTY, user_id)
    effects = registry.relay(1, None, "body")
    assert heard(effects, 1) == []
    assert heard(effects, 2) == heard(effects, 3) == [Relayed(sender=ADA, body="body")]


def test_a_relay_to_one_reaches_only_that_one(registry: Registry) -> None:
    for connection, user_id in enumerate((ADA, BO, CY), start=1):
        join(registry, connection, PARTY, user_id)
    effects = registry.relay(1, CY, "body")
    assert heard(effects, 2) == []
    assert heard(effects, 3) == [Relayed(sender=ADA, body="body")]


def test_a_relay_to_someone_who_is_away_is_dropped(registry: Registry) -> None:
    """M3: nothing is stored, so nothing can be delivered later."""
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    registry.drop(2, 0)
    assert registry.relay(1, BO, "body") == []


def test_a_relay_to_a_stranger_is_answered_with_left(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, OTHER, BO)
    effects = registry.relay(1, BO, "body")
    assert heard(effects, 1) == [Left(user_id=BO)]
    assert heard(effects, 2) == []


def test_a_full_swarm_refuses_a_newcomer_and_nobody_notices() -> None:
    registry = Registry(Limits(max_members=2))
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    with pytest.raises(PeerError) as refusal:
        join(registry, 3, PARTY, CY)
    assert refusal.value.code is ErrorCode.SWARM_FULL
    assert registry.drop(3, 0) == []
    assert registry.sizes() == {2: 1}


def test_a_full_swarm_lets_its_own_members_back_in() -> None:
    registry = Registry(Limits(max_members=2))
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    registry.drop(2, 0)
    assert join(registry, 3, PARTY, BO).members == [member(ADA, away=False)]


def test_a_refused_first_join_leaves_no_swarm_behind() -> None:
    registry = Registry(Limits(max_members=0))
    with pytest.raises(PeerError):
        join(registry, 1, PARTY, ADA)
    assert registry.swarm_count == 0


def test_the_first_joiner_pins_the_admission_key_for_as_long_as_the_swarm_lives(registry: Registry) -> None:
    assert registry.admission_key(PARTY) is None
    join(registry, 1, PARTY, ADA)
    assert registry.admission_key(PARTY) == KEY
    registry.leave(1)
    assert registry.admission_key(PARTY) is None


def test_who_comes_back_is_shown_with_its_new_announcement(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    registry.join(2, PARTY, ADA, MemberInfo(CARD.session_key, "BBBB"), KEY)
    [shown] = join(registry, 3, PARTY, BO).members
    assert shown.announcement == "BBBB"


def test_one_connection_joins_once(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    with pytest.raises(PeerError) as refusal:
        join(registry, 1, OTHER, BO)
    assert refusal.value.code is ErrorCode.JOIN_EXPECTED
    assert registry.swarm_count == 1


def test_a_swarm_dies_with_its_last_member(registry: Registry) -> None:
    join(registry, 1, PARTY, ADA)
    join(registry, 2, PARTY, BO)
    registry.leave(1)
    registry.drop(2, 0)
    assert registry.swarm_count == 1
    registry.expire(GRACE_US)
    assert registry.swarm_count == 0


class SwarmLife(RuleBasedStateMachine):
    """Any order of joins, drops, leaves, relays and time, against what each peer must have been told.

    Every connection keeps the picture its own messages paint; whoever holds a seat must see exactly the
    others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry(Limits(max_members=3))
        self.global_us = 0
        self.next_connection = 1
        self.places: dict[ConnectionId, tuple[str, str]] = {}
        self.pictures: dict[ConnectionId, dict[str, bool]] = {}
        self.seats: dict[tuple[str, str], ConnectionId | None] = {}
        self.away_since_us: dict[tuple[str, str], int] = {}

    @rule(swarm_id=st.sampled_from([PARTY, OTHER]), user_id=st.sampled_from([ADA, BO, CY, "d" * 32]))
    def join(self, swarm_id: str, user_id: str) -> None:
        connection, self.next_connection = self.next_connection, self.next_connection + 1
        seat = (swarm_id, user_id)
        is_full = sum(1 for swarm, _ in self.seats if swarm == swarm_id) >= 3
        if is_full and seat not in self.seats:
            with pytest.raises(PeerError):
                join(self.registry, connection, swarm_id, user_id)
            return
        outcome = join(self.registry, connection, swarm_id, user_id)
        loser = self.seats.get(seat)
        assert [effect.connection for effect in outcome.effects if isinstance(effect, Close)] == (
            [loser] if loser is not None else []
        )
        if loser is not None:
            self.pictures.pop(loser)
        self.seats[seat] = connection
        self.away_since_us.pop(seat, None)
        self.places[connection] = seat
        self.pictures[connection] = {member.user_id: member.away for member in outcome.members}
        self.deliver(outcome.effects)

    @precondition(lambda self: self.places)
    @rule(data=st.data(), politely=st.booleans())
    def go(self, data: st.DataObject, politely: bool) -> None:
        connection = data.draw(st.sampled_from(sorted(self.places)))
        seat = self.places.pop(connection)
        is_holder = self.pictures.pop(connection, None) is not None
        effects = (
            self.registry.leave(connection) if politely else self.registry.drop(connection, self.global_us)
        )
        if is_holder and politely:
            del self.seats[seat]
        elif is_holder:
            self.seats[seat] = None
            self.away_since_us[seat] = self.global_us
        else:
            assert effects == []
        self.deliver(effects)

    @rule(passed_us=st.integers(min_value=0, max_value=20_000_000))
    def wait(self, passed_us: int) -> None:
        self.global_us += passed_us
        over = [seat for seat, since in self.away_since_us.items() if since + GRACE_US <= self.global_us]
        for seat in over:
            del self.away_since_us[seat], self.seats[seat]
        self.deliver(self.registry.expire(self.global_us))

    @precondition(lambda self: self.places)
    @rule(data=st.data(), receiver=st.sampled_from([None, ADA, BO, CY]))
    def relay(self, data: st.DataObject, receiver: str | None) -> None:
        connection = data.draw(st.sampled_from(sorted(self.places)))
        swarm_id, user_id = self.places[connection]
        effects = self.registry.relay(connection, receiver, "body")
        reached = {c for c in self.pictures if Relayed(sender=user_id, body="body") in heard(effects, c)}
        if connection not in self.pictures:
            assert effects == []
        elif receiver is None:
            assert reached == {c for c in self.pictures if self.places[c][0] == swarm_id and c != connection}
        else:
            seated = self.seats.get((swarm_id, receiver))
            assert reached == ({seated} if seated is not None else set())
        self.deliver(effects)

    def deliver(self, effects: list[Effect]) -> None:
        for connection, picture in self.pictures.items():
            for message in heard(effects, connection):
                match message:
                    case Joined(user_id=user_id):
                        assert user_id not in picture
                        picture[user_id] = False
                    case Presence(user_id=user_id, away=away):
                        assert user_id in picture
                        picture[user_id] = away
                    case Left(user_id=user_id):
                        picture.pop(user_id, None)

    @invariant()
    def everyone_sees_exactly_the_others(self) -> None:
        for connection, picture in self.pictures.items():
            swarm_id, own_id = self.places[connection]
            assert picture == {
                user_id: holder is None
                for (swarm, user_id), holder in self.seats.items()
                if swarm == swarm_id and user_id != own_id
            }

    @invariant()
    def nothing_is_left_of_what_is_over(self) -> None:
        seats_of = Counter(swarm for swarm, _ in self.seats)
        assert self.registry.swarm_count == len(seats_of)
        assert self.registry.sizes() == Counter(seats_of.values())
        expiry = min((since + GRACE_US for since in self.away_since_us.values()), default=None)
        assert self.registry.next_expiry_us() == expiry


TestSwarmLife = SwarmLife.TestCase
