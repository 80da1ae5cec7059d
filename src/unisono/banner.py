"""What the terminal shows at the start: the link for this device, the one for others, and its QR code."""

from __future__ import annotations

import io
import ipaddress
from typing import TextIO

import segno

from unisono import __version__
from unisono.config import Config
from unisono.network import lan_address

# White on black whatever the terminal's own colours: many phones cannot read an inverted code.
_QR_COLOURS = "\x1b[38;5;231m\x1b[48;5;16m"
_RESET = "\x1b[0m"

# Modules of quiet around the code: the standard's four need the space, two are enough for phones.
_QUIET_ZONE_MODULES = 2


def banner(config: Config, port: int, out: TextIO) -> str:
    """The text to print once the server listens on this port."""
    local, shared = links(config, port)
    lines = [f"Unisono {__version__} is running.", f"  On this device:      {local}"]
    if shared is None:
        lines.append("  For other devices:   none, as this machine has no network or listens to itself only")
    else:
        lines.append(f"  For other devices:   {shared}")
        lines += ["", *qr_lines(shared, out)]
    return "\n".join([*lines, "Stop with Ctrl-C."])


def links(config: Config, port: int) -> tuple[str, str | None]:
    """The link for a browser on this machine, and the one for everyone else (None when there is none)."""
    scheme = "http" if config.tls is None else "https"
    if config.host is None or _is_unspecified(config.host):
        local, shared = "localhost", lan_address()
    else:
        local, shared = config.host, None if _is_loopback(config.host) else config.host
    shared_link = None if shared is None else _link(scheme, shared, port)
    return _link(scheme, local, port), config.public_url or shared_link


def qr_lines(link: str, out: TextIO) -> list[str]:
    """The link as a QR code in half blocks; nothing where the output cannot show them."""
    drawing = io.StringIO()
    segno.make_qr(link, error="m").terminal(drawing, border=_QUIET_ZONE_MODULES, compact=True)
    text = drawing.getvalue().rstrip("\n")
    try:
        text.encode(out.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return []
    if out.isatty():
        return [f"{_QR_COLOURS}{line}{_RESET}" for line in text.split("\n")]
    return text.split("\n")


def _link(scheme: str, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    default_port = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{name}/" if port == default_port else f"{scheme}://{name}:{port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
