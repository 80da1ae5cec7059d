"""What `unisono join` says when it cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import unisono
from unisono.cli import EXIT_CANNOT_START, main
from unisono.peer.constants.session import ROLES

LINK = "http://127.0.0.1:8000/#K7QF-9TXM-2B4D"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["K7QF-9TXM-2B4D"],
            "'K7QF-9TXM-2B4D' is no link into a swarm; it looks like http://host:8000/#KEY.",
        ),
        ([LINK, "no-such-song.mp3"], "There is no file no-such-song.mp3."),
        ([LINK, "--delay", "-5"], "--delay must be a number from 0 to 2000, not '-5'."),
        (
            [LINK, "--role", "tenor"],
            f"--role must be one of {', '.join(ROLES)}, not 'tenor'.",
        ),
        ([LINK, "--assign", "left"], "--assign must be a name and a role like Kitchen=left, not 'left'."),
        (
            [LINK, "--assign", "a=b=tenor"],
            f"The role in --assign must be one of {', '.join(ROLES)}, not 'tenor'.",
        ),
        ([LINK, "--delay", "2001"], "--delay must be a number from 0 to 2000, not '2001'."),
        ([], "The following arguments are required: link, file (see `unisono join --help`)."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["join", *arguments]) == EXIT_CANNOT_START
    assert capsys.readouterr().err == f"unisono: {sentence}\n"


def test_without_its_packages_the_command_names_what_brings_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(unisono, "peer", raising=False)  # loaded anew below, and put back with the rest
    for name in [name for name in sys.modules if name.startswith("unisono.peer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiortc", None)
    assert main(["join", LINK]) == EXIT_CANNOT_START
    assert capsys.readouterr().err == (
        "unisono: `unisono join` needs aiortc and more: pip install 'unisono[peer]'.\n"
    )


def test_a_recording_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no" / "such" / "folder.wav"
    assert main(["join", LINK, "--record", str(path)]) == EXIT_CANNOT_START
    assert capsys.readouterr().err == f"unisono: {path} cannot be written: No such file or directory.\n"
