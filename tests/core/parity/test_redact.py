from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.redact import REMEMBERED
from proxy.core.parity.compare import Outcome, compare
from proxy.core.parity.redact import MOST_BODY, Redactor, is_card
from proxy.core.parity.rules.difference import DifferenceKind, differ
from proxy.core.parity.rules.rules import Rules
from tests.core.parity.pairs import NOISELESS, NOW, answer, asking, in_fields, pair

REDACTOR = Redactor(key=b"0123456789abcdef", names=frozenset({"patient_number"}))
CARD, MAIL, PASSWORD, TOKEN = "4111 1111 1111 1111", "ann@shop.test", "hunter2-hunter2", "eyJhbGciOi.eyJzdWIiOi.c2ln"
SECRETS = (CARD, CARD.replace(" ", ""), MAIL, PASSWORD, TOKEN, "s3ss10n", "P-778899")
FIELDS = in_fields(
    f"Authorization: Bearer {TOKEN}",
    "Cookie: sid=s3ss10n; theme=dark; s3ss10n",
    f"X-Api-Key: {PASSWORD}",
    f"Referer: /search?mail={MAIL}&token={PASSWORD}",
    "Patient_Number: P-778899",
    f"X-Note: call {MAIL}",
    f"Location: https://ann:{PASSWORD}@h/c;jsessionid=s3ss10n?data=%7B%22password%22:%22{PASSWORD}%22%7D#token={TOKEN}",
    f"Refresh: 0; url=https://h/?token={PASSWORD}",
)


def kept_body(body: object, media: str = "application/json") -> str:
    """What is kept of a body."""
    return REDACTOR.answer(answer(body, in_fields(f"Content-Type: {media}"))).body.decode()


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (
            "application/json",
            json.dumps({"card": CARD, "a": [{"password": PASSWORD}, MAIL], "patient_number": "P-778899"}),
        ),
        ("application/json", json.dumps({"note": f"his card is {CARD}, mail {MAIL}", "session": {"id": ["s3ss10n"]}})),
        ("application/json", json.dumps({MAIL: 1, "n": 4111111111111111, "inner": json.dumps({"password": PASSWORD})})),
        ("application/json", '{"password": 1, "password": "hunter2-hunter2"}'),
        ("application/json", '{"password": "hunter2-hunter2'),
        ("application/json", '{"token": 12345678.5, "n": 4111111111111111.0}'),
        ("application/x-ndjson", '{"password": "hunter2-hunter2"}\n'),
        (
            "application/x-www-form-urlencoded",
            f"password={PASSWORD}&mail=ann%40shop.test&sid=s3ss10n&patient_number=P-778899",
        ),
        ("text/xml", f"<a password='{PASSWORD}'><session>s3ss10n</session><m>{MAIL}</m></a>"),
        ("text/html", f'<input name="password" value="{PASSWORD}"><p>{CARD}</p>'),
        ("text/plain", f"password: {PASSWORD}, token={TOKEN}; Bearer {TOKEN}"),
        ("text/event-stream", f'data: {{"session": "s3ss10n", "mail": "{MAIL}"}}\n\n'),
        (
            "application/json",
            json.dumps([{"name": "password", "value": PASSWORD}, {"Key": "sid", "Value": ["s3ss10n"]}]),
        ),
        ("application/json", json.dumps({"fields": [["password", PASSWORD]], "url": f"https://ann:{PASSWORD}@h/"})),
        ("application/json", json.dumps({"next": f"https://h/cb#access_token={PASSWORD}", "a": "/c;sid=s3ss10n"})),
        ("text/xml", f'<add key="password">{PASSWORD}</add><p name="sid">s3ss10n</p>'),
        ("text/plain", f"see https://ann:{PASSWORD}@h.example/x"),
        ("text/csv", f"name,password\nann,{PASSWORD}"),
        (
            "multipart/form-data; boundary=x",
            f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{PASSWORD}\r\n--x--',
        ),
        ("image/png", f"\0{PASSWORD}"),
    ],
)
def test_no_secret_is_kept_of_a_body(media: str, body: str) -> None:
    """By name or by look, in every media type, whole or cut."""
    kept = kept_body(body, media)

    assert "hash:" in kept
    assert [secret for secret in SECRETS if secret in kept] == []


def test_no_secret_is_kept_of_a_request() -> None:
    """Fields, cookies and target; what is no secret stays readable."""
    target = f"/users/ann%40shop.test/cards/{CARD.replace(' ', '')}?page=2&api_key={PASSWORD}&patient_number=P-778899"
    request = asking(target.encode())
    kept = REDACTOR.request(type(request)(method=b"POST", target=request.target, fields=FIELDS, body=b""))
    whole = repr(kept)

    assert [secret for secret in (*SECRETS, "ann%40shop.test") if secret in whole] == []
    assert b"page=2" in kept.target
    assert kept.fields[0][1].startswith(b"Bearer hash:")
    assert kept.fields[1][1].startswith(b"sid=hash:")


def test_no_secret_is_kept_of_an_answer_s_fields() -> None:
    """A cookie keeps its attributes, a location its place; what framed the body is gone."""
    fields = in_fields(
        "Set-Cookie: sid=s3ss10n; Path=/; HttpOnly",
        f"Location: /in?token={TOKEN}",
        "Content-Encoding: gzip",
        "Authentication-Info: abc",
    )
    kept = REDACTOR.answer(answer(gzip.compress(b'{"password": "hunter2-hunter2"}'), fields))

    assert [name for name, _ in kept.fields] == [b"Set-Cookie", b"Location", b"Authentication-Info"]
    assert kept.fields[0][1].endswith(b"; Path=/; HttpOnly")
    assert [secret for secret in SECRETS if secret in repr(kept)] == []
    assert kept.fields[2][1].startswith(b"hash:")


@given(st.text(max_size=20), st.text(max_size=20))
def test_equal_stays_equal_and_different_stays_different(one: str, other: str) -> None:
    """Two redacted answers match exactly if the answers did."""
    plain = pair(answer({"password": one}), answer({"password": other}), answer({"password": one}))
    kept = REDACTOR.pair(plain)
    outcomes = [compare(pair(each.legacy, each.new), Rules(), NOISELESS, NOW).outcome for each in (plain, kept)]

    assert outcomes == [Outcome.MATCH if one == other else Outcome.MISMATCH] * 2
    assert kept.second == kept.legacy


def test_another_key_makes_other_hashes() -> None:
    """Without the key a hash says nothing."""
    assert REDACTOR.hashed(b"a") == REDACTOR.hashed(b"a") != Redactor(key=b"x" * 99).hashed(b"a")
    assert len(REDACTOR.hashed(b"a")) == len("hash:") + 12


def test_what_is_no_secret_is_kept_as_it_is() -> None:
    """Ordinary members, numbers that are no cards, an empty body."""
    body = {"a": [1, None, True, "x"], "order": 1234567890123, "price": 1.5}

    assert json.loads(kept_body(body)) == body
    assert kept_body("") == ""
    assert kept_body("order 4111111111111112 is no card", "text/plain") == "order 4111111111111112 is no card"
    assert kept_body('<input name="page" value="2">', "text/html") == '<input name="page" value="2">'
    assert REDACTOR.pair(pair(answer(), answer())).second is None


@pytest.mark.parametrize("name", [CARD, MAIL, "x" * REMEMBERED + " " + MAIL])
def test_a_members_name_may_be_a_secret_itself(name: str) -> None:
    """Short or long, remembered or not: what looks secret in a key is hashed."""
    assert name[-9:] not in kept_body(json.dumps({name: 1, "plain": 2}))


def test_long_bodies_are_cut_after_they_were_redacted() -> None:
    """No more than 64 KiB, and no half of a secret at the end; the size tells that something is missing."""
    text = ("x" * 1000 + f" {CARD} ") * 200
    kept = REDACTOR.answer(answer(text, in_fields("Content-Type: text/plain")))
    tree = REDACTOR.answer(answer(["x" * 1000] * 200))

    assert len(kept.body) <= MOST_BODY
    assert b"4111" not in kept.body
    assert kept.size == len(text)
    assert len(tree.body) == MOST_BODY < tree.size
    assert REDACTOR.answer(answer("1", size=9)).size == 9


def test_what_cannot_be_decoded_is_kept_as_its_hash() -> None:
    """Nobody knows what is in it."""
    assert REDACTOR.answer(answer(b"secret", in_fields("Content-Encoding: gzip"))).body.startswith(b"hash:")


@pytest.mark.parametrize(
    ("path", "legacy", "new"),
    [
        ("$.user.password", '"hunter2-hunter2"', '"other"'),
        ("$.credentials.a", '"hunter2-hunter2"', ""),
        ("$.user", '{"password":"hunter2-hunter2","n":1}', ""),
        ("$.patient_number", "P-778899", "P-1"),
        ("header:X-Auth-Token", "hunter2-hunter2", "other"),
        ("$.note", '"call ann@shop.test"', '"4111 1111 1111 1111"'),
    ],
)
def test_no_secret_is_kept_of_a_difference(path: str, legacy: str, new: str) -> None:
    """By any name of its path, and by look."""
    kept = REDACTOR.difference(differ(path, DifferenceKind.STRING, legacy, new))

    assert [secret for secret in SECRETS if secret in kept.legacy + kept.new] == []
    assert kept.legacy != kept.new
    assert (kept.path, kept.kind) == (path, DifferenceKind.STRING)


def test_an_ordinary_difference_stays_readable() -> None:
    """What is no secret is shown as it was."""
    plain = differ("$.total", DifferenceKind.NUM, "1", "2")

    assert REDACTOR.difference(plain) == plain


@pytest.mark.parametrize(
    ("digits", "card"),
    [
        ("4111111111111111", True),
        ("378282246310005", True),
        ("4111111111111112", False),
        ("0" * 16, False),
        ("42", False),
    ],
)
def test_card_numbers(digits: str, card: bool) -> None:  # noqa: FBT001 - a column
    """Luhn's sum, the right length, and not all the same digit."""
    assert is_card(map(int, digits)) is card


@pytest.mark.parametrize("body", ['{"pin": 4815}', '{"token": {"value": [7, 1.5]}}', '{"password": -3}'])
def test_a_number_under_a_secrets_name_is_hashed_however_short(body: str) -> None:
    """A PIN of four digits is no less secret than a long one."""
    kept = kept_body(json.loads(body))

    assert [digit for digit in ("4815", "7,", "1.5", "-3") if digit in kept] == []
    assert "hash:" in kept


def test_a_secret_that_is_cut_in_two_is_not_kept() -> None:
    """Redaction made the text shorter, so that the place where it was cut comes within what is kept: the part goes."""
    longest = MOST_BODY + 2048  # what is read of a text; the last part of it is never kept
    begin = f"password: {'x' * 5000} "
    body = begin + "a" * (longest - len(begin) - 10) + f" {CARD} "
    kept = kept_body((body + "b" * 5000).encode(), "text/plain")

    assert kept.endswith("a")
    assert CARD[:9] not in kept
