"""Which worker a connection belongs to. Pure.

The first request decides: a control channel names its shard (`/v1/control?s=<shard>`), and the shard its
worker; everything else is served by whoever accepted it. A worker keeps its number over restarts, so a shard
stays where it is for as long as the number of workers does.
"""

from __future__ import annotations

import re
import zlib

CONTROL_PATH = b"/v1/control"

_SHARD = re.compile(rb"[0-9A-Fa-f]{1,8}")


def shard_of(request_line: bytes) -> bytes | None:
    """The shard that a request line asks for, empty when it names none; None when it asks for something else.

    A server behind a path of its host may get that path before ours, so only the end of the path counts.
    """
    method, _, rest = request_line.partition(b" ")
    path, _, query = rest.partition(b" ")[0].partition(b"?")
    if method != b"GET" or not path.endswith(CONTROL_PATH):
        return None
    return next((part[2:] for part in query.split(b"&") if part.startswith(b"s=")), b"")


def worker_of(shard: bytes, workers: int) -> int:
    """The number of the worker that has this shard."""
    number = int(shard, 16) if _SHARD.fullmatch(shard) else zlib.crc32(shard)
    return number % workers
