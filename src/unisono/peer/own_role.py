"""What part of the sound this device plays: chosen by its owner, or taken from whoever directs, as
web/src/session/core/own-role.ts (R3 to R7 of docs/spec/roles.md). Pure; local ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from unisono.peer.constants.session import ROLE_QUIET_MS, Role, RoleAnswer
from unisono.peer.queue import QueueStamp, compare_stamps
from unisono.peer.role_message import RoleRequest, ToldRole

CHOICES = 2**32


@dataclass(frozen=True)
class AskedRole:
    """A request that waits for consent."""

    role: Role
    stamp: QueueStamp


class OwnRole:
    def __init__(self, role: Role, first_choice: int) -> None:
        # As the others are told.
        self.told = ToldRole(role, choice=first_choice)
        self.asked: AskedRole | None = None
        self._quiet_until_local_ms = -float("inf")

    def choose(self, role: Role) -> None:
        """R5: by this device's owner; counts more than all that was asked before."""
        self.asked = None
        self.told = replace(self.told, role=role, choice=(self.told.choice + 1) % CHOICES, answer=None)

    def take(self, request: RoleRequest, by: str, local_ms: float) -> None:
        """`by`: whoever directs now, and nobody else."""
        stamp = QueueStamp(request.term, by, request.rev)
        if request.choice != self.told.choice:  # R5
            return
        if compare_stamps(stamp, self.told.answer[0] if self.told.answer else None) <= 0:  # R4
            return
        self.asked = None
        if self.told.has_consented or request.role == self.told.role:
            self._answer(stamp, "taken", request.role)
        elif local_ms < self._quiet_until_local_ms:
            self._answer(stamp, "declined", self.told.role)  # R7
        else:
            self.asked = AskedRole(request.role, stamp)
            self._answer(stamp, "asking", self.told.role)

    def allow(self) -> None:
        """R6: counts for the whole session."""
        asked, self.asked = self.asked, None
        self.told = replace(self.told, has_consented=True)
        if asked is not None:
            self._answer(asked.stamp, "taken", asked.role)

    def decline(self, local_ms: float) -> None:
        """R7"""
        if self.asked is None:
            return
        self._answer(self.asked.stamp, "declined", self.told.role)
        self.asked = None
        self._quiet_until_local_ms = local_ms + ROLE_QUIET_MS

    def _answer(self, stamp: QueueStamp, code: RoleAnswer, role: Role) -> None:
        self.told = replace(self.told, role=role, answer=(stamp, code))


class RoleDesk:
    """R15: without a person at a screen the owner's word is the one on the command line, for the whole
    session. `play` is told what to play, now and with each change.
    """

    def __init__(self, chosen: Role | None, play: Callable[[Role], None]) -> None:
        self._play = play
        # The seat is new with each session, so any first choice will do.
        self._own = OwnRole(chosen or "all", 0)
        if chosen is None:
            self._own.allow()
        play(self.told.role)

    @property
    def told(self) -> ToldRole:
        return self._own.told

    def choose(self, role: Role) -> None:
        self._own.choose(role)
        self._play(role)

    def heard(self, request: RoleRequest, by: str, director_id: str | None, local_ms: float) -> None:
        if by != director_id:  # R3
            return
        self._own.take(request, by, local_ms)
        self._own.decline(local_ms)  # a question is open only where the owner has chosen
        self._play(self.told.role)
