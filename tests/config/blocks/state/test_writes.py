from __future__ import annotations

import pytest

from proxy.core.journal.writes import MAX_BODY, AnswerKey, JsonPath, MintedId, SentOn, WriteMode, Writes, writes_of
from proxy.core.routing.cohort import CohortSource, SourceKind
from tests.config.given_files import problems, snapshot

HEAD = """\
version: 1
listen: :8080
state: embedded
upstreams:
  legacy: { url: "http://127.0.0.1:3000", applies: /applies }
  new: { url: "http://127.0.0.1:3001", applies: /applies }
routes:
"""
ROUTE = "name: a, match: 'PUT /a/{id}', stage: shadow"
ID = JsonPath("$.id", ("id",))


def text(writes: str, route: str = ROUTE, head: str = HEAD) -> str:
    return f"{head}  - {{ {route}, writes: {{ {writes} }} }}\n"


def writes(inside: str) -> Writes:
    found = writes_of(snapshot(text(inside)).routes[0])
    assert found is not None
    return found


def test_what_is_left_out_has_its_default() -> None:
    """The request is sent on, and 1 MiB is the most; without the block there is one side."""
    segment = CohortSource(SourceKind.PATH, "id", 2)
    assert writes("mode: dual, key: 'path:id'") == Writes(keyed_by=segment, mode=WriteMode.DUAL, max_body=MAX_BODY)
    assert writes_of(snapshot(HEAD + f"  - {{ {ROUTE} }}\n").routes[0]) is None


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("path:id", CohortSource(SourceKind.PATH, "id", 2)),
        ("header:X-Account", CohortSource(SourceKind.HEADER, "x-account")),
        ("query:id", CohortSource(SourceKind.QUERY, "id")),
        ("$.id", ID),
        ("answer:$.id", AnswerKey(ID)),
    ],
)
def test_a_key_is_a_part_of_the_request_or_of_the_answer(key: str, meant: object) -> None:
    """Five forms; an answer that has the key is kept before the client gets it."""
    found = writes(f"mode: dual, key: '{key}'")
    assert found.keyed_by == meant
    assert found.holds_answer is isinstance(meant, AnswerKey)


def test_all_keys_are_taken() -> None:
    """Identifiers know their place in the path; results and made identifiers are kept first."""
    found = writes(
        "mode: dual, key: $.id, send: result, ids: [{answer: $.id, request: ['path:id', $.id]}], max_body: 2KiB"
    )

    assert (found.send, found.max_body) == (SentOn.RESULT, 2048)
    assert found.ids == (MintedId(ID, (CohortSource(SourceKind.PATH, "id", 2), ID)),)
    assert found.holds_answer
    assert not writes("mode: dual, key: $.id, ids: [{request: [$.id]}]").holds_answer
    assert writes("mode: dual, key: $.id, ids: [{answer: $.id}]").holds_answer


def test_the_journal_is_bounded() -> None:
    """By a million writes and 4 GiB of each route, unless it says otherwise."""
    known, bounded = writes("mode: dual, key: $.id"), "mode: dual, key: $.id, max_undone: 10, max_undone_bytes: 1GiB"
    assert (known.max_undone, known.max_undone_bytes) == (1_000_000, 4 * 1024**3)
    assert (writes(bounded).max_undone, writes(bounded).max_undone_bytes) == (10, 1024**3)


def test_a_step_reads_the_fields_of_its_key() -> None:
    """A route reads them for it."""
    assert writes("mode: dual, key: 'header:X-A'").fields == {b"x-a", b"idempotency-key", b"content-encoding"}
    assert writes("mode: dual, key: $.id").fields == {b"idempotency-key", b"content-encoding"}


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("mode: dual", "routes[0].writes.key: is missing"),
        ("key: $.id", "routes[0].writes.mode: is missing"),
        ("mode: dual, key: $.id, max_body: 5MiB", "writes.max_body: must be at most 4MiB"),
        ("mode: dual, key: client_ip", "is not what a write is about"),
        ("mode: dual, key: 7", "must be"),
        ("mode: dual, key: '$.a[0]'", "must be a path of members such as $.id or $.account.id"),
        ("mode: dual, key: 'answer:id'", "must be a path of members"),
        ("mode: dual, key: 'path:no'", "the path has no {no}; its parameters are: id"),
        ("mode: dual, key: $.id, ids: [{request: ['path:no']}]", "writes.ids[0].request[0]: the path has no {no}"),
        ("mode: dual, key: $.id, ids: [{request: ['header:x']}]", "must be path:NAME, or $.MEMBER of the body"),
        ("mode: dual, key: $.id, ids: [{answer: 7}]", "must be a path of members"),
    ],
)
def test_what_is_wrong_is_told(inside: str, message: str) -> None:
    """By its place, with what to write."""
    assert message in " ".join(problems(text(inside)))


def test_a_path_without_parameters_says_so() -> None:
    """There is none to name."""
    found = problems(text("mode: dual, key: 'path:id'", "name: a, match: PUT /a, stage: shadow"))
    assert "its parameters are: none" in " ".join(found)


def test_both_sides_have_to_agree() -> None:
    """Upstreams that do not exist are another rule's."""
    head = HEAD.replace(", applies: /applies }\nroutes", " }\nroutes")
    assert ["applies: PATH at upstream new" in each for each in problems(text("mode: dual, key: $.id", head=head))] == [
        True
    ]
    wrong = problems(text("mode: dual, key: $.id", ROUTE + ", new: mars"))
    assert [each for each in wrong if "handshake" in each] == []


def test_writes_want_a_database_and_no_fallback() -> None:
    """A write that one side may have done is not given to the other."""
    memory = HEAD.replace("state: embedded\n", "")
    assert "state: memory does not keep" in " ".join(problems(text("mode: dual, key: $.id", head=memory)))
    assert "exclude each other" in " ".join(problems(text("mode: dual, key: $.id", ROUTE + ", fallback: legacy")))


def test_all_identifiers_of_a_group_have_a_kind_or_none_has() -> None:
    """One without could be of any; another group has its own."""
    orders = "name: b, match: 'PUT /b/{id}', stage: shadow, group: g, writes: {mode: dual, key: 'path:id', ids: "
    one = text("mode: dual, key: $.id, ids: [{kind: account, answer: $.id}]", ROUTE + ", group: g")
    wrong = problems(f"{one}  - {{ {orders}[{{request: ['path:id']}}]}} }}\n")

    assert "routes[1].writes.ids[0]: in group g some have a kind and some have none" in " ".join(wrong)
    snapshot(f"{one}  - {{ {orders}[{{kind: order, request: ['path:id']}}]}} }}\n")
    snapshot(
        f"{one}  - {{ {orders}[{{request: ['path:id']}}]}} }}\n".replace(
            "stage: shadow, group: g, writes: {mode: dual, key: 'path",
            "stage: shadow, group: h, writes: {mode: dual, key: 'path",
        )
    )
