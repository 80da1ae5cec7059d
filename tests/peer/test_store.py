"""Files of a headless peer: copied in pieces, bounded by the disc, and held once they are written."""

from __future__ import annotations

import errno
import logging
import subprocess
import tracemalloc
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peer.manifests import make_manifest
from tests.peer.test_peer_cores import BO, Wire
from unisono.peer import memory, store
from unisono.peer.constants.transfer import MAX_FILE_BYTES
from unisono.peer.control_link import LONGEST_WANTED_PAUSE_MS, ControlLink
from unisono.peer.errors import FileError
from unisono.peer.manifest import piece_count_of, piece_size_of
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.recorder import Recorder
from unisono.peer.safe_text import clean_file_name, clean_line
from unisono.peer.store import PieceStore
from unisono.protocol import GoAway

MIB = 1024**2


@pytest.fixture
def small_disc(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    folder = tmp_path / "disc"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        # The only way to a disc that is really full; a full budget is tested everywhere.
        pytest.skip("mounting needs root and a container that allows it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def refused(kept: PieceStore, path: Path) -> FileError:
    with pytest.raises(FileError) as caught:
        kept.copy_in(path)
    return caught.value


def test_a_file_is_copied_piece_by_piece_and_has_the_id_of_its_content(tmp_path: Path) -> None:
    """[S40] Never whole in memory."""
    path = tmp_path / "song.wav"
    content = bytes(range(256)) * (32 * MIB // 256) + b"end"
    path.write_bytes(content)
    kept = PieceStore([tmp_path])
    tracemalloc.start()
    manifest = kept.copy_in(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 8 * MIB
    assert manifest == make_manifest(content)
    assert kept.path_of(manifest.file_id).read_bytes() == content
    assert len(list(kept.folder.iterdir())) == 1
    kept.close()


def test_what_is_no_song_of_a_bearable_size_is_refused_in_words(tmp_path: Path) -> None:
    """[S40] [S49] A file beyond 4 GiB is not read at all: here it has holes."""
    kept = PieceStore([tmp_path])
    huge, empty = tmp_path / "huge.wav", tmp_path / "empty.wav"
    with huge.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    empty.touch()
    failures = [refused(kept, path) for path in (huge, empty, tmp_path, tmp_path / "none")]
    assert [(each.code, each.detail) for each in failures] == [
        ("file-too-large", "it is larger than 4 GiB"),
        ("file-empty", "it is empty"),
        ("file-unreadable", "it is no file"),
        ("file-unreadable", "No such file or directory"),
    ]
    assert list(kept.folder.iterdir()) == []
    kept.close()


def test_pieces_of_the_largest_file_lie_at_their_places_beyond_two_gibibytes(tmp_path: Path) -> None:
    """[S49] The file has holes where nothing was written."""
    kept = PieceStore([tmp_path])
    last = piece_count_of(MAX_FILE_BYTES) - 1
    for piece in (0, last // 2 + 1, last):
        kept.write(
            "f" * 64, piece, MAX_FILE_BYTES, bytes([piece % 251]) * piece_size_of(MAX_FILE_BYTES, piece)
        )
    path = kept.path_of("f" * 64)
    assert path.stat().st_size == MAX_FILE_BYTES
    assert path.stat().st_blocks * 512 < 64 * MIB
    for piece in (0, last // 2 + 1, last):
        assert set(kept.read("f" * 64, piece, MAX_FILE_BYTES)) == {piece % 251}
    with path.open("rb") as file:
        file.seek(MAX_FILE_BYTES - 1)
        assert file.read() == bytes([last % 251])
    kept.close()


def test_a_full_disc_refuses_a_copy_and_a_piece_and_leaves_nothing_behind(
    small_disc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S41]"""
    path = tmp_path / "song.wav"
    path.write_bytes(bytes([7]) * 8 * MIB)
    kept = PieceStore([small_disc])
    assert kept.is_in_memory
    assert refused(kept, path).code == "storage-full"
    monkeypatch.setattr(PieceStore, "capacity_bytes", lambda _: 2**40)  # somebody else filled it meanwhile
    assert refused(kept, path).code == "storage-full"
    assert list(kept.folder.iterdir()) == []
    with pytest.raises(OSError, match="No space") as full:
        kept.write("f" * 64, 0, 8 * MIB, bytes([7]) * 8 * MIB)
    assert full.value.errno == errno.ENOSPC
    kept.close()


def test_a_disc_is_chosen_before_memory(
    small_disc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S42] And what lies in memory is bounded by what is free of it."""
    assert memory.lies_in_memory(small_disc)
    assert not memory.lies_in_memory(tmp_path)
    on_disc = PieceStore([small_disc, tmp_path / "none", tmp_path])
    assert on_disc.folder.parent == tmp_path
    in_memory = PieceStore([small_disc])
    monkeypatch.setattr(store, "RESERVE_BYTES", 0)
    monkeypatch.setattr(store, "free_memory_bytes", lambda: 4 * MIB)
    assert in_memory.capacity_bytes() == MIB
    for each in (on_disc, in_memory):
        each.close()


def test_a_piece_is_held_listed_and_given_only_once_it_is_written() -> None:
    """[S43] A full disc fetches nothing for a while, says so, and goes on when there is room again."""
    wire = Wire()
    wire.is_full = True
    file_id = wire.offer(b"song" * 50_000).file_id
    core = wire.cores[BO]
    assert core.files[file_id].held == set()
    assert core.has_no_room_for(file_id, 0)
    wire.run(BO, core.tick(5_000))
    assert core.files[file_id].held == set()
    wire.is_full = False
    wire.run(BO, core.tick(20_000))
    assert core.files[file_id].is_complete
    assert not core.has_no_room_for(file_id, 20_000)
    assert wire.drops == []


def test_a_piece_that_can_no_longer_be_read_is_no_longer_listed() -> None:
    """[S43]"""
    wire = Wire()
    file_id = wire.offer(b"song" * 50_000).file_id
    core = wire.cores[BO]
    assert core.files[file_id].listed.is_whole
    core.piece_lost(file_id, 1, 0)
    assert not core.files[file_id].listed.is_whole
    assert 1 not in core.files[file_id].held


def test_a_song_that_does_not_fit_is_not_fetched_and_that_is_known() -> None:
    """[S42]"""
    wire = Wire()
    wire.cores[BO].set_capacity(1000)
    file_id = wire.offer(b"song" * 50_000).file_id
    assert wire.cores[BO].has_no_room_for(file_id, 0)
    assert wire.cores[BO].files[file_id].held == set()


class _SteadyClock:
    def local_ms(self) -> float:
        return 0.0

    def wall_ms(self) -> float:
        return 0.0


def test_a_recording_ends_with_words_where_the_disc_is_full(
    small_disc: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """[S41] What was recorded before stays a WAV that others can read."""
    path = small_disc / "take.wav"
    recorder = Recorder(path, PlaybackController(), _SteadyClock())
    with caplog.at_level(logging.WARNING):
        recorder.advance(60_000)
        recorder.advance(61_000)
    assert [record.message for record in caplog.records] == [
        "the recording take.wav ends here: No space left on device"
    ]
    recorder.close(None)
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() > 48_000


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"caf\xe9.mp3", "caf\ufffd.mp3"),
        ("cafe\u0301.mp3".encode(), "caf\u00e9.mp3"),
        (b"a\x1b[31mred\x07\nline.mp3", "a [31mred line.mp3"),
        ("\u202e3pm.exe".encode(), "3pm.exe"),
        (b"\xff" * 200, "\ufffd" * 120),
        (b"\xed\xb3\xa9", "\ufffd\ufffd\ufffd"),
    ],
)
def test_a_file_name_can_always_be_sent_and_printed(name: bytes, shown: str) -> None:
    """[P55]"""
    clean = clean_file_name(Path(name.decode("utf-8", "surrogateescape")))
    assert clean == shown
    assert clean.encode().decode() == clean_line(clean)


def test_a_server_sends_nobody_away_for_longer_than_ten_minutes() -> None:
    """W5."""
    link = ControlLink.__new__(ControlLink)
    link._record_drain(GoAway(retry_after_ms=2**53))
    assert link._wanted_pause_ms == LONGEST_WANTED_PAUSE_MS


def test_a_file_that_gets_its_name_meanwhile_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S40] Several files are copied in at once, and each looks for room while others are renamed."""
    store = PieceStore([tmp_path])
    gone = store.folder / "gone"
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([gone]))
    assert store.capacity_bytes() > 0
    monkeypatch.undo()
    store.close()
