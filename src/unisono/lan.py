"""The addresses at which devices in the room may reach this machine, the likeliest first.

Sends nothing: it asks the kernel for its interfaces and for the route that it would take. The address of a
VPN or of a container bridge is no address of the room, however the default route runs; it is listed last, and
named. No address goes into a log.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import ifaddr

Kind = Literal["network", "tunnel", "virtual"]

# By the names that systems and programs give: WireGuard, OpenVPN, Tailscale, ZeroTier and PPP; then bridges
# and links of containers and virtual machines.
TUNNEL_NAMES = re.compile(r"(?i)(tun|tap|utun|wg|ppp|ipsec|tailscale|zt|nordlynx|proton|warp|cscotun)")
VIRTUAL_NAMES = re.compile(
    r"(?i)(docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|incus|cni|flannel|cali|podman|vethernet|hyper-v|bridge1\d\d)"
)
# RFC 6598: carriers' networks, and what Tailscale gives its members.
SHARED_SPACE = ipaddress.ip_network("100.64.0.0/10")
LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
POINT_TO_POINT_PREFIX = 32

# Connecting a UDP socket only chooses a route. Reserved for documentation, so behind the default route.
PROBE_ADDRESS = "192.0.2.1"
# Multicast DNS answers within a second, or nobody does.
NAME_LIMIT_SEC = 1.0


@dataclass(frozen=True, slots=True)
class LanAddress:
    """An IPv4 address of an interface of this machine."""

    address: str
    interface: str
    kind: Kind


def lan_addresses() -> list[LanAddress]:
    """Every address but loopback, the likeliest to be the room's first; empty without a network."""
    found = [
        (adapter.nice_name or adapter.name, str(ip.ip), ip.network_prefix)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4
    ]
    return rank(found, default_route_address())


def rank(found: Iterable[tuple[str, str, int]], default_address: str | None) -> list[LanAddress]:
    """Orders (interface, address, prefix length): real networks first, of these that of the default route."""

    def order(candidate: LanAddress) -> tuple[int, bool, bool, bool, str]:
        address = ipaddress.ip_address(candidate.address)
        return (
            ("network", "tunnel", "virtual").index(candidate.kind),
            address in LINK_LOCAL,  # nobody gave it out, but two such machines do reach each other
            candidate.address != default_address,
            not address.is_private,
            candidate.interface,
        )

    candidates = {
        LanAddress(address, interface, _kind_of(interface, address, prefix))
        for interface, address, prefix in found
        if not ipaddress.ip_address(address).is_loopback
    }
    return sorted(candidates, key=order)


def _kind_of(interface: str, address: str, prefix: int) -> Kind:
    is_shared = ipaddress.ip_address(address) in SHARED_SPACE
    if TUNNEL_NAMES.match(interface) or prefix == POINT_TO_POINT_PREFIX or is_shared:
        return "tunnel"
    return "virtual" if VIRTUAL_NAMES.match(interface) else "network"


def default_route_address() -> str | None:
    """The address that this machine would use towards the internet; None without a default route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((PROBE_ADDRESS, 9))
        except OSError:
            return None
        return str(sock.getsockname()[0])


def local_name(addresses: Sequence[LanAddress]) -> str | None:
    """`<host>.local` where multicast DNS resolves it to one of these, else None; takes a second at most."""
    name = f"{socket.gethostname().partition('.')[0]}.local"

    def resolve() -> set[str]:
        with contextlib.suppress(OSError, UnicodeError):
            return {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, socket.AF_INET)}
        return set()

    # The resolver cannot be interrupted: the thread is left to end by itself.
    pool = concurrent.futures.ThreadPoolExecutor(1)
    try:
        resolved = pool.submit(resolve).result(NAME_LIMIT_SEC)
    except TimeoutError:
        return None
    finally:
        pool.shutdown(wait=False)
    return name if resolved & {each.address for each in addresses if each.kind == "network"} else None
