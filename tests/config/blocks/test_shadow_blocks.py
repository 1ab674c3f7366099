from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.config.blocks.base_block import Block
from proxy.config.blocks.shadow_blocks import (
    CredentialsBlock,
    FileShadowBlock,
    ShadowBlock,
    memory_of,
    policy_of,
)
from proxy.core.routing.shadow import MEMORY, Carry, ShadowPolicy
from proxy.core.secret import Secret
from tests.config.given_files import HEAD, snapshot, told, with_routes

BLOCKS = (CredentialsBlock, ShadowBlock, FileShadowBlock)
ROUTE = "name: a, match: /a, stage: shadow"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_key_has_a_sentence_and_examples_that_it_takes(block: type[Block]) -> None:
    """What an editor shows of a key is right."""
    for name, field in block.model_fields.items():
        assert (field.description or "").endswith("."), name
        assert field.examples, name
        for example in field.examples:
            assert name not in wrong(block, {name: example}), (name, example)


def wrong(block: type[Block], values: dict[str, object]) -> set[object]:
    try:
        block.model_validate(values)
    except ValidationError as errors:
        return {each["loc"][0] for each in errors.errors()}
    return set()


def policy(inside: str, top: str = "") -> ShadowPolicy:
    text = with_routes(f"{ROUTE}, shadow: {{{inside}}}", head=HEAD + (f"shadow: {{{top}}}\n" if top else ""))
    found = snapshot(text).routes[0].shadow
    assert found is not None
    return found


def test_without_a_block_the_defaults_hold() -> None:
    """A route with two sides can be shadowed; one without the other side, or with an answer of its own, cannot."""
    routes = with_routes(ROUTE, "name: b, match: /b, respond: {status: 403}", "name: c, match: /c, stage: live")
    found = snapshot(routes)

    assert [route.shadow for route in found.routes] == [ShadowPolicy(), None, ShadowPolicy()]
    assert found.shadow_memory == MEMORY
    assert policy_of(None, None) == ShadowPolicy()
    assert memory_of(None) == memory_of(FileShadowBlock.model_validate({})) == MEMORY


def test_one_upstream_alone_has_no_shadow() -> None:
    """Where the other side is missing, or is the same, there is nobody to ask."""
    alone = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")

    assert snapshot(with_routes("name: a, match: /a, stage: legacy", head=alone)).routes[0].shadow is None
    assert snapshot(with_routes("name: a, match: /a, stage: live, new: legacy")).routes[0].shadow is None


def test_every_key_arrives() -> None:
    """What is written is what acts."""
    said = "sample: 25%, concurrency: 3, timeout: 2s, max_body: 64KiB, second: 0, version_header: X-App"

    assert policy(said) == ShadowPolicy(
        sample=0.25, concurrency=3, timeout=2.0, max_body=65536, second=0.0, version_header=b"x-app"
    )


def test_the_comparison_knows_the_version_header() -> None:
    """It is no part of an answer on the routes that have it, as the route or the top says."""
    top = "shadow: {version_header: X-Top}\n"
    own = [
        snapshot(with_routes(each, head=HEAD + top)).routes[0]
        for each in (ROUTE, ROUTE + ", shadow: {version_header: X-A}")
    ]

    assert [each.compare.version_header for each in own] == [b"x-top", b"x-a"]
    assert snapshot(with_routes(ROUTE)).routes[0].compare.version_header == b""


def test_a_route_goes_before_the_file_key_by_key() -> None:
    """What the route leaves out, the file says."""
    found = policy("sample: 1%", "sample: 50%, timeout: 1s, memory: 8MiB")

    assert (found.sample, found.timeout) == (0.01, 1.0)
    assert snapshot(with_routes(ROUTE, head=HEAD + "shadow: {memory: 8MiB}\n")).shadow_memory == 8 << 20


@pytest.mark.parametrize(
    ("written", "carry", "lines"),
    [
        ("forward", Carry.FORWARD, ()),
        ("drop", Carry.DROP, ()),
        ("{carry: forward}", Carry.FORWARD, ()),
        ("{replace: {Authorization: Bearer x}}", Carry.REPLACE, (b"Authorization: Bearer x",)),
    ],
)
def test_credentials_are_a_word_or_what_stands_instead(written: str, carry: Carry, lines: tuple[bytes, ...]) -> None:
    """Forward, drop, or fields of a test account."""
    found = policy(f"credentials: {written}")

    assert (found.carry, found.replacements) == (carry, Secret(lines))


def test_a_route_takes_back_what_the_file_replaces() -> None:
    """Credentials are one key: the route's word leaves nothing of the file's fields."""
    found = policy("credentials: drop", "credentials: {replace: {Cookie: a=b}}")

    assert (found.carry, found.replacements) == (Carry.DROP, Secret(()))


def test_writes_need_a_word_and_a_handshake() -> None:
    """`dry_run` is taken where the new side names the path of its handshake; `never` takes it back."""
    head = HEAD.replace("3001", "3001/").replace('/"}', '", dry_run: /-/dry}')
    dry = snapshot(with_routes(f"{ROUTE}, shadow: {{writes: dry_run}}", head=head))
    never = snapshot(with_routes(f"{ROUTE}, shadow: {{writes: never}}", head=head + "shadow: {writes: dry_run}\n"))

    assert [each.shadow and each.shadow.dry_run for each in (*dry.routes, *never.routes)] == [True, False]
    assert dry.upstreams["new"].dry_run == "/-/dry"


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("memory: 1MiB", "shadow.memory: "),
        ("sample: ¦5", "shadow.sample: must be a share from 0% to 100%, or a number from 0 to 1"),
        ("concurrency: ¦0", "shadow.concurrency: must be a whole number"),
        ("timeout: ¦0s", "shadow.timeout: must be longer than nothing"),
        ("max_body: ¦1GiB", "shadow.max_body: must be at most 16MiB"),
        ("credentials: ¦keep", "shadow.credentials: must be one of forward, drop, {replace: {NAME: value}}"),
        ("credentials: {replace: ¦{}}", "shadow.credentials.replace: must be a mapping of 1 to 16 header fields"),
        ("credentials: {replace: {A: ¦' x'}}", "shadow.credentials.replace.A: must be visible ASCII characters"),
        ("writes: ¦always", "shadow.writes: must be one of never, dry_run"),
        ("version_header: ¦Host", "shadow.version_header: is a field that belongs to one connection"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(inside: str, message: str) -> None:
    """Each with its line and column."""
    marked = inside if "¦" in inside else f"¦{inside}"
    found = told(with_routes(f"{ROUTE}, shadow: {{{marked}}}"))

    assert len(found) == 1
    assert found[0].startswith(f"routes[0].{message}")
