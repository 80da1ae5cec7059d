"""What one member may claim, make others keep and hold up, as the peer without a screen bears it."""

from __future__ import annotations

import pytest

from unisono.peer.director import Candidate, Director
from unisono.peer.peer_message import decode_message, encode_message
from unisono.peer.plan import MAX_PLAN_US, Beat, Plan, Record, compare_serials, next_serial

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32
LAST = 2**32 - 1
EDGES = (0, 1, 999_999_999, 1_000_000_000, 2**31 - 1, 2**31, 2**31 + 1, LAST - 1, LAST)


def sees(user_id: str) -> Candidate:
    return Candidate(user_id, is_visible=False, is_away=False)


def on_the_wire(beat: Beat | None) -> Beat:
    """As it arrives: a number that does not fit would not be sent, or be refused."""
    assert beat is not None
    arrived = decode_message(encode_message(beat))
    assert isinstance(arrived, Beat)
    return arrived


@pytest.mark.parametrize("edge", EDGES)
def test_at_any_term_and_revision_the_seat_is_inherited_played_from_and_given_up(edge: int) -> None:
    """[D20] [D21]"""
    ada, bo = Director(ADA), Director(BO)
    ada.attach([sees(BO), sees(CY)], is_new_server=True, local_ms=0)
    bo.attach([sees(ADA), sees(CY)], is_new_server=True, local_ms=0)
    claim = on_the_wire(Beat(Record(edge, CY), Plan(term=edge, rev=edge)))
    for each in (ada, bo):
        each.receive_beat(CY, claim, 100)
    bo.receive_beat(ADA, on_the_wire(ada.member_left(CY, 200)), 200)
    assert (ada.is_me, bo.director_id) == (True, ADA)
    for position_us in (1e6, 2e6):
        changed = ada.change_plan(Plan(clock_id="north", state="playing", position_us=position_us), 300)
        bo.receive_beat(ADA, on_the_wire(changed), 300)
        assert bo.plan.position_us == position_us
    ada.set_candidates([Candidate(BO, is_visible=True, is_away=False)], 400)
    assert bo.receive_beat(ADA, on_the_wire(ada.make_way(400)), 400) is not None
    assert bo.is_me


@pytest.mark.parametrize("one", EDGES)
@pytest.mark.parametrize("other", EDGES)
def test_of_two_numbers_one_is_later_and_both_sides_say_the_same(one: int, other: int) -> None:
    """[D20]"""
    assert compare_serials(next_serial(one), one) > 0
    there, back = compare_serials(one, other), compare_serials(other, one)
    assert (there > 0) == (back < 0)
    assert (there == 0) == (one == other)


def test_what_is_reckoned_on_from_the_end_of_time_is_still_a_plan_that_others_take() -> None:
    """[D21]"""
    ada = Director(ADA)
    ada.attach([], is_new_server=True, local_ms=0)
    written = ada.change_plan(Plan(clock_id="north", global_start_us=-1e300, position_us=1e300), 10)
    plan = on_the_wire(written).plan
    assert (plan.global_start_us, plan.position_us) == (-MAX_PLAN_US, MAX_PLAN_US)
