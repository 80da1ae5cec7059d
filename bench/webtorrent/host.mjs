// What WebTorrent needs beside browsers: its own tracker, and a web server for the page and the file.
// Usage: node host.mjs <address> <file to share>; prints one line of JSON with both addresses when it listens.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import Server from "bittorrent-tracker/server"; // not the package as a whole: its client wants a native module

const [address, sharedPath] = process.argv.slice(2);
const here = new URL("./", import.meta.url);
const pages = {
  "/": [new URL("page.html", here), "text/html"],
  "/page.js": [new URL("page.js", here), "text/javascript"],
  "/webtorrent.js": [new URL("node_modules/webtorrent/dist/webtorrent.min.js", here), "text/javascript"],
  "/file": [sharedPath, "application/octet-stream"],
};

const web = createServer(async ({ url }, response) => {
  const [path, type] = pages[url] ?? [];
  if (!path) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": type }).end(await readFile(path));
});
const tracker = new Server({ udp: false, http: false, ws: true, stats: false });
tracker.on("warning", ({ message }) => process.stderr.write(`${message}\n`));

const listening = (server, ...where) => new Promise((resolve) => server.listen(...where, resolve));
await Promise.all([listening(web, 0, address), listening(tracker, 0, address)]);
const page = `http://${address}:${web.address().port}`;
const announce = `ws://${address}:${tracker.http.address().port}`;
process.stdout.write(`${JSON.stringify({ page, announce })}\n`);
