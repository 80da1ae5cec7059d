"""N virtual loudspeakers on a PulseAudio of our own, and one sample-aligned recording of all of them.

Clock: recording time = frames of the master null sink / 48 kHz. Channel i of the recording is loudspeaker i.
The daemon, its socket and its files live in a folder that goes with it; no PulseAudio of the user's is
touched. Knows nothing of browsers and of what is played.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

import numpy as np

from lab.rig.tracking import RIG_RATE_HZ, Signal

START_LIMIT_SEC = 30.0  # on a loaded machine; normally 0.2 s
RECORDING_LIMIT_SEC = (
    30.0  # the null sink finishes a block of up to 2 s before it hears of a recorder's wish for 20 ms
)
STOP_LIMIT_SEC = 10.0
POLL_SEC = 0.02
RECORD_LATENCY_MS = 20  # keeps the null sink's blocks, and so the grain of `recorded_sec`, as small
SAMPLE_BYTES = 4
REALTIME_PRIORITY = 5  # what PulseAudio asks for on real systems (its default realtime-priority)


class SpeakerRig:
    """A context manager: the daemon runs inside it.

    `priority=True` puts PulseAudio's threads under SCHED_RR, as real systems do; it needs the right to
    (root). `microphone=True` adds one that hears all loudspeakers alike; browsers take it for their default.
    `microphone="apart"` gives it a channel for each of two loudspeakers, for who adds ways through the air.
    """

    def __init__(
        self, speakers: int, *, priority: bool = False, microphone: bool | Literal["apart"] = False
    ) -> None:
        if speakers < 1:
            raise ValueError("a rig needs at least one loudspeaker")
        if microphone == "apart" and speakers != 2:
            raise ValueError("a browser's microphone has two channels at most: for two loudspeakers")
        self.speakers = speakers
        self.priority = priority
        self.microphone = microphone
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._recorder: subprocess.Popen[bytes] | None = None
        self._log: BinaryIO | None = None
        self._recording_path: Path | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def env(self, speaker: int) -> dict[str, str]:
        """The environment that makes a process play on this loudspeaker and nowhere else."""
        if not 0 <= speaker < self.speakers:
            raise IndexError(f"no loudspeaker {speaker} among {self.speakers}")
        own = {**self._client_env(), "PULSE_SINK": f"speaker{speaker}"}
        return {**own, "PULSE_SOURCE": "microphone"} if self.microphone else own

    def record(self, path: Path) -> None:
        """Start recording all loudspeakers into `path` (raw float32); returns once sound is being written."""
        if self._recorder is not None:
            raise RuntimeError("already recording")
        with path.open("wb") as output:
            self._recorder = self._listen(output)
        self._recording_path = path
        self._wait_until(lambda: self.recorded_sec() > 0, self._recorder, RECORDING_LIMIT_SEC, "record")

    def recorded_sec(self) -> float:
        """How far the recording is. What sounds now will be found here, give or take 50 ms: for marks."""
        if self._recording_path is None:
            raise RuntimeError("nothing was recorded")
        return self._recording_path.stat().st_size // (SAMPLE_BYTES * self.speakers) / RIG_RATE_HZ

    def stop_recording(self) -> Signal:
        """End the recording and return it as frames x speakers."""
        if self._recorder is None or self._recording_path is None:
            raise RuntimeError("not recording")
        is_alive = self._recorder.poll() is None
        _end(self._recorder)
        self._recorder = None
        if not is_alive:
            raise RuntimeError(f"the recorder ended by itself\n{self.log()}")
        samples = np.fromfile(self._recording_path, dtype="<f4")
        whole = len(samples) // self.speakers * self.speakers
        return samples[:whole].reshape(-1, self.speakers)

    def streams(self) -> list[str]:
        """One line per stream that plays now, of which loudspeaker (`pactl list short sink-inputs`)."""
        return [
            line for line in self._pactl("list", "short", "sink-inputs").splitlines() if "remap" not in line
        ]

    def log(self) -> str:
        """What PulseAudio and the recorder said."""
        path = self._path("pulse.log")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End what this rig started, in any state. Idempotent."""
        for process in (self._recorder, self._keeper, self._daemon):
            if process is not None:
                _end(process)
        self._recorder = self._keeper = self._daemon = None
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> None:
        # A short path: a socket's name is limited to 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="unisono-rig-")
        # No cookie, no autospawn: a client of this rig must reach this daemon or fail.
        # Browsers take their sample rate from the server's default, not from the sink: 44.1 kHz unless told.
        rates = f"default-sample-rate = {RIG_RATE_HZ}\nalternate-sample-rate = {RIG_RATE_HZ}\n"
        self._path("daemon.conf").write_text(rates, encoding="utf-8")
        self._path("client.conf").write_text("autospawn = no\nenable-shm = yes\n", encoding="utf-8")
        channels = self._channel_map()
        modules = [
            f"module-native-protocol-unix socket={self._path('native')} auth-anonymous=1",
            f"module-null-sink sink_name=room format=float32le rate={RIG_RATE_HZ} "
            f"channels={self.speakers} channel_map={channels}",
            *(
                f"module-remap-sink sink_name=speaker{speaker} master=room remix=no channels=1 "
                f"master_channel_map=aux{speaker} channel_map=mono"
                for speaker in range(self.speakers)
            ),
        ]
        if self.microphone:
            # Not the monitor itself: Chromium does not count those as microphones.
            heard = (
                "remix=no channels=2 channel_map=front-left,front-right master_channel_map=aux0,aux1"
                if self.microphone == "apart"
                else "remix=yes channels=1 channel_map=mono master_channel_map=mono"
            )
            modules.append(f"module-remap-source source_name=microphone master=room.monitor {heard}")
        command = [
            *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
            *("--realtime=no", "--high-priority=no", "--log-target=stderr", "--log-level=notice"),
            *(f"--load={module}" for module in modules),
        ]
        # The recorder and the daemon write here; opened for as long as they run.
        self._log = self._path("pulse.log").open("wb")
        self._daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=self._daemon_env()
        )
        self._wait_until(self._is_ready, self._daemon, START_LIMIT_SEC, "start PulseAudio")
        # An idle null sink works in blocks of 2 s, so a first sound would come up to 2 s late; a real card is
        # always awake. Someone who listens from the start keeps this one so, from before the waker goes.
        first = self._path("first.f32")
        with first.open("wb") as output:
            waker = self._listen(output)
        try:
            self._wait_until(
                lambda: first.stat().st_size > 0, waker, RECORDING_LIMIT_SEC, "wake the null sink"
            )
            self._keeper = self._listen(subprocess.DEVNULL)
            self._wait_until(lambda: self._listeners() > 1, self._keeper, START_LIMIT_SEC, "keep it awake")
        finally:
            _end(waker)
        if self.priority:
            for task in Path(f"/proc/{self._daemon.pid}/task").iterdir():
                os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))

    def _listen(self, output: BinaryIO | int) -> subprocess.Popen[bytes]:
        command = [
            *("parec", "--device=room.monitor", "--raw", "--format=float32le", f"--rate={RIG_RATE_HZ}"),
            *(f"--channels={self.speakers}", f"--channel-map={self._channel_map()}"),
            *("--no-remix", "--no-remap", f"--latency-msec={RECORD_LATENCY_MS}"),
        ]
        env = {**os.environ, **self._client_env()}
        return subprocess.Popen(command, stdout=output, stderr=self._log, env=env)

    def _listeners(self) -> int:
        return len(self._pactl("list", "short", "source-outputs").splitlines())

    def _is_ready(self) -> bool:
        sinks = self._pactl("list", "short", "sinks", check=False)
        return all(f"speaker{speaker}\t" in sinks for speaker in range(self.speakers))

    def _pactl(self, *arguments: str, check: bool = True) -> str:
        result = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self._client_env()},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode != 0:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {result.stderr}\n{self.log()}")
        return result.stdout

    def _wait_until(
        self, is_done: Callable[[], bool], process: subprocess.Popen[bytes], limit_sec: float, what: str
    ) -> None:
        give_up_at = time.monotonic() + limit_sec
        while not is_done():
            if process.poll() is not None:
                raise RuntimeError(f"could not {what}: exit code {process.returncode}\n{self.log()}")
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"could not {what} within {limit_sec:g} s\n{self.log()}")
            time.sleep(POLL_SEC)

    def _channel_map(self) -> str:
        return ",".join(f"aux{speaker}" for speaker in range(self.speakers))

    def _client_env(self) -> dict[str, str]:
        return {
            "PULSE_SERVER": f"unix:{self._path('native')}",
            "PULSE_RUNTIME_PATH": str(self._path("")),
            "PULSE_CLIENTCONFIG": str(self._path("client.conf")),
        }

    def _daemon_env(self) -> dict[str, str]:
        own = {
            "PULSE_CONFIG": str(self._path("daemon.conf")),
            "PULSE_RUNTIME_PATH": str(self._path("")),
            "PULSE_STATE_PATH": str(self._path("")),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        return {**inherited, **own, "HOME": str(self._path(""))}

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise RuntimeError("the rig is not running: use it as a context manager")
        return Path(self._folder.name) / name


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_SEC)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
