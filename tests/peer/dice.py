"""Chance that a seed decides, as the cores of the peer take it."""

import random


class Dice:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def bytes(self, length: int) -> bytes:
        return self._random.randbytes(length)

    def fraction(self) -> float:
        return self._random.random()
