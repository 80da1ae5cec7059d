"""JSON from others, read as a page reads it, so that both take and refuse the same. Pure.

To JSON.parse 1 and 1.0 are one number, and of a key that stands twice the last counts. Half a surrogate pair,
which no text of UTF-8 can hold, both refuse. Raises one of `NOT_JSON`.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn, TypeVar

import msgspec

Shape = TypeVar("Shape")

NOT_JSON = (msgspec.MsgspecError, ValueError, RecursionError)


def decode_json(text: str | bytes, decoder: msgspec.json.Decoder[Shape]) -> Shape:
    """What everybody writes takes the short way; what only looks odd is read once more, slowly."""
    try:
        return decoder.decode(text)
    except NOT_JSON:
        shape: Shape = msgspec.convert(parse_json(text), decoder.type)
        return shape


def parse_json(text: str | bytes) -> object:
    return _as_page(json.loads(text, parse_constant=_refuse))


def check_units(text: str, most: int) -> None:
    """Raises ValueError for a text of more than `most` units of UTF-16, by which pages count."""
    if not text.isascii() and units_of(text) > most:
        raise ValueError("a text is too long")


def units_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _as_page(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_page(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_page(each) for each in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return {}  # a number to a page too, but none that any message takes
        return int(value) if value.is_integer() else value
    if isinstance(value, str):
        value.encode()  # UnicodeError, a ValueError, for half a pair
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
