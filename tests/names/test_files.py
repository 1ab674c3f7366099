"""What resolv.conf and the hosts file say."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.names.files import Files, Servers, read_hosts, read_servers


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", Servers()),
        ("nameserver 10.0.0.1\nnameserver ::1 # near", Servers(addresses=("10.0.0.1", "::1"))),
        ("nameserver 10.0.0.1:5353\nnameserver [::1]:53\n", Servers(addresses=("10.0.0.1:5353", "[::1]:53"))),
        (
            "\n".join(f"nameserver 10.0.0.{n}" for n in range(5)),
            Servers(addresses=("10.0.0.0", "10.0.0.1", "10.0.0.2")),
        ),
        ("nameserver legacy\nnameserver\n;nameserver 10.0.0.1\n", Servers()),
        ("search A.test. b.test\ndomain c.test\n", Servers(domains=("c.test",))),
        ("search a.test b.test .\n", Servers(domains=("a.test", "b.test"))),
        ("options edns0 ndots:5 timeout:1\n", Servers(ndots=5)),
        ("options ndots:99\n", Servers(ndots=15)),
        ("options ndots:many\n", Servers()),
    ],
)
def test_resolv_conf_is_read_as_the_system_reads_it(text: str, servers: Servers) -> None:
    """Three servers, the last search list, `ndots`; what is wrong is left out (resolv.conf(5))."""
    assert read_servers(text) == servers


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("app", ("app.a", "app.b", "app")),
        ("app.ns", ("app.ns.a", "app.ns.b", "app.ns")),
        ("app.ns.svc", ("app.ns.svc", "app.ns.svc.a", "app.ns.svc.b")),
        ("app.", ("app",)),
    ],
)
def test_short_names_are_looked_for_in_the_domains_first(name: str, asked: tuple[str, ...]) -> None:
    """With `ndots` dots the name itself comes first; with a dot at its end it is whole."""
    assert Servers(domains=("a", "b"), ndots=2).names_for(name) == asked


def test_a_hosts_file_gives_each_name_all_its_addresses() -> None:
    """Aliases count, case does not, each address stands once, and lines that are wrong are left out."""
    text = "127.0.0.1 one Two # three\n::1\tone\n127.0.0.1 one\nnothing four\n10.0.0.9\n"

    assert read_hosts(text) == {"one": ("127.0.0.1", "::1"), "two": ("127.0.0.1",)}


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """Whether it is written in place, replaced, removed or made."""
    resolv_conf, hosts = tmp_path / "resolv.conf", tmp_path / "hosts"
    files = Files(resolv_conf, hosts)

    assert (files.servers, files.hosts_of("app")) == (Servers(), ())

    resolv_conf.write_text("nameserver 10.0.0.1\n", encoding="utf-8")
    hosts.write_text("10.0.0.2 app\n", encoding="utf-8")

    assert (files.servers.addresses, files.hosts_of("App.")) == (("10.0.0.1",), ("10.0.0.2",))

    (tmp_path / "new").write_text("10.0.0.3 app\n", encoding="utf-8")
    (tmp_path / "new").rename(hosts)

    assert files.hosts_of("app") == ("10.0.0.3",)

    hosts.unlink()

    assert files.hosts_of("app") == ()


def test_localhost_is_always_there(tmp_path: Path) -> None:
    """RFC 6761: without a line for it, it is loopback, and so is every name below it; a line counts before that."""
    files = Files(tmp_path / "resolv.conf", tmp_path / "hosts")

    assert files.hosts_of("localhost") == files.hosts_of("a.localhost.") == ("127.0.0.1", "::1")

    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")

    assert files.hosts_of("localhost") == ("127.0.0.1",)
