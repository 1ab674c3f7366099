from __future__ import annotations

import pytest

from proxy.config.blocks.tls import read_host, read_path, read_server_name, read_version
from proxy.config.load import Loaded, load_text
from proxy.config.readers.scalars import read_switch
from proxy.core.routing.snapshot import Snapshot
from proxy.core.tls import CertificateFiles, ListenerTls, TlsVersion, UpstreamTls
from tests.config.given_files import warnings, with_routes
from tests.config.refusing import refusal

TABLE = """\
version: 1
listen: :8443
{top}
upstreams: {{legacy: {{url: "https://legacy.internal", tls: {upstream}}}}}
routes: [{{name: rest, match: /**, stage: legacy}}]
"""


def loaded(top: str = "", upstream: str = "{}", name: str = "routes.yaml") -> Snapshot:
    found = load_text(TABLE.format(top=top, upstream=upstream), name, {})
    assert isinstance(found, Loaded), [str(each) for each in found]
    return found.snapshot


def refusals(top: str = "", upstream: str = "{}") -> list[str]:
    found = load_text(TABLE.format(top=top, upstream=upstream), "routes.yaml", {})
    assert isinstance(found, list)
    return [str(each) for each in found]


def test_the_listener_block_becomes_a_value() -> None:
    """Paths count from the folder of routes.yaml, an absolute one stays; the first certificate stands first."""
    top = "tls: {cert: a.pem, key: /k/a.key, more: [{cert: b.pem, key: b.key, hosts: [B.test]}], client_ca: ca.pem}"

    assert loaded(top, name="/etc/banyan/routes.yaml").tls == ListenerTls(
        certificates=(
            CertificateFiles(cert="/etc/banyan/a.pem", key="/k/a.key"),
            CertificateFiles(cert="/etc/banyan/b.pem", key="/etc/banyan/b.key", hosts=("b.test",)),
        ),
        client_ca="/etc/banyan/ca.pem",
    )
    assert loaded().tls is None


def test_the_upstream_block_becomes_a_value() -> None:
    """Every key has its field."""
    said = "{ca: ca.pem, cert: a.pem, key: a.key, server_name: New.test, min_version: 1.3}"

    assert loaded(upstream=said).upstreams["legacy"].tls == UpstreamTls(
        ca="ca.pem", cert="a.pem", key="a.key", server_name="new.test", min_version=TlsVersion.TLS13
    )
    assert loaded(upstream="{verify: false}").upstreams["legacy"].tls == UpstreamTls(verify=False)


def test_what_belongs_together_stands_together() -> None:
    """A certificate needs its key and the other way round; `ca` means nothing where nothing is verified."""
    assert refusals(upstream="{cert: a.pem}") == [
        "routes.yaml:4:60: upstreams.legacy.tls.cert: has no key to go with it; write key too"
    ]
    assert refusals(upstream="{key: a.key}") == [
        "routes.yaml:4:60: upstreams.legacy.tls.key: has no cert to go with it; write cert too"
    ]
    assert refusals(upstream="{ca: a.pem, verify: false}") == [
        "routes.yaml:4:60: upstreams.legacy.tls.ca: is not looked at with verify: false; take one of them out"
    ]


def test_a_typo_within_a_list_is_named() -> None:
    """An unknown key of one certificate among more is found at its place."""
    assert refusals("tls: {cert: a, key: b, more: [{cert: c, keys: d}]}") == [
        "routes.yaml:3:31: tls.more[0].key: is missing",
        "routes.yaml:3:41: tls.more[0].keys: is not known here; did you mean key?",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "must be the path of a file in PEM form"),
        ("", "must be the path of a file in PEM form"),
        (
            "-----BEGIN CERTIFICATE-----\nMII",
            "must be the path of a file in PEM form | got  | write the path of a file that holds it",
        ),
    ],
)
def test_what_is_no_path_is_refused(value: object, said: str) -> None:
    """A key that somebody pasted in is never repeated."""
    assert refusal(read_path, value) == said


def test_hosts_are_names_addresses_or_starred() -> None:
    """In lower case; what could be no host is refused, and a server's own name has no star."""
    assert [read_host(each) for each in ("A.test", "*.a.test", "10.0.0.7", "::1")] == [
        "a.test",
        "*.a.test",
        "10.0.0.7",
        "::1",
    ]
    assert read_server_name("A.test") == "a.test"
    assert refusal(read_host, "a/b") == 'must be a host such as api.example.com, or "*.example.com"'
    assert refusal(read_host, "a..b").startswith("must be a host")
    assert refusal(read_server_name, "*.a") == "must be the name that the certificate holds, such as legacy.internal"


def test_versions_and_switches() -> None:
    """A version may stand without quotes; a switch is true or false."""
    assert [read_version(each) for each in ("1.2", 1.3)] == [TlsVersion.TLS12, TlsVersion.TLS13]
    assert refusal(read_version, 1.0).startswith("must be one of 1.2, 1.3")
    assert read_switch(False) is False  # noqa: FBT003
    assert refusal(read_switch, "no") == "must be true or false"


def test_an_https_upstream_that_sees_another_name_as_host_is_told() -> None:
    """With `host: preserve`, said or not, SNI and Host differ; a file that says how they go together is not warned."""
    text = with_routes("name: a, match: /a, stage: live")
    told = "asked for new.internal by TLS (SNI)"
    for keys, count in (
        ("", 1),
        (", host: preserve", 1),
        (", tls: {verify: true}", 1),
        (", host: upstream", 0),
        (", tls: {sni: host}", 0),
        (", tls: {sni: upstream}", 0),
    ):
        found = warnings(text.replace('{url: "http://127.0.0.1:3001"}', f'{{url: "https://new.internal"{keys}}}'))

        assert len([each for each in found if told in each]) == len(found) == count, keys
