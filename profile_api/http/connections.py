"""Closes slow connections, so that a client that opens many and sends little blocks nobody.

uvicorn waits for ever for the first line and the headers of a request, and for a client that does not read its answer.
Bodies have a time limit of their own (`profile_api.http.limits.BodyLimit`).
"""

import asyncio
from collections import Counter
from ipaddress import IPv6Address, ip_address
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 10.0
"""Seconds for the first line and the headers of a request."""
READ_WITHIN = 30.0
"""Seconds for which a client may leave its answer unread, once what the network buffers is full."""
LONGEST_HEAD = 64 * 1024
"""Bytes of the first line and the headers: a token has 8 KiB at most."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to patience; `most` connections of one client at a time, proxies that we trust excepted."""

    most = 100
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._waits_for_head: asyncio.TimerHandle | None = None
        self._waits_for_reader: asyncio.TimerHandle | None = None
        self._counted: str | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._expect_head()
        host = network_of(self.client[0]) if self.client else ""
        if not host or (self.client and is_trusted(self.client[0], self.config.forwarded_allow_ips)):
            return
        if self._open[host] >= self.most:
            transport.abort()
            return
        self._counted = host
        self._open[host] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._waits_for_head)
        self._stop(self._waits_for_reader)
        if self._counted is not None:
            self._open[self._counted] -= 1
            if not self._open[self._counted]:
                del self._open[self._counted]
            self._counted = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        while data and self._waits_for_head:  # a body may come with its head: only what the head may take is counted
            if self.transport.is_closing():  # what was read before it closed still arrives
                return
            part, data = data[: LONGEST_HEAD - self._head], data[LONGEST_HEAD - self._head :]
            if not part:
                self.send_400_response("Invalid HTTP request received.")
                return
            self._head += len(part)
            super().data_received(part)
        if data and not self.transport.is_closing():
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._waits_for_head is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._stop(self._waits_for_head)
        self._waits_for_head, self._head = None, 0
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if self.cycle.more_body:  # answered before it was read: nothing is left to wait for
            self.transport.close()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._waits_for_reader = self.loop.call_later(READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop(self._waits_for_reader)
        super().resume_writing()

    def _expect_head(self) -> None:
        self._head = 0
        self._waits_for_head = self.loop.call_later(HEAD_WITHIN, self.transport.abort)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def network_of(host: str) -> str:
    """The client of an address: the address itself, or for IPv6 its /64, the least that one subscriber has."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return str(address)


def is_trusted(host: str, proxies: list[str] | str | None) -> bool:
    """Whether a connection is a proxy's, as uvicorn is told by FORWARDED_ALLOW_IPS: it speaks for many clients."""
    listed = proxies.split(",") if isinstance(proxies, str) else proxies or []
    return "*" in listed or host in {one.strip() for one in listed}
