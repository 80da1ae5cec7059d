"""The `unisono` command: reads options and environment, says where the server is, ends in clear words.

Exit codes: 0 stopped as asked, 1 the doctor found something, 2 could not start (one sentence on stderr),
130 interrupted before it was done.
Knows no protocol and no clock.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from unisono import __version__, join_options
from unisono.banner import banner
from unisono.config import MOST_WORKERS, Config, Ice, IpNetwork, Limits, Tls
from unisono.errors import StartError
from unisono.event_loop import loop_factory
from unisono.log import LogFormat, start_logging
from unisono.serve import serve
from unisono.workers.supervisor import supervise

EXIT_OK = 0
EXIT_CANNOT_START = 2
# As shells say it of a command that Ctrl-C ended.
EXIT_INTERRUPTED = 130

DOCTOR_URL = "http://localhost:8000"

# Option, its placeholder, its help. Each has an environment variable: --tls-cert is UNISONO_TLS_CERT.
OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("host", "H", "the address to listen on (default: every interface)"),
    ("port", "P", "the port to listen on, 0 for any free one (default: 8000)"),
    ("tls-cert", "F", "PEM certificate chain; with --tls-key the server speaks https"),
    ("tls-key", "F", "PEM private key of the certificate"),
    ("stun-port", "P", "UDP port of the built-in STUN responder, 0 for none (default: 3478)"),
    ("turn", "URL", "TURN server offered to peers; several with commas"),
    (
        "turn-secret-file",
        "F",
        "file with the secret shared with that TURN server (coturn's static-auth-secret)",
    ),
    ("trusted-proxy", "CIDR", "believe X-Forwarded-For from these networks; several with commas"),
    ("metrics", "H:P", "serve /metrics for Prometheus on this address"),
    ("public-url", "URL", "where people reach this server, when that is not this machine's own address"),
    ("page-origin", "URL", "let a page served from there use this server as well; several with commas"),
    ("log-format", "F", "text, or json for one object a line (default: text)"),
    ("connections-per-address", "N", "most connections from one network address (default: 160)"),
    ("joins-per-address", "N", "most joins per minute from one network address (default: 160)"),
    ("workers", "N", "processes that share the work, about one for each core (default: 1)"),
)

Value = TypeVar("Value")


class _Parser(argparse.ArgumentParser):
    """argparse prints its whole usage before an error; one sentence is enough."""

    def error(self, message: str) -> NoReturn:
        raise StartError("bad-option", f"{message[:1].upper()}{message[1:]} (see `{self.prog} --help`).")


class _Options:
    """What was given on the command line or else in the environment, by option name."""

    def __init__(self, arguments: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._environment = environment

    def read(self, option: str, convert: Callable[[str], Value], expected: str) -> Value | None:
        """The converted value, None when it is not given. Raises `StartError` naming where the bad value
        stands.
        """
        text, source = self._find(option)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError as failure:
            raise StartError("bad-option", f"{source} must be {expected}, not {text!r}.") from failure

    def _find(self, option: str) -> tuple[str | None, str]:
        given = self._arguments[option.replace("-", "_")]
        if given is not None:
            # Options that take several values may be repeated; for the others the last one counts.
            return ",".join(given) if option in ("turn", "trusted-proxy", "page-origin") else given[
                -1
            ], f"--{option}"
        variable = f"UNISONO_{option.replace('-', '_').upper()}"
        return self._environment.get(variable) or None, variable


def make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="unisono", description="Phones in one room become one loudspeaker.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"unisono {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    command = commands.add_parser(
        "serve",
        help="serve the web app and the control channel",
        epilog="Every option has an environment variable: --tls-cert is UNISONO_TLS_CERT.",
        allow_abbrev=False,
    )
    for name, placeholder, text in OPTIONS:
        command.add_argument(f"--{name}", metavar=placeholder, help=text, action="append")
    look = commands.add_parser(
        "doctor",
        help="look at a running server as a page does, and say what to do",
        epilog="Exit code 0 when it works, 1 when something is to be done.",
        allow_abbrev=False,
    )
    look.add_argument("url", metavar="URL", nargs="?", default=DOCTOR_URL, help=f"default: {DOCTOR_URL}")
    join_options.add_options(
        commands.add_parser(
            "join",
            help="join a swarm without a browser: play, record, or give files",
            epilog=join_options.EPILOG,
            allow_abbrev=False,
        )
    )
    return parser


def read_config(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The configuration that options and environment describe. Raises `StartError`."""
    options = _Options(arguments, environment)
    defaults = Limits()
    connections = options.read("connections-per-address", _positive, "a number of at least 1")
    joins = options.read("joins-per-address", _positive, "a number of at least 1")
    port = options.read("port", _port, "a number from 0 to 65535")
    return Config(
        host=options.read("host", str, "an address"),
        port=Config.port if port is None else port,
        tls=_tls(options),
        public_url=options.read("public-url", _public_url, "a URL like https://unisono.example"),
        page_origins=options.read("page-origin", _origins, "origins like https://music.example") or (),
        trusted_proxies=options.read("trusted-proxy", _networks, "networks like 10.0.0.0/8") or (),
        metrics_bind=options.read("metrics", _bind, "an address like 127.0.0.1:9100"),
        log_format=options.read("log-format", _log_format, "text or json") or "text",
        workers=options.read("workers", _workers, f"a number from 1 to {MOST_WORKERS}") or 1,
        ice=_ice(options),
        limits=replace(
            defaults,
            connections_per_address=connections or defaults.connections_per_address,
            joins_per_address_per_min=joins or defaults.joins_per_address_per_min,
        ),
    )


def main(argv: Sequence[str] | None = None) -> int:
    command = ""
    try:
        arguments = vars(make_parser().parse_args(argv))
        command = arguments["command"]
        if command == "doctor":
            # Not at the top: a server needs nothing of it.
            from unisono.doctor import doctor  # noqa: PLC0415

            return asyncio.run(doctor(arguments["url"]))
        if command == "join":
            join_options.run(arguments)
            return EXIT_OK
        config = read_config(arguments, os.environ)
        start_logging(config.log_format)

        def announce(port: int) -> None:
            print(banner(config, port, sys.stdout), flush=True)

        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            if config.workers == 1:
                runner.run(serve(config, announce))
            else:
                runner.run(supervise(config, sys.argv[1:] if argv is None else argv, announce))
    except StartError as failure:
        print(f"unisono: {failure.sentence}", file=sys.stderr)
        return EXIT_CANNOT_START
    except KeyboardInterrupt:
        # Of what stays until Ctrl-C it is the way to end it, also while its packages are still being loaded.
        return EXIT_INTERRUPTED if command == "doctor" else EXIT_OK
    return EXIT_OK


def _tls(options: _Options) -> Tls | None:
    certificate, key = options.read("tls-cert", Path, "a file"), options.read("tls-key", Path, "a file")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        given, missing = ("--tls-cert", "--tls-key") if key is None else ("--tls-key", "--tls-cert")
        raise StartError("tls-incomplete", f"{given} needs {missing} as well.")
    return Tls(certificate=certificate, private_key=key)


def _ice(options: _Options) -> Ice:
    stun_port = options.read("stun-port", _port, "a number from 0 to 65535")
    if stun_port is None:
        stun_port = Ice.stun_port
    urls = options.read("turn", _turn_urls, "a URL like turn:turn.example:3478")
    secret_file = options.read("turn-secret-file", Path, "a file")
    if urls is None and secret_file is None:
        return Ice(stun_port=stun_port)
    if urls is None or secret_file is None:
        given, missing = ("--turn", "--turn-secret-file") if urls else ("--turn-secret-file", "--turn")
        raise StartError("turn-incomplete", f"{given} needs {missing} as well.")
    try:
        secret = secret_file.read_bytes().strip()
    except OSError as failure:
        sentence = f"The TURN secret file {secret_file} cannot be read: {failure.strerror}."
        raise StartError("secret-unreadable", sentence) from failure
    if not secret:
        raise StartError("secret-unreadable", f"The TURN secret file {secret_file} is empty.")
    return Ice(stun_port=stun_port, turn_urls=urls, turn_secret=secret)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _log_format(text: str) -> LogFormat:
    if text == "text":
        return "text"
    if text == "json":
        return "json"
    raise ValueError


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _workers(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError
    return number


def _bind(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError
    return host.removeprefix("[").removesuffix("]"), _port(port)


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or set("{}?#") & set(text):
        raise ValueError
    # Without the slash at its end a page behind a path would look for its parts beside that path.
    return text if not parts.path or parts.path.endswith("/") else f"{text}/"


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(item.strip().rstrip("/") for item in text.split(","))
    for origin in origins:
        parts = urlsplit(_public_url(origin))
        if origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError
    return origins


def _networks(text: str) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(item.strip(), strict=False) for item in text.split(","))


def _turn_urls(text: str) -> tuple[str, ...]:
    urls = tuple(item.strip() for item in text.split(","))
    if not all(url.startswith(("turn:", "turns:")) for url in urls):
        raise ValueError
    return urls
