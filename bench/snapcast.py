"""The field's best in the same rig: Debian's snapserver, and one snapclient per loudspeaker, one song."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from bench.load import busy_cores
from lab.browsers.launch import Condition
from lab.browsers.process_tree import give_realtime_priority
from lab.ports import free_port, wait_for_port
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song
from lab.rig.tracking import RIG_RATE_HZ, Signal

# snapclient tells nobody when it has lined its output up, so it gets this long before a recording.
SETTLE_SEC = 4.0
SILENCE_RECORDED_SEC = 1.0
CHUNK_SEC = 0.02


def play_snapcast(
    song: Song,
    seats: str,
    seconds: float,
    condition: Condition,
    folder: Path,
    *,
    are_cores_busy: bool = False,
) -> Signal:
    """Server, clients, the song through the server's pipe in real time, and the recording of it.

    `are_cores_busy`: endless loops run until the clients get their priority.
    """
    for tool in ("snapserver", "snapclient"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing (Debian: apt-get install snapserver snapclient)")
    pipe = folder / "snapfifo"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    port, control = free_port(), free_port()
    processes: list[subprocess.Popen[bytes]] = []
    with (
        SpeakerRig(len(seats), priority=condition == "quiet") as rig,
        (folder / "snapcast.log").open("wb") as log,
    ):
        try:
            command = ["snapserver", "--config", str(write_config(folder, pipe, port, control))]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log))
            wait_for_port(port, "snapserver")
            for seat in range(len(seats)):
                command = [
                    "snapclient",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--instance",
                    str(seat + 1),
                ]
                environment = {**os.environ, **rig.env(seat)}
                processes.append(
                    subprocess.Popen([*command, "--player", "pulse"], env=environment, stdout=log, stderr=log)
                )
            # A client that hears nothing for 5 s drops its sound for good, so silence flows before the song.
            feeder = threading.Thread(target=feed, args=(pipe, song, seconds + 2))
            feeder.start()
            with busy_cores() if are_cores_busy else nullcontext():
                time.sleep(SETTLE_SEC)
            if condition == "quiet":
                for client in processes[1:]:
                    give_realtime_priority(threads_of(client.pid))
            rig.record(folder / "snapcast.f32")
            feeder.join()
            return rig.stop_recording()
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def write_config(folder: Path, pipe: Path, port: int, control: int) -> Path:
    """Its defaults but for the source: Debian's own configuration brings a first stream that nobody feeds."""
    path = folder / "snapserver.conf"
    lines = [
        *("[server]", f"datadir = {folder}", "[http]", "enabled = false"),
        *("[tcp]", f"port = {control}"),
        *(
            "[stream]",
            f"port = {port}",
            f"source = pipe://{pipe}?name=song&sampleformat=48000:16:2&mode=read",
        ),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def feed(pipe: Path, song: Song, seconds: float) -> None:
    """Writes silence, then the song, as 16-bit stereo and as fast as it plays."""
    silence = np.zeros(round((SETTLE_SEC + SILENCE_RECORDED_SEC) * RIG_RATE_HZ), dtype="<i2")
    music = np.round(32767 * np.clip(song.reference[: round(seconds * RIG_RATE_HZ)], -1, 1)).astype("<i2")
    stereo = np.repeat(np.concatenate([silence, music])[:, None], 2, axis=1)
    chunk = round(CHUNK_SEC * RIG_RATE_HZ)
    started = time.monotonic()
    with pipe.open("wb", buffering=0) as sink:
        for index, start in enumerate(range(0, len(stereo), chunk)):
            sink.write(stereo[start : start + chunk].tobytes())
            time.sleep(max(0.0, started + (index + 1) * CHUNK_SEC - time.monotonic()))


def threads_of(pid: int) -> dict[int, str]:
    """Thread id -> name, of all threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(task.name): (task / "comm").read_text().strip() for task in tasks}
