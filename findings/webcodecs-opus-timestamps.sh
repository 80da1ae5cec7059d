#!/bin/sh
# WebCodecs, Opus: what the timestamp of a chunk means differs by browser, because of the 312 samples (6.5 ms) of pre-skip that a decoder
# drops from the first chunk. Each browser agrees with itself; sound that one encodes and the other decodes does not fit together.
#  - AudioEncoder: Chromium 156 stamps the chunks 0, 20, 40 ms ..., Firefox 153 ESR 0, 13.5, 33.5 ms ..., each said to last 20 ms.
#  - AudioDecoder: Chromium counts on from its first output by the samples given, and these chunks' timestamps change nothing. Firefox hands on
#    each chunk's own. So of Chromium's chunks Firefox makes 13.5 ms of sound, a hole of 6.5 ms, and all the rest 6.5 ms too late.
#  - Stamped as a demuxer of Ogg or WebM does it (-6.5, 13.5, 33.5 ms ...), the rest is in place in Firefox, but the first 13.5 ms are not: they
#    stand 6.5 ms too early, before the hole. Chromium has them right.
# A pulse every 100 ms shows how late sound comes out by its timestamps. Needs Debian's chromium and firefox-esr. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
chromium --version
firefox-esr --version
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from playwright.sync_api import sync_playwright

ENCODE = """async () => {
  const chunks = [];
  let head;
  const encoder = new AudioEncoder({
    output: (chunk, metadata) => {
      const found = metadata?.decoderConfig?.description;
      if (found) head = Array.from(new Uint8Array(found.buffer ?? found));
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      chunks.push([chunk.timestamp, chunk.duration, Array.from(data)]);
    },
    error: (error) => { throw error; },
  });
  encoder.configure({codec: 'opus', sampleRate: 48000, numberOfChannels: 1, bitrate: 128000});
  const pulse = new Float32Array(4800).map((_, at) => 0.5 * Math.exp(-(((at - 2400) / 100) ** 2)));
  for (let n = 0; n < 10; n++) {
    const sound = {format: 'f32-planar', sampleRate: 48000, numberOfFrames: 4800, numberOfChannels: 1};
    const data = new AudioData({...sound, timestamp: n * 100000, data: pulse});
    encoder.encode(data);
    data.close();
  }
  await encoder.flush();
  return {chunks, head};
}"""
DECODE = """async ({chunks, head}) => {
  const parts = [];
  const decoder = new AudioDecoder({
    output: (data) => {
      const samples = new Float32Array(data.numberOfFrames);
      data.copyTo(samples, {planeIndex: 0, format: 'f32-planar'});
      parts.push([Math.round(data.timestamp * 0.048), samples]);
      data.close();
    },
    error: (error) => { throw error; },
  });
  decoder.configure({codec: 'opus', sampleRate: 48000, numberOfChannels: 1, description: new Uint8Array(head)});
  for (const [timestamp, duration, data] of chunks)
    decoder.decode(new EncodedAudioChunk({type: 'key', timestamp, duration, data: new Uint8Array(data)}));
  await decoder.flush();
  const line = new Float32Array(60000);
  const holes = [];
  parts.forEach(([at, samples], n) => {
    samples.forEach((sample, k) => { if (at + k >= 0) line[at + k] = sample; });
    if (n === 0) return;
    const hole = at - parts[n - 1][0] - parts[n - 1][1].length;
    if (Math.abs(hole) > 2) holes.push(hole);
  });
  let [weight, moment] = [0, 0];
  for (let at = 26400 - 1000; at < 26400 + 1000; at++) {
    const loud = Math.max(0, line[at] - 0.05);
    weight += loud;
    moment += loud * at;
  }
  return {first: parts[0][0], holes, late: moment / weight - 26400};
}"""

with sync_playwright() as api:
    browsers = {
        "Chromium": api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"]),
        "Firefox": api.firefox.launch(channel="moz-firefox", executable_path="/usr/bin/firefox-esr"),
    }
    pages = {}
    for name, browser in browsers.items():
        pages[name] = browser.new_page()
        # WebCodecs want a secure context, which about:blank is not.
        pages[name].route("**/*", lambda route: route.fulfill(body="<p>", content_type="text/html"))
        pages[name].goto("https://page.test/")
    made = {name: page.evaluate(ENCODE) for name, page in pages.items()}
    as_demuxed = [[n * 20_000 - 6_500, 20_000, data] for n, (_, _, data) in enumerate(made["Chromium"]["chunks"])]
    made["a demuxer"] = {"chunks": as_demuxed, "head": made["Chromium"]["head"]}
    for maker, stream in made.items():
        said_ms = ", ".join(f"{timestamp / 1000:g}" for timestamp, _, _ in stream["chunks"][:3])
        print(f"chunks of {maker}: {said_ms} ms, pre-skip {int.from_bytes(stream['head'][10:12], 'little')}")
        for name, page in pages.items():
            found = page.evaluate(DECODE, stream)
            late_ms = round(found["late"] / 48 * 2) / 2 + 0
            print(f"  by {name}: first at {found['first']}, holes {found['holes']}, later sound late by {late_ms:g} ms")
    for browser in browsers.values():
        browser.close()
PYTHON
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
chunks of Chromium: 0, 20, 40 ms, pre-skip 312
  by Chromium: first at 0, holes [], later sound late by 0 ms
  by Firefox: first at 0, holes [312], later sound late by 6.5 ms
chunks of Firefox: 0, 13.5, 33.5 ms, pre-skip 312
  by Chromium: first at 0, holes [], later sound late by 0 ms
  by Firefox: first at 0, holes [], later sound late by 0 ms
chunks of a demuxer: -6.5, 13.5, 33.5 ms, pre-skip 312
  by Chromium: first at 0, holes [], later sound late by 0 ms
  by Firefox: first at -312, holes [312], later sound late by 0 ms
EXPECTED
cmp "$folder/seen" "$folder/expected"
