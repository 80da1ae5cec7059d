#!/bin/sh
# Firefox 153 ESR, decodeAudioData of two valid WAV files, each of one second:
#  - 64-bit floats (format 3): resolves with two seconds, most samples far beyond full scale, instead of rejecting as it does for
#    64-bit integers. A page that plays what it was given plays full-scale noise.
#  - seven channels of 16 bits, each a constant of its own: resolves with samples that have slipped into other channels.
# Needs Debian's firefox-esr; the driver is installed in a temporary folder. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
firefox-esr --version
"$folder/venv/bin/python" - <<'PYTHON'
import base64
import struct
import sys

from playwright.sync_api import sync_playwright

RATE = 48_000


def wav(code: int, bits: int, frames: list[bytes], channels: int) -> str:
    data = b"".join(frames)
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", code, channels, RATE, RATE * block, block, bits)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(data)) + data
    return base64.b64encode(b"RIFF" + struct.pack("<I", len(chunks)) + chunks).decode()


# A slow ramp between -0.5 and 0.5, so that no value is special.
floats = wav(3, 64, [struct.pack("<d", (n % 1000) / 1000 - 0.5) for n in range(RATE)], 1)
seven = wav(1, 16, [struct.pack("<7h", *(3276 * (n + 1) for n in range(7)))] * RATE, 7)

LOOK = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const sound = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes.buffer);
  return Array.from({length: sound.numberOfChannels}, (_, index) => {
    const samples = sound.getChannelData(index).subarray(4800, -4800);
    let [least, most, wild] = [Infinity, -Infinity, 0];
    for (const value of samples) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      if (!(Math.abs(value) <= 1)) wild += 1;
    }
    return {seconds: sound.duration, least, most, wild: wild / samples.length};
  });
}"""

with sync_playwright() as api:
    browser = api.firefox.launch(channel="moz-firefox", executable_path="/usr/bin/firefox-esr")
    page = browser.new_page()
    page.goto("about:blank")
    [ramp] = page.evaluate(LOOK, floats)
    channels = page.evaluate(LOOK, seven)
    browser.close()

print(f"64-bit floats from -0.5 to 0.5, 1 s: {ramp}")
print("seven channels, constants 0.1 to 0.7:")
for at, channel in enumerate(channels):
    print(f"  {(at + 1) / 10}: {channel['least']:.2f} to {channel['most']:.2f}")
is_noise = ramp["seconds"] > 1.9 and ramp["wild"] > 0.1
has_slipped = any(channel["most"] - channel["least"] > 0.05 for channel in channels)
sys.exit(0 if is_noise and has_slipped else 1)
PYTHON
