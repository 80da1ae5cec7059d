"""What the terminal shows at the start: the link for this device, those for others, and a QR code of the
likeliest.
"""

from __future__ import annotations

import io
import ipaddress
from dataclasses import dataclass
from typing import TextIO

import segno

from unisono import __version__
from unisono.config import Config
from unisono.lan import LanAddress, lan_addresses, local_name

# White on black whatever the terminal's own colours: many phones cannot read an inverted code.
_QR_COLOURS = "\x1b[38;5;231m\x1b[48;5;16m"
_RESET = "\x1b[0m"

# Modules of quiet around the code: the standard's four need the space, two are enough for phones.
_QUIET_ZONE_MODULES = 2


@dataclass(frozen=True, slots=True)
class Links:
    """Where this server is: for a browser on this machine, and for everyone else with the likeliest first."""

    local: str
    shared: tuple[SharedLink, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedLink:
    url: str
    # Whose address it is, in words; empty where there is nothing to tell.
    about: str = ""


def banner(config: Config, port: int, out: TextIO) -> str:
    """The text to print once the server listens on this port."""
    found = links(config, port)
    lines = [f"Unisono {__version__} is running.", f"  On this device:      {found.local}"]
    if not found.shared:
        lines.append("  For other devices:   none, as this machine has no network or listens to itself only")
    else:
        likeliest, *others = found.shared
        lines.append(f"  For other devices:   {likeliest.url}{_noted(likeliest)}")
        for number, other in enumerate(others):
            lead = "  If that one fails:   " if number == 0 else " " * 23
            lines.append(f"{lead}{other.url}{_noted(other)}")
        lines += ["", *qr_lines(likeliest.url, out)]
    return "\n".join([*lines, "Stop with Ctrl-C."])


def _noted(link: SharedLink) -> str:
    return f"  ({link.about})" if link.about else ""


def links(config: Config, port: int) -> Links:
    """All that lead to this server. Takes up to a second, as a name is looked up."""
    scheme = "http" if config.tls is None else "https"
    if config.host is not None and not _is_unspecified(config.host):
        local = _link(scheme, config.host, port)
        named = () if _is_loopback(config.host) else (SharedLink(local),)
        return Links(local, (SharedLink(config.public_url),) if config.public_url else named)
    local = _link(scheme, "localhost", port)
    if config.public_url:
        return Links(local, (SharedLink(config.public_url),))
    addresses = lan_addresses()
    shared = [SharedLink(_link(scheme, each.address, port), about(each)) for each in addresses]
    name = local_name(addresses)
    if name:
        shared.insert(1, SharedLink(_link(scheme, name, port)))
    return Links(local, tuple(shared))


def about(address: LanAddress) -> str:
    """Whose address it is, and who can reach it."""
    match address.kind:
        case "network":
            return address.interface
        case "tunnel":
            return f"{address.interface}, a tunnel: only for devices inside it"
        case "virtual":
            return f"{address.interface}, inside this machine: not for phones"


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
