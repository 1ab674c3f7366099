"""What the payid story's own systems take and answer: cards, nulls, copies of accounts, tokens."""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import asdict

import pytest

from examples.payid.stage.foundation import make_keys, shop_token
from examples.payid.story.buyer import new_card
from examples.payid.story.load import signer_of
from examples.payid.story.search import cvcs_in, readable
from examples.payid.systems.account import COLUMNS, account_of, registered
from examples.payid.systems.account_apis import without_nulls
from examples.payid.systems.card_rules import RefusedCardError, luhn, read_card
from examples.payid.systems.kept_secrets import TokenIssuer, digest, password_fits, password_hash

GOOD = {"number": "4242424242424242", "cvc": "047", "exp_month": 12, "exp_year": 2090}
SENT = {"mail": "a@mail.example", "password": "secret", "name": "A", "zip": "0600001", "prefecture": "x", "line": "y"}


def test_a_good_card_is_taken_and_said_without_its_number() -> None:
    """What anybody may know of it."""
    said = read_card(GOOD).said

    assert said == {"brand": "Visa", "last4": "4242", "exp_month": 12, "exp_year": 2090}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "42"}, "incorrect_number"),
        ({"cvc": "12"}, "invalid_cvc"),
        ({"exp_year": 2020}, "expired_card"),
    ],
)
def test_what_is_no_card_is_refused(changed: dict[str, object], error: str) -> None:
    """By a name that holds nothing of it."""
    with pytest.raises(RefusedCardError, match=error):
        read_card({**GOOD, **changed})


def test_releases_before_the_third_take_no_american_express() -> None:
    """Its CVC has four digits: the planted bug."""
    card = {**GOOD, "number": "378282246310005", "cvc": "0917"}

    assert read_card(card).brand == "American Express"
    with pytest.raises(RefusedCardError, match="invalid_cvc"):
        read_card(card, (3,))


def test_cards_of_the_story_are_ones_that_a_processor_takes() -> None:
    """Both kinds, and each CVC begins with a zero."""
    dice = random.Random(7)
    cards = [new_card(dice) for _ in range(50)]

    assert {read_card(card).brand for card in cards} == {"Visa", "American Express"}
    assert all(luhn(card["number"]) and card["cvc"].startswith("0") for card in cards)


def test_new_leaves_out_what_is_null() -> None:
    """At every depth."""
    assert without_nulls({"a": None, "b": {"c": None, "d": 1}, "e": False}) == {"b": {"d": 1}, "e": False}


def test_an_account_is_the_same_after_it_was_copied() -> None:
    """With hashes in place of what is secret."""
    account = registered({**SENT, "phone": None}, "token")

    assert account_of(asdict(account)) == account
    assert len(account.values) == len(COLUMNS)
    assert account.verification_hash == digest("token")
    assert "secret" not in str(asdict(account))


def test_a_password_fits_its_hash_alone() -> None:
    """Each hash has a salt of its own."""
    kept = password_hash("secret")

    assert password_fits("secret", kept)
    assert not password_fits("other", kept)
    assert password_hash("secret") != kept


def test_a_token_says_which_side_has_signed_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By its key's id; the shops' by another one."""
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder)

    signers = [
        signer_of(TokenIssuer(str(folder / f"{side}-signs.json")).token("b1", "cart")) for side in ("legacy", "new")
    ]
    assert [*signers, signer_of(shop_token(folder))] == ["legacy", "new", "shops"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"cvc": "047"}', 1),
        ("cvc=047&x=1", 1),
        ("a047", 0),
        ("0.047", 0),
        ("10471", 0),
        ("2026-047-1", 0),
        ("12:00:00,047", 0),
    ],
)
def test_a_cvc_is_found_as_a_text_of_its_own(text: str, found: int) -> None:
    """And not within something else."""
    assert cvcs_in([text], {"047"}) == found
    assert re.search("047", text)


def test_what_is_no_text_holds_no_cvc_by_chance() -> None:
    """A digest may have any three bytes in a row; a text in bytes, packed or not, is read as one."""
    digest = b"\xff\x00047\x9c"

    assert cvcs_in([readable(digest)], {"047"}) == 0
    assert [cvcs_in([readable(each)], {"047"}) for each in (b'{"a":"047"}', zlib.compress(b'{"a":"047"}'))] == [1, 1]
