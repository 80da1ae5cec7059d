// One WebTorrent client with its defaults, but for what would look outside: no public STUN or tracker. Leaves on `window.bench`
// what bench/swarm.py reads: samples of [epoch ms, bytes held], and the counters.

import WebTorrent from "./webtorrent.js";

const SAMPLE_PERIOD_MS = 100;

let client = null;
let torrent = null;
const samples = [];

function open() {
  client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
  client.on("error", (error) => console.error(`WebTorrent: ${error.message}`));
  return client;
}

window.bench = {
  samples,
  /** Returns the magnet link once the file is hashed and offered. */
  async seed(announce) {
    const content = await (await fetch("/file")).blob();
    torrent = await new Promise((resolve) => {
      open().seed(new File([content], "bench.mp3"), { announceList: [[announce]] }, resolve);
    });
    return torrent.magnetURI;
  },
  fetch(magnet, strategy) {
    torrent = open().add(magnet, { strategy });
    const timer = setInterval(() => {
      samples.push([Date.now(), torrent.progress * (torrent.length || 0)]);
      if (torrent.done) clearInterval(timer);
    }, SAMPLE_PERIOD_MS);
  },
  isWhole: () => torrent?.done === true,
  counts: () => ({ sentBytes: torrent.uploaded, receivedBytes: torrent.received, links: torrent.numPeers }),
  close: () => new Promise((resolve) => client.destroy(resolve)),
};
