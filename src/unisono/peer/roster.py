"""Who is in the swarm, what each last said of itself, and whom this peer has still to greet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from unisono.peer.constants.session import HELLO_ASK_PERIOD_MS
from unisono.peer.director import Candidate
from unisono.peer.peer_message import Status

# A newcomer to a full swarm greets 63 people: all at once would exceed the server's burst.
GREETED_AT_ONCE = 16
GREETED_PER_TICK = 4


@dataclass(frozen=True)
class Person:
    user_id: str
    is_away: bool
    # None until its first status arrives.
    status: Status | None = None


class Roster:
    def __init__(self) -> None:
        self._people: dict[str, Person] = {}

    @property
    def people(self) -> list[Person]:
        return list(self._people.values())

    @property
    def candidates(self) -> list[Candidate]:
        """What the ranks of a succession are made of."""
        return [
            Candidate(person.user_id, person.status.is_visible if person.status else True, person.is_away)
            for person in self._people.values()
        ]

    @property
    def has_visible(self) -> bool:
        """Somebody who looks at a screen is here, and has said so."""
        return any(
            person.status is not None and person.status.is_visible and not person.is_away
            for person in self._people.values()
        )

    def get(self, user_id: str) -> Person | None:
        return self._people.get(user_id)

    def replace(self, members: Iterable[tuple[str, bool]]) -> list[str]:
        """A fresh welcome: the list of (user id, away) is whole. Who was known keeps its last status.

        Returns those who are gone.
        """
        former = self._people
        self._people = {
            user_id: Person(user_id, is_away, former[user_id].status if user_id in former else None)
            for user_id, is_away in members
        }
        return [user_id for user_id in former if user_id not in self._people]

    def put(self, user_id: str, *, is_away: bool) -> None:
        known = self._people.get(user_id)
        self._people[user_id] = Person(user_id, is_away, known.status if known else None)

    def left(self, user_id: str) -> None:
        self._people.pop(user_id, None)

    def heard(self, user_id: str, status: Status) -> None:
        person = self._people.get(user_id)
        if person is not None:
            self._people[user_id] = replace(person, status=status)


class HelloHandshake:
    """A pairwise status shows a peer that this one is there now; until then it hears no broadcast of it.

    `greet(user_id, asks)` sends one; `asks`: for one in return.
    """

    def __init__(self, greet: Callable[[str, bool], None]) -> None:
        self._greet = greet
        self._waiting: dict[str, None] = {}
        self._asked_local_ms: dict[str, float] = {}

    def found(self, user_ids: Iterable[str]) -> None:
        self._waiting = dict.fromkeys(user_ids)
        self._some(GREETED_AT_ONCE)

    def give(self, user_id: str) -> None:
        self._waiting.pop(user_id, None)
        self._greet(user_id, False)  # noqa: FBT003 - the callback's two words are named above

    def miss(self, user_id: str, local_ms: float) -> None:
        """Somebody spoke to all whose greeting did not arrive."""
        asked_local_ms = self._asked_local_ms.get(user_id)
        if asked_local_ms is not None and local_ms - asked_local_ms < HELLO_ASK_PERIOD_MS:
            return
        self._asked_local_ms[user_id] = local_ms
        self._greet(user_id, True)  # noqa: FBT003 - as above

    def left(self, user_id: str) -> None:
        self._waiting.pop(user_id, None)
        self._asked_local_ms.pop(user_id, None)

    def tick(self) -> None:
        self._some(GREETED_PER_TICK)

    def _some(self, count: int) -> None:
        for user_id in list(self._waiting)[:count]:
            self.give(user_id)
