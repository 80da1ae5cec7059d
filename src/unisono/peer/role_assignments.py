"""Which roles this peer has assigned while it directs, until each device's own status answers, as
web/src/session/core/role-assignments.ts; and whom its owner wants asked, by name (R2, R4, R8 and R16 of
docs/spec/roles.md). Pure; local ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from unisono.peer.constants.director import REQUEST_KEPT_MS, REQUEST_PERIOD_MS
from unisono.peer.constants.session import Role
from unisono.peer.director import Director
from unisono.peer.plan import compare_serials, next_serial
from unisono.peer.role_message import RoleRequest, ToldRole
from unisono.peer.roster import Person

# A room that is spread at once must not use up what the server relays for one device.
NEW_PER_TURN = 8
UNTOLD_ROLE = ToldRole()


@dataclass
class _Assignment:
    role: Role
    rev: int
    choice: int
    made_local_ms: float
    sent_local_ms: float | None = None


class RoleAssignments:
    """`send(to, request)`. `by_name`: who is called so is asked once for each time that this peer directs."""

    def __init__(
        self, me: str, by_name: Mapping[str, Role], send: Callable[[str, RoleRequest], None]
    ) -> None:
        self._me = me
        self._by_name = by_name
        self._send = send
        self._open: dict[str, _Assignment] = {}
        self._asked_by_name: set[str] = set()
        self._rev = 0

    def assign(self, person: Person, role: Role, local_ms: float) -> None:
        """Newer than all that this director, also in an earlier session, has asked of the device."""
        told = _told(person)
        if told.answer is not None:
            stamp, _ = told.answer
            if stamp.user_id == self._me and compare_serials(stamp.rev, self._rev) > 0:
                self._rev = stamp.rev
        self._rev = next_serial(self._rev)
        self._open[person.user_id] = _Assignment(role, self._rev, told.choice, local_ms)

    def asked_of(self, user_id: str) -> Role | None:
        """What is asked of a device and neither taken nor declined yet; None: nothing."""
        assignment = self._open.get(user_id)
        return assignment.role if assignment is not None else None

    def turn(self, director: Director, people: Iterable[Person], local_ms: float) -> None:
        """Asks what is to be asked now, and lets go of what is answered or past."""
        record = director.record
        if not director.is_me or record is None:
            if director.director_id not in (None, self._me):  # R8
                self._open.clear()
                self._asked_by_name.clear()
            return
        here = {person.user_id: person for person in people}
        self._ask_by_name(here.values(), local_ms)
        sent = 0
        for user_id, assignment in list(self._open.items()):
            person = here.get(user_id)
            if person is None or self._is_over(assignment, _told(person), local_ms):
                del self._open[user_id]
            elif sent < NEW_PER_TURN and self._is_due(assignment, _told(person), local_ms):
                sent += 1
                assignment.sent_local_ms = local_ms
                request = RoleRequest(assignment.role, assignment.choice, record.term, assignment.rev)
                self._send(user_id, request)

    def _ask_by_name(self, people: Iterable[Person], local_ms: float) -> None:
        """R16: whatever comes of it, it is not asked again before somebody else has directed."""
        self._asked_by_name &= {person.user_id for person in people}
        for person in people:
            role = self._by_name.get(person.status.name) if person.status is not None else None
            if role is None or person.is_away or person.user_id in self._asked_by_name:
                continue
            self._asked_by_name.add(person.user_id)
            if _told(person).role != role:
                self.assign(person, role, local_ms)

    def _is_heard(self, assignment: _Assignment, told: ToldRole) -> bool:
        if told.answer is None:
            return False
        stamp, _ = told.answer
        return stamp.user_id == self._me and compare_serials(stamp.rev, assignment.rev) >= 0

    def _is_over(self, assignment: _Assignment, told: ToldRole, local_ms: float) -> bool:
        if told.choice != assignment.choice:  # R5
            return True
        if self._is_heard(assignment, told):
            return told.answer is not None and told.answer[1] != "asking"
        return local_ms - assignment.made_local_ms >= REQUEST_KEPT_MS

    def _is_due(self, assignment: _Assignment, told: ToldRole, local_ms: float) -> bool:
        if self._is_heard(assignment, told):
            return False
        sent_local_ms = assignment.sent_local_ms
        return sent_local_ms is None or local_ms - sent_local_ms >= REQUEST_PERIOD_MS


def _told(person: Person) -> ToldRole:
    """R1"""
    role = person.status.role if person.status is not None else None
    return role if role is not None else UNTOLD_ROLE
