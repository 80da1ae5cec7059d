"""What `unisono join` says when it cannot, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import unisono
from unisono.cli import EXIT_CANNOT_START, EXIT_OK, main
from unisono.peer import command, session_folder
from unisono.peer.connection_words import why_not_connected
from unisono.peer.constants.control import MAX_KEY_TEXT_CHARS
from unisono.peer.constants.session import ROLES
from unisono.peer.key import extract_key
from unisono.peer.keys import read_link

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
        (
            ["http://[::1/#K7QF"],
            "'http://[::1/#K7QF' is no link into a swarm; it looks like http://host:8000/#KEY.",
        ),
        (
            ["http://host:99999/#K7QF"],
            "'http://host:99999/#K7QF' is no link into a swarm; it looks like http://host:8000/#KEY.",
        ),
        ([LINK, "x" * 300], f"{'x' * 300} cannot be read: File name too long."),
        ([LINK, "--delay", "9" * 5000], f"--delay must be a number from 0 to 2000, not '{'9' * 5000}'."),
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


def test_a_recording_never_overwrites_a_file_that_is_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song, beside = tmp_path / "song.wav", tmp_path / "other.json"
    for path, record in ((song, tmp_path / "x" / ".." / "song.wav"), (beside, tmp_path / "other")):
        (tmp_path / "x").mkdir(exist_ok=True)
        path.write_bytes(b"music")
        assert main(["join", LINK, str(path), "--record", str(record)]) == EXIT_CANNOT_START
        sentence = f"unisono: --record would write over {path}, which is to be offered.\n"
        assert capsys.readouterr().err == sentence
        assert path.read_bytes() == b"music"


def test_without_any_folder_that_can_be_written_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_folder() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    assert main(["join", LINK]) == EXIT_CANNOT_START
    assert capsys.readouterr().err == (
        "unisono: No folder for the songs can be made: No usable temporary directory found. "
        "TMPDIR can name another one.\n"
    )


def test_ctrl_c_while_its_packages_are_loaded_ends_it_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "join", interrupt)
    assert main(["join", LINK]) == EXIT_OK
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_however_it_is_ended_it_leaves_no_songs_on_the_disc(name: str, tmp_path: Path) -> None:
    """Also while a file of gigabytes is still being copied, and where its words cannot be written."""
    song = tmp_path / "long.wav"
    with song.open("wb") as file:
        file.truncate(3 * 1024**3)
    folder = tmp_path / "temporary"
    folder.mkdir()
    unreachable = "http://127.0.0.1:1/#K7QF-9TXM-2B4D"
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONIOENCODING": "ascii"}
    arguments = [sys.executable, "-m", "unisono", "join", unreachable, str(song)]
    with ExitStack() as stack:
        peer = stack.enter_context(
            subprocess.Popen(
                arguments,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=_heed_signals,  # noqa: PLW1509 - nothing else runs in this process yet
            )
        )
        stack.callback(peer.kill)
        assert peer.stdout is not None
        assert peer.stderr is not None
        assert peer.stdout.readline() == b"Connecting to the server ?\n"
        assert peer.stderr.readline() == (
            b"The server at ws://127.0.0.1:1 cannot be reached: connection refused. Trying again.\n"
        )
        assert any(folder.iterdir())
        peer.send_signal(signal.Signals[name])
        assert peer.communicate(timeout=60) == (b"", b"")
        assert peer.returncode == EXIT_OK
        assert list(folder.iterdir()) == []


def _heed_signals() -> None:
    """As in a terminal: what runs in the background of a script ignores SIGINT, and under nohup SIGHUP."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_what_a_killed_session_left_on_the_disc_goes_with_the_next_one(tmp_path: Path) -> None:
    lives, killed = (session_folder.SessionFolder(tmp_path) for _ in range(2))
    for each in (lives, killed):
        (each.path / "song").write_bytes(b"music")
    killed._unlock()  # as the system does where a process ends
    session_folder.remove_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [lives.path.name]
    for each in (lives, killed, lives):
        each.close()
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_looked_for_in_no_more_than_a_long_message() -> None:
    assert len(extract_key("K" * 1_000_000)) == MAX_KEY_TEXT_CHARS
    assert read_link(f"http://host/#{'K' * 1_000_000}") is None
    assert extract_key("x " * 4_000 + "K7QF-9TXM-2B4D") == "K7QF-9TXM-2B4D"


def test_why_there_is_no_connection_is_said_in_words() -> None:
    info = aiohttp.RequestInfo(URL("http://h"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://h"))
    refused = ConnectionRefusedError(111, "Connect call failed ('::1', 80, 0, 0)")
    key = aiohttp.client_reqrep.ConnectionKey(
        "h", 80, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
    )
    said = {
        why_not_connected(failure)
        for failure in (
            aiohttp.ClientConnectorError(key, refused),
            aiohttp.ClientConnectorDNSError(key, socket.gaierror(-2, "Name or service not known")),
            aiohttp.WSServerHandshakeError(info, (), status=404),
            aiohttp.WSServerHandshakeError(info, (), status=503),
            aiohttp.ServerDisconnectedError(),
            TimeoutError(),
            UnicodeError("label too long"),
        )
    }
    assert said == {
        "connection refused",
        "nothing on the network has this name",
        "what answers there is no Unisono server (HTTP 404)",
        "it is busy",
        "it closed the connection; perhaps the link begins with https://",
        "it does not answer",
        "that is no address of a computer",
    }
