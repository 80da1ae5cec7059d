"""The swarm key that a text names: read out of whatever a messenger made of it. Pure.

Case, dashes, spaces, invisible characters and the punctuation around a key never matter. As
web/src/control/key.ts; vectors/spellings.json holds the two together.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from unisono.peer.constants.control import (
    KEY_GROUP_CHARS,
    KEY_RANDOM_CHARS,
    MAX_KEY_PASSES,
    MAX_KEY_TEXT_CHARS,
)
from unisono.peer.errors import SwarmKeyError
from unisono.peer.safe_text import first_units

MAX_KEY_CHARS = 128

# Crockford base32 without I, L, O, U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Twelve characters, as keys were made before they had a check character, or thirteen.
_SHAPE = re.compile(r"[0-9A-HJKMNP-TV-Z]{12,13}\Z")
# ECMAScript's white space, which is not quite Python's.
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# Unicode's dashes (Pd), which Python's expressions cannot name.
_DASH = "".join(re.escape(chr(code)) for code in range(0x11000) if unicodedata.category(chr(code)) == "Pd")
# A link anywhere in a message, or an address as browsers shorten it, with what follows its `#`.
_LINK = re.compile(
    rf"(?:[a-z]+://[^{_SPACE}#]*|^[^{_SPACE}#]+[./:][^{_SPACE}#]*)(?:#|%(?:25)*23)(.*)",
    re.IGNORECASE | re.DOTALL,
)
# What keyboards and people put for a dash: minus, the Japanese long vowel, a dot.
_LIKE_DASHES = re.compile("[\\u2212\\u30fc._\\u30fb]")
_SEPARATOR = f"[{_SPACE}{_DASH}\\u2212\\u30fc._\\u30fb]*"
_CHAR = "[0-9A-Za-z]"
# No Latin letter and no digit beside a key: other scripts are written without spaces.
_BESIDE = r"\dA-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_GROUPS = re.compile(
    rf"(?:^|[^{_BESIDE}])"
    rf"(?=({_CHAR}{{4}}{_SEPARATOR}{_CHAR}{{4}}{_SEPARATOR}{_CHAR}{{4,5}})(?![{_BESIDE}]))"
)
_DASHED = re.compile(rf"[^{_SPACE}]{{4}}[{_DASH}][^{_SPACE}]{{4}}[{_DASH}]")
# The address of a page, which is no key.
_ADDRESS = re.compile(rf"https?://[^{_SPACE}]*\Z", re.IGNORECASE)
# What follows a key in a link: a query, parameters that trackers add, a text fragment.
_AFTER_KEY = re.compile(r"\?|:~:|&[A-Za-z0-9_.-]+=")
# Quotes, brackets, marks of a sentence and of markup.
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb\u2039\u203a"
_AROUND = _QUOTES + "<>()[]{}*_~.,:;!?…/\\|-" + "\t\n\v\f\r \u00a0\u2028\u2029\u3000\ufeff"
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHANGES = re.compile(r"[0-9](?=[^0-9])|[^0-9](?=[0-9])")


def extract_key(text: str) -> str:
    """The key part of a link, or the key in a message, without what is around it; may be empty."""
    key = first_units(text, MAX_KEY_TEXT_CHARS)
    for _ in range(MAX_KEY_PASSES):  # until nothing is left to unescape
        before, key = key, _extracted_once(key)
        if key == before:
            return key
    return ""


def _extracted_once(text: str) -> str:
    visible = _visible(text).strip()
    link = _LINK.search(visible)
    rest = link[1] if link else visible
    generated = _generated_key_in(re.sub(rf"[^{_SPACE}]+", lambda word: _percent_decoded(word[0]), rest))
    if generated is not None:
        return generated
    if not link and _ADDRESS.match(rest):
        return ""
    token = re.split(f"[{_SPACE}]", rest)[0] if link else rest
    decoded = _visible(_percent_decoded(token)).lstrip("#/!")
    return _AFTER_KEY.split(decoded)[0].lstrip(_AROUND + "#").rstrip(_AROUND)


def canonical_key(text: str) -> str:
    """The form that is stretched: NFKC, no dashes or spaces, upper case; in a key of the generated shape O
    is 0 and I, L are 1. Raises `SwarmKeyError`.
    """
    plain = _spelled(extract_key(text))
    if not plain:
        raise SwarmKeyError("key-empty")
    if len(plain) > MAX_KEY_CHARS:
        raise SwarmKeyError("key-too-long")
    forgiven = _forgiven(plain)
    return forgiven if _is_generated(forgiven) else plain


def is_likely_mistyped(text: str) -> bool:
    """Most likely a generated key with one character wrong, missing, too much or exchanged."""
    typed = unicodedata.normalize("NFKC", extract_key(text))
    key = _LIKE_DASHES.sub("-", typed)
    plain = _spelled(key)
    forgiven = _forgiven(plain)
    sizes = [len(group) for group in re.split(f"[{_SPACE}{_DASH}]+", key)]
    is_grouped = len(sizes) == 3 and all(KEY_GROUP_CHARS - 1 <= size <= KEY_GROUP_CHARS + 2 for size in sizes)
    is_short = is_grouped and min(sizes) < KEY_GROUP_CHARS
    if (_is_generated(forgiven) and not is_short and key == typed) or abs(len(plain) - KEY_RANDOM_CHARS) > 2:
        return False
    foreign = sum(char not in ALPHABET for char in forgiven)
    if foreign > 1 or not re.search("[0-9]", plain) or not re.search("[A-Z]", plain):
        return False
    return is_grouped or (
        len(plain) > KEY_RANDOM_CHARS and (bool(_SHAPE.match(plain)) or _is_scattered(plain))
    )


def _is_generated(forgiven: str) -> bool:
    """Old keys have no check character; of the new ones one in 32 that somebody made up fits by chance."""
    return bool(_SHAPE.match(forgiven)) and (len(forgiven) == KEY_RANDOM_CHARS or _remainder(forgiven) == 0)


def _remainder(key: str) -> int:
    """Of the key as a polynomial over GF(32) (x^5 + x^2 + 1), at the generator; 0 where the check fits."""
    total = 1
    for char in key:
        total = (total << 1 ^ 0b100101 if total & 16 else total << 1) ^ ALPHABET.index(char)
    return total


def _generated_key_in(message: str) -> str | None:
    """By its check character, by letters and digits all mixed, or by its dashes: the first of those that
    have most of these in this order, as telephone numbers have dashes too.
    """
    best, best_rank = None, 0
    for match in _GROUPS.finditer(unicodedata.normalize("NFKC", message)):
        found = _LIKE_DASHES.sub("-", match[1])
        plain = _spelled(found)
        is_old = len(plain) == KEY_RANDOM_CHARS
        if not _is_generated(_forgiven(plain)) or (is_old and found != match[1]):
            continue
        has_check = len(plain) > KEY_RANDOM_CHARS and bool(re.search("[0-9]", plain))
        rank = 4 * has_check + 2 * _is_scattered(plain) + bool(_DASHED.match(found))
        if rank > best_rank:
            best, best_rank = found, rank
    return best


def _is_scattered(plain: str) -> bool:
    """Letters and digits change places more often than in what people make up."""
    return len(_CHANGES.findall(plain)) > (1 if _SHAPE.match(_forgiven(plain)) else 2)


def _spelled(text: str) -> str:
    spaceless = re.sub(f"[{_SPACE}]+", "", unicodedata.normalize("NFKC", text))
    return "".join(char for char in _visible(spaceless) if unicodedata.category(char) != "Pd").upper()


def _visible(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _forgiven(plain: str) -> str:
    return plain.replace("O", "0").replace("I", "1").replace("L", "1")


def _percent_decoded(text: str) -> str:
    """As decodeURIComponent; a lone % that someone typed is part of their key."""
    if _BAD_PERCENT.search(text):
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
