"""What was said on WebSocket connections, read from captured bytes (RFC 6455).

A client masks its frames, so looking for a word in the raw bytes finds nothing even when it was sent: the
messages have to be unmasked first. Pure. Knows no time. Refuses compressed frames instead of missing what is
inside them.
"""

FIN_AND_OPCODE = 2  # bytes before any extended length
OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_BINARY = 0x0, 0x1, 0x2


def split_http_head(captured: bytes) -> tuple[bytes, bytes]:
    """(request or response head, the rest)."""
    head, separator, rest = captured.partition(b"\r\n\r\n")
    return head + separator, rest


def is_upgrade(head: bytes) -> bool:
    return b"upgrade: websocket" in head.lower()


def messages(frames: bytes) -> list[bytes]:
    """The data messages of one direction, unmasked and whole; an unfinished frame at the end is left out."""
    found: list[bytes] = []
    current = bytearray()
    at = 0
    while (frame := _frame(frames, at)) is not None:
        first, payload, at = frame
        if first & 0x40:
            raise ValueError("a compressed frame: its words cannot be read here")
        if first & 0x0F not in {OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_BINARY}:
            continue
        current += payload
        if first & 0x80:
            found.append(bytes(current))
            current.clear()
    return found


def _frame(frames: bytes, at: int) -> tuple[int, bytes, int] | None:
    """(first byte, unmasked payload, where the next begins), or None when the frame is not all there."""
    if len(frames) < at + FIN_AND_OPCODE:
        return None
    first, second = frames[at], frames[at + 1]
    at += FIN_AND_OPCODE
    size = second & 0x7F
    extended = {126: 2, 127: 8}.get(size, 0)
    if extended:
        size = int.from_bytes(frames[at : at + extended])
        at += extended
    mask = b""
    if second & 0x80:
        mask = frames[at : at + 4]
        at += 4
    payload = frames[at : at + size]
    if len(payload) < size or (second & 0x80 and len(mask) < 4):
        return None
    if mask:
        repeated = (mask * (size // 4 + 1))[:size]
        payload = (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)
    return first, payload, at + size
