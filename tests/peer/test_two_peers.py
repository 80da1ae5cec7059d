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
from unisono.peer.ambient import RealClock
from unisono.peer.command import report_line
from unisono.peer.keys import derive_keys
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.recorder import Recorder
from unisono.peer.session import PeerSession, SessionOptions

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
    server: ServerProcess, name: str, recording: Path, *files: Path
) -> AsyncIterator[PeerSession]:
    recorders: list[Recorder] = []

    def record(controller: PlaybackController) -> Recorder:
        recorders.append(Recorder(recording, controller, RealClock()))
        return recorders[0]

    keys = await asyncio.to_thread(derive_keys, "PARTY", secrets.token_bytes(32))
    session = PeerSession(
        SessionOptions(
            keys=keys, server=server.url.replace("http", "ws", 1), name=name, files=files, sinks=[record]
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
            await until(lambda: bo.songs.refusal_of(ids["no [31msong.mp3"]) is not None)
            await until(lambda: "cannot play no [31msong.mp3: a kind of file" in report_line(bo))
            assert "Playing" not in report_line(bo)
            ada.play(ids["caf\ufffd.wav"])
            await until(lambda: heard_sec(ada) > 1 and heard_sec(bo) > 1)
            assert "Playing: caf\ufffd.wav." in report_line(bo)
    refusals = [record.message for record in caplog.records if "cannot play" in record.message]
    assert len(refusals) == 2  # one per peer
    assert not any("\x1b" in record.getMessage() for record in caplog.records)
