"""A memory with an end: of what it is told it keeps the latest, so that nobody fills it. Pure."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def remember(memory: dict[str, Value], item: str, value: Value, most: int) -> None:
    """Sets what is known of `item`, as the latest; beyond `most` the earliest are forgotten."""
    memory.pop(item, None)
    memory[item] = value
    while len(memory) > most:
        del memory[next(iter(memory))]
