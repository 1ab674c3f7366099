"""The request for the other side."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.journal.intent import Intent, IntentState, JournalEntry, StoredAnswer, StoredRequest
from proxy.core.journal.second_request import deleted, ids_in, key_of, made_by, minted, second_request, value_in
from proxy.core.journal.writes import JsonPath, MintedId, SentOn, Writes
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind

ID = JsonPath("$.id", ("id",))
ACCOUNT = JsonPath("$.account_id", ("account_id",))
SEGMENT = CohortSource(SourceKind.PATH, "id", 2)
WRITES = Writes(keyed_by=SEGMENT, ids=(MintedId(ID, (SEGMENT, ACCOUNT)), MintedId(None, ())))


def entry(
    target: bytes = b"/accounts/7?x=1",
    lines: tuple[bytes, ...] = (b"X-Tenant: 1",),
    body: bytes = b'{"account_id": 8}',
    send: SentOn = SentOn.REQUEST,
    answer: StoredAnswer | None = None,
) -> JournalEntry:
    request = StoredRequest(method=b"PATCH", target=target, lines=lines, body=body)
    intent = Intent(
        id="0" * 32,
        scope="a",
        key="7",
        route="a",
        cohort="",
        draw=0.0,
        side=Side.LEGACY,
        send=send,
        request=request,
    )
    return JournalEntry(intent=intent, state=IntentState.OWED, began=0.0, answer=answer)


def test_it_says_that_it_was_done_before() -> None:
    """With the mark, and a key under which it is done once; what is one connection's own stays behind."""
    sent = second_request(entry(lines=(b"Content-Length: 3", b"X-Tenant: 1")), WRITES, {})

    assert sent.lines == (b"X-Tenant: 1", b"X-Banyan-Replay: 1", b'Idempotency-Key: "' + b"0" * 32 + b'"')
    assert (sent.method, sent.target, sent.body) == (b"PATCH", b"/accounts/7?x=1", b'{"account_id": 8}')


def test_a_clients_own_key_goes_to_both_sides() -> None:
    """A write is known by one key wherever it goes."""
    assert key_of(entry(lines=(b'idempotency-key: "k"',))) == b'"k"'


def test_identifiers_stand_as_the_other_side_calls_them() -> None:
    """In the path and in the body; what nobody mapped goes as it is."""
    asked = entry()
    assert ids_in(WRITES, asked.intent.request) == ("7", "8")
    sent = second_request(asked, WRITES, {"7": "a/b é", "8": "80"})

    assert (sent.target, sent.body) == (b"/accounts/a%2Fb%20%C3%A9?x=1", b'{"account_id": 80}')


def test_where_there_is_no_identifier_nothing_is_replaced() -> None:
    """A shorter path, and bodies that are no JSON."""
    assert ids_in(WRITES, entry(target=b"/accounts", body=b"\xff").intent.request) == ()
    header = CohortSource(SourceKind.HEADER, "x")
    assert ids_in(Writes(keyed_by=header, ids=(MintedId(None, (header,)),)), entry().intent.request) == ()


def test_a_result_is_the_things_new_state() -> None:
    """PUT, with the body that the first side answered; where it had none, the request goes as it came."""
    answer = StoredAnswer(status=200, content_type=b"application/json", body=b'{"id": 7}')
    sent = second_request(entry(lines=(b"Content-Type: text/plain",), send=SentOn.RESULT, answer=answer), WRITES, {})
    empty = StoredAnswer(status=204, content_type=b"", body=b"")
    same = second_request(entry(send=SentOn.RESULT, answer=empty), WRITES, {})

    assert (sent.method, sent.body) == (b"PUT", b'{"id": 7}')
    assert [line for line in sent.lines if line.startswith(b"Content-Type")] == [b"Content-Type: application/json"]
    assert (same.method, same.body) == (b"PATCH", b'{"account_id": 8}')


def test_a_delete_goes_as_it_came() -> None:
    """Its answer is no state of the thing, though it has a body."""
    answered = entry(send=SentOn.RESULT, answer=StoredAnswer(status=200, content_type=b"", body=b'{"deleted": true}'))
    request = replace(answered.intent.request, method=b"DELETE", body=b"")
    sent = second_request(replace(answered, intent=replace(answered.intent, request=request)), WRITES, {})

    assert (sent.method, sent.body) == (b"DELETE", b"")


def test_what_was_said_of_other_bytes_is_left_out() -> None:
    """A digest of the client's body, and the coding of a body that the first side's answer has replaced."""
    lines = (b"Content-Encoding: gzip", b"Content-Digest: sha-256=:x:", b"X-Tenant: 1")
    answer = StoredAnswer(status=200, content_type=b"application/json", body=b'{"id": 7}')
    result = second_request(entry(lines=lines, send=SentOn.RESULT, answer=answer), WRITES, {})
    renamed = second_request(entry(lines=lines[1:]), WRITES, {"8": "80"})

    assert [line.partition(b":")[0] for line in result.lines][:2] == [b"X-Tenant", b"X-Banyan-Replay"]
    assert renamed.lines[0] == b"X-Tenant: 1"


def test_what_both_sides_made_is_a_pair() -> None:
    """Both answers bring it; where one does not there is none."""
    answered = entry(answer=StoredAnswer(status=201, content_type=b"", body=b'{"id": 7}'))
    assert minted(answered, WRITES, b'{"id": "x"}') == (("7", "x"),)
    assert minted(answered, WRITES, b"{}") == ()
    assert minted(entry(), WRITES, b'{"id": "x"}') == ()
    assert minted(replace(entry(), made=("7",)), WRITES, b'{"id": "x"}') == (("7", "x"),)
    assert value_in(b"{}", None) is None


def test_what_an_answer_names_anew_was_made() -> None:
    """A name that the request had already was there before."""
    assert made_by(WRITES, ("7", "8"), b'{"id": 9}') == ("9",)
    assert made_by(WRITES, ("7", "8"), b'{"id": 8}') == ()
    assert made_by(WRITES, (), b"no json") == ()


ORDERS = Writes(
    keyed_by=SEGMENT, ids=(MintedId(ID, (SEGMENT,), kind="order"), MintedId(None, (ACCOUNT,), kind="account"))
)


def test_things_of_two_kinds_may_be_numbered_alike() -> None:
    """Each is looked for among its own kind; what was mapped before kinds were named is found after that."""
    asked = entry(target=b"/orders/7", body=b'{"account_id": 7}')
    assert ids_in(ORDERS, asked.intent.request) == ("order\x1f7", "7", "account\x1f7")
    both = second_request(asked, ORDERS, {"order\x1f7": "order\x1f70", "account\x1f7": "account\x1f700"})
    before = second_request(asked, ORDERS, {"7": "71", "account\x1f7": "account\x1f700"})

    assert (both.target, both.body) == (b"/orders/70", b'{"account_id": 700}')
    assert (before.target, before.body) == (b"/orders/71", b'{"account_id": 700}')


def test_what_was_made_is_of_its_kind() -> None:
    """In the journal, in the pair, and where people say how it is called; a request cannot name another kind."""
    answered = entry(answer=StoredAnswer(status=201, content_type=b"", body=b'{"id": 7}'))
    assert minted(answered, ORDERS, b'{"id": 70}') == (("order\x1f7", "order\x1f70"),)
    assert minted(replace(entry(), made=("7",)), ORDERS, b'{"id": 70}') == (("order\x1f7", "order\x1f70"),)
    assert made_by(ORDERS, ("account\x1f7", "7"), b'{"id": 7}') == ("order\x1f7",)
    assert made_by(ORDERS, ("order\x1f7", "7"), b'{"id": 7}') == ()
    assert ids_in(ORDERS, entry(target=b"/orders/account%1F7", body=b"{}").intent.request) == ()


def test_what_a_delete_takes_away_is_what_its_target_ends_with() -> None:
    """Not what that belongs to, nor what its body names; other methods take nothing away."""
    parent = CohortSource(SourceKind.PATH, "account", 2)
    order = CohortSource(SourceKind.PATH, "order", 4)
    writes = Writes(keyed_by=order, ids=(MintedId(ID, (parent,)), MintedId(ID, (order, ACCOUNT), kind="order")))
    asked = entry(target=b"/accounts/7/orders/42?x=/1")
    request = replace(asked.intent.request, method=b"DELETE")
    delete = replace(asked, intent=replace(asked.intent, request=request))

    assert deleted(delete, writes) == ("order\x1f42", "42")
    assert deleted(asked, writes) == ()
    answered = replace(delete, answer=StoredAnswer(status=200, content_type=b"", body=b'{"id": 42}'))
    assert minted(answered, writes, b'{"id": 4711}') == ()
