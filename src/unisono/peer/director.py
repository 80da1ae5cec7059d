"""Who directs, as this peer sees it: the machine of web/src/director, for a peer that nobody looks at. Pure.

Told the local time in ms and fed events, it answers with the heartbeat to broadcast, or None. A headless peer
counts as hidden, so whoever is visible ranks before it, and it gives the role up as soon as somebody visible
is there (`make_way`): directing is for people. Alone, or among its like, it directs as any other peer would.

Invariants: (1) the latest heartbeat only ever grows in the order of plan.py; (2) only the director of the
latest record writes plans, each with the next revision; (3) nobody claims while detached from the server;
(4) a claim keeps the plan unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unisono.peer.constants.director import (
    ANSWER_PERIOD_MS,
    DIRECTOR_SILENCE_MS,
    HEARTBEAT_PERIOD_MS,
    MAX_PLAN_US,
    RANK_DELAY_MS,
    REATTACH_SILENCE_MS,
    SERVER_SILENCE_PATIENCE_MS,
)
from unisono.peer.plan import Heartbeat, Plan, Record, is_older, next_serial

DirectorRoleName = Literal["detached", "following", "vacant", "directing"]

# Every way the role can change; any other is a bug.
TRANSITIONS: frozenset[tuple[DirectorRoleName, str, DirectorRoleName]] = frozenset(
    {
        ("detached", "attached", "following"),
        ("detached", "attached", "directing"),
        ("detached", "attached", "vacant"),
        ("following", "heartbeat heard", "following"),
        ("following", "resignation heard", "vacant"),
        ("following", "director silence", "vacant"),
        ("following", "server silence", "following"),
        ("following", "director left", "vacant"),
        ("following", "taken over", "directing"),
        ("vacant", "heartbeat heard", "following"),
        ("vacant", "resignation heard", "vacant"),
        ("vacant", "election timeout", "directing"),
        ("vacant", "taken over", "directing"),
        ("directing", "heartbeat due", "directing"),
        ("directing", "heartbeat heard", "following"),
        ("directing", "resignation heard", "vacant"),
        ("directing", "resigned", "vacant"),
        ("following", "detached", "detached"),
        ("vacant", "detached", "detached"),
        ("directing", "detached", "detached"),
        ("detached", "detached", "detached"),
    }
)


@dataclass(frozen=True)
class Candidate:
    user_id: str
    is_visible: bool
    is_away: bool


class Director:
    def __init__(self, me: str) -> None:
        self._me = me
        self._role: DirectorRoleName = "detached"
        # Directing: the next heartbeat. Following: when the director counts as lost. Vacant: since when.
        self._role_local_ms = 0.0
        self._latest: Heartbeat | None = None
        self._others: Sequence[Candidate] = ()
        # For whom this peer has made way already: who looked and did not claim is not waited for again.
        self._made_way_for: set[str] = set()
        # Whose silence or departure made the role vacant; it is no candidate for its own succession.
        self._lost: str | None = None
        # When a stale heartbeat was last answered.
        self._answered_local_ms = -math.inf

    @property
    def plan(self) -> Plan:
        return self._latest.plan if self._latest else Plan()

    @property
    def record(self) -> Record | None:
        """The latest that was heard."""
        return self._latest.record if self._latest else None

    def follows(self, sender: str, heartbeat: Heartbeat) -> bool:
        """Whether that is the word of the director in office."""
        record = self.record
        return self.director_id == sender and record is not None and record.term == heartbeat.record.term

    @property
    def role(self) -> DirectorRoleName:
        return self._role

    @property
    def director_id(self) -> str | None:
        """The director in office, as far as this peer knows."""
        record = self._latest.record if self._latest else None
        return record.user_id if record and not record.is_resigned and self._role != "vacant" else None

    @property
    def is_me(self) -> bool:
        return self.director_id == self._me

    def attach(
        self, others: Sequence[Candidate], *, is_new_server: bool, local_ms: float
    ) -> Heartbeat | None:
        """The control channel is open: `others` are the members found there."""
        self.detach()
        record = self._latest.record if self._latest else None
        is_expected = record is not None and not record.is_resigned
        self._others = others
        self._lost = None
        if not is_expected and not others:
            self._take("attached", "vacant", local_ms)  # nobody to wait for
        elif is_expected and record is not None and record.user_id == self._me:
            self._take("attached", "directing", local_ms)
        else:
            patience_ms = REATTACH_SILENCE_MS if is_expected and is_new_server else DIRECTOR_SILENCE_MS  # D6
            self._take("attached", "following", local_ms + patience_ms)
        return self._evaluate(local_ms)

    def detach(self) -> None:
        """The control channel is gone (invariant 3)."""
        self._take("detached", "detached", math.inf)

    def set_candidates(self, others: Sequence[Candidate], local_ms: float) -> Heartbeat | None:
        """Someone came, went away, or became visible or hidden. A newcomer hears a heartbeat at once (D7)."""
        known = {candidate.user_id for candidate in self._others}
        has_newcomer = any(candidate.user_id not in known for candidate in others)
        self._others = others
        if has_newcomer and self._role == "directing":
            return self._heartbeat("heartbeat due", local_ms)
        return self._evaluate(local_ms)

    def member_left(self, user_id: str, local_ms: float) -> Heartbeat | None:
        """A member left for good; a dropped socket is only away."""
        self._others = [candidate for candidate in self._others if candidate.user_id != user_id]
        if self._latest and self._latest.record.user_id == user_id and self._role == "following":
            self._vacate("director left", user_id, local_ms)
        return self._evaluate(local_ms)

    def receive_heartbeat(self, sender: str, heartbeat: Heartbeat, local_ms: float) -> Heartbeat | None:
        """Merges a heartbeat; one that speaks for somebody else is ignored (D8)."""
        if heartbeat.record.user_id != sender or sender == self._me:
            return None
        if self._latest is not None and is_older(heartbeat, self._latest):
            # D9: a director that slept must hear of its successor, or of the one that has resigned since.
            if local_ms - self._answered_local_ms < ANSWER_PERIOD_MS:
                return None
            self._answered_local_ms = local_ms
            if self._role == "directing":
                return self._heartbeat("heartbeat due", local_ms)
            is_mine = self._role != "detached" and self._latest.record.user_id == self._me
            return self._latest if is_mine else None
        self._latest = heartbeat  # invariant 1
        if self._role == "detached":
            return None
        if heartbeat.record.is_resigned:
            self._vacate("resignation heard", sender, local_ms)
        else:
            self._lost = None
            self._take("heartbeat heard", "following", local_ms + DIRECTOR_SILENCE_MS)
        return self._evaluate(local_ms)

    def server_is_silent(self, local_ms: float) -> None:
        """D18: not even the server is heard, so a missing heartbeat says nothing of the director."""
        if self._role == "following":
            self._take(
                "server silence", "following", max(self._role_local_ms, local_ms + SERVER_SILENCE_PATIENCE_MS)
            )

    def make_way(self, local_ms: float) -> Heartbeat | None:
        """Resigns where somebody visible has come who may direct instead."""
        looking = {each.user_id for each in self._others if each.is_visible and not each.is_away}
        if self._role != "directing" or self._latest is None or looking <= self._made_way_for:
            return None
        self._made_way_for = looking
        return self.resign(local_ms)

    def resign(self, local_ms: float) -> Heartbeat | None:
        """D11: leaves the role to the ranks."""
        if self._role != "directing" or self._latest is None:
            return None
        self._latest = self._latest.resigned()
        self._vacate("resigned", self._me, local_ms)
        return self._latest

    def change_plan(self, plan: Plan, local_ms: float) -> Heartbeat | None:
        """Writes a new plan, whose term and rev are set here (invariant 2); None when this peer may not."""
        latest = self._latest
        if latest is None or latest.record.user_id != self._me or latest.record.is_resigned:
            return None
        renewed = replace(
            plan,
            term=latest.record.term,
            rev=next_serial(latest.plan.rev),
            # D21: what is reckoned on from a plan at the end of time would be refused by the others.
            global_start_us=min(MAX_PLAN_US, max(-MAX_PLAN_US, plan.global_start_us)),
            position_us=min(MAX_PLAN_US, max(0.0, plan.position_us)),
        )
        self._latest = Heartbeat(latest.record, renewed)
        return self._heartbeat("heartbeat due", local_ms) if self._role == "directing" else self._latest

    def tick(self, local_ms: float) -> Heartbeat | None:
        """Lets time pass; call it a few times a second."""
        return self._evaluate(local_ms)

    def _evaluate(self, local_ms: float) -> Heartbeat | None:
        """The one place that decides on account of time."""
        if self._role == "directing":
            return self._heartbeat("heartbeat due", local_ms) if local_ms >= self._role_local_ms else None
        if self._role == "following" and local_ms >= self._role_local_ms:
            lost = self._latest.record.user_id if self._latest else None
            self._vacate("director silence", lost, self._role_local_ms)  # D4
        if self._role != "vacant":
            return None
        claim_local_ms = self._role_local_ms + self._my_rank() * RANK_DELAY_MS
        return self._claim(local_ms) if local_ms >= claim_local_ms else None  # D5

    def _take(self, event: str, role: DirectorRoleName, role_local_ms: float) -> None:
        """The one setter: only transitions that the table knows."""
        if (self._role, event, role) not in TRANSITIONS:
            raise ValueError(f"no transition from {self._role} by {event} to {role}")
        self._role = role
        self._role_local_ms = role_local_ms

    def _vacate(self, event: str, lost: str | None, since_local_ms: float) -> None:
        # A vacant role is so since it fell vacant: who resigns again and again would keep everybody waiting.
        self._lost = lost
        self._take(event, "vacant", self._role_local_ms if self._role == "vacant" else since_local_ms)

    def _claim(self, local_ms: float) -> Heartbeat | None:
        # D26: whose silence this is may have directed for long; it must find its plan again when it wakes.
        is_unaware = self._latest is None and bool(self._others)
        term = 0 if is_unaware else next_serial(self._latest.record.term if self._latest else 0)  # D20
        self._latest = Heartbeat(Record(term, self._me), self.plan)  # invariant 4
        self._lost = None
        return self._heartbeat("election timeout", local_ms)

    def _heartbeat(self, event: str, local_ms: float) -> Heartbeat | None:
        self._take(event, "directing", local_ms + HEARTBEAT_PERIOD_MS)
        return self._latest

    def _my_rank(self) -> int:
        """D5 for one who is hidden: visible before hidden, then lowest user id; who resigned ranks last."""

        def is_better(candidate: Candidate) -> bool:
            if candidate.is_away or candidate.user_id == self._lost:
                return False
            return self._lost == self._me or candidate.is_visible or candidate.user_id < self._me

        return sum(is_better(candidate) for candidate in self._others)
