from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http import redact as module
from proxy.core.http.redact import HIDDEN, REMEMBERED, is_secret_name, redact_target


@pytest.mark.parametrize(
    ("target", "logged"),
    [
        (b"/x?token=abc", b"/x?token=[redacted]"),
        (b"/x?a=1&access_token=abc&b=2", b"/x?a=1&access_token=[redacted]&b=2"),
        (b"/x?a=1;PASSWORD=a=b;b=2", b"/x?a=1;PASSWORD=[redacted];b=2"),
        (
            b"/x?X-Amz-Signature=0f&X-Amz-Credential=AK&q=7",
            b"/x?X-Amz-Signature=[redacted]&X-Amz-Credential=[redacted]&q=7",
        ),
        (b"/x?%74oken=abc", b"/x?%74oken=[redacted]"),
        (b"/x?user%5Bpassword%5D=abc", b"/x?user%5Bpassword%5D=[redacted]"),
        (b"/x?code=1&state=2", b"/x?code=[redacted]&state=2"),
        (b"/x?my_key=1&pin=2&sig=3", b"/x?my_key=[redacted]&pin=[redacted]&sig=[redacted]"),
        (b"/x?token=a&token=b", b"/x?token=[redacted]&token=[redacted]"),
        (b"/x?a=1?token=b", b"/x?a=[redacted]"),
        (b"/x?&&token=b&", b"/x?&&token=[redacted]&"),
        (b"/c/1;jsessionid=S", b"/c/1;jsessionid=[redacted]"),
        (b"/c;v=2;%73id=S/1;token=T;x=y?a=b", b"/c;v=2;%73id=[redacted]/1;token=[redacted];x=y?a=b"),
        (b"https://h/#access_token=S&state=1", b"https://h/#access_token=[redacted]&state=1"),
        (b"/app#/done?code=S", b"/app#/done?code=[redacted]"),
        (b"https://ann:S@h/x", b"https://[redacted]@h/x"),
        (b"//ann@h/", b"//[redacted]@h/"),
        (b"/x?data=%7B%22password%22:%22S%22%7D&b=1", b"/x?data=[redacted]&b=1"),
        (b'/x?data={"a":{"apiKey":"S"}}', b"/x?data=[redacted]"),
        (b"/x?data=%5B%7B%22name%22%3A%22password%22%2C%22value%22%3A%22S%22%7D%5D", b"/x?data=[redacted]"),
        (b"/x?next=https%3A%2F%2Fh%2Fcb%3Fcode%3DS", b"/x?next=[redacted]"),
        (b"/x?next=https%253A%252F%252Fh%252F%2523access_token%253DS", b"/x?next=[redacted]"),
        (b"/x?data=%22" + b"a" * 9000 + b"%22token", b"/x?data=[redacted]"),
    ],
    ids=[
        "alone",
        "among others",
        "semicolons and case",
        "signed address",
        "encoded",
        "nested",
        "grant",
        "short names",
        "twice",
        "in a value",
        "empty pairs",
        "session in the path",
        "parameters of several segments",
        "fragment",
        "route in a fragment",
        "user and password",
        "user without scheme",
        "json",
        "json in clear",
        "named pair in json",
        "address in a parameter",
        "address encoded twice",
        "too long to say",
    ],
)
def test_secret_values_are_not_logged(target: bytes, logged: bytes) -> None:
    """R30: what sounds like a secret loses its value, and nothing else changes."""
    assert redact_target(target) == logged


@pytest.mark.parametrize(
    ("target", "logged"),
    [
        (b"/x?to%256ben=abc", b"/x?to%256ben=[redacted]"),
        (b"/x?token%3Dabc&b=2", b"/x?[redacted]&b=2"),
        (b"/x?b%3D2&c", b"/x?b%3D2&c"),
        (b"/x?q=token=abc", b"/x?q=[redacted]"),
        (
            b"/x?userPin=1&pinCode=2&clientKey=3&zipcode=4",
            b"/x?userPin=[redacted]&pinCode=[redacted]&clientKey=[redacted]&zipcode=4",
        ),
        (b"/x?PHPSESSID=1&hmac=2&ticket=3", b"/x?PHPSESSID=[redacted]&hmac=[redacted]&ticket=[redacted]"),
        (b"/x?next=https://u:abc@h/", b"/x?next=[redacted]"),
        (b"/x?next=https%3A%2F%2Fu%3Aabc%40h%2F", b"/x?next=[redacted]"),
        (b"/x%3Bjsessionid=abc/y", b"/x%3Bjsessionid=[redacted]/y"),
    ],
)
def test_secrets_are_found_however_they_are_written(target: bytes, logged: bytes) -> None:
    """Encoded twice, with the mark encoded, begun by a capital, in a pair or a user within a value."""
    assert redact_target(target) == logged


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/orders?id=7&sort=name&page=2",
        b"/token/7",
        b"/x?keyboard=de&pinned=1&zipcode=10115&monkey=1&design=2&compass=n",
        b"/x?token",
        b"/x?token=",
        b"/x?q=token",
        b"/x?",
        b"/users/@me?mail=a@b.example",
        b"/c;v=2;color=red/1?data=%7B%22total%22:1%7D",
        b"/x?next=%2Fhome%3Fpage%3D2&data=%22" + b"a" * 9000 + b"%22",
        b"/docs#installation",
        b"/token;v=1/x",
    ],
)
def test_other_targets_are_logged_as_they_are(target: bytes) -> None:
    """Words that merely contain a short one, and names without a value, hide nothing."""
    assert redact_target(target) == target


@given(st.lists(st.sampled_from(["token", "id", "%74oken", "=", "&", ";", "?", "abc", "%"]), max_size=12).map("".join))
def test_only_values_disappear(query: str) -> None:
    """With the mark taken out again, every logged byte stands in the target in the same order."""
    target = b"/x?" + query.encode()
    rest = target
    for part in redact_target(target).split(HIDDEN):
        place = rest.find(part)
        assert place >= 0
        rest = rest[place + len(part) :]


@pytest.mark.parametrize(
    "piece", [b"token", b"key-", b"&token", b"%74", b";=", b"a", b"%22", b"@", b"#", b";a=", b"&x=%22a%22"]
)
def test_a_hostile_query_costs_no_more_than_its_length(piece: bytes) -> None:
    """Names that almost match, thousands of times, come back at once and unchanged."""
    target = b"/x?" + piece * 200_000

    assert redact_target(target) == target


@pytest.mark.parametrize(
    ("name", "secret"),
    [("token", True), ("apiKey", True), ("card_number", True), ("id", False), ("monkey", False), ("größe", False)],
)
def test_a_parameter_sounds_like_a_secret_or_not(name: str, secret: bool) -> None:  # noqa: FBT001 (a table's column)
    """The same words decide for names of path parameters."""
    assert is_secret_name(name) is secret


def test_long_names_are_judged_and_not_remembered() -> None:
    """Names come from outside: what is remembered of them is bounded in number and in length."""
    before = module._known.cache_info().currsize
    found = [is_secret_name("a" * REMEMBERED + end) for end in ("x", "_token")]

    assert found == [False, True]
    assert module._known.cache_info().currsize == before


@given(st.lists(st.sampled_from(["TOKEN", "api_key", "ApiKey", "-", "x", "sid", "Auth"]), max_size=4).map("".join))
def test_the_quick_look_passes_over_no_secret(name: str) -> None:
    """Whatever the exact look calls a secret's name loses its value."""
    target = f"/x?{name}=S".encode()

    assert (redact_target(target) != target) is is_secret_name(name)
