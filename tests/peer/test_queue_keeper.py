"""One queue everywhere, whoever directs; no request is lost, and none is carried out twice."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.peer.dice import Dice
from unisono.peer.plan import Record
from unisono.peer.queue import (
    Add,
    Lock,
    Queue,
    QueueEntry,
    QueueRequest,
    QueueStamp,
    Remove,
    compare_stamps,
    is_taken_over,
)
from unisono.peer.queue_keeper import QueueKeeper, Standing
from unisono.peer.queue_message import QueueAsk, QueueMessage
from unisono.peer.queue_register import Office

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32
FILE = "f" * 64
TICK_MS = 100.0


class Room:
    """Peers that hear each other, unless a message is lost; the director beats once a second."""

    def __init__(self, seed: int = 1, loss: float = 0.0, people: tuple[str, ...] = (ADA, BO, CY)) -> None:
        self.record: Record | None = Record(1, people[0])
        self.director_id: str | None = people[0]
        self.deaf: set[str] = set()
        self.overhear: Callable[[str | None, QueueMessage], object] = lambda _, __: None
        self.sent: list[tuple[str, str | None, QueueMessage]] = []
        self.local_ms = 0.0
        self._random = random.Random(seed)
        self._loss = loss
        self.keepers = {
            each: QueueKeeper(Dice(number + seed), self._standing_of(each), self._sender(each))
            for number, each in enumerate(people)
        }

    def _standing_of(self, user_id: str) -> Callable[[], Standing]:
        def standing() -> Standing:
            is_directing = user_id == self.director_id
            office = Office(user_id, is_alone=False, director_id=self.director_id, is_directing=is_directing)
            return Standing(office, self.record, None)

        return standing

    def _sender(self, sender: str):  # type: ignore[no-untyped-def] # noqa: ANN202
        return lambda to, message: self.sent.append((sender, to, message))

    def elect(self, user_id: str | None) -> None:
        self.director_id = user_id
        if user_id is not None:
            term = 1 + (self.record.term if self.record else 0)
            self.record = Record(term, user_id)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1000 / TICK_MS)):
            self.local_ms += TICK_MS
            for user_id, keeper in self.keepers.items():
                if user_id not in self.deaf:
                    keeper.turn(self.local_ms)
            director = self.director_id
            if director is not None and director not in self.deaf and self.local_ms % 1_000 < TICK_MS:
                stamp = self.keepers[director].queue.stamp
                for user_id, keeper in self.keepers.items():
                    if user_id != director and user_id not in self.deaf:
                        keeper.heard_stamp(director, stamp)
            self._deliver()

    def _deliver(self) -> None:
        while self.sent:
            sender, to, message = self.sent.pop(0)
            self.overhear(to, message)
            for user_id, keeper in self.keepers.items():
                is_meant = user_id != sender and to in (None, user_id)
                if is_meant and not self.deaf & {sender, user_id} and self._random.random() >= self._loss:
                    keeper.receive(sender, message, self.local_ms)

    @property
    def queues(self) -> list[Queue]:
        return [keeper.queue for user_id, keeper in self.keepers.items() if user_id not in self.deaf]


def files_in(queue: Queue) -> list[str]:
    return [entry.file_id for entry in queue.entries]


def test_what_a_guest_adds_is_in_everybodys_queue() -> None:
    room = Room()
    request_id = room.keepers[BO].ask(Add(FILE, 3e6))
    room.run(4)
    assert [queue.entries for queue in room.queues] == 3 * [(QueueEntry(request_id, FILE, BO, 3e6),)]
    assert room.keepers[CY].queue.stamp == QueueStamp(1, ADA, 1)


def test_what_the_director_adds_itself_is_told_as_well() -> None:
    room = Room()
    room.keepers[ADA].ask(Add(FILE))
    room.keepers[ADA].ask(Lock(is_locked=True))
    room.run(4)
    assert [(len(queue.entries), queue.is_locked) for queue in room.queues] == 3 * [(1, True)]
    room.keepers[BO].ask(Add("e" * 64))  # refused, and not asked again
    room.run(4)
    assert [files_in(queue) for queue in room.queues] == 3 * [[FILE]]
    assert room.sent == []


def test_a_request_to_a_director_that_dies_reaches_the_next() -> None:
    """[Q25] [Q26] Also where the former one had carried it out, and nobody had heard of it."""
    room = Room()
    room.keepers[CY].ask(Add("1" * 64))
    room.run(4)
    room.deaf = {ADA}
    room.keepers[BO].ask(Add("2" * 64))
    room.run(4)
    room.elect(CY)
    room.run(5)
    assert [files_in(queue) for queue in room.queues] == 2 * [["1" * 64, "2" * 64]]
    room.deaf = set()
    room.run(3)
    assert [files_in(queue) for queue in room.queues] == 3 * [["1" * 64, "2" * 64]]


def test_a_later_queue_is_handed_to_a_director_that_lacks_it() -> None:
    """[Q3] [Q22] [Q24] Who directs now had not heard the last words of who did."""
    room = Room()
    room.deaf = {CY}
    room.keepers[ADA].ask(Add(FILE))
    room.run(4)
    room.deaf = {ADA}
    room.elect(CY)
    room.run(3)
    assert [files_in(queue) for queue in room.queues] == 2 * [[FILE]]


def test_a_new_director_waits_a_moment_for_the_queue_that_others_have() -> None:
    """[Q36] What is asked of it meanwhile is not lost."""
    room = Room()
    room.deaf = {CY}
    room.keepers[ADA].ask(Add(FILE))
    room.run(4)
    room.deaf = {ADA}
    room.elect(CY)
    room.keepers[CY].ask(Add("e" * 64))
    assert not room.keepers[CY].is_settled(room.local_ms)
    room.run(6)
    assert [files_in(queue) for queue in room.queues] == 2 * [[FILE, "e" * 64]]


def test_who_has_a_later_queue_that_the_director_does_not_take_gives_it_up() -> None:
    """[Q22] The director's word counts."""
    room = Room()
    room.keepers[ADA].ask(Add(FILE))
    room.run(4)
    room.keepers[BO]._register._queue = Queue(QueueStamp(9, BO, 9))
    room.run(8)
    assert [files_in(queue) for queue in room.queues] == 3 * [[FILE]]


def test_what_another_queue_never_knew_of_is_asked_for_again() -> None:
    """[Q37] Also where the two queues have a request in common: it was asked of both directors."""
    room = Room()
    room.keepers[BO].ask(Add(FILE))
    shared = room.keepers[CY].request(Add("e" * 64))
    room.run(4)
    room.keepers[ADA].receive(CY, shared, room.local_ms)
    room.run(70)  # nobody keeps requests any more
    room.deaf = {ADA, BO}
    room.keepers[CY] = QueueKeeper(Dice(9), room._standing_of(CY), room._sender(CY))
    room.keepers[CY]._requests.add(shared)
    room.elect(CY)
    room.run(4)
    room.deaf = set()
    room.run(8)
    assert [sorted(files_in(queue)) for queue in room.queues] == 3 * [["e" * 64, FILE]]


def test_a_queue_that_nobody_directs_by_is_not_believed() -> None:
    room = Room()
    room.keepers[ADA].ask(Add(FILE))
    room.run(4)
    forged = Queue(QueueStamp(9, BO, 9))
    room.keepers[CY].receive(BO, forged, room.local_ms)
    room.keepers[ADA].receive(BO, forged, room.local_ms)
    assert [files_in(queue) for queue in room.queues] == 3 * [[FILE]]


def test_many_edits_are_told_no_more_than_four_times_a_second() -> None:
    """[Q23]"""
    room = Room()
    for number in range(20):
        room.keepers[ADA].ask(Add(f"{number:064x}"))
    told: list[Queue] = []

    def overhear(to: str | None, message: QueueMessage) -> None:
        if to is None and isinstance(message, Queue):
            told.append(message)

    room.overhear = overhear
    room.run(4)
    assert [len(queue.entries) for queue in room.queues] == 3 * [20]
    assert 2 <= len(told) <= 8


def test_asking_is_answered_by_the_director_alone() -> None:
    """[Q21]"""
    room = Room()
    room.keepers[ADA].ask(Add(FILE))
    room.run(4)
    for user_id in (ADA, BO):
        room.keepers[user_id].receive(CY, QueueAsk(), room.local_ms)
        room.keepers[user_id].turn(room.local_ms)
    assert [(sender, to) for sender, to, _ in room.sent] == [(ADA, CY)]


def test_a_request_is_not_made_again_when_a_busy_director_forgets_that_it_was() -> None:
    """[Q4] An entry that was removed does not come back."""
    room = Room()
    request_id = room.keepers[BO].ask(Add(FILE))
    room.run(4)
    room.keepers[ADA].ask(Remove(request_id))
    for number in range(200):
        room.keepers[ADA].receive(CY, QueueRequest(f"{number:016x}", Remove("0" * 16)), room.local_ms)
    room.run(5)
    assert request_id not in room.keepers[ADA].queue.done
    assert [queue.entries for queue in room.queues] == 3 * [()]


def test_stamps_are_in_one_order() -> None:
    """[Q1] [Q3]"""
    early, late = QueueStamp(1, BO, 7), QueueStamp(2, CY, 1)
    assert compare_stamps(late, early) > 0 > compare_stamps(early, late)
    assert compare_stamps(QueueStamp(1, ADA, 1), early) > 0
    assert compare_stamps(early, None) > 0
    assert compare_stamps(None, None) == 0
    record = Record(2, ADA)
    assert is_taken_over(early, QueueStamp(2, BO, 1), record)
    assert not is_taken_over(None, QueueStamp(3, BO, 1), record)
    assert not is_taken_over(None, QueueStamp(2, "0" * 32, 1), record)


def test_in_any_storm_of_losses_and_elections_nothing_is_lost_or_doubled() -> None:
    """One queue everywhere soon after it has calmed down, and in it each added file once."""
    for seed in range(60):
        dice, room = random.Random(seed), Room(seed, loss=0.3)
        added: list[str] = []
        for number in range(30):
            if dice.random() < 0.5:
                added.append(f"{seed * 100 + number:064x}")
                room.keepers[dice.choice((ADA, BO, CY))].ask(Add(added[-1]))
            if dice.random() < 0.15:
                room.elect(dice.choice((ADA, BO, CY)))
            if dice.random() < 0.1:
                room.deaf = {dice.choice((ADA, BO, CY))}
            if dice.random() < 0.3:
                room.deaf = set()
            room.run(dice.random() * 2)
        room.deaf, room._loss = set(), 0.0
        room.run(6)
        first, *others = room.queues
        assert all(queue == first for queue in others), seed
        assert sorted(files_in(first)) == sorted(added), seed
