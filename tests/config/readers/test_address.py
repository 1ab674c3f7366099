from __future__ import annotations

from ipaddress import ip_network

import pytest

from proxy.config.readers.address import BindAddress, Url, read_address, read_listen, read_network, read_url
from tests.config.refusing import refusal

ADDRESS = 'must be an address and a port such as 127.0.0.1:9090, "[::1]:9090" or :8080'
NETWORK = "must be an address or a network such as 10.0.0.0/8"
URL = "must be a url such as http://legacy.internal:3000"
SOCKET = "a socket is written http+unix:///run/legacy.sock"
HOST = "must name a valid host, and a port between 1 and 65535"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9090", "127.0.0.1", 9090),
        ("0.0.0.0:0", "0.0.0.0", 0),
        (":8080", "0.0.0.0", 8080),
        ("localhost:80", "127.0.0.1", 80),
        ("[::1]:9090", "::1", 9090),
        ("[::]:65535", "::", 65535),
        ("[0:0:0:0:0:0:0:1]:1", "::1", 1),
    ],
)
def test_an_address_is_a_number_and_a_port(text: str, host: str, port: int) -> None:
    """IPv4, IPv6 in brackets, the name localhost, or nothing for every address; port 0 is left to the system."""
    assert read_address(text) == BindAddress(host, port)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (8080, f"{ADDRESS} | write :8080 for every address of this machine"),
        ("127.0.0.1", ADDRESS),
        ("proxy.internal:80", ADDRESS),
        ("::1:80", ADDRESS),
        (None, ADDRESS),
        ("127.0.0.1:65536", "must be a valid address and a port up to 65535"),
        ("127.0.0.256:80", "must be a valid address and a port up to 65535"),
        ("[::g]:80", ADDRESS),
        ("[:::]:80", "must be a valid address and a port up to 65535"),
    ],
)
def test_what_is_no_address_is_refused(value: object, said: str) -> None:
    """Names, missing ports and numbers out of range are refused; a bare port is told how it is written."""
    assert refusal(read_address, value) == said


def test_loopback_is_known_in_both_families() -> None:
    """Only what this machine alone can reach is loopback."""
    hosts = ("127.0.0.1", "127.8.0.1", "::1", "0.0.0.0", "::", "10.0.0.1")

    assert [BindAddress(host, 1).is_loopback for host in hosts] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (BindAddress("127.0.0.1", 80), BindAddress("127.0.0.1", 80), True),
        (BindAddress("0.0.0.0", 80), BindAddress("127.0.0.1", 80), True),
        (BindAddress("127.0.0.1", 80), BindAddress("::", 80), True),
        (BindAddress("127.0.0.1", 80), BindAddress("10.0.0.1", 80), False),
        (BindAddress("127.0.0.1", 80), BindAddress("127.0.0.1", 81), False),
        (BindAddress("127.0.0.1", 0), BindAddress("127.0.0.1", 0), False),
    ],
)
def test_addresses_overlap_when_both_cannot_be_bound(one: BindAddress, other: BindAddress, *, overlap: bool) -> None:
    """The same port on the same address, or on every address, collides; port 0 never does."""
    assert one.overlaps(other) is other.overlaps(one) is overlap


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.0.0.1", "fd00::/8", "::1"])
def test_networks_and_single_addresses_are_networks(text: str) -> None:
    """A single address is a network of one."""
    assert read_network(text) == ip_network(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("10.0.0.1/8", f"{NETWORK} | the network of that address is 10.0.0.0/8"),
        ("10.0.0.0/33", NETWORK),
        ("10.0.0", NETWORK),
        ("proxy.internal", NETWORK),
        ("", NETWORK),
        (10, NETWORK),
    ],
)
def test_what_is_no_network_is_refused(value: object, said: str) -> None:
    """An address with bits beyond its network is told the network; names and rubbish are refused."""
    assert refusal(read_network, value) == said


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://legacy.internal:3000", Url("http", "legacy.internal", 3000)),
        ("https://CRM.internal", Url("https", "crm.internal", 443)),
        ("HTTP://10.0.0.1", Url("http", "10.0.0.1", 80)),
        ("http://[::1]:3000", Url("http", "::1", 3000)),
        ("http://my_service", Url("http", "my_service", 80)),
        ("http://svc.cluster.local.:80", Url("http", "svc.cluster.local.", 80)),
    ],
)
def test_a_url_names_a_system(text: str, url: Url) -> None:
    """Scheme, host and port; the scheme's own port where none is named."""
    assert read_url(text) == url


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("legacy:3000", URL),
        ("ftp://legacy", URL),
        ("http://", URL),
        (3000, URL),
        ("user:secret@legacy", f"{URL} | got "),
        ("unix:/run/a.sock", f"{URL} | {SOCKET}"),
        ("http+unix:/srv/x.sock", f"{URL} | {SOCKET}"),
        ("HTTPS+UNIX:///run/a.sock", f"{URL} | {SOCKET}"),
        ("/run/a.sock", f"{URL} | {SOCKET}"),
        ("unix:/run/user@a.sock", f"{URL} | got  | {SOCKET}"),
        ("http://user:secret@legacy", "must not hold a user or password: they would stand in logs | got "),
        ("http://legacy/", "must end after host and port: the client's own path and query are sent"),
        ("http://legacy?token=s", "must end after host and port: the client's own path and query are sent | got "),
        ("http://legacy:0", HOST),
        ("http://legacy:65536", HOST),
        ("http://-legacy", HOST),
        ("http://a..b", HOST),
        ("http://10.0.0", HOST),
        ("http://[::g]", URL),
        ("http://[1]", HOST),
    ],
)
def test_what_is_no_url_is_refused(value: object, said: str) -> None:
    """Paths, users and broken hosts are refused; what may hold a secret is not repeated."""
    assert refusal(read_url, value) == said


PATH = "must hold the whole path of a socket, such as /run/banyan.sock"
LONG = "/run/" + "x" * 102
TOO_LONG = "holds a path of 108 bytes, and a socket's has at most 107 | got "


def test_clients_may_come_in_by_a_socket() -> None:
    """`unix:` and a whole path of 107 bytes at most; everything else is an address as before."""
    assert read_listen("unix:/run/banyan.sock") == BindAddress("/run/banyan.sock", 0)
    assert read_listen(f"unix:{LONG}").host == LONG
    assert read_listen(":8080") == BindAddress("0.0.0.0", 8080)
    assert BindAddress("/run/a.sock", 0).is_loopback
    assert not BindAddress("/run/a.sock", 0).overlaps(BindAddress("127.0.0.1", 80))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("unix:run/banyan.sock", PATH),
        ("unix:", PATH),
        ("unix:/run/", PATH),
        ("unix:/run/a\0b", PATH),
        (f"unix:{LONG}x", TOO_LONG),
    ],
)
def test_what_is_no_path_of_a_socket_is_refused(value: object, said: str) -> None:
    """Relative paths, folders, NULs, and what `sun_path` cannot hold."""
    assert refusal(read_listen, value) == said


def test_only_listen_may_be_a_socket() -> None:
    """The admin port is one."""
    assert refusal(read_address, "unix:/run/a.sock") == "must be an address and a port: only listen can be a socket"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("http+unix:///run/app.sock", "/run/app.sock"),
        ("HTTP+UNIX:///run/app.sock", "/run/app.sock"),
        ("http+unix://%2Frun%2Fapp.sock", "/run/app.sock"),
        ("http+unix:///run/a%20b%3F%23%25.sock", "/run/a b?#%.sock"),
        ("http+unix:///run/%C3%A4.sock", "/run/ä.sock"),
    ],
)
def test_an_upstream_may_be_a_socket(text: str, path: str) -> None:
    """Its path, percent-encoded or not, in either of the two ways in which it is commonly written."""
    assert read_url(text) == Url("http+unix", path, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "http+unix://run/app.sock",
            "must have three slashes before the socket's path | write http+unix:///run/app.sock",
        ),
        (
            "http+unix://%2frun%2Fa.sock/api",
            "must end after the socket's path: the client's own path and query are sent",
        ),
        ("http+unix:///run/a.sock?x", "must end after the socket's path, in which ? is %3F and # is %23"),
        ("http+unix:///run/100%.sock", "must write a % in the socket's path as %25"),
        ("http+unix:///run/%FF", "must hold a path in UTF-8"),
        ("http+unix://", PATH),
        (f"http+unix://{LONG}x", TOO_LONG),
    ],
)
def test_what_is_no_url_of_a_socket_is_refused(text: str, said: str) -> None:
    """A path behind the path, wrong escapes, and what `sun_path` cannot hold."""
    assert refusal(read_url, text) == said
