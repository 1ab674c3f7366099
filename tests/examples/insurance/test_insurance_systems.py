"""What the insurance story's own systems answer: whom legacy takes for the signer, and where services are."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from examples.insurance.systems.iam import SentRequest, signer_of
from examples.insurance.systems.name_server import answer_to
from examples.insurance.systems.settings import APP_KEY, REGION, SERVICE

SECRETS = {APP_KEY: "the-apps-secret"}
ZONE = "contract.insurance.internal 1 127.62.0.1\nplan.insurance.internal 1 127.61.0.1\n"


def signed(secret: str = SECRETS[APP_KEY]) -> SentRequest:
    """As the app would."""
    made = AWSRequest("PUT", "http://gateway.test/app/contracts/1?a=b%20c", data=b'{"a":1}')
    SigV4Auth(Credentials(APP_KEY, secret), SERVICE, REGION).add_auth(made)
    fields = {name.lower(): value for name, value in made.headers.items()}
    return SentRequest("PUT", "/app/contracts/1?a=b%20c", {"host": "gateway.test", **fields}, b'{"a":1}')


def test_who_has_signed_is_found() -> None:
    """By its access key."""
    assert signer_of(signed(), SECRETS) == APP_KEY


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b'{"a":2}'},
        {"target": "/app/contracts/2?a=b%20c"},
        {"method": "POST"},
        {"fields": {**signed().fields, "host": "elsewhere.test"}},
        {"fields": {**signed().fields, "x-amz-more": "unsigned"}},
        {"fields": {**signed().fields, "x-amz-date": "20200101T000000Z"}},
        {"fields": {**signed().fields, "x-amz-date": "now"}},
        {"fields": {}},
    ],
)
def test_a_changed_byte_is_nobodys(changed: dict[str, object]) -> None:
    """Whichever it is."""
    assert signer_of(replace(signed(), **changed), SECRETS) == ""  # type: ignore[arg-type] # by their names


def test_another_secret_is_nobodys() -> None:
    """Nor is a key that nobody has."""
    assert signer_of(signed("another"), SECRETS) == ""
    assert signer_of(signed(), {}) == ""


def question(name: str, kind: int) -> bytes:
    """As a resolver asks it."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


def test_a_name_has_the_address_of_the_zone() -> None:
    """With its TTL, in whatever case it is asked for."""
    answer = answer_to(question("Contract.insurance.internal", 1), ZONE)

    assert struct.unpack(">6H", answer[:12]) == (7, 0x8580, 1, 1, 0, 0)
    assert struct.unpack(">HHHIH", answer[-16:-4]) == (0xC00C, 1, 1, 1, 4)
    assert IPv4Address(answer[-4:]) == IPv4Address("127.62.0.1")


@pytest.mark.parametrize(("name", "kind", "code"), [("plan.insurance.internal", 28, 0), ("other.internal", 1, 3)])
def test_what_is_not_there_is_said(name: str, kind: int, code: int) -> None:
    """A name without an address of that kind is one all the same; another is none."""
    answer = answer_to(question(name, kind), ZONE)

    assert struct.unpack(">6H", answer[:12]) == (7, 0x8580 | code, 1, 0, 0, 0)
