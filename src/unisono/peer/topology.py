"""Who connects to whom: a pure function of the member list, the same as web/src/transfer/core/topology.ts.

Both ends of every link must agree on it without a word, so this must give what the web app gives, to the bit.
Up to 9 peers a full mesh; above, several rings through everyone, each in an order of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from unisono.peer.constants.transfer import FULL_MESH_PEERS, MIN_LINKS, PHONE_RINGS, RINGS, SPARE_RINGS

MASK = 0xFFFFFFFF


def neighbours_of(me: str, members: Iterable[str], is_phone: Callable[[str], bool]) -> set[str]:
    everyone = sorted({*members, me})
    links: dict[str, set[str]] = {member: set() for member in everyone}

    def connect(one: str, other: str) -> None:
        if one != other:
            links[one].add(other)
            links[other].add(one)

    if len(everyone) <= FULL_MESH_PEERS:
        return {member for member in everyone if member != me}
    for ring in range(RINGS):
        riders = everyone if ring < PHONE_RINGS else [each for each in everyone if not is_phone(each)]
        for one, other in _links_of_ring(riders, ring):
            connect(one, other)

    def is_short(member: str) -> bool:
        return len(links[member]) < MIN_LINKS

    def has_room(member: str) -> bool:
        return len(links[member]) < 2 * (PHONE_RINGS if is_phone(member) else RINGS)

    for ring in range(RINGS, RINGS + SPARE_RINGS):
        if not any(is_short(member) for member in everyone):
            break
        for one, other in _links_of_ring(everyone, ring):
            if (is_short(one) or is_short(other)) and has_room(one) and has_room(other):
                connect(one, other)
    return links[me]


def _links_of_ring(members: list[str], ring: int) -> list[tuple[str, str]]:
    placed = sorted(members, key=lambda member: (_place_of(member, ring), member))
    return [(member, placed[(at + 1) % len(placed)]) for at, member in enumerate(placed)]


def _place_of(member: str, ring: int) -> int:
    """FNV-1a of member and ring, well mixed."""
    value = 0x811C9DC5 ^ ((ring + 1) * 0x9E3779B1 & MASK)
    for char in member.encode():
        value = (value ^ char) * 0x01000193 & MASK
    value = (value ^ value >> 16) * 0x85EBCA6B & MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & MASK
    return value ^ value >> 16
