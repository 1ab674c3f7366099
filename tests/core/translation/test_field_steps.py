"""Steps on single members, and what is null or absent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.adapter_policy import BodyStep
from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.field_steps import Add, Drop, Empty, MoveMember, Rename
from proxy.core.translation.json_document import JsonMember, JsonObject, write_json
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_body_path import path

NAMES = st.sampled_from(["a", "b", "c", "d"])
OBJECTS = st.lists(st.tuples(NAMES, st.none() | st.booleans() | st.text(max_size=3)), max_size=6)


def done(body: str, *steps: BodyStep) -> str:
    return translate_body(body.encode(), steps).decode()


def fault(body: str, step: BodyStep) -> str:
    with pytest.raises(Untranslatable) as error:
        done(body, step)
    return error.value.sentence


def body_of(pairs: list[tuple[str, str | bool | None]]) -> str:
    return write_json(JsonObject([JsonMember(name, value) for name, value in pairs])).decode()


def test_a_member_is_renamed_at_its_place() -> None:
    """In every element, and as often as its key stands."""
    step = Rename(path("$.items[*].tel"), "phone")

    assert step.text == "rename: $.items[*].tel, to: phone"
    assert done('{"items":[{"a":1,"tel":2,"b":3},{},7,{"tel":1,"tel":2}]}', step) == (
        '{"items":[{"a":1,"phone":2,"b":3},{},7,{"phone":1,"phone":2}]}'
    )


def test_a_rename_overwrites_nothing() -> None:
    """Its new name is taken: which of the two is meant nobody can tell. Where it has nothing to rename that is fine."""
    step = Rename(path("$.tel"), "phone")

    assert fault('{"tel":1,"phone":2}', step) == "$.phone: it is there already (rename: $.tel, to: phone)"
    assert done('{"phone":2}', step) == '{"phone":2}'


@given(OBJECTS)
def test_a_rename_and_its_inverse_leave_all_as_it_was(pairs: list[tuple[str, str | bool | None]]) -> None:
    """Whatever stands beside it, repeated keys among it."""
    body = body_of(pairs)

    assert done(body, Rename(path("$.a"), "z"), Rename(path("$.z"), "a")) == body


def test_a_member_moves_and_objects_on_its_way_are_made() -> None:
    """What it stood in stays, empty or not."""
    step = MoveMember(path("$.address.zip"), path("$.place.at.zip"))

    assert step.text == "move: $.address.zip, to: $.place.at.zip"
    assert done('{"address":{"zip":"1"},"place":{"b":2}}', step) == '{"address":{},"place":{"b":2,"at":{"zip":"1"}}}'
    assert done('{"address":{}}', step) == '{"address":{}}'


def test_a_member_moves_within_its_own_element() -> None:
    """Each element's own."""
    step = MoveMember(path("$.items[*].a.b"), path("$.items[*].b"))

    assert done('{"items":[{"a":{"b":1}},{"a":{"b":2}},{}]}', step) == '{"items":[{"a":{},"b":1},{"a":{},"b":2},{}]}'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"a":1,"a":2}', "$.a: it stands twice"),
        ('{"a":1,"b":{"c":2}}', "$.b.c: it is there already"),
        ('{"a":1,"b":null}', "$.b.c: what is on the way there is no object"),
        ('{"a":1,"b":[]}', "$.b.c: what is on the way there is no object"),
        ('{"a":1,"b":{},"b":{}}', "$.b.c: a key on the way there stands twice"),
    ],
)
def test_what_cannot_be_moved(body: str, why: str) -> None:
    """Nothing is overwritten, and nothing is chosen between two."""
    assert fault(body, MoveMember(path("$.a"), path("$.b.c"))) == f"{why} (move: $.a, to: $.b.c)"


def test_a_way_through_what_is_no_object_is_none() -> None:
    """Also further down."""
    assert fault('{"a":1,"b":7}', MoveMember(path("$.a"), path("$.b.c.d"))).startswith("$.b.c.d: what is on the way")


@given(OBJECTS.filter(lambda pairs: [name for name, _ in pairs].count("a") == 1))
def test_a_move_and_its_inverse_leave_all_in_place_but_the_order(pairs: list[tuple[str, str | bool | None]]) -> None:
    """The member stands last afterwards, and the object that was made for it stays."""
    there, back = MoveMember(path("$.a"), path("$.y.z")), MoveMember(path("$.y.z"), path("$.a"))
    others = [pair for pair in pairs if pair[0] != "a"]
    moved = [pair for pair in pairs if pair[0] == "a"]

    assert done(body_of(pairs), there, back, Drop(path("$.y"))) == body_of([*others, *moved])


def test_drop_tells_null_from_absent() -> None:
    """Without a condition whatever is there goes; with it null alone becomes absent."""
    always, when_null = Drop(path("$[*].a")), Drop(path("$[*].a"), when_null=True)
    body = '[{"a":null},{"a":0},{"b":null},{"a":null,"a":1}]'

    assert done(body, always) == '[{},{},{"b":null},{}]'
    assert done(body, when_null) == '[{},{"a":0},{"b":null},{"a":1}]'
    assert (always.text, when_null.text) == ("drop: $[*].a", "drop: $[*].a, when: is_null")


def test_add_makes_null_of_absent_and_default_a_value_of_both() -> None:
    """What has a value keeps it."""
    added, default = Add(path("$[*].a"), None), Add(path("$[*].a"), "JPY", or_null=True)
    body = '[{"a":null},{"a":0},{"b":1}]'

    assert done(body, added) == '[{"a":null},{"a":0},{"b":1,"a":null}]'
    assert done(body, default) == '[{"a":"JPY"},{"a":0},{"b":1,"a":"JPY"}]'
    assert (added.text, default.text) == ("add: $[*].a", "default: $[*].a")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7, "7"),
        (True, "true"),
        (False, "false"),
        ("x", '"x"'),
        (Empty(is_list=True), "[]"),
        (Empty(is_list=False), "{}"),
    ],
)
def test_what_is_put_in_is_written_as_what_it_is(value: str | int | bool | Empty, written: str) -> None:  # noqa: FBT001
    """Each element has a value of its own."""
    assert done("[{},{}]", Add(path("$[*].a"), value)) == f'[{{"a":{written}}},{{"a":{written}}}]'


@given(OBJECTS.filter(lambda pairs: ("a", None) not in pairs))
def test_null_against_absent_and_back(pairs: list[tuple[str, str | bool | None]]) -> None:
    """What was absent is absent again; only an object that said null itself would not be as it was."""
    body = body_of(pairs)

    assert done(body, Add(path("$.a"), None), Drop(path("$.a"), when_null=True)) == body
