"""The proxy against an echo server on loopback, and the reading of what it kept."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from lab.browsers.tcp_proxy import TcpProxy
from lab.browsers.websocket_bytes import is_upgrade, messages, split_http_head
from lab.ports import free_port

LIMIT_SEC = 30.0  # generous: nothing here waits for it unless something is broken


class Echo(socketserver.BaseRequestHandler):
    """Sends back twice what it gets, and closes when its client does."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := self.request.recv(65536):
                self.request.sendall(chunk + chunk)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def echo_port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), LIMIT_SEC)


def receive(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    return received


def test_bytes_pass_unchanged_and_are_counted_and_kept_per_direction(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"hello")
        assert receive(ada, 10) == b"hellohello"
        assert (proxy.count("to_server"), proxy.count("to_client"), proxy.count()) == (5, 10, 15)
        assert bytes(proxy.connections[0].to_server) == b"hello"
        assert bytes(proxy.connections[0].to_client) == b"hellohello"


def test_a_megabyte_arrives_whole_and_in_order_through_delay_and_jitter(echo_port: int) -> None:
    sent = bytes(range(256)) * 4096
    with TcpProxy("127.0.0.1", echo_port, delay_ms=2, jitter_ms=5, seed=7) as proxy, connect(proxy) as ada:
        sender = threading.Thread(target=ada.sendall, args=(sent,))
        sender.start()
        received = receive(ada, 2 * len(sent))
        sender.join()
        assert len(received) == 2 * len(sent)
        assert bytes(proxy.connections[0].to_server) == sent
        assert bytes(proxy.connections[0].to_client) == received


def test_connections_are_kept_apart(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"ada")
        receive(ada, 6)
        with connect(proxy) as bo:
            bo.sendall(b"bo")
            receive(bo, 4)
            assert [bytes(connection.to_server) for connection in proxy.connections] == [b"ada", b"bo"]


def test_the_end_of_a_stream_passes_through(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"last words")
        ada.shutdown(socket.SHUT_WR)
        assert receive(ada, 1000) == b"last wordslast words"


def test_a_blackhole_holds_everything_back_and_delivers_it_afterwards(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"a")
        assert receive(ada, 2) == b"aa"
        proxy.blackhole = True
        ada.sendall(b"b")
        ada.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ada.recv(1)
        ada.settimeout(LIMIT_SEC)
        proxy.blackhole = False
        assert receive(ada, 2) == b"bb"


def test_a_stall_holds_back_its_chunk_and_what_follows(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"a")
        assert receive(ada, 2) == b"aa"
        proxy.stall_share, proxy.stall_ms = 1.0, LIMIT_SEC * 1000
        ada.sendall(b"b")
        ada.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ada.recv(1)
        proxy.stall_share = 0.0
        ada.sendall(b"c")
        with pytest.raises(TimeoutError):
            ada.recv(1)


def test_a_dropped_connection_breaks_and_a_new_one_is_served(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy, connect(proxy) as ada:
        ada.sendall(b"a")
        receive(ada, 2)
        proxy.drop_connections()
        with contextlib.suppress(ConnectionError):
            assert ada.recv(1) == b""
        with connect(proxy) as again:
            again.sendall(b"c")
            assert receive(again, 2) == b"cc"


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with TcpProxy("127.0.0.1", free_port()) as proxy, connect(proxy) as ada:
        assert receive(ada, 1) == b""


def test_closing_twice_is_harmless_and_frees_the_port(echo_port: int) -> None:
    with TcpProxy("127.0.0.1", echo_port) as proxy:
        port = proxy.port
    proxy.close()
    socket.create_server(("127.0.0.1", port)).close()


def masked(payload: bytes, first: int = 0x81, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = bytes([0x80 | 126]) + size.to_bytes(2)
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([first]) + length + mask + body


@pytest.mark.parametrize("size", [0, 1, 5, 125, 126, 65535, 65536, 70001])
def test_a_masked_message_of_any_size_is_read_as_it_was_written(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    assert messages(masked(payload) + masked(b"next")) == [payload, b"next"]


def test_the_example_of_the_standard_is_read() -> None:
    # RFC 6455 5.7: "Hello" unmasked, masked, and in two fragments.
    assert messages(bytes.fromhex("810548656c6c6f")) == [b"Hello"]
    assert messages(bytes.fromhex("818537fa213d7f9f4d5158")) == [b"Hello"]
    assert messages(bytes.fromhex("010348656c80026c6f")) == [b"Hello"]


def test_control_frames_between_fragments_are_no_message() -> None:
    assert messages(masked(b"one", 0x01) + masked(b"ping", 0x89) + masked(b"two", 0x80)) == [b"onetwo"]


def test_an_unfinished_frame_is_left_out_at_every_length() -> None:
    whole = masked(b"first") + masked(b"second message")
    for cut in range(len(masked(b"first")), len(whole)):
        assert messages(whole[:cut]) == [b"first"]


def test_a_compressed_frame_is_refused_and_not_overlooked() -> None:
    with pytest.raises(ValueError, match="compressed"):
        messages(masked(b"secret", 0xC1))


def test_an_upgrade_is_told_from_a_plain_request() -> None:
    head, rest = split_http_head(b"GET /v1/control HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n\x81\x00")
    assert is_upgrade(head)
    assert rest == b"\x81\x00"
    assert not is_upgrade(split_http_head(b"GET / HTTP/1.1\r\n\r\n")[0])
