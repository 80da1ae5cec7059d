"""One server of several processes: who goes where, what all count together, and the table they share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from unisono.config import Limits
from unisono.errors import PeerError, StartError
from unisono.metrics import Metrics
from unisono.workers.budgets import SharedAddressBudgets
from unisono.workers.channel import Channel, Drain, Told
from unisono.workers.child import Inheritance
from unisono.workers.handover import MOST_BYTES, make_inbox, receive_connection, send_connection
from unisono.workers.relay import RelayEnd, make_pair
from unisono.workers.routing import shard_of, worker_of
from unisono.workers.shared import FRESH_NS, SharedTable
from unisono.workers.supervisor import Supervisor
from unisono.workers.totals import Totals

US_PER_SEC = 1_000_000
# What a supervisor that starts nothing needs none of.
INHERITED = ("argv", "listener", "into_inboxes", "out_of_inboxes", "stun_port")


# --- who goes where -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "shard"),
    [
        (b"GET /v1/control?s=03fa HTTP/1.1", b"03fa"),
        (b"GET /unisono/v1/control?x=1&s=03fa HTTP/1.1", b"03fa"),
        (b"GET /v1/control HTTP/1.1", b""),
        (b"GET /v1/control?t=1 HTTP/1.1", b""),
        (b"GET / HTTP/1.1", None),
        (b"GET /v1/controls?s=03fa HTTP/1.1", None),
        (b"POST /v1/control?s=03fa HTTP/1.1", None),
        (b"", None),
    ],
)
def test_the_shard_is_read_from_the_first_line(line: bytes, shard: bytes | None) -> None:
    assert shard_of(line) == shard


def test_shards_are_spread_evenly_over_the_workers() -> None:
    numbers = [worker_of(b"%04x" % shard, 3) for shard in range(3000)]
    assert [numbers.count(number) for number in range(3)] == [1000, 1000, 1000]


@pytest.mark.parametrize("shard", [b"", b"not a shard", b"\xff", b"1_0", b"f" * 100])
def test_whatever_is_no_shard_has_a_worker_too(shard: bytes) -> None:
    assert worker_of(shard, 4) == worker_of(shard, 4) in range(4)
    assert worker_of(b"AB01", 4) == worker_of(b"ab01", 4)


def test_a_connection_is_passed_on_with_what_was_read_of_it() -> None:
    into, out_of = make_inbox()
    ours, theirs = socket.socketpair()
    with closing(into), closing(out_of), closing(ours):
        with closing(theirs):
            send_connection(into, theirs.fileno(), b"GET /", "203.0.113.7")
        handover = receive_connection(out_of)
        assert handover is not None
        with closing(handover.sock):
            assert (handover.head, handover.peer) == (b"GET /", "203.0.113.7")
            ours.sendall(b"more")
            handover.sock.settimeout(None)
            assert handover.sock.recv(10) == b"more"
        assert receive_connection(out_of) is None


def test_a_full_inbox_says_so_and_loses_nothing() -> None:
    into, out_of = make_inbox()
    with closing(into), closing(out_of), socket.socket() as connection:
        sent = received = 0
        with contextlib.suppress(OSError):
            for sent in range(10_000):  # noqa: B007 - it counts those before the failure
                send_connection(into, connection.fileno(), bytes(16_000))
        while (handover := receive_connection(out_of)) is not None:
            handover.sock.close()
            received += 1
        assert 10 < received == sent < 9_999
        with pytest.raises(OSError, match="too long"):
            send_connection(into, connection.fileno(), bytes(MOST_BYTES))


async def test_a_relay_loses_nothing_whichever_side_is_there_first() -> None:
    loop = asyncio.get_running_loop()
    end, other = RelayEnd(), RelayEnd()
    end.connect(other)
    page, accepted = socket.socketpair()
    here, there = make_pair()
    page.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    with closing(page), closing(there):
        await loop.connect_accepted_socket(lambda: end, accepted)
        await loop.sock_sendall(page, b"early")
        await loop.connect_accepted_socket(lambda: other, here)
        assert await read(there, 5) == b"early"
        # More than all buffers on the way hold, to a reader that takes it late.
        long = bytes(range(256)) * 40_000
        sending = asyncio.create_task(loop.sock_sendall(there, long))
        assert await read(page, len(long)) == long
        await sending
        page.shutdown(socket.SHUT_RDWR)
        assert await read(there, 1) == b""
        await end.closed


async def read(sock: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer at the end."""
    data = b""
    while len(data) < size and (more := await asyncio.get_running_loop().sock_recv(sock, 65_536)):
        data += more
    return data


async def test_what_the_other_end_of_a_channel_does_not_know_is_passed_over() -> None:
    """As while a new version is rolled out."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b'{"type":"of a later version"}\n{"type":"drain","has_successor":true}\n')
    channel = await Channel.on(ours)
    assert await channel.hear() == Drain(has_successor=True)
    theirs.close()
    assert await channel.hear() is None
    await channel.close()


# --- what they share ----------------------------------------------------------------------------------------


@pytest.fixture
def table() -> Iterator[SharedTable]:
    table = SharedTable.create(workers=2)
    yield table
    table.close()


def mapped_again(table: SharedTable) -> SharedTable:
    """As another process has it."""
    return SharedTable(os.dup(table.fd), table.workers, table.secret)


def test_all_serve_when_each_has_told_of_itself_lately(table: SharedTable) -> None:
    with closing(mapped_again(table)) as others:
        table.beat(0, 0, 5, now_ns=1)
        assert not others.are_all_serving(now_ns=1)
        others.beat(1, 1, 7, now_ns=2)
        assert table.are_all_serving(now_ns=2)
        assert table.most_connections() == 7
        # A successor of the first serves while the first drains.
        table.beat(2, 0, 0, now_ns=3)
        table.withdraw(0)
        assert table.are_all_serving(now_ns=3)
        assert not table.are_all_serving(now_ns=2 + FRESH_NS)
        others.clear(1)
        assert not table.are_all_serving(now_ns=3)


def test_the_connections_of_an_address_are_bounded_over_all_workers(table: SharedTable) -> None:
    limits = Limits(connections_per_address=3)
    with closing(mapped_again(table)) as others:
        ours, theirs = SharedAddressBudgets(limits, table, 0), SharedAddressBudgets(limits, others, 1)
        ours.connect("192.0.2.1", 0)
        ours.connect("192.0.2.1", 0)
        theirs.connect("192.0.2.1", 0)
        for budgets in (ours, theirs):
            with pytest.raises(PeerError, match="from this network address"):
                budgets.connect("192.0.2.1", 0)
        theirs.connect("192.0.2.2", 0)
        ours.disconnect("192.0.2.1", 0)
        theirs.connect("192.0.2.1", 0)
        # The other worker died: its connections are gone with it.
        table.clear(1)
        assert table.connections_of(table.row_of("192.0.2.1")) == 1


def test_the_joins_of_an_address_are_bounded_over_all_workers(table: SharedTable) -> None:
    limits = Limits(joins_per_address_per_min=4)
    with closing(mapped_again(table)) as others:
        workers = [SharedAddressBudgets(limits, table, 0), SharedAddressBudgets(limits, others, 1)]
        for budgets in workers:
            budgets.connect("192.0.2.1", 0)
            budgets.join("192.0.2.1", 0)
            budgets.join("192.0.2.1", 0)
        for budgets in workers:
            with pytest.raises(PeerError, match="joins per minute"):
                budgets.join("192.0.2.1", 0)
        workers[0].join("192.0.2.1", 15 * US_PER_SEC)
        with pytest.raises(PeerError, match="joins per minute"):
            workers[1].join("192.0.2.1", 15 * US_PER_SEC)


# --- when they start ----------------------------------------------------------------------------------------


class NoneStarts(Supervisor):
    """Its processes end before they serve."""

    async def _start(self, _number: int) -> None:
        return None


async def test_who_is_asked_to_stop_while_it_starts_does_not_say_that_it_failed(table: SharedTable) -> None:
    """Init systems send the signal to all processes, and workers that do not know it yet end of it."""
    supervisor = NoneStarts(Inheritance(**dict.fromkeys(INHERITED), table=table))  # type: ignore[arg-type]
    stopping = asyncio.Event()
    with pytest.raises(StartError):
        await supervisor.start(stopping)
    stopping.set()
    await supervisor.start(stopping)
    await supervisor.stop()


# --- what they count ----------------------------------------------------------------------------------------


def told(metrics: Metrics, **swarms: int) -> Told:
    return Told(
        counted=metrics.counted(),
        swarm_sizes={int(size.removeprefix("of_")): number for size, number in swarms.items()},
        queue_bytes=30,
        queue_bytes_max=20,
        waiting_upgrades=4,
        cpu_sec=1.0,
        resident_bytes=1000,
    )


def test_the_counts_of_all_workers_are_added_up() -> None:
    ada, bo = Metrics(connections=2), Metrics(connections=3)
    for metrics in (ada, bo):
        metrics.received("ping", 50)
        metrics.refused_upgrades["429"] += 1
        metrics.clock_service.observe(0.000_03)
    text = Totals().render([(0, told(ada, of_2=1)), (1, told(bo, of_2=1, of_1=1))], is_draining=False)
    for line in (
        "unisono_connections 5",
        "unisono_swarms 3",
        "unisono_members 5",
        "unisono_queue_bytes 60",
        "unisono_queue_bytes_max 20",
        "unisono_waiting_upgrades 8",
        'unisono_refused_upgrades_total{status="429"} 2',
        'unisono_messages_received_total{type="ping"} 2',
        'unisono_clock_service_seconds_bucket{le="0.000050"} 2',
        'unisono_worker_connections{worker="0"} 2',
        'unisono_worker_connections{worker="1"} 3',
    ):
        assert line in text.splitlines()


def test_no_count_falls_when_a_worker_has_ended() -> None:
    metrics = Metrics(connections=2)
    metrics.received("ping", 50)
    totals = Totals()
    for _ in range(2):
        totals.retire(told(metrics))
    lines = totals.render([(0, None)], is_draining=True).splitlines()
    assert 'unisono_messages_received_total{type="ping"} 2' in lines
    assert "unisono_connections 0" in lines
    assert "unisono_draining 1" in lines
