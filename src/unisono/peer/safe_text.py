"""Text of a stranger as it may be shown, on a page or in a terminal. Pure.

It must not break its line, reverse it, command the terminal, or hide something in it; the letters of all
countries and joined emoji stay whole. web/src/lib/safe-text.ts does the same: vectors/safe-text.json.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

# As the page: long enough for any song title, short enough for a row on a phone.
MAX_FILE_NAME_CHARS = 120
MAX_UNITS_PER_CHAR = 16
# The subdivision flags: a black flag, what the region is called in invisible letters, and their end.
# Other tags hide text.
_FLAGS_AND_TAGS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,8}\U000e007f)|[\U000e0000-\U000e007f]"
)
_JOINER = re.compile("[\u200c\u200d]")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
_TAG = re.compile("[\U000e0020-\U000e007f]")
# Unicode's Default_Ignorable_Code_Point, which unicodedata does not have, and annotations (U+FFF9 to FFFB).
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Latin, Greek and Cyrillic stand before it and never join; a joiner there only makes two names look alike.
_FIRST_JOINABLE = "\u0590"
_EXTENDS = re.compile("[\u200c\u200d\U000e0020-\U000e007f\U0001f3fb-\U0001f3ff\u0e33\u0eb3]")
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")
# Signs of Indic scripts that tie two consonants into one character.
_TIES = re.compile("[\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2]")


def safe_text(text: str, max_chars: int) -> str:
    """At most `max_chars` code points, cut between characters as people see them.

    "" where nothing of it can be seen.
    """
    short = unicodedata.normalize("NFC", first_units(text, max_chars * MAX_UNITS_PER_CHAR))
    chars = list(_FLAGS_AND_TAGS.sub(lambda match: match[1] or "", short))
    kept: list[str] = []
    for index, char in enumerate(chars):
        before = kept[-1] if kept else " "
        if _is_blank(char):
            if before != " ":
                kept.append(" ")
        elif _JOINER.match(char):
            if _is_joining(before, chars[index + 1] if index + 1 < len(chars) else ""):
                kept.append(char)
        elif _is_shown(char, before):
            kept.append(char)
    return "".join(_cut(kept, max_chars)).strip(" ")


def clean_line(text: str) -> str:
    """A name as one line of a terminal or a log, whatever a stranger put into it."""
    return safe_text(text, MAX_FILE_NAME_CHARS)


def clean_file_name(path: Path) -> str:
    """The file's name as peers may be told it: UTF-8, even where the file system's name is not."""
    return clean_line(os.fsencode(path.name).decode("utf-8", "replace"))


def first_units(text: str, max_units: int) -> str:
    """As JavaScript counts: beyond U+FFFF two units a character; half of one that is left is not shown."""
    if len(text) * 2 <= max_units:
        return text
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * max_units]
    return units.decode("utf-16-le", "surrogatepass")


def _is_blank(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "Z" or category == "Cc" or char == "\u2800"


def _is_shown(char: str, before: str) -> bool:
    if _VARIATION.match(char):
        return before != " " and not _VARIATION.match(before) and not _JOINER.match(before)
    is_hidden = _HIDDEN.match(char) or unicodedata.category(char) in ("Co", "Cs")
    return bool(_TAG.match(char)) or not is_hidden


def _is_joining(before: str, after: str) -> bool:
    """Between two that can join; behind a mark also at a word's end, as Malayalam writes some letters."""
    if not _is_joinable(before) or _JOINER.match(before):
        return False
    return _is_joinable(after) or (_is_mark(before) and not _VARIATION.match(before))


def _is_joinable(char: str) -> bool:
    if char < _FIRST_JOINABLE:
        return False
    return unicodedata.category(char)[0] in "LMS" or bool(_TAG.match(char))


def _cut(chars: list[str], max_chars: int) -> list[str]:
    if len(chars) <= max_chars:
        return chars
    end = max_chars
    while end > 0 and not _is_boundary(chars, end):
        end -= 1
    if end == 0:  # one character of more code points than fit is cut all the same
        end = max_chars
    while end > 0 and _JOINER.match(chars[end - 1]):
        end -= 1
    return chars[:end]


def _is_boundary(chars: list[str], at: int) -> bool:
    before, after = chars[at - 1], chars[at]
    if _is_mark(after) or _EXTENDS.match(after) or before == "\u200d":
        return False
    if _TIES.match(before) and unicodedata.category(after)[0] == "L":
        return False
    if not _REGIONAL.match(before) or not _REGIONAL.match(after):
        return True
    run = 0
    while run < at and _REGIONAL.match(chars[at - 1 - run]):
        run += 1
    return run % 2 == 0


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"
