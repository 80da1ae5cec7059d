"""How one worker passes a connection on to another: the socket, and what was read of it, into an inbox.

An inbox is a pair of connected Unix sockets that keep the borders of messages. The supervisor makes one for
each number and keeps both ends, so that it outlives the worker: what is passed on while a worker is started
again waits there. Nothing here blocks. An inbox that is full, or a process without free descriptors, raises
`OSError`.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from dataclasses import dataclass

# A head of a request has at most 32 KiB in aiohttp, and with it came what the client sent after it.
MOST_BYTES = 128 * 1024

_PEER_LENGTH = struct.Struct("!H")


@dataclass(frozen=True, slots=True)
class Handover:
    """A connection that another worker accepted."""

    sock: socket.socket
    # Read by the other worker already: the request, from its first byte.
    head: bytes
    # Who it is: under TLS the socket leads to the worker that accepted it, and cannot say.
    peer: str


def make_inbox() -> tuple[socket.socket, socket.socket]:
    """The end to write to and the end to read from. Raises `OSError` where the system has no such sockets."""
    into, out_of = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    into.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    out_of.setblocking(False)  # noqa: FBT003 - the same
    # The kernel refuses what does not fit; the default may be less than one message.
    into.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MOST_BYTES)
    return into, out_of


def send_connection(inbox: socket.socket, fd: int, head: bytes, peer: str = "") -> None:
    """Passes on a connection, of which the caller closes its own descriptor afterwards. Raises `OSError`."""
    if len(head) > MOST_BYTES // 2:
        raise OSError("the head of the request is too long to be passed on")
    name = peer.encode()
    message = _PEER_LENGTH.pack(len(name)) + name + head
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
    inbox.sendmsg([message], ancillary, socket.MSG_DONTWAIT)


def receive_connection(inbox: socket.socket) -> Handover | None:
    """The next one; None when nothing waits."""
    try:
        message, fds, _, _ = socket.recv_fds(inbox, MOST_BYTES, 1)
    except BlockingIOError:
        return None
    if not fds:
        return None
    for fd in fds[1:]:
        os.close(fd)
    end = _PEER_LENGTH.size + _PEER_LENGTH.unpack_from(message)[0]
    sock = socket.socket(fileno=fds[0])
    sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    return Handover(sock=sock, head=message[end:], peer=message[_PEER_LENGTH.size : end].decode())
