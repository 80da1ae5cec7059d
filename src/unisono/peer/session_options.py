"""What a headless peer is told when it enters a swarm: keys, server, songs, sound, and its clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unisono.peer.ambient import Chance, Clock, RealChance, RealClock
from unisono.peer.constants.session import Role
from unisono.peer.keys import SwarmKeys
from unisono.peer.outputs import Sink
from unisono.peer.playback_controller import PlaybackController


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    keys: SwarmKeys
    server: str
    name: str
    files: Sequence[Path] = ()
    # Whether these go to the end of the queue.
    is_queueing: bool = False
    speaker_delay_ms: int = 0
    # What of the sound this peer plays, whatever a director asks; None: all, until a director asks for else.
    role: Role | None = None
    # Whom it asks for which role while it directs, by the names that they show (R16).
    roles_by_name: Mapping[str, Role] = field(default_factory=dict)
    # Each is given the playback controller, from which it learns what sounds when. None at all: a peer
    # without sound.
    sinks: Sequence[Callable[[PlaybackController], Sink]] = ()
    clock: Clock = field(default_factory=RealClock)
    chance: Chance = field(default_factory=RealChance)
