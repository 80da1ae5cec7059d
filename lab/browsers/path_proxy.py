"""Debian's HAProxy with one path of its host led to a server: for people with one domain for many things."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.networks.haproxy import haproxy
from lab.ports import free_port

START_LIMIT_SEC = 30.0
POLL_SEC = 0.05

_CONFIG = """
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
frontend in
    bind 127.0.0.1:{port}
    use_backend unisono if {{ path_beg {path}/ }}
    http-request return status 404 unless {{ path_beg {path}/ }}
backend unisono
    {rewrite}
    server one 127.0.0.1:{server_port}
"""


@contextmanager
def path_proxy(folder: Path, server_port: int, path: str, *, keeps_path: bool) -> Iterator[str]:
    """The address of the page behind the proxy; `keeps_path`: the server sees the path as well."""
    port = free_port()
    rewrite = "" if keeps_path else rf"http-request replace-path {path}/(.*) /\1"
    config = folder / "path.cfg"
    text = _CONFIG.format(port=port, path=path, rewrite=rewrite, server_port=server_port)
    config.write_text(text, encoding="utf-8")
    with (folder / "path.log").open("wb") as log:
        process = subprocess.Popen([haproxy(), "-db", "-f", str(config)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}{path}/"
    try:
        _wait_until_up(process, f"{url}healthz")
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline_sec = time.monotonic() + START_LIMIT_SEC
    while True:
        try:
            with urllib.request.urlopen(url, timeout=START_LIMIT_SEC) as answer:
                answer.read()
                return
        except OSError:  # refused, answered with an error, or cut in the middle
            assert process.poll() is None, "haproxy ended"
            assert time.monotonic() < deadline_sec, "haproxy does not answer"
            time.sleep(POLL_SEC)  # asks again; the deadline ends it
