"""Names of strangers as text that is safe to print, log and send. Pure."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

# As the page: long enough for any song title, short enough for a row on a phone.
MAX_FILE_NAME_CHARS = 120
# Control and format characters (a terminal obeys them, or turns the line around), private use, halves of
# characters, line and paragraph separators.
UNSAFE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def clean_line(text: str) -> str:
    """One line of a terminal or a log, whatever a stranger put into a name."""
    plain = "".join(" " if unicodedata.category(char) in UNSAFE else char for char in text)
    return " ".join(plain.split())[:MAX_FILE_NAME_CHARS].strip()


def clean_file_name(path: Path) -> str:
    """The file's name as peers may be told it: UTF-8, even where the file system's name is not."""
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return clean_line(unicodedata.normalize("NFC", name))
