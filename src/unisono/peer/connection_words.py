"""Why there is no connection to the server, in words for the person at the terminal. Pure."""

from __future__ import annotations

import os
import socket

import aiohttp

BUSY = 503

# The first that fits counts: the special ones come before those they are kinds of.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted here"),
    (aiohttp.ClientConnectorSSLError, "it does not speak https; perhaps the link begins with http://"),
    (aiohttp.ServerDisconnectedError, "it closed the connection; perhaps the link begins with https://"),
    (aiohttp.ClientConnectorDNSError, "nothing on the network has this name"),
    (aiohttp.InvalidURL, "that is no address of a computer"),
    (TimeoutError, "it does not answer"),
)


def why_not_connected(failure: Exception) -> str:
    """Completes "the server at … cannot be reached: "."""
    for kind, words in _WORDS:
        if isinstance(failure, kind):
            return words
    if isinstance(failure, aiohttp.WSServerHandshakeError):
        is_busy = failure.status == BUSY
        return "it is busy" if is_busy else f"what answers there is no Unisono server (HTTP {failure.status})"
    cause = failure.os_error if isinstance(failure, aiohttp.ClientConnectorError) else failure
    if isinstance(cause, socket.gaierror):
        return "nothing on the network has this name"
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno).lower()
    return "that is no address of a computer" if isinstance(failure, ValueError) else type(failure).__name__
