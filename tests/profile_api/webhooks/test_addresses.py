"""Where a webhook may lead."""

import socket

import httpcore
import pytest

from profile_api.webhooks.addresses import Checked, ForbiddenAddress, check_url

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", f"{0}.0.0.0", "224.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
    "[2002:a00:1::]", "localhost", "2130706433", "0x7f.1", "127.1",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises(ForbiddenAddress, match="public"):
        check_url(f"https://{host}/hook", demo=False)


@pytest.mark.parametrize(
    "url",
    ["http://8.8.8.8/", "ftp://8.8.8.8/", "https://", "//8.8.8.8/", "hook", "https://user:pass@8.8.8.8/"]
    + [
        "https://8.8.8.8/#part",
        "https://8.8.8.8:99999/",
        "https://8.8.8.8/ a",
        "https://[::1",
        f"https://{'a' * 2001}",
    ],
)
def test_only_plain_https_urls_are_taken(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(url, demo=False)


def test_a_public_address_is_taken_and_a_demonstration_may_also_call_its_own_machine() -> None:
    check_url("https://8.8.8.8:8443/hook?tenant=1", demo=False)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        check_url(f"http://{host}:8000/hook", demo=True)
    for url in ("http://8.8.8.8/", "http://10.0.0.1/", "https://10.0.0.1/"):
        with pytest.raises(ForbiddenAddress):
            check_url(url, demo=True)


def test_a_name_that_leads_elsewhere_by_the_time_of_connecting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"now": "8.8.8.8"}

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers["now"], port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    check_url("https://hooks.example/", demo=False)
    answers["now"] = "169.254.169.254"
    with httpcore.ConnectionPool(network_backend=Checked(demo=False)) as pool, pytest.raises(ForbiddenAddress):
        pool.request("POST", "http://hooks.example/")
