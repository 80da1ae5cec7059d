"""One file to everyone over bare data channels, by a plan made beforehand: what browsers can do at all.

The seeder sends each message to one leecher, who hands it on to all others. Nobody asks for anything, nothing
is hashed, stored, listed, paced or shown; there is no server and no clock. So the time is that of the shaped
uplinks and of the browsers, and the CPU seconds are what any scheme in these browsers costs at least.
"""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path

from bench.swarm_players import LINK_LIMIT_SEC, REST_SEC, Run, curve, last_sec, wait_whole
from bench.swarm_site import CpuMeter, Site

# The best size of a message, and what is given to a channel ahead, as in bench/one_channel.py.
_MESSAGE_BYTES = 64 * 1024

_MESH = """async ({ own, count, messageBytes }) => {
  const peers = new Map();
  const mesh = { bytes: 0, sentBytes: 0, samples: [], peers };
  window.mesh = mesh;
  const pump = (peer) => {
    while (peer.waiting.length > 0 && peer.channel.bufferedAmount <= 192 * 1024) {
      const message = peer.waiting.shift();
      peer.channel.send(message);
      mesh.sentBytes += message.byteLength;
    }
  };
  mesh.give = (number, message) => {
    const peer = peers.get(number);
    peer.waiting.push(message);
    pump(peer);
  };
  for (let number = 0; number < count; number++) {
    if (number === own) continue;
    const connection = new RTCPeerConnection();
    const channel = connection.createDataChannel("bulk", { negotiated: true, id: 1 });
    const peer = { connection, channel, waiting: [] };
    peers.set(number, peer);
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = 128 * 1024;
    channel.onbufferedamountlow = () => pump(peer);
    channel.onmessage = ({ data }) => {
      mesh.bytes += data.byteLength;
      mesh.samples.push([Date.now(), mesh.bytes]);
      if (number !== 0) return;  // only what comes from the seeder is handed on
      for (const other of peers.keys()) if (other !== 0) mesh.give(other, data);
    };
  }
  mesh.begin = (sizeBytes) => {
    for (let sent = 0; sent < sizeBytes; sent += messageBytes)
      mesh.give(1 + (sent / messageBytes) % (count - 1), new ArrayBuffer(messageBytes));
  };
}"""

_DESCRIBE = """async ({ number, remote }) => {
  const { connection } = mesh.peers.get(number);
  if (remote) await connection.setRemoteDescription(remote);
  if (remote?.type === "answer") return null;
  await connection.setLocalDescription(await (remote ? connection.createAnswer() : connection.createOffer()));
  while (connection.iceGatheringState !== "complete")
    await new Promise((resolve) =>
      connection.addEventListener("icegatheringstatechange", resolve, { once: true }));
  return connection.localDescription.toJSON();
}"""

_IS_OPEN = "() => [...mesh.peers.values()].every(({ channel }) => channel.readyState === 'open')"
_CLOSE = "() => { for (const { connection } of mesh.peers.values()) connection.close(); }"


def run_bare_mesh(site: Site, path: Path, limit_sec: float) -> Run:
    """As a way of `bench.swarm`. The file's size is a multiple of 64 KiB; its content does not matter."""
    size_bytes = path.stat().st_size
    if size_bytes % _MESSAGE_BYTES:
        raise ValueError(f"{size_bytes} bytes are no multiple of {_MESSAGE_BYTES}")
    pages = [device.page for device in site.devices]
    for own, page in enumerate(pages):
        page.goto("about:blank")
        page.evaluate(_MESH, {"own": own, "count": len(pages), "messageBytes": _MESSAGE_BYTES})
    for one, other in combinations(range(len(pages)), 2):
        offer = pages[one].evaluate(_DESCRIBE, {"number": other})
        answer = pages[other].evaluate(_DESCRIBE, {"number": one, "remote": offer})
        pages[one].evaluate(_DESCRIBE, {"number": other, "remote": answer})
    for page in pages:
        page.wait_for_function(_IS_OPEN, timeout=LINK_LIMIT_SEC * 1000)
    resting_cores = site.resting_cores(REST_SEC)
    used_sec = site.cpu_sec()
    wire_bytes, cpu, started_ms = site.wire_bytes(), CpuMeter(), time.time() * 1000
    pages[0].evaluate("(sizeBytes) => mesh.begin(sizeBytes)", size_bytes)
    wait_whole(site.leechers, f"mesh.bytes >= {size_bytes}", limit_sec)
    cpu_share, wire_bytes = cpu.read(), site.wire_bytes() - wire_bytes
    used_sec = site.cpu_sec() - used_sec
    held = [curve(page.evaluate("mesh.samples"), started_ms) for page in pages[1:]]
    sent_bytes = sum(page.evaluate("mesh.sentBytes") for page in pages)
    for page in pages:
        page.evaluate(_CLOSE)
    return Run(
        taken_sec=last_sec(held, size_bytes),
        sent_bytes=sent_bytes,
        wire_bytes=wire_bytes,
        cpu_share=cpu_share,
        cpu_sec=used_sec,
        resting_cores=resting_cores,
        links=len(pages) - 1,
        held=held,
        pace=[],
    )
