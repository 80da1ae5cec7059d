"""Where the cores of a peer get time and chance from, so that a test can give them others.

Local time is this process's monotonic clock in milliseconds. Wall time is only compared with it, to notice
that the device slept.
"""

from __future__ import annotations

import random
import secrets
import time
from typing import Protocol


class Clock(Protocol):
    def local_ms(self) -> float: ...
    def wall_ms(self) -> float: ...


class Chance(Protocol):
    def bytes(self, length: int) -> bytes: ...
    def fraction(self) -> float:
        """Uniform in [0, 1)."""
        ...


class RealClock:
    def local_ms(self) -> float:
        return time.monotonic_ns() / 1e6

    def wall_ms(self) -> float:
        return time.time_ns() / 1e6


class RealChance:
    """Cryptographic."""

    _fractions = random.SystemRandom()

    def bytes(self, length: int) -> bytes:
        return secrets.token_bytes(length)

    def fraction(self) -> float:
        return self._fractions.random()
