"""What waits to be written for all together: who is cut off when it is too much."""

from __future__ import annotations

import random
from collections.abc import Callable

from unisono.backlog import ASKED_AT_ONCE, SHARE_AFTER, Backlog

BUDGET_BYTES = 1_000_000


def asked(backlog: Backlog, queue_bytes_of: Callable[[int], int]) -> list[int]:
    """Who is cut off, once all have been asked."""
    while not backlog.ask_some(queue_bytes_of):
        pass
    return backlog.worst()


def test_while_the_budget_holds_nobody_is_cut_off() -> None:
    backlog = Backlog(BUDGET_BYTES)
    assert not any(backlog.note(connection, 1000) for connection in range(1000))
    assert backlog.note(1000, 1000)
    assert asked(backlog, lambda _: 700) == [], "most of it had gone out meanwhile"
    assert backlog.total_bytes == 1001 * 700


def test_the_longest_queues_go_first_and_only_until_there_is_room() -> None:
    """[B3]"""
    backlog = Backlog(BUDGET_BYTES)
    queues = {1: 300_000, 2: 10_000, 3: 500_000, 4: 200_000, 5: 1}
    for connection, size in queues.items():
        is_too_much = backlog.note(connection, size)
    assert is_too_much
    assert asked(backlog, queues.__getitem__) == [3]
    assert backlog.total_bytes == sum(queues.values()) - 500_000


def test_one_who_goes_takes_its_queue_along() -> None:
    backlog = Backlog(BUDGET_BYTES)
    backlog.note(1, 900_000)
    backlog.forget(1)
    backlog.forget(2)
    assert not backlog.note(3, 900_000)


def test_asking_thousands_is_spread_and_passes_over_who_went_meanwhile() -> None:
    backlog, looked = Backlog(BUDGET_BYTES), list[int]()
    for connection in range(2 * ASKED_AT_ONCE + 1):
        backlog.note(connection, 1000)

    def look(connection: int) -> int:
        looked.append(connection)
        return 1000

    assert not backlog.ask_some(look)
    assert len(looked) == ASKED_AT_ONCE
    gone = next(each for each in range(2 * ASKED_AT_ONCE) if each not in looked)
    backlog.forget(gone)
    while not backlog.ask_some(look):
        pass
    assert gone not in looked
    assert len(looked) == len(set(looked)) == 2 * ASKED_AT_ONCE


def test_ten_thousand_that_never_read_hold_no_more_than_the_budget_and_cost_few_looks() -> None:
    """Everyone's queue grows, at random; those cut off come again with an empty one."""
    backlog, chance = Backlog(BUDGET_BYTES), random.Random(3)
    queues = dict.fromkeys(range(10_000), 0)
    looks = 0

    def look(connection: int) -> int:
        nonlocal looks
        looks += 1
        return queues[connection]

    for _ in range(100_000):
        connection = chance.randrange(10_000)
        queues[connection] += 400
        if backlog.note(connection, queues[connection]):
            for worst in asked(backlog, look):
                queues[worst] = 0
        assert sum(queues.values()) <= BUDGET_BYTES if connection < 10 else True
    assert looks / 100_000 < 20
    assert backlog.total_bytes <= BUDGET_BYTES
    assert SHARE_AFTER < 1
