from __future__ import annotations

from pathlib import Path

import pytest

from proxy.core.auth.opaque_policy import KEEP, Introspection, OpaquePolicy, SecretPlace
from proxy.core.secret import Secret
from tests.config.given_files import problems, snapshot

URL = "https://id.example.com/introspect"
FILE = """\
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: {{ url: "http://127.0.0.1:3000" }}
routes:
  - {{ name: rest, match: /**, stage: legacy, auth: {auth} }}
auth:
  partners: {{ {policy} }}
"""


def file_of(policy: str, auth: str = "partners") -> str:
    return FILE.format(policy=policy, auth=auth)


def asked(said: str) -> str:
    return file_of(f"introspection: {{ {said} }}")


def test_everything_that_is_said_of_it_arrives() -> None:
    """Paths of secrets count from the folder of the file; what is not said has its default."""
    said = f"introspection: {{ url: {URL}, client: banyan, secret: file:s, keep: 10s }}, audience: [a], subject: id"
    found = snapshot(file_of(said)).auth["partners"]
    assert isinstance(found, OpaquePolicy)
    assert found.introspection.secret.file == str(Path("s").absolute())
    assert (found.introspection.keep, found.audience, found.subject) == (10.0, frozenset({"a"}), "id")

    least = snapshot(asked(f"url: {URL}, client: banyan, secret: hidden")).auth["partners"]
    place = SecretPlace(text=Secret("hidden"))
    introspection = Introspection(url=URL, client="banyan", secret=place, keep=KEEP)
    assert least == OpaquePolicy(name="partners", introspection=introspection)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (asked("url: ftp://a, client: b, secret: file:s"), "introspection.url: must be the URL of an introspection"),
        (asked("url: http://a/b, client: b, secret: file:s"), "introspection.url: must be https: tokens and a secret"),
        (asked('url: "https://a:b@c/", client: b, secret: file:s'), "introspection.url: must be the URL of an"),
        (asked('url: "https://[", client: b, secret: file:s'), "introspection.url: must be the URL of an"),
        (asked(f'url: {URL}, client: " ", secret: file:s'), "introspection.client: must be the name of a client"),
        (asked(f'url: {URL}, client: b, secret: "file:"'), "introspection.secret: must be file: and the path"),
        (asked(f"url: {URL}, client: b, secret: file:s, keep: 1h"), "introspection.keep: must be at most 300s"),
        (file_of("issuer: a"), "auth.partners: must say one of keys and introspection"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, complaint: str) -> None:
    """Where it stands, and nothing of a secret is repeated."""
    (found,) = problems(text)
    assert complaint in found


GOOD = f"introspection: {{ url: {URL}, client: banyan, secret: file:s }}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (file_of(f"{GOOD}, typ: jwt"), "auth.partners.typ: has no meaning with introspection"),
        (
            file_of(GOOD, "{ by: partners, enforce: false }"),
            "routes[0].auth.enforce: with introspection each request would wait",
        ),
        (
            file_of(GOOD + f" }}\n  more: {{ {GOOD}", "[partners, more]"),
            "routes[0].auth[1]: is a second policy with introspection here",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(text: str, complaint: str) -> None:
    """What its endpoint has looked at, a second one to ask, and waits that decide nothing."""
    (found,) = problems(text)
    assert complaint in found
