"""The options of `unisono join`. Imports nothing that the extra `peer` brings: who lacks it gets words, not a
traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unisono.errors import StartError
from unisono.peer.constants.session import ROLES, Role

MAX_SPEAKER_DELAY_MS = 2_000
MAX_OPTION_DIGITS = 20

EPILOG = (
    "Without --record and --output it plays nothing: it fetches the files and gives them to others. "
    "Needs more packages: pip install 'unisono[peer]'."
)


def add_options(command: argparse.ArgumentParser) -> None:
    texts = {
        "link": "the link that invites into the swarm: http://host:8000/#KEY",
        "file": "a file to offer to the others, ten at most",
        "queue": "put the files at the end of the queue, in this order",
        "name": "what others see (default: the name of this computer)",
        "output": "play through this sound device: part of its name, its number, or `default`",
        "record": "write what would sound into this WAV file, and when it began into F.json",
        "role": "what of the sound it plays: all, left, right, low, without-low, or a channel of songs with "
        "many, for example centre (default: all, until whoever directs asks for something else)",
        "assign": "while this peer directs, ask whoever has this name to play this role; may be repeated",
        "delay": "how late the loudspeaker behind --output is, in ms (default: 0)",
    }
    command.add_argument("link", help=texts["link"])
    command.add_argument("files", metavar="file", nargs="*", type=Path, help=texts["file"])
    command.add_argument("--queue", action="store_true", help=texts["queue"])
    command.add_argument("--name", metavar="N", default=socket.gethostname(), help=texts["name"])
    command.add_argument("--output", metavar="D", help=texts["output"])
    command.add_argument("--record", metavar="F", type=Path, help=texts["record"])
    command.add_argument("--role", metavar="R", help=texts["role"])
    command.add_argument("--assign", metavar="NAME=R", action="append", default=[], help=texts["assign"])
    command.add_argument("--delay", metavar="MS", default="0", help=texts["delay"])


def run(arguments: Mapping[str, Any]) -> None:
    """Stays in the swarm until interrupted. Raises `StartError`."""
    # Before the packages of the extra are loaded, which takes seconds on a small computer.
    files, record = tuple(arguments["files"]), arguments["record"]
    for path in files:
        _check_readable(path)
        if record is not None and _would_overwrite(record, path):
            raise StartError("bad-option", f"--record would write over {path}, which is to be offered.")
    delay_ms = _delay_ms(arguments["delay"])
    role = None if arguments["role"] is None else _role("--role", arguments["role"])
    roles_by_name = dict(_assigned(text) for text in arguments["assign"])
    try:
        from unisono.peer.command import JoinOptions, join  # noqa: PLC0415 - the extra may be missing
    except ImportError as cause:
        sentence = f"`unisono join` needs {cause.name} and more: pip install 'unisono[peer]'."
        raise StartError("extra-missing", sentence) from cause
    join(
        JoinOptions(
            link=arguments["link"],
            name=arguments["name"],
            files=files,
            is_queueing=arguments["queue"],
            record=record,
            output=arguments["output"],
            speaker_delay_ms=delay_ms,
            role=role,
            roles_by_name=roles_by_name,
        )
    )


def _check_readable(path: Path) -> None:
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as failure:  # no right to look into its folder, or no possible name
        why = failure.strerror if isinstance(failure, OSError) else "that is no name of a file"
        raise StartError("bad-option", f"{path} cannot be read: {why}.") from failure
    if not is_file:
        raise StartError("bad-option", f"There is no file {path}.")


def _would_overwrite(record: Path, path: Path) -> bool:
    """Whether the recording, or what is written beside it, is this very file."""
    for written in (record, Path(f"{record}.json")):
        with contextlib.suppress(OSError, ValueError):  # it is not there yet
            if written.samefile(path):
                return True
    return False


def _role(option: str, text: str) -> Role:
    for role in ROLES:
        if role == text:
            return role
    raise StartError("bad-option", f"{option} must be one of {', '.join(ROLES)}, not {text!r}.")


def _assigned(text: str) -> tuple[str, Role]:
    """A name may hold any sign, a role no `=`."""
    name, sign, role = text.rpartition("=")
    if not name.strip() or not sign:
        raise StartError("bad-option", f"--assign must be a name and a role like Kitchen=left, not {text!r}.")
    return name, _role("The role in --assign", role)


def _delay_ms(text: str) -> int:
    # Thousands of digits are no number to Python.
    if not text.isdecimal() or len(text) > MAX_OPTION_DIGITS or int(text) > MAX_SPEAKER_DELAY_MS:
        sentence = f"--delay must be a number from 0 to {MAX_SPEAKER_DELAY_MS}, not {text!r}."
        raise StartError("bad-option", sentence)
    return int(text)
