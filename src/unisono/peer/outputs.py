"""Where the song of a headless peer comes out: recordings and sound cards. Local ms.

What goes wrong with one output ends neither the others nor the session.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

log = logging.getLogger(__name__)


class Sink(Protocol):
    """A recording or a sound card."""

    @property
    def error_ms(self) -> float | None:
        """How far ahead of its place it sounds; None while silent."""
        ...

    @property
    def uncertainty_ms(self) -> float:
        """It sounds within this of that error in 19 of 20 moments."""
        ...

    @property
    def start_ms(self) -> float:
        """From an `advance` until what was decided before it can be heard."""
        ...

    def advance(self, local_ms: float) -> None: ...


class Outputs:
    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks
        self._failed: set[Sink] = set()

    @property
    def has_any(self) -> bool:
        """Even where all have failed by now."""
        return bool(self._sinks)

    @property
    def can_sound(self) -> bool:
        return len(self._failed) < len(self._sinks)

    @property
    def error_ms(self) -> float | None:
        """Of the output that is furthest from its place."""
        errors = [sink.error_ms for sink in self._sinks if sink.error_ms is not None]
        return max(errors, key=abs) if errors else None

    @property
    def uncertainty_ms(self) -> float:
        """Of the output that is known least."""
        return max((sink.uncertainty_ms for sink in self._sinks if sink.error_ms is not None), default=0.0)

    @property
    def start_ms(self) -> float:
        """Of the output that takes longest."""
        return max((sink.start_ms for sink in self._sinks if sink not in self._failed), default=0.0)

    def advance(self, local_ms: float) -> None:
        for sink in self._sinks:
            if sink in self._failed:
                continue
            try:
                sink.advance(local_ms)
            except Exception:
                self._failed.add(sink)
                log.exception("one output of this peer has failed and stays silent")
