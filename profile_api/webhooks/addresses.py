"""Where a webhook may lead: public https addresses alone, checked again at the moment of connecting.

What a name stands for may change between a check and a connection, so the connection goes to the address that was
checked, and TLS still asks for the name.
"""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpcore

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out to be reached (RFC 4291): what is outside is local, reserved, or another protocol."""
CARRIERS = [ipaddress.ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96")]
"""IPv6 that stands for IPv4 and may be met today: mapped (RFC 4291) and NAT64 (RFC 6052). The IPv4 address decides."""
NOT_REACHED = [
    ipaddress.ip_network(one)
    for one in ("2001::/23", "2002::/16", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")  # as IANA keeps them
]
"""Within what is given out: protocols' own addresses, Teredo and 6to4 (which lead to an IPv4 address of the sender's
choice) and their relays, and what is for documents."""
ISATAP = (0x00005EFE, 0x02005EFE)
"""What the last 64 bits of an address begin with where the rest is an IPv4 address inside (RFC 5214)."""
LONGEST = 2_000


class ForbiddenAddress(ValueError):
    """A webhook would lead where none may; the message says what was expected."""


def check_url(url: str, demo: bool) -> None:
    """Raises ForbiddenAddress for a URL that no webhook may have; a name that does not resolve yet is no error."""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        raise ForbiddenAddress("expected an absolute https URL, found something else") from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise ForbiddenAddress(f"expected an https URL of at most {LONGEST} printable ASCII characters, found another")
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise ForbiddenAddress("expected an absolute https URL, found something else")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenAddress("expected a URL without user, password and fragment, found one of them")
    try:
        addresses = permitted_addresses(parts.hostname, port or 443, demo)
    except OSError:
        addresses = []
    loopback = bool(addresses) and all(ipaddress.ip_address(one).is_loopback for one in addresses)
    if parts.scheme == "http" and not (demo and loopback):
        raise ForbiddenAddress("expected https (http only in demo mode, to this machine itself), found http")


def permitted_addresses(host: str, port: int, demo: bool) -> list[str]:
    """The addresses of a host; raises ForbiddenAddress if any of them is not public, OSError if there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = sorted({str(one[4][0]).partition("%")[0] for one in found})
    for one in addresses:
        if not _permitted(ipaddress.ip_address(one), demo):
            raise ForbiddenAddress("expected the host to be a public address, found a private or reserved one")
    return addresses


def _permitted(address: ipaddress.IPv4Address | ipaddress.IPv6Address, demo: bool) -> bool:
    if demo and address.is_loopback:
        return True
    if any(address in one for one in CARRIERS):
        return _permitted(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), demo)
    if not address.is_global or address.is_multicast or any(address in one for one in NOT_REACHED):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in GLOBAL_UNICAST and int(address) >> 32 & 0xFFFFFFFF not in ISATAP


class Checked(httpcore.NetworkBackend):
    """Connects only to addresses that a webhook may have."""

    def __init__(self, demo: bool) -> None:
        self._demo, self._backend = demo, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Tries the host's addresses in turn."""
        try:
            addresses = permitted_addresses(host, port, self._demo)
        except OSError as error:
            raise httpcore.ConnectError("expected the host to have an address, found none") from error
        for one in addresses[:-1]:
            try:
                return self._backend.connect_tcp(one, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._backend.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)
