"""Asks STUN and TURN servers as a browser does (RFC 8489, RFC 8656): does one answer, does it take a login?

Blocking, for the doctor: call it in a thread. A relay that was allocated for the question is given back. The
answer is None when all is well, else one sentence that says what was seen. Clock: timeouts only.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs

from unisono.protocol import IceServer
from unisono.stun import (
    ATTRIBUTE,
    BINDING_REQUEST,
    BINDING_SUCCESS,
    ERROR_CODE,
    HEADER,
    MAGIC_COOKIE,
    XOR_MAPPED_ADDRESS,
)

ALLOCATE_REQUEST, ALLOCATE_SUCCESS, ALLOCATE_ERROR = 0x0003, 0x0103, 0x0113
REFRESH_REQUEST = 0x0004
USERNAME, MESSAGE_INTEGRITY, LIFETIME, REALM, NONCE, REQUESTED_TRANSPORT = 0x06, 0x08, 0x0D, 0x14, 0x15, 0x19
UDP_RELAY = b"\x11\0\0\0"
MESSAGE_INTEGRITY_BYTES = 24
UNAUTHORIZED = 401

# Datagrams are lost: asked again, as browsers do.
UDP_WAITS_SEC = (0.5, 1.0, 2.0)
STREAM_LIMIT_SEC = 5.0
MOST_ANSWER_BYTES = 2048

DEFAULT_PORTS = {"stun": 3478, "turn": 3478, "turns": 5349}


@dataclass(frozen=True, slots=True)
class Address:
    """What a `stun:`, `turn:` or `turns:` URL names."""

    scheme: str
    host: str
    port: int
    transport: str

    @property
    def spoken(self) -> str:
        return f"{self.transport.upper()} port {self.port} of {self.host}"


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    realm: bytes
    nonce: bytes
    key: bytes


def parse_url(url: str) -> Address:
    """Raises `ValueError` for what is none of these URLs."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    host, _, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not host:
        host, port = port, ""
    default = "tcp" if scheme == "turns" else "udp"
    transport = parse_qs(query).get("transport", [default])[0]
    return Address(scheme, host.strip("[]"), int(port) if port else DEFAULT_PORTS[scheme], transport)


def ask(server: IceServer, url: str) -> str | None:
    """What is wrong with this server, or None."""
    try:
        address = parse_url(url)
        with _connected(address) as sock:
            if address.scheme == "stun":
                return _ask_stun(sock, address)
            return _ask_turn(sock, address, str(server.username), str(server.credential))
    except (ValueError, KeyError):
        return f"{url} is no URL of a STUN or TURN server."
    except ssl.SSLError as failure:
        return f"TLS with {url} failed: {failure.reason}."
    except OSError as failure:
        return f"{url} does not answer ({failure.strerror or 'in time'})."


def _ask_stun(sock: socket.socket, address: Address) -> str | None:
    kind, attributes = _exchange(sock, address, _message(BINDING_REQUEST, []))
    if kind == BINDING_SUCCESS and XOR_MAPPED_ADDRESS in attributes:
        return None
    return f"Something answers on {address.spoken}, but not as a STUN server does."


def _ask_turn(sock: socket.socket, address: Address, username: str, credential: str) -> str | None:
    wanted = [(REQUESTED_TRANSPORT, UDP_RELAY)]
    kind, attributes = _exchange(sock, address, _message(ALLOCATE_REQUEST, wanted))
    if kind == ALLOCATE_SUCCESS:
        return f"The relay at {address.host} wants no login: everyone can use it."
    if kind != ALLOCATE_ERROR or REALM not in attributes or NONCE not in attributes:
        return f"Something answers on {address.spoken}, but not as a TURN server does."
    realm, nonce = attributes[REALM], attributes[NONCE]
    # The key is what the protocol says; nothing rests on MD5 but that.
    key = hashlib.md5(
        b":".join((username.encode(), realm, credential.encode())), usedforsecurity=False
    ).digest()
    login = Login(username, realm, nonce, key)
    kind, attributes = _exchange(sock, address, _message(ALLOCATE_REQUEST, wanted, login))
    if kind == ALLOCATE_SUCCESS:
        sock.send(_message(REFRESH_REQUEST, [(LIFETIME, bytes(4))], login))
        return None
    code = _error_code(attributes)
    if code == UNAUTHORIZED:
        return f"The relay at {address.host} refuses the login that the server makes for its pages."
    return f"The relay at {address.host} takes the login but gives no relay (error {code})."


def _error_code(attributes: dict[int, bytes]) -> int:
    value = attributes.get(ERROR_CODE, b"")
    return value[2] * 100 + value[3] if len(value) >= 4 else 0


def _message(kind: int, attributes: list[tuple[int, bytes]], login: Login | None = None) -> bytes:
    """With a login, its attributes and the integrity over everything before it (RFC 8489 §14.5)."""
    if login is not None:
        user = (USERNAME, login.username.encode())
        attributes = [*attributes, user, (REALM, login.realm), (NONCE, login.nonce)]
    body = b"".join(_attribute(name, value) for name, value in attributes)
    transaction_id = secrets.token_bytes(12)
    if login is None:
        return HEADER.pack(kind, len(body), MAGIC_COOKIE, transaction_id) + body
    signed = HEADER.pack(kind, len(body) + MESSAGE_INTEGRITY_BYTES, MAGIC_COOKIE, transaction_id) + body
    return signed + _attribute(MESSAGE_INTEGRITY, hmac.new(login.key, signed, hashlib.sha1).digest())


def _attribute(kind: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


@contextlib.contextmanager
def _connected(address: Address) -> Iterator[socket.socket]:
    if address.transport == "udp":
        family, _, _, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(place)
            yield sock
        return
    with socket.create_connection((address.host, address.port), STREAM_LIMIT_SEC) as sock:
        if address.scheme != "turns":
            yield sock
            return
        with ssl.create_default_context().wrap_socket(sock, server_hostname=address.host) as secured:
            yield secured


def _exchange(sock: socket.socket, address: Address, request: bytes) -> tuple[int, dict[int, bytes]]:
    """Kind and attributes of the answer. Raises `OSError` when none comes."""
    if address.transport != "udp":
        sock.sendall(request)
        return _parse(_read_exactly(sock, HEADER.size), sock)
    for wait_sec in UDP_WAITS_SEC:
        sock.settimeout(wait_sec)
        with contextlib.suppress(TimeoutError):
            sock.send(request)
            answer = sock.recv(MOST_ANSWER_BYTES)
            if answer[8:20] == request[8:20]:
                return _parse(answer, None)
    raise TimeoutError


def _parse(answer: bytes, stream: socket.socket | None) -> tuple[int, dict[int, bytes]]:
    if len(answer) < HEADER.size:
        return 0, {}
    kind, length, cookie, _ = HEADER.unpack_from(answer)
    if cookie != MAGIC_COOKIE or length > MOST_ANSWER_BYTES:
        return 0, {}
    body = answer[HEADER.size :] if stream is None else _read_exactly(stream, length)
    attributes: dict[int, bytes] = {}
    at = 0
    while at + ATTRIBUTE.size <= len(body):
        name, size = struct.unpack_from("!HH", body, at)
        attributes[name] = body[at + ATTRIBUTE.size : at + ATTRIBUTE.size + size]
        at += ATTRIBUTE.size + size + -size % 4
    return kind, attributes


def _read_exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionResetError(None, "it closed the connection")
        data += part
    return data
