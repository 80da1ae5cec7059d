#!/bin/sh
# Firefox 153 ESR, decodeAudioData of Ogg Vorbis 5.1: the channels come in the stream's order (front left, centre, front right, rear
# left, rear right, LFE: Vorbis specification, 4.3.9) and not in the order of Web Audio (L, R, C, LFE, SL, SR), into which it puts
# FLAC and Opus, and into which Chromium 156 puts all three. Whoever plays or mixes by the order has the centre on the right and
# a rear channel as LFE. One tone per channel: 300, 500, 700, 60, 1100, 1300 Hz in Web Audio's order.
# Needs Debian's ffmpeg, chromium and firefox-esr. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
chromium --version
firefox-esr --version
tones=$(for hertz in 300 500 700 60 1100 1300; do printf "|0.3*sin(%s*2*PI*t)" "$hertz"; done)
tones=${tones#|}
for kind in flac:flac ogg:libvorbis opus:libopus; do
  ffmpeg -loglevel error -f lavfi -i "aevalsrc=$tones:c=5.1:s=48000:d=2" -c:a "${kind#*:}" -b:a 512k "$folder/five.${kind%:*}"
done
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import base64
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

LOOK = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const sound = await new OfflineAudioContext(6, 1, 48000).decodeAudioData(bytes.buffer);
  const strength = (samples, hertz) => {
    let [re, im] = [0, 0];
    samples.forEach((value, at) => {
      re += value * Math.cos(2 * Math.PI * hertz * at / 48000);
      im += value * Math.sin(2 * Math.PI * hertz * at / 48000);
    });
    return Math.hypot(re, im);
  };
  return Array.from({length: sound.numberOfChannels}, (_, index) => {
    const samples = sound.getChannelData(index).subarray(24000, 48000);
    const tones = [300, 500, 700, 60, 1100, 1300].map((hertz) => [strength(samples, hertz), hertz]);
    return Math.max(...tones.map(([level]) => level)) < 500 ? 0 : tones.sort((a, b) => b[0] - a[0])[0][1];
  });
}"""
folder = Path(sys.argv[1])
seen: dict[tuple[str, str], list[int]] = {}
with sync_playwright() as api:
    for name, browser in (
        ("Chromium", api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])),
        ("Firefox", api.firefox.launch(channel="moz-firefox", executable_path="/usr/bin/firefox-esr")),
    ):
        page = browser.new_page()
        page.goto("about:blank")
        for file in sorted(folder.glob("five.*")):
            content = base64.b64encode(file.read_bytes()).decode()
            seen[name, file.suffix[1:]] = page.evaluate(LOOK, content)
            print(f"{name} {file.suffix[1:]}:", seen[name, file.suffix[1:]])
        browser.close()
right = [300, 500, 700, 60, 1100, 1300]
wrong = seen.pop(("Firefox", "ogg"))
sys.exit(0 if wrong == [300, 700, 500, 1100, 1300, 60] and all(order == right for order in seen.values()) else 1)
PYTHON
