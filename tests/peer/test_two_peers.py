"""Two headless peers and a real server: they meet, share a file, and sound together. No browser, no card."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.server_process import ServerProcess
from tests.peer.test_lanes import HIGH, correlation, music_like_noise, rendered, written
from tests.peer.test_lanes import lag_frames as lag
from tests.peer.test_lanes import song as song_of
from unisono.peer.ambient import RealClock
from unisono.peer.command import report_line
from unisono.peer.file_state import KnownFile
from unisono.peer.keys import derive_keys
from unisono.peer.lane import Lane, interpolate
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.recorder import Recorder
from unisono.peer.session import PeerSession
from unisono.peer.session_options import SessionOptions
from unisono.peer.sound import HeldSound

RATE_HZ = 48_000
SONG_SEC = 8
HEARD_SEC = 3.0
# A state that has not come by then never will; normally a second or two.
PATIENCE_SEC = 60.0
POLL_SEC = 0.05


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Noise: it correlates sharply."""
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(1).normal(0, 3000, size=(SONG_SEC * RATE_HZ, 2)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(noise.tobytes())
    return path


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        while not is_so():  # noqa: ASYNC110 - states of others, who tell nobody here
            await asyncio.sleep(POLL_SEC)


@contextlib.asynccontextmanager
async def joined(
    server: ServerProcess, name: str, recording: Path, *files: Path, is_queueing: bool = False
) -> AsyncIterator[PeerSession]:
    recorders: list[Recorder] = []

    def record(controller: PlaybackController) -> Recorder:
        recorders.append(Recorder(recording, controller, RealClock()))
        return recorders[0]

    keys = await asyncio.to_thread(derive_keys, "PARTY", secrets.token_bytes(32))
    session = PeerSession(
        SessionOptions(
            keys=keys,
            server=server.url.replace("http", "ws", 1),
            name=name,
            files=files,
            is_queueing=is_queueing,
            sinks=[record],
        )
    )
    running = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        recorders[0].close(session.clock.estimate)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def name_of(session: PeerSession, user_id: str) -> str | None:
    person = session.roster.get(user_id)
    return person.status.name if person is not None and person.status is not None else None


async def test_two_peers_share_a_file_and_play_it_in_step(
    server: ServerProcess, song: Path, tmp_path: Path
) -> None:
    takes = [tmp_path / "ada.wav", tmp_path / "bo.wav"]
    async with joined(server, "ada", takes[0], song) as ada:
        await until(lambda: ada.director.is_me)
        async with joined(server, "bo", takes[1]) as bo:
            # They know each other, and bo the plan of ada, who was there first.
            await until(lambda: name_of(bo, ada.me) == "ada" and name_of(ada, bo.me) == "bo")
            await until(lambda: bo.director.director_id == ada.me)
            # Each link proven, the file arrives, every piece checked, and is bo's to give.
            await until(lambda: any(file.is_complete for file in bo.files))
            [file] = bo.files
            assert content_of(bo, file.file_id) == content_of(ada, file.file_id)
            await until(lambda: bo.swarm.get(file.file_id) is not None and file.annotation is not None)

            ada.play(file.file_id)
            await until(lambda: heard_sec(ada) > HEARD_SEC and heard_sec(bo) > HEARD_SEC)
            assert bo.plan.state == "playing"
    apart_ms = 1000 * apart_sec(*takes)
    print(f"\napart by {apart_ms:.4f} ms")
    assert abs(apart_ms) < 5


def content_of(session: PeerSession, file_id: str) -> bytes:
    path = session.swarm.content_of(file_id)
    assert path is not None
    return path.read_bytes()


def heard_sec(session: PeerSession) -> float:
    return session.controller.position_sec_at(RealClock().local_ms()) or 0.0


def apart_sec(one: Path, other: Path) -> float:
    """How much later the same sound lies in the other recording, both placed in global time."""
    return begin_of_sound_sec(other) - begin_of_sound_sec(one)


def begin_of_sound_sec(take: Path) -> float:
    """When the song's first frame would have sounded, global seconds, by correlation with the song."""
    first_us: float = json.loads(take.with_name(take.name + ".json").read_text())["firstFrameGlobalUs"]
    with wave.open(str(take), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    song = np.random.default_rng(1).normal(0, 3000, size=(SONG_SEC * RATE_HZ, 2))[:, 0]
    heard = frames[:, 0].astype(np.float64)
    reference = song[RATE_HZ : RATE_HZ + RATE_HZ // 2]
    return first_us / 1e6 + lag_frames(heard, reference) / RATE_HZ - 1.0


def lag_frames(heard: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    size = 1 << int(len(heard) + len(reference)).bit_length()
    scores = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size)), size)
    top = int(np.argmax(scores[: len(heard)]))
    before, at, after = (float(score) for score in scores[top - 1 : top + 2])
    return top + 0.5 * (before - after) / (before - 2 * at + after)


async def test_what_cannot_be_played_is_refused_once_and_the_next_song_plays(
    server: ServerProcess, song: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """[P52] [P55] Also where the next song's file name is not UTF-8: both are listed by who fetches them."""
    bad = tmp_path / "no\x1b[31msong.mp3"
    bad.write_bytes(b"just text\n" * 1000)
    good = tmp_path / b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    await asyncio.to_thread(song.rename, good)
    async with joined(server, "ada", tmp_path / "ada.wav", bad, good) as ada:
        await until(lambda: ada.director.is_me)
        async with joined(server, "bo", tmp_path / "bo.wav") as bo:
            await until(lambda: sum(file.is_complete for file in bo.files) == 2)
            ids = {file.name: file.file_id for file in bo.files}
            assert set(ids) == {"no [31msong.mp3", "caf\ufffd.wav"}
            ada.play(ids["no [31msong.mp3"])
            await until(lambda: bo.songs.loader.refusal_of(ids["no [31msong.mp3"]) is not None)
            await until(lambda: "cannot play no [31msong.mp3: a kind of file" in report_line(bo))
            assert "Playing" not in report_line(bo)
            ada.play(ids["caf\ufffd.wav"])
            await until(lambda: heard_sec(ada) > 1 and heard_sec(bo) > 1)
            assert "Playing: caf\ufffd.wav." in report_line(bo)
    refusals = [record.message for record in caplog.records if "cannot play" in record.message]
    assert len(refusals) == 2  # one per peer
    assert not any("\x1b" in record.getMessage() for record in caplog.records)


async def test_three_files_in_the_queue_play_as_the_recording_they_were_cut_from(
    server: ServerProcess, tmp_path: Path
) -> None:
    """[Q13] [Q14] FLAC, MP3 with LAME's tag, and FLAC: no frame is missing or doubled at either seam, on
    neither peer.
    """
    # The first is so long that a busy machine opens the others while it plays, in two processes each.
    whole = music_like_noise(frames=18 * 44_100)
    seams = (10 * 44_100 + 17, 14 * 44_100 + 1_003)
    pieces = np.split(whole, seams, axis=1)
    lame = ["-c:a", "libmp3lame", "-b:a", "320k"]
    paths = [
        written(tmp_path / f"{number}.{kind}", piece, 44_100, *options)
        for number, (piece, kind, options) in enumerate(
            zip(pieces, ("flac", "mp3", "flac"), (HIGH, lame, HIGH), strict=True)
        )
    ]
    takes = [tmp_path / "ada.wav", tmp_path / "bo.wav"]
    async with joined(server, "ada", takes[0], *paths, is_queueing=True) as ada:
        await until(lambda: len(ada.keeper.queue.entries) == 3)
        assert all(entry.duration_us is not None for entry in ada.keeper.queue.entries)
        async with joined(server, "bo", takes[1]) as bo:
            await until(
                lambda: sum(file.is_complete and file.annotation is not None for file in bo.files) == 3
            )
            await until(lambda: bo.keeper.queue == ada.keeper.queue)
            ada.play_entry(ada.keeper.queue.entries[0].entry_id)
            await until(lambda: ada.plan.state == "playing")
            start_us = ada.plan.global_start_us
            await until(lambda: ada.plan.state == "stopped")
            await until(lambda: bo.keeper.queue == ada.keeper.queue)
            assert len(bo.keeper.queue.played) == 3
    for take in takes:
        assert_is_like(take, start_us, whole, seams)


@pytest.mark.long
async def test_the_music_goes_on_when_the_director_leaves_and_past_what_nobody_can_play(
    server: ServerProcess, tmp_path: Path
) -> None:
    """[Q13] [Q14] Without a seam; who is left writes the plan on, and ends it."""
    whole = music_like_noise(frames=20 * 44_100)
    # Long enough that a director leaves and is succeeded within it, however busy the machine is.
    first, last = np.split(whole, (15 * 44_100 + 17,), axis=1)
    paths = [
        written(tmp_path / "first.flac", first, 44_100, *HIGH),
        tmp_path / "no song.mp3",
        written(tmp_path / "last.flac", last, 44_100, *HIGH),
    ]
    paths[1].write_bytes(b"just text\n" * 1000)
    async with joined(server, "bo", tmp_path / "bo.wav") as bo:
        async with joined(server, "ada", tmp_path / "ada.wav", *paths, is_queueing=True) as ada:
            # Both are hidden: who was there first directs, and carries out what ada asks for.
            await until(lambda: len(ada.keeper.queue.entries) == 3 and bo.keeper.queue == ada.keeper.queue)
            await until(lambda: sum(file.is_complete for file in bo.files) == 3)
            director, other = (ada, bo) if ada.director.is_me else (bo, ada)
            assert other.director.director_id == director.me
            director.play_entry(director.keeper.queue.entries[0].entry_id)
            await until(lambda: bo.keeper.queue.entries[1].skipped == "nobody-can-play")
            await until(lambda: bo.plan.state == "playing")
            start_us = bo.plan.global_start_us
        await until(lambda: bo.plan.state == "stopped")
        assert bo.director.is_me
        assert [entry.skipped for entry in bo.keeper.queue.played] == [None, "nobody-can-play", None]
        assert bo.keeper.queue.entries == ()
    assert_is_like(tmp_path / "bo.wav", start_us, whole, (15 * 44_100 + 17,))


def assert_is_like(take: Path, start_us: float, whole: NDArray[np.float64], seams: tuple[int, ...]) -> None:
    """Before, behind and across each seam the recording is the uncut one."""
    whole_sec = whole.shape[1] / 44_100
    heard = heard_from(take, start_us, whole_sec - 0.1)
    wanted = rendered([Lane(song_of(whole, 44_100), 0.0, whole_sec)], whole_sec - 0.1)
    for seam in seams:
        at = round(seam / 44_100 * RATE_HZ)
        for part in (slice(at - 9_600, at), slice(at, at + 9_600), slice(at - 4_800, at + 4_800)):
            lag_ms = 1000 * lag(heard[0, part], wanted[0, part]) / RATE_HZ
            likeness = correlation(shifted(heard, lag_ms, part), wanted[0, part])
            print(f"{take.name}: {lag_ms:.3f} ms, correlation {likeness:.4f}")
            assert abs(lag_ms) < 1
            assert likeness > 0.95


def is_there(file: KnownFile) -> bool:
    return file.is_complete and file.annotation is not None


def heard_from(take: Path, start_us: float, seconds: float) -> NDArray[np.float64]:
    """What a recording has from a global moment on, placed to the fraction of a frame."""
    first_us: float = json.loads(take.with_name(take.name + ".json").read_text())["firstFrameGlobalUs"]
    with wave.open(str(take), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2).T / 32_768
    begin_frame = (start_us - first_us) / 1e6 * RATE_HZ
    positions: NDArray[np.float64] = np.arange(round(seconds * RATE_HZ), dtype=np.float64)
    positions += begin_frame
    sound = interpolate(HeldSound(np.asarray(frames, np.float32)), positions)
    assert sound is not None
    return sound.astype(np.float64)


def shifted(heard: NDArray[np.float64], lag_ms: float, part: slice) -> NDArray[np.float64]:
    """The part as it would be without that lag: two clocks differ by hundredths of a millisecond."""
    positions: NDArray[np.float64] = np.arange(part.start, part.stop) + lag_ms / 1000 * RATE_HZ
    sound = interpolate(HeldSound(np.asarray(heard, np.float32)), positions)
    assert sound is not None
    return np.asarray(sound[0], np.float64)
