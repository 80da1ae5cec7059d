"""The process: listens, runs until a signal, and leaves politely.

Leaving: stop accepting, `/readyz` says so, every peer hears `goaway` and is closed at its own moment of a
short spread, then the process ends. A second Ctrl-C ends it at once. Clock: the event loop's, for waiting
only.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import random
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from unisono import __version__
from unisono.app import make_metrics_app
from unisono.config import Config, Drain, Tls
from unisono.drain import Departure, plan_drain
from unisono.errors import StartError
from unisono.hub import Hub, Session, global_us
from unisono.log import LOGGER, log_event, log_failure
from unisono.sockets import fit_to_open_files, raise_open_files
from unisono.static import NOT_BUILT, WebApp
from unisono.stun import start_stun
from unisono.visit import Readiness
from unisono.web_server import BACKLOG, WebServer

# A collection walks the objects of the connections it looks at. Among 10,000 of them a full one held up clock
# probes for 0.3 to 1 s, one of the middle generation for 0.1 to 0.3 s; the default has those every 70,000 and
# 7,000 new objects. Now both come every 2,000,000: at most 200 MB wait. With a middle one every 100,000 the
# p99 of round trips was 27 ms at 8,000 probes a second, and 4 ms with one every 2,000,000.
GC_THRESHOLDS = (10_000, 200, 0)


async def serve(config: Config, announce: Callable[[int], None]) -> None:
    """Serves until SIGINT or SIGTERM. Calls `announce` with the port once it listens. Raises `StartError`."""
    tls = tls_context(config.tls) if config.tls is not None else None
    # First: a server that cannot start says that and nothing else.
    listener = listen(config.host, config.port)
    stun_socket = open_stun(config.host, config.ice.stun_port)
    if stun_socket is None:
        config = replace(config, ice=replace(config.ice, stun_port=0))
    config = with_open_files(config)
    hub, readiness, web_app = Hub(config), Readiness(), WebApp(path=config.public_path)
    server = await WebServer.start(hub, web_app, readiness, tls)
    metrics_runner = web.AppRunner(make_metrics_app(hub, readiness), access_log=None, handle_signals=False)
    stopping = asyncio.Event()
    stun: asyncio.DatagramTransport | None = None
    try:
        await server.listen(listener)
        if config.metrics_bind is not None:
            await metrics_runner.setup()
            await web.SockSite(metrics_runner, listen(*config.metrics_bind)).start()
        if stun_socket is not None:
            stun = await start_stun(stun_socket, config.limits, global_us, hub.addresses.is_connected)
        stop_on_signals(stopping)
        spare_the_collector()
        if not web_app.is_built:
            LOGGER.warning("web-app-missing %s", NOT_BUILT)
        port = int(listener.getsockname()[1])
        log_event("listening", port=port, scheme="https" if tls else "http", version=__version__)
        announce(port)
        await stopping.wait()

        log_event("stopping", connections=len(hub.sessions()), waiting=len(hub.upgrades))
        server.stop_listening()
        await readiness.drain(hub)
        await drain_hub(hub, config.drain)
    finally:
        if stun is not None:
            stun.close()
        elif stun_socket is not None:
            stun_socket.close()
        hub.stop()
        await server.close()
        await metrics_runner.cleanup()
        listener.close()
    log_event("stopped")


def spare_the_collector() -> None:
    """What lives from the start lives to the end: the collector need not look at it during a clock probe."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def drain_hub(hub: Hub, drain: Drain) -> None:
    """Sends everyone away, swarm by swarm, and waits for it. What goes wrong with one goes wrong with no
    other.
    """
    rooms = hub.rooms()
    departures = plan_drain([len(room) for room in rooms], drain, random.Random())  # noqa: S311 - spreads load; nothing depends on its secrecy
    async with asyncio.TaskGroup() as group:
        for room, departure in zip(rooms, departures, strict=True):
            # A session ends itself after `close_timeout_sec`; one that fails to must not keep the process.
            group.create_task(_send_away(room, departure, 2 * drain.close_timeout_sec))


async def _send_away(room: list[Session], departure: Departure, limit_sec: float) -> None:
    await asyncio.sleep(departure.delay_sec)
    goings = (
        _part_with(session, retry_after_ms, limit_sec)
        for session, retry_after_ms in zip(room, departure.retry_after_ms, strict=True)
    )
    await asyncio.gather(*goings, return_exceptions=True)


async def _part_with(session: Session, retry_after_ms: int, limit_sec: float) -> None:
    try:
        async with asyncio.timeout(limit_sec):
            await session.go_away(retry_after_ms)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is this session's alone
        log_failure("goaway-failed", failure)


def with_open_files(config: Config) -> Config:
    """The same, with as many open files as the system allows and no more connections than these can be."""
    open_files = raise_open_files()
    limits = fit_to_open_files(config.limits, open_files)
    if limits is not config.limits:
        LOGGER.warning(
            "few-open-files The system allows %d: at most %d connections. Raise LimitNOFILE, or ulimit -n.",
            open_files,
            limits.max_connections,
        )
    return replace(config, limits=limits, open_files=open_files)


def stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            return
        stopping.set()
        # A second Ctrl-C is for the impatient: the system's default ends the process. A second TERM is not:
        # what started this process may send one to it and one to its whole group.
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def listen(host: str | None, port: int) -> socket.socket:
    """A bound socket: for every interface of both families when no host is named."""
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host is None else 1)
        sock.bind(address)
        # asyncio listens again; listening here makes a second server fail now and not on its first
        # connection.
        sock.listen(BACKLOG)
    except OSError as failure:
        sock.close()
        raise _listen_error(host, port, failure) from failure
    sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    return sock


def open_stun(host: str | None, port: int) -> socket.socket | None:
    """A bound UDP socket where the server itself listens; None when off, or (with a warning) when taken.

    People on one network mostly need no STUN server, so its absence does not keep the server from starting.
    """
    if port == 0:
        return None
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host is None else 1)
        sock.bind(address)
    except OSError as failure:
        sock.close()
        LOGGER.warning(
            "stun-off UDP port %d: %s. Choose another with --stun-port, or 0 for none.",
            port,
            failure.strerror,
        )
        return None
    sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    return sock


def _resolve(host: str | None, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if host is None:
        return (socket.AF_INET6, ("::", port)) if _has_ipv6() else (socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - what no --host means
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as failure:
        raise StartError(
            "address-unavailable", f"The host {host} is not an address of this machine."
        ) from failure
    return family, (str(address[0]), port)


def _has_ipv6() -> bool:
    """Whether a socket of both families works: containers often have IPv6 compiled in and off."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(("::", 0))
    except OSError:
        return False
    return True


def _listen_error(host: str | None, port: int, failure: OSError) -> StartError:
    if failure.errno == errno.EADDRINUSE:
        sentence = f"Port {port} is in use by another program; choose one with --port, or stop that program."
        return StartError("port-in-use", sentence)
    if failure.errno == errno.EACCES:
        return StartError("address-unavailable", f"Port {port} needs more rights; choose a port above 1023.")
    place = host or "every interface"
    return StartError("address-unavailable", f"Cannot listen on {place}, port {port}: {failure.strerror}.")


def tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An empty password instead of a prompt, which a service could never answer.
        context.load_cert_chain(tls.certificate, tls.private_key, password="")
    except FileNotFoundError as failure:
        missing = next(
            (path for path in (tls.certificate, tls.private_key) if not path.exists()), tls.certificate
        )
        raise StartError("tls-unreadable", f"The TLS file {missing} does not exist.") from failure
    except PermissionError as failure:
        raise StartError(
            "tls-unreadable", "The TLS certificate or its key may not be read by this user."
        ) from failure
    except (ssl.SSLError, OSError) as failure:
        if isinstance(failure, ssl.SSLError) and failure.reason == "KEY_VALUES_MISMATCH":
            sentence = f"The key {tls.private_key} does not belong to the certificate {tls.certificate}."
            raise StartError("tls-unreadable", sentence) from failure
        files = f"{tls.certificate} and {tls.private_key}"
        sentence = f"The files {files} are not a PEM certificate and its unencrypted key."
        raise StartError("tls-unreadable", sentence) from failure
    return context
