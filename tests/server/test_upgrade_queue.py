"""The queue of upgrades in virtual time: turns, places, and ten thousand pages that come back at once."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from unisono.addresses import AddressBudgets
from unisono.config import Limits
from unisono.peer.control_link import CONNECT_TIMEOUT_SEC, back_off_ms
from unisono.upgrade_queue import UpgradeQueue, UpgradeRefusedError, WaitingUpgrade

SEC_US = 1_000_000
SEED = 7


def queue(**changed: float) -> tuple[UpgradeQueue, AddressBudgets]:
    limits = Limits(**changed)  # type: ignore[arg-type]
    addresses = AddressBudgets(limits)
    return UpgradeQueue(limits, addresses, random.Random(SEED)), addresses


def home(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def test_a_crowd_goes_in_one_by_one_and_who_comes_alone_does_not_wait() -> None:
    waiting, _ = queue(handshakes_per_sec=100)
    first = waiting.enter(home(0), SEC_US)
    assert waiting.take_due(SEC_US) == [first]
    crowd = [waiting.enter(home(number), 2 * SEC_US) for number in range(1, 21)]
    let_in = [len(waiting.take_due(2 * SEC_US + tick * 10_000)) for tick in range(30)]
    assert sum(let_in) == len(crowd)
    assert max(let_in[1:]) == 1, "one in each hundredth of a second"
    assert waiting.next_us() is None


def test_the_first_come_is_the_first_let_in() -> None:
    waiting, _ = queue(handshakes_per_sec=100)
    crowd = [waiting.enter(home(number), 0) for number in range(5)]
    assert waiting.take_due(0) + waiting.take_due(SEC_US) != crowd[::-1]
    assert len(waiting) < 5


def test_who_would_wait_too_long_is_told_when_to_come_again_and_no_two_the_same() -> None:
    """[B1]"""
    waiting, addresses = queue(handshakes_per_sec=100, longest_upgrade_wait_sec=3)
    for number in range(300):
        waiting.enter(home(number), 0)
    pauses_sec = set()
    for number in range(300, 400):
        with pytest.raises(UpgradeRefusedError) as refusal:
            waiting.enter(home(number), 0)
        assert refusal.value.status == 503
        pauses_sec.add(refusal.value.retry_after_sec)
    assert min(pauses_sec) >= 3
    assert len(pauses_sec) > 2
    assert addresses.connections == 300, "who is refused is not counted"


def test_a_turn_of_one_who_gave_up_goes_to_the_next() -> None:
    """[B1]"""
    waiting, addresses = queue(handshakes_per_sec=1, longest_upgrade_wait_sec=1000)
    crowd = [waiting.enter(home(number), 0) for number in range(100)]
    for each in crowd[:99]:
        waiting.give_up(each, 0)
    assert (len(waiting), addresses.connections) == (1, 1)
    assert waiting.take_due(SEC_US) == [crowd[99]]


def test_who_goes_out_of_turn_takes_nobody_elses_turn_and_stays_a_connection() -> None:
    waiting, addresses = queue(handshakes_per_sec=1, longest_upgrade_wait_sec=1000)
    first, second, third = [waiting.enter(home(number), 0) for number in range(3)]
    waiting.take(first)
    waiting.take(third)
    assert (len(waiting), addresses.connections) == (1, 3)
    assert waiting.take_due(0) == [second]
    assert waiting.next_us() is None


def test_who_waits_counts_as_a_connection_of_its_address_and_of_all() -> None:
    waiting, _ = queue(connections_per_address=2, max_connections=3, handshakes_per_sec=1)
    waiting.enter(home(1), 0)
    held = waiting.enter(home(1), 0)
    with pytest.raises(UpgradeRefusedError) as refusal:
        waiting.enter(home(1), 0)
    assert refusal.value.status == 429
    waiting.enter(home(2), 0)
    with pytest.raises(UpgradeRefusedError) as refusal:
        waiting.enter(home(3), 0)
    assert refusal.value.status == 503
    waiting.give_up(held, 0)
    waiting.enter(home(3), 0)


def test_one_address_takes_no_more_turns_than_its_own() -> None:
    waiting, addresses = queue()
    limits, entered, statuses = Limits(), 0, set()
    for number in range(10 * 500):
        global_us = number * SEC_US // 500
        try:
            waiting.enter("192.0.2.1", global_us)
        except UpgradeRefusedError as refusal:
            statuses.add(refusal.status)
        else:
            entered += 1
        for let_in in waiting.take_due(global_us):
            addresses.disconnect(let_in.address, global_us)  # it goes at once and comes again
    assert statuses == {429}
    assert entered <= limits.upgrade_address_burst + 10 * limits.upgrades_per_address_per_sec + 1


# --- a crowd comes back -------------------------------------------------------------------------------------


class Chance:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def fraction(self) -> float:
        return self._random.random()

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


class Return:
    """A server is killed at 0 and answers again at `up_sec`; so many pages come back as pages do. Virtual."""

    def __init__(self, *, up_sec: float, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.addresses = AddressBudgets(self.limits)
        self.queue = UpgradeQueue(self.limits, self.addresses, random.Random(SEED))
        self.in_sec: list[float] = []
        self.refused_in_sec: Counter[int] = Counter()
        self._up_sec = up_sec
        self._now_sec = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._chance = Chance(SEED)
        self._go_on: dict[WaitingUpgrade, Callable[[], None]] = {}

    @property
    def _now_us(self) -> int:
        return round(self._now_sec * SEC_US)

    def after(self, delay_sec: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now_sec + delay_sec, next(self._order), act))

    def page(self, address: str, attempt: int = 0, *, is_awaited: bool = False) -> None:
        """One that lost its server, or was refused, waits its back-off and knocks."""

        def again() -> None:
            self.page(address, attempt + 1, is_awaited=is_awaited)

        def knock() -> None:
            if self._now_sec < self._up_sec:
                again()  # refused by the machine
                return
            try:
                place = self.queue.enter(address, self._now_us)
            except UpgradeRefusedError:
                self.refused_in_sec[int(self._now_sec)] += 1
                again()
                return
            self._go_on[place] = lambda: self.in_sec.append(self._now_sec)
            self.after(CONNECT_TIMEOUT_SEC, lambda: give_up(place))

        def give_up(place: WaitingUpgrade) -> None:
            if self._go_on.pop(place, None) is not None:
                self.queue.give_up(place, self._now_us)
                again()

        self.after(back_off_ms(attempt, self._chance, is_awaited=is_awaited) / 1000, knock)

    def rude_host(self, address: str, per_sec: int) -> None:
        """Asks so often and never says a word afterwards: the server parts with it after its patience."""

        def ask() -> None:
            self.after(1 / per_sec, ask)
            if self._now_sec < self._up_sec:
                return
            try:
                place = self.queue.enter(address, self._now_us)
            except UpgradeRefusedError:
                return
            self._go_on[place] = lambda: self.after(
                self.limits.join_timeout_sec, lambda: self.addresses.disconnect(address, self._now_us)
            )

        self.after(0, ask)

    def run(self, until_sec: float, people: int) -> None:
        def turn() -> None:
            for place in self.queue.take_due(self._now_us):
                self._go_on.pop(place)()
            self.after(0.002, turn)  # as the loop's timers run

        self.after(self._up_sec, turn)
        while self._events and self._now_sec < until_sec and len(self.in_sec) < people:
            self._now_sec, _, act = heapq.heappop(self._events)
            act()


@pytest.mark.parametrize("people", [8_000, 10_000])
@pytest.mark.parametrize("rude_per_sec", [0, 500])
def test_a_crowd_whose_server_was_killed_is_back_within_half_a_minute(people: int, rude_per_sec: int) -> None:
    """[B2]"""
    crowd = Return(up_sec=1.5)
    for number in range(people):
        crowd.page(home(number), is_awaited=number % 5 == 0)
    if rude_per_sec:
        crowd.rude_host("192.0.2.66", rude_per_sec)
    crowd.run(until_sec=120, people=people)
    refused = crowd.refused_in_sec
    print(
        f"{people} pages beside {rude_per_sec}/s: all in after {max(crowd.in_sec):.1f} s, "
        f"{sum(refused.values()) / people:.1f} refusals each, {max(refused.values())} in the worst second"
    )
    assert len(crowd.in_sec) == people
    assert max(crowd.in_sec) <= 30
    assert max(refused.values()) <= people / 2, "a stampede"


def test_a_full_party_behind_one_address_is_back_within_seconds() -> None:
    party = Return(up_sec=1.5)
    for number in range(64):
        party.page("192.0.2.1", is_awaited=number == 0)
    party.run(until_sec=60, people=64)
    assert len(party.in_sec) == 64
    assert sorted(party.in_sec)[32] <= 4
    assert max(party.in_sec) <= 1.5 + 8, "one whole back-off after the server is there"
    for _ in range(64):
        party.addresses.join("192.0.2.1", 0)
    assert sum(party.refused_in_sec.values()) == 0


def test_a_full_party_behind_one_address_is_back_in_the_middle_of_a_crowd() -> None:
    crowd = Return(up_sec=1.5)
    for number in range(8_000):
        crowd.page(home(number))
    for _ in range(64):
        crowd.page("192.0.2.1")
    crowd.run(until_sec=120, people=8_064)
    assert len(crowd.in_sec) == 8_064
    assert max(crowd.in_sec) <= 30
