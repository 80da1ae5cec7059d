"""What pages read of their sound cards in a room, beside where their loudspeakers were: material for replays.

    python -m bench.capture fresh --runs 3 --seconds 40 --into FOLDER

Each run leaves `FOLDER/<scenario>-<n>.json.gz`: for every device the timestamps that its AudioContext told,
the segments that its page queued, the page's clock, and the song's place in the recording every 50 ms. A
replay gives the timestamps to the code under test and compares the port that it reckons with the one heard:
web/src/audio/testing/captured-room.ts reads these files, and some rooms are kept beside it for the tests.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.honesty import Judged, Said, in_words, judge
from bench.scenarios import SCENARIOS
from bench.speaker_room import play_unisono
from lab.rig.song import make_large_song, make_song
from lab.rig.tracking import track

# Timestamps are logged when they change: one per render callback. Times of all pages are on the host's clock.
_LOG = """(() => {
  const originMs = performance.timeOrigin;
  const log = { originMs, stamps: [], stairs: [], segments: [], stats: [], pages: [] };
  window.captured = log;
  const { getOutputTimestamp } = AudioContext.prototype;
  let last = -1;
  AudioContext.prototype.getOutputTimestamp = function () {
    const stamp = getOutputTimestamp.call(this);
    if (stamp.performanceTime !== last) {
      last = stamp.performanceTime;
      const nowMs = performance.now();
      log.stamps.push([nowMs, stamp.contextTime, stamp.performanceTime]);
      const stats = this.playbackStats ?? this.playoutStats;
      if (stats && log.stamps.length % 5 === 0) {
        const { underrunDuration, underrunEvents, totalDuration, averageLatency } = stats;
        log.stats.push([nowMs, underrunDuration, underrunEvents, totalDuration, averageLatency]);
      }
    }
    return stamp;
  };
  if (navigator.userAgent.includes("Firefox")) {
    const { get } = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "currentTime");
    let [before, polledMs] = [-1, -1];
    Object.defineProperty(BaseAudioContext.prototype, "currentTime", {
      get() {
        const now = get.call(this);
        const nowMs = performance.now();
        if (now > before) log.stairs.push([nowMs, now, nowMs - polledMs]);
        [before, polledMs] = [now, nowMs];
        return now;
      },
    });
  }
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === "render") {
      const { startFrame, frames, position, ratio, ratioStep } = message.segment;
      log.segments.push([performance.now(), startFrame, frames, position, ratio, ratioStep]);
    }
    return postMessage.call(this, message, ...rest);
  };
  setInterval(() => {
    const shot = window.unisono?.snapshot();
    const { errorMs, ratePpm, rejoins, state, uncertaintyMs, positionSec } = shot?.playback ?? {};
    const { clock } = shot ?? {};
    const page = [errorMs, ratePpm, rejoins, state, clock?.offsetMs, clock?.uncertaintyMs];
    log.pages.push([performance.now(), ...page, uncertaintyMs, positionSec]);
  }, 500);
})();"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.capture", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    scenario = SCENARIOS[options.scenario]
    with tempfile.TemporaryDirectory(prefix="unisono-capture-") as name:
        folder = Path(name)
        song = make_large_song(folder) if scenario.is_large_file else make_song(folder)
        for number in range(1, options.runs + 1):
            heard = play_unisono(scenario, song, options.seconds, folder, log_script=_LOG)
            tracks = track(heard.recording, song.reference)
            at_sec = tracks.at_sec
            devices: dict[str, Any] = {
                seat: {**notes.pop("captured"), "playback": notes, "songSec": in_song(at_sec, column)}
                for (seat, notes), column in zip(heard.notes.items(), tracks.delay_ms.T, strict=True)
            }
            path = options.into / f"{options.scenario}-{number}.json.gz"
            with gzip.open(path, "wt", encoding="utf-8") as file:
                json.dump({"atSec": at_sec.round(6).tolist(), "devices": devices}, file)
            print(f"{path}, {in_words(judge_pages(at_sec, devices))}", flush=True)


def judge_pages(at_sec: np.typing.NDArray[np.float64], devices: dict[str, Any]) -> list[Judged]:
    said = {
        seat: [
            Said(song_sec, error_ms, uncertainty_ms)
            for _, error_ms, _, _, _, _, _, uncertainty_ms, song_sec in device["pages"]
            if None not in (error_ms, uncertainty_ms, song_sec)
        ]
        for seat, device in devices.items()
    }
    return judge(at_sec.tolist(), {seat: device["songSec"] for seat, device in devices.items()}, said)


def in_song(
    at_sec: np.typing.NDArray[np.float64], delay_ms: np.typing.NDArray[np.float64]
) -> list[float | None]:
    """Where in the song the loudspeaker was, s, to the microsecond; None where it was silent."""
    places = at_sec - delay_ms / 1000
    return [None if np.isnan(place) else round(float(place), 6) for place in places]


if __name__ == "__main__":
    main()
