"""A memory with an end: of what it is told it keeps the latest. Pure."""

from __future__ import annotations


def remember(memory: dict[str, None], item: str, most: int) -> None:
    """Adds `item` as the latest; beyond `most` the earliest are forgotten. Only the keys count."""
    memory.pop(item, None)
    memory[item] = None
    while len(memory) > most:
        del memory[next(iter(memory))]
