"""The built SPA: which files there are, and how each may be cached. Reads the folder, never writes.

Only files found by walking the folder are served, looked up by their exact address, so no request can name a
path. aiohttp sends the .br or .gz sibling that the build put beside a file when the browser accepts it. Knows
no clock. A rebuild while the server runs is noticed by the time stamp of index.html.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from unisono.config import Limits

WEB_ROOT = Path(__file__).parent / "_web"

# Vite puts what it hashes into /assets/ and eight or more characters of the hash before the extension.
_HASHED = re.compile(r"^/assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+$")
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_REVALIDATE = "no-cache"

COMPRESSED_SUFFIXES = frozenset({".br", ".gz"})

# Written out because the host's own table (mime.types) differs from machine to machine.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

NOT_BUILT = "The web app is not built. Run `make web` in a checkout, or install the released package."

_NOT_BUILT_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Unisono</title>
<h1>The web app is not built</h1>
<p>The server runs, but the page it should show has not been built yet.
Run <code>make web</code> in the checkout and reload, or install the released package, which carries it.</p>
</html>
"""


def _unescaped(address: str) -> web.Response:
    """Some messengers escape the `#` of a link, and its key comes here as a path. Sent back where it belongs,
    it leads into the swarm; it is neither logged nor kept.
    """
    fragment = quote(address.partition("#")[2], safe="-._~!$&'()*+,;=:@/?")
    return web.Response(status=302, headers={hdrs.LOCATION: f"./#{fragment}", hdrs.CACHE_CONTROL: "no-store"})


class _FileInTime(web.FileResponse):
    """A reader that takes its time holds a socket and an open file: after so long it is cut off. Not by
    cancelling, which would leave the file to the garbage collector.
    """

    def __init__(self, path: Path, headers: dict[str, str], limit_sec: float) -> None:
        super().__init__(path, headers=headers)
        self._limit_sec = limit_sec

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Sends the whole file, as that of aiohttp does."""
        transport = request.transport
        if transport is None:
            return await super().prepare(request)
        cutting = asyncio.get_running_loop().call_later(self._limit_sec, transport.abort)
        try:
            return await super().prepare(request)
        finally:
            cutting.cancel()


class WebApp:
    """Serves one built folder."""

    def __init__(
        self,
        root: Path = WEB_ROOT,
        path: str = "",
        response_timeout_sec: float = Limits.response_timeout_sec,
    ) -> None:
        """`path`: of the public URL, without a slash at its end; all below it is as at the root."""
        self._response_timeout_sec = response_timeout_sec
        self._root = root
        self._path = path
        self._files: dict[str, Path] = {}
        self._index_mtime_ns: int | None = None
        self.refresh()

    @property
    def is_built(self) -> bool:
        return "/" in self._files

    def refresh(self) -> None:
        """Walks the folder again when index.html is not the one it was."""
        try:
            mtime_ns = (self._root / "index.html").stat().st_mtime_ns
        except FileNotFoundError:
            self._files, self._index_mtime_ns = {}, None
            return
        if mtime_ns == self._index_mtime_ns:
            return
        files = {
            f"/{path.relative_to(self._root).as_posix()}": path
            for path in self._root.rglob("*")
            if path.is_file() and not path.is_symlink() and path.suffix not in COMPRESSED_SUFFIXES
        }
        files["/"] = files["/index.html"]
        self._files, self._index_mtime_ns = files, mtime_ns

    async def serve(self, request: web.Request) -> web.StreamResponse:
        address = request.path
        if self._path and address == self._path:
            # The page asks for its parts beside its own address.
            return web.Response(status=308, headers={hdrs.LOCATION: f"{self._path}/"})
        if self._path and address.startswith(f"{self._path}/"):
            address = address.removeprefix(self._path)
        if address == "/" or address not in self._files:
            self.refresh()
        path = self._files.get(address)
        if path is None:
            if address == "/" and not self.is_built:
                return web.Response(status=503, text=_NOT_BUILT_PAGE, content_type="text/html")
            if "#" in address:
                return _unescaped(address)
            return web.Response(status=404, text="There is nothing here.\n")
        headers: dict[str, str] = {
            hdrs.CACHE_CONTROL: CACHE_FOREVER if _HASHED.match(address) else CACHE_REVALIDATE,
            # Also on what goes out as it is, or a shared cache would hand that to everyone.
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            hdrs.CONTENT_TYPE: CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
        }
        return _FileInTime(path, headers, self._response_timeout_sec)
