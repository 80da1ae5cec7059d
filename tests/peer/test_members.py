"""What one member may claim, make others keep and hold up, as the peer without a screen bears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.peer.dice import Dice
from unisono.peer import announcement
from unisono.peer.constants.director import MAX_PLAN_US, START_STANDSTILL_MS, UNSEEN_PROGRESS_MS
from unisono.peer.constants.session import MAX_BUDGETS, NotReadyReason
from unisono.peer.director import Candidate, Director
from unisono.peer.encoding import encode_base64url
from unisono.peer.envelope import Sealer
from unisono.peer.errors import WireError
from unisono.peer.heartbeat_message import HeartbeatMessage
from unisono.peer.keys import SwarmKeys, derive_keys, public_key_of, user_id_of
from unisono.peer.member_budgets import BUDGETS, Budgeted, MemberBudgets
from unisono.peer.peer_message import decode_message, encode_message
from unisono.peer.plan import Heartbeat, Plan, Record, compare_serials, next_serial
from unisono.peer.plan_policy import Readiness, StartWait, next_plan, prepared

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32
LAST = 2**32 - 1
EDGES = (0, 1, 999_999_999, 1_000_000_000, 2**31 - 1, 2**31, 2**31 + 1, LAST - 1, LAST)


def sees(user_id: str) -> Candidate:
    return Candidate(user_id, is_visible=False, is_away=False)


def on_the_wire(heartbeat: Heartbeat | None) -> Heartbeat:
    """As it arrives: a number that does not fit would not be sent, or be refused."""
    assert heartbeat is not None
    arrived = decode_message(encode_message(HeartbeatMessage(heartbeat)))
    assert isinstance(arrived, HeartbeatMessage)
    return arrived.heartbeat


@pytest.mark.parametrize("edge", EDGES)
def test_at_any_term_and_revision_the_seat_is_inherited_played_from_and_given_up(edge: int) -> None:
    """[D20] [D21]"""
    ada, bo = Director(ADA), Director(BO)
    ada.attach([sees(BO), sees(CY)], is_new_server=True, local_ms=0)
    bo.attach([sees(ADA), sees(CY)], is_new_server=True, local_ms=0)
    claim = on_the_wire(Heartbeat(Record(edge, CY), Plan(term=edge, rev=edge)))
    for each in (ada, bo):
        each.receive_heartbeat(CY, claim, 100)
    bo.receive_heartbeat(ADA, on_the_wire(ada.member_left(CY, 200)), 200)
    assert (ada.is_me, bo.director_id) == (True, ADA)
    for position_us in (1e6, 2e6):
        changed = ada.change_plan(Plan(clock_id="north", state="playing", position_us=position_us), 300)
        bo.receive_heartbeat(ADA, on_the_wire(changed), 300)
        assert bo.plan.position_us == position_us
    ada.set_candidates([Candidate(BO, is_visible=True, is_away=False)], 400)
    assert bo.receive_heartbeat(ADA, on_the_wire(ada.make_way(400)), 400) is not None
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


def stands(
    user_id: str, *, is_ready: bool = False, not_ready_reason: NotReadyReason | None = None
) -> Readiness:
    return Readiness(
        is_away=False,
        is_ready=is_ready,
        is_unable=False,
        is_over=False,
        is_heard=False,
        rtt_ms=40,
        speaker_delay_ms=0,
        user_id=user_id,
        not_ready_reason=not_ready_reason,
    )


def starts_after_ms(stands_at: Callable[[float], list[Readiness]]) -> float | None:
    """When a prepared song starts if everybody is at time t as told; None when it does not in ten minutes."""
    wait, plan = StartWait(), prepared(Plan(), "e" * 16, "f" * 64, "north")
    for local_ms in range(0, 600_001, 1_000):
        everybody = stands_at(local_ms)
        overdue = wait.overdue(plan, everybody, local_ms)
        if next_plan(plan, everybody, local_ms * 1000, "north", overdue=overdue) is not None:
            return local_ms
    return None


@pytest.mark.parametrize(
    "not_ready_reason", [None, "turned-off", "storage-full", "sound-held", "clock", "decoding"]
)
def test_a_start_does_not_wait_without_end_for_who_does_not_come_forward(
    not_ready_reason: NotReadyReason | None,
) -> None:
    """[D22]"""
    ada = stands(ADA, is_ready=True)
    assert (
        starts_after_ms(lambda _: [ada, stands(BO, not_ready_reason=not_ready_reason)]) == START_STANDSTILL_MS
    )
    assert starts_after_ms(lambda _: [ada, stands(BO, not_ready_reason="fetching")]) == UNSEEN_PROGRESS_MS


def test_a_start_waits_anew_for_who_has_come_further_but_not_for_who_goes_back_and_forth() -> None:
    """[D22]"""
    ada = stands(ADA, is_ready=True)
    steps: list[NotReadyReason] = ["fetching", "sound-held", "clock", "decoding"]

    def comes_further(local_ms: float) -> list[Readiness]:
        return [ada, stands(BO, not_ready_reason=steps[min(3, int(local_ms // 25_000))])]

    def goes_round(local_ms: float) -> list[Readiness]:
        return [ada, stands(BO, not_ready_reason=steps[1 + int(local_ms // 1_000) % 3])]

    assert starts_after_ms(comes_further) == 75_000 + START_STANDSTILL_MS
    assert starts_after_ms(goes_round) == 2_000 + START_STANDSTILL_MS
    assert starts_after_ms(lambda _: [stands(ADA), stands(BO)]) is None  # nobody is ready


def test_a_director_without_a_clock_leaves_the_start_to_somebody_who_is_ready() -> None:
    """[D23]"""
    wait = StartWait()

    def is_hopeless(local_ms: float, *, is_bo_ready: bool = True, is_clockless: bool = True) -> bool:
        everybody = [stands(ADA), stands(BO, is_ready=is_bo_ready)]
        return wait.is_clock_hopeless(everybody, local_ms, is_clockless=is_clockless)

    assert not is_hopeless(0)
    assert not is_hopeless(START_STANDSTILL_MS - 1)
    assert not is_hopeless(START_STANDSTILL_MS, is_bo_ready=False)
    assert is_hopeless(START_STANDSTILL_MS)
    assert not is_hopeless(START_STANDSTILL_MS, is_clockless=False)
    assert not is_hopeless(START_STANDSTILL_MS + 1)


class Guest:
    def __init__(self, swarm: SwarmKeys, number: int, epoch: int = 1) -> None:
        seed = (number + 1).to_bytes(32)
        public_key = public_key_of(seed)
        self.keys = replace(
            swarm, session_seed=seed, session_public_key=public_key, user_id=user_id_of(public_key)
        )
        self.sealer = Sealer(self.keys, epoch, Dice(number))

    @property
    def user_id(self) -> str:
        return self.keys.user_id

    def meet(self, other: Guest) -> None:
        session_key = encode_base64url(other.keys.session_public_key)
        self.sealer.meet(other.user_id, session_key, other.sealer.announcement)

    def hears(self, other: Guest, envelope: bytes) -> str:
        try:
            self.sealer.open(other.user_id, envelope)
        except WireError as failure:
            return failure.code
        return "accepted"


def visit(host: Guest, swarm: SwarmKeys, numbers: range) -> None:
    """They come, greet, and go, as far as `host` sees."""
    for number in numbers:
        guest = Guest(swarm, number)
        host.meet(guest)
        guest.meet(host)
        assert host.hears(guest, guest.sealer.seal(host.user_id, b"hi")) == "accepted"
        host.sealer.left(guest.user_id)


@pytest.fixture(scope="module")
def swarm() -> SwarmKeys:
    return derive_keys("K7QF9TXM2B4D", bytes(32))


@pytest.fixture
def few_known_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcement, "MAX_KNOWN_PEERS", 32)


@pytest.mark.usefixtures("few_known_peers")
def test_however_many_have_come_and_gone_the_next_is_heard_and_who_is_here_stays_known(
    swarm: SwarmKeys,
) -> None:
    """[E14]"""
    host, bo = Guest(swarm, 0), Guest(swarm, 1)
    host.meet(bo)
    bo.meet(host)
    assert host.hears(bo, bo.sealer.seal(host.user_id, b"hi")) == "accepted"
    visit(host, swarm, range(2, 150))
    for number in range(200, 300):
        host.meet(Guest(swarm, number))  # invented by the server, never heard of
    assert host.hears(bo, bo.sealer.seal(None, b"heartbeat")) == "accepted"
    visit(host, swarm, range(400, 410))


@pytest.mark.usefixtures("few_known_peers")
def test_who_comes_back_forgotten_is_heard_but_nothing_from_before(swarm: SwarmKeys) -> None:
    """[E15]"""
    host, before, bo = Guest(swarm, 0), Guest(swarm, 1, epoch=6), Guest(swarm, 1, epoch=7)
    for load in (before, bo):
        load.meet(host)
        host.meet(load)
    recorded = [bo.sealer.seal(host.user_id, b"hi"), bo.sealer.seal(None, b"heartbeat")]
    assert [host.hears(bo, envelope) for envelope in recorded] == ["accepted", "accepted"]
    host.sealer.left(bo.user_id)
    visit(host, swarm, range(2, 100))
    assert host.hears(bo, recorded[0]) == "wire-unsealed"  # forgotten
    with pytest.raises(WireError, match="before the one"):
        host.meet(before)
    host.meet(bo)
    assert [host.hears(bo, envelope) for envelope in recorded] == ["wire-replayed", "wire-replayed"]
    assert host.hears(bo, bo.sealer.seal(None, b"heartbeat")) == "wire-unproven"
    assert host.hears(bo, bo.sealer.seal(host.user_id, b"hi")) == "accepted"
    assert host.hears(bo, bo.sealer.seal(None, b"heartbeat")) == "accepted"


@pytest.mark.parametrize("kind", list(BUDGETS))
def test_a_member_can_make_this_peer_do_only_so_much(kind: Budgeted) -> None:
    """[E16]"""
    per_sec, burst = BUDGETS[kind]
    budgets = MemberBudgets()
    admitted = sum(budgets.admits(ADA, kind, local_ms) for local_ms in range(0, 600_000, 20))
    assert 600 * per_sec <= admitted <= 600 * per_sec + burst
    assert budgets.admits(BO, kind, 600_000)  # at no other's cost
    assert len(budgets) == 2
    for number in range(1_000):
        budgets.admits(f"{number:032x}", kind, 600_000)
    assert len(budgets) == MAX_BUDGETS


def test_whoever_sends_stale_beats_without_end_does_not_make_a_director_speak_at_its_limit() -> None:
    """[D25]"""
    ada = Director(ADA)
    ada.attach([], is_new_server=True, local_ms=0)
    stale = Heartbeat(Record(0, BO), Plan())
    answers = [ada.receive_heartbeat(BO, stale, local_ms) for local_ms in range(0, 10_000, 20)]
    assert 10 <= sum(answer is not None for answer in answers) <= 40


def test_a_newcomer_that_met_a_sleeping_founder_s_silence_does_not_take_its_plan_away() -> None:
    """[D26] Nor does it by its lower user id, which would win within one term."""
    founder = Director(CY)
    founder.attach([], is_new_server=True, local_ms=0)
    playing = founder.change_plan(replace(Plan(), state="playing"), 10)
    newcomer = Director(ADA)
    newcomer.attach([sees(CY)], is_new_server=True, local_ms=1_000)
    claim = newcomer.tick(10_000)
    founder.receive_heartbeat(ADA, on_the_wire(claim), 60_000)
    assert founder.is_me
    newcomer.receive_heartbeat(CY, on_the_wire(playing), 60_010)
    assert newcomer.director_id == CY
    assert newcomer.plan == founder.plan


@pytest.mark.parametrize("what", ['{"k":"m","m":{"act":"end"}}', '{"k":"d","d":{"act":"ask","id":7}}'])
def test_what_takes_a_microphone_is_not_heard(what: str) -> None:
    """[MC15] A peer without a screen or a microphone refuses it as a message, and goes on."""
    with pytest.raises(WireError):
        decode_message(what.encode())
