"""Whom a headless peer that directs asks for which role, and how often: as the page's role-assignments.ts."""

from __future__ import annotations

from collections.abc import Mapping

from unisono.peer.constants.director import REQUEST_KEPT_MS, REQUEST_PERIOD_MS
from unisono.peer.constants.session import Role
from unisono.peer.director import Candidate, Director
from unisono.peer.own_role import OwnRole
from unisono.peer.peer_message import Status
from unisono.peer.plan import Heartbeat, Record
from unisono.peer.role_assignments import RoleAssignments
from unisono.peer.role_message import RoleRequest
from unisono.peer.roster import Person

ADA, BO, CY = "a" * 32, "b" * 32, "c" * 32


class Room:
    """Ada has no screen and directs; bo's device, and whether it is here."""

    def __init__(self, by_name: Mapping[str, Role]) -> None:
        self.sent: list[RoleRequest] = []
        self.bo = OwnRole("all", 7)
        self.is_here = True
        self.director = Director(ADA)
        self.director.attach([], is_new_server=True, local_ms=0)
        self.assignments = RoleAssignments(ADA, by_name, lambda _to, request: self.sent.append(request))
        assert self.director.is_me

    @property
    def person(self) -> Person:
        return Person(BO, is_away=False, status=Status(name="Bo", role=self.bo.told))

    @property
    def role(self) -> Role:
        return self.bo.told.role

    def turn(self, local_ms: float, *, is_lost: bool = False) -> int:
        """How many requests go out; bo's device takes them unless they are lost."""
        self.sent.clear()
        self.assignments.turn(self.director, [self.person] if self.is_here else [], local_ms)
        for request in [] if is_lost else self.sent:
            self.bo.take(request, ADA, local_ms)
        return len(self.sent)


def test_a_role_is_asked_at_once_and_again_until_the_device_answers() -> None:
    """[R2]"""
    room = Room({})
    room.assignments.assign(room.person, "left", 0)
    assert room.turn(0, is_lost=True) == 1
    assert room.turn(REQUEST_PERIOD_MS - 1) == 0
    assert room.turn(REQUEST_PERIOD_MS) == 1
    assert room.turn(2 * REQUEST_PERIOD_MS) == 0
    assert room.assignments.asked_of(BO) == "left"  # its person thinks about it
    room.bo.allow()
    assert room.turn(3 * REQUEST_PERIOD_MS) == 0
    assert (room.bo.told.role, room.assignments.asked_of(BO)) == ("left", None)


def test_nobody_is_asked_longer_than_a_minute_or_after_leaving_or_choosing() -> None:
    """[R2] [R5]"""
    room = Room({})
    room.assignments.assign(room.person, "left", 0)
    assert room.turn(0, is_lost=True) == 1
    assert room.turn(REQUEST_KEPT_MS) == 0
    assert room.assignments.asked_of(BO) is None
    room.assignments.assign(room.person, "left", 0)
    room.is_here = False
    assert room.turn(0) == 0
    room.is_here = True
    room.assignments.assign(room.person, "left", 0)
    room.bo.choose("low")
    assert room.turn(0) == 0
    assert room.assignments.asked_of(BO) is None


def test_a_request_is_later_than_those_of_an_earlier_session() -> None:
    """[R4]"""
    room = Room({})
    room.bo.allow()
    for role in ("left", "right"):
        room.assignments.assign(room.person, role, 0)
    room.turn(0)
    played = [room.role]
    room.assignments = RoleAssignments(ADA, {}, lambda _to, request: room.sent.append(request))
    room.assignments.assign(room.person, "low", 0)
    room.turn(0)
    assert [*played, room.role] == ["right", "low"]


def test_who_is_named_is_asked_once_and_anew_after_another_has_directed() -> None:
    """[R8] [R16] Not now is an answer, and so is a choice."""
    room = Room({"Bo": "left"})
    assert room.turn(0) == 1
    room.bo.decline(100)
    assert [room.turn(local_ms) for local_ms in (200, 5_000, 90_000)] == [0, 0, 0]
    room.bo.choose("right")
    assert room.turn(100_000) == 0

    room.director.set_candidates([Candidate(CY, is_visible=True, is_away=False)], 100_000)
    record = Record(99, CY)
    room.director.receive_heartbeat(CY, Heartbeat(record, room.director.plan), 100_000)
    assert not room.director.is_me
    assert room.turn(101_000) == 0
    room.director.member_left(CY, 102_000)
    room.director.tick(200_000)
    assert room.director.is_me
    assert room.turn(200_000) == 1


def test_who_comes_later_is_asked_then() -> None:
    """[R16]"""
    room = Room({"Bo": "right"})
    room.is_here = False
    assert room.turn(0) == 0
    room.is_here = True
    assert room.turn(1_000) == 1
    room.bo.allow()
    assert room.turn(2_000) == 0
    assert room.bo.told.role == "right"
