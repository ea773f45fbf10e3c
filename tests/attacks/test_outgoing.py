"""Ledger, service, outgoing: where a webhook may be made to lead, and who hears of what."""

import socket
from collections.abc import Callable

import httpcore
import pytest

from profile_api.webhooks.addresses import Checked, ForbiddenAddress, check_url, permitted_addresses

Answers = Callable[[list[str]], None]

INWARDS = [
    "fec0::1", "fec0::1%1", "febf::1", "fe80::1%lo",  # site-local and link-local
    "64:ff9b:1::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",  # NAT64, both prefixes
    "::127.0.0.1", "::808:808", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::1", "::",  # compatible, mapped, translated
    "2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:0:808:808::1",  # 6to4, Teredo
    "2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:a00:1",  # ISATAP
    "fd00::1", "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1", "2001:2::1",
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.88.99.1", "100.64.0.1", "198.18.0.1", "240.0.0.1",
    "192.0.0.8", "192.0.2.1", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


@pytest.fixture
def name_stands_for(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Makes every name stand for these addresses from now on."""
    answers: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port)) for one in answers]

    def now(addresses: list[str]) -> None:
        answers[:] = addresses

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return now


@pytest.mark.parametrize("address", INWARDS)
def test_no_webhook_leads_inwards_by_any_form_of_an_address(address: str, name_stands_for: Answers) -> None:
    name_stands_for([address])
    with pytest.raises(ForbiddenAddress):
        permitted_addresses("hooks.example", 443, demo=False)
    with pytest.raises(ForbiddenAddress):
        check_url("https://hooks.example/", demo=False)
    for beside in (["8.8.8.8", address], [address, "2a00:1450:4007::1"]):  # one of several answers is enough
        name_stands_for(beside)
        with pytest.raises(ForbiddenAddress):
            permitted_addresses("hooks.example", 443, demo=False)


@pytest.mark.parametrize(
    "host",
    ["[fec0::1]", "[64:ff9b:1::7f00:1]", "[::127.0.0.1]", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1"]
    + ["127.1", "0x7f.0.0.1", "localhost", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]"],
)
def test_no_webhook_leads_inwards_by_any_spelling_of_a_host(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(f"https://{host}/hook", demo=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4007::1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_stay_open(address: str, name_stands_for: Answers) -> None:
    name_stands_for([address])
    assert permitted_addresses("hooks.example", 443, demo=False) == [address]


def test_a_connection_goes_to_the_address_that_was_checked(
    name_stands_for: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    def connect(self: object, host: str, *_: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    name_stands_for(["8.8.8.8", "8.8.4.4"])
    with httpcore.ConnectionPool(network_backend=Checked(demo=False)) as pool:
        with pytest.raises(httpcore.ConnectError):
            pool.request("POST", "http://hooks.example/")
        assert sorted(connected) == ["8.8.4.4", "8.8.8.8"], "addresses, and never the name"
        name_stands_for(["::127.0.0.1"])  # the name leads elsewhere since it was subscribed
        with pytest.raises(ForbiddenAddress):
            pool.request("POST", "http://hooks.example/")
    assert len(connected) == 2
