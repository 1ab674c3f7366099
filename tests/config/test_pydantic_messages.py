from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.config.blocks.match import MatchBlock
from proxy.config.pydantic_messages import Complaint, explain, known_keys, unknown_key
from proxy.config.schema import FileBlock, RouteBlock, UpstreamBlock
from proxy.config.text.plain_values import BROKEN
from proxy.config.text.problem import FromEnvironment
from tests.config.given_files import FILE, problems

ROUTE = {"name": "a", "match": "/a", "stage": "legacy"}


def said(**also: object) -> list[Complaint | None]:
    """What is said of a route with these values."""
    with pytest.raises(ValidationError) as errors:
        RouteBlock.model_validate(ROUTE | also)
    return [explain(error, RouteBlock) for error in errors.value.errors()]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("split", "250%", "must be between 0 % and 100 %, got 250 %"),
        (
            "stage",
            "canry",
            'must be one of legacy, shadow, canary, live, complete, retired; got "canry" (did you mean canary?)',
        ),
        ("group", 7, "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores; got 7"),
        ("timeout", "5s", 'must be streaming, or a mapping such as {response: 15s}; got "5s"'),
        ("timeout", {"streaming": True}, "streaming is a word, not a key (write timeout: streaming)"),
        ("timeout", 5, "must be a mapping, got 5"),
        ("limits", ["a"], "must be a mapping, got a list"),
    ],
)
def test_words_are_message_then_value_then_cure(key: str, value: object, message: str) -> None:
    """A sentence says what is right, what was got, and the cure; a comma within it makes the joint a semicolon."""
    assert said(**{key: value}) == [Complaint((key,), message)]


def test_nothing_is_said_of_a_value_that_should_not_be_repeated() -> None:
    """Where the reader wants the value hidden, the sentence ends without it."""
    assert said(cohort=[]) == [Complaint(("cohort",), "must name at least one source")]


def test_values_out_of_the_environment_are_not_repeated() -> None:
    """Neither the value nor a cure made of it is shown, only how it is written in the file."""
    secret = FromEnvironment.of("canry", "${STAGE}")
    share = FromEnvironment.of("250%", "${SHARE}")

    assert said(stage=secret, split=share) == [
        Complaint(
            ("stage",), "must be one of legacy, shadow, canary, live, complete, retired; got the value of ${STAGE}"
        ),
        Complaint(("split",), "must be between 0 % and 100 %, got the value of ${SHARE}"),
    ]


@pytest.mark.parametrize("value", [BROKEN, {"path": "/", "methods": [BROKEN]}, {"path": BROKEN}])
def test_nothing_more_is_said_of_a_broken_value(value: object) -> None:
    """What an earlier step has refused is not refused again, nor is a list that holds it."""
    assert said(match=value) == [None]


def test_a_missing_key_and_an_unknown_key_are_said_at_their_place() -> None:
    """A missing key is said at its block, an unknown one at the key itself, with the nearest that is known."""
    with pytest.raises(ValidationError) as errors:
        RouteBlock.model_validate({"match": {"paht": "/"}, "stage": "legacy"})

    assert [explain(error, RouteBlock) for error in errors.value.errors()] == [
        Complaint(("name",), "is missing"),
        Complaint(("match", "path"), "is missing"),
        Complaint(("match", "paht"), "is not known here; did you mean path?", at_key=True),
    ]


def test_a_wrong_key_of_a_mapping_is_said_at_the_key() -> None:
    """Where a key itself is wrong, the key is pointed at."""
    found = said(match={"path": "/", "headers": {"Host": "a"}})

    assert found == [
        Complaint(
            ("match", "headers", "Host"),
            "is a field that belongs to one connection or to the proxy: routes cannot ask about it, "
            'got "Host" (ask by match.host)',
            at_key=True,
        )
    ]


def test_an_unknown_key_far_from_all_others_is_told_what_is_known() -> None:
    """Without a near word, all known keys are listed; what has not landed is refused by its name."""
    assert unknown_key("zzz", ["path", "host"]) == "is not known here; known are path, host"
    assert unknown_key("handover", ["path"]) == "has not landed in this version of Banyan; take it out until it has"


def test_a_key_of_a_block_beside_it_is_told_where_it_belongs() -> None:
    """Inside the block, or one of the blocks, that has it; not where one of many blocks might be meant."""
    with pytest.raises(ValidationError) as errors:
        UpstreamBlock.model_validate({"url": "https://a", "sni": "host", "failures": 3})

    assert [explain(error, UpstreamBlock) for error in errors.value.errors()] == [
        Complaint(("sni",), "is not known here; write it inside tls: { sni: … }", at_key=True),
        Complaint(
            ("failures",),
            "is not known here; write it inside breaker: { failures: … } or eject: { failures: … }",
            at_key=True,
        ),
    ]
    assert said(path="/") == [
        Complaint(("path",), "is not known here; write it inside match: { path: … }", at_key=True)
    ]

    with pytest.raises(ValidationError) as errors:
        FileBlock.model_validate({"cohort": "anonymous", "version": 1, "listen": ":1", "upstreams": {}, "routes": []})
    (found,) = [explain(error, FileBlock) for error in errors.value.errors() if error["loc"] == ("cohort",)]
    assert found is not None
    assert found.message.startswith("is not known here; known are version, ")


def test_the_keys_of_every_block_are_known() -> None:
    """The way from a block to a block within it is found through optional and short forms."""
    assert known_keys(RouteBlock, ()) == list(RouteBlock.model_fields)
    assert known_keys(RouteBlock, ("match",)) == list(MatchBlock.model_fields)
    assert known_keys(RouteBlock, ("timeout",)) == ["connect", "queue", "response", "idle", "total"]
    assert known_keys(UpstreamBlock, ("health",)) == ["path", "host", "every", "unhealthy_after", "healthy_after"]
    assert known_keys(FileBlock, ("limits",))[0] == "connections"


def test_an_error_without_words_of_ours_keeps_its_own() -> None:
    """A kind of error that nobody has foreseen is still told."""
    error = {"type": "odd", "loc": ("a",), "input": "x", "msg": "Odd"}

    assert explain(error, RouteBlock) == Complaint(("a",), 'Odd, got "x"')  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ('databases: {orders: {url: "postgres://h/d", foo: 1}}', "databases.orders.foo: is not known here; known are"),
        ("grants: {portal: {keys: {foo: 1}}}", "grants.portal.keys.foo: is not known here; known are"),
    ],
)
def test_a_key_below_a_name_is_told_like_any_other(block: str, told: str) -> None:
    """Where a mapping of names stands between, the block below it is known all the same."""
    assert any(told in problem for problem in problems(f"{FILE}{block}\n"))
